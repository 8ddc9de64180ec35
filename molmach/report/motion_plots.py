"""Plots of motion that draw into axes given to them and return them: for notebooks and reports."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from molmach import drives
from molmach.data import Motion, Run
from molmach.errors import ScoreError
from molmach.report.plots import COLOURS, LABELS, field_frequency
from molmach.report.words import measure_label
from molmach.scoring import Estimate, Score
from molmach.scoring.bounded import measured_samples
from molmach.scoring.distribution import distribution
from molmach.scoring.equal_parts import EqualParts
from molmach.scoring.motion import velocity_samples
from molmach.units import TURN, thermal_energy

Floats = NDArray[np.float64]

_MOST_POINTS = 500


def plot_angles(moving: Run | Motion, ax: Axes | None = None, *, colour: str = COLOURS["claim"]) -> Axes:
    """Turns (nm of a ring on an axle) against time: replicas coloured, their mean black, followers' dashed.

    Parameters
    ----------
    moving
        A run, whose controls are runs of their own (``run.controls["mirror"]``), or a motion.
    ax
        Where to draw; a new figure if not given.
    colour
        Of the replicas.
    """
    motion = _motion(moving)
    ax = _axes(ax)
    stride = max(1, motion.time_ps.size // _MOST_POINTS)
    time_ps, moved = motion.time_ps[::stride], motion.moved
    ax.plot(time_ps, moved[:, ::stride].T, color=colour, linewidth=0.8, alpha=0.55)
    ax.plot(time_ps, moved.mean(axis=0)[::stride], color="black", linewidth=1.6)
    for name, angle in motion.followers.items():
        turned = np.mean(angle - angle[:, :1], axis=0) / TURN
        ax.plot(time_ps, turned[::stride], "k--", linewidth=1.2, label=name)
    if motion.followers:
        ax.legend(fontsize=8, frameon=False)
    ax.set_xlabel("time / ps")
    ax.set_ylabel(motion.scale.label)
    return _plain(ax)


def plot_polar(
    moving: Run | Motion, ax: Axes | None = None, *, bins: int = 36, colour: str = COLOURS["claim"]
) -> Axes:
    """Share of the time at each angle of the turn, as a rose whose areas are the shares.

    Radii are roots of the density over a uniform one's, which is the dashed circle.

    Parameters
    ----------
    moving
        A run or motion of an angle, or along another periodic coordinate.
    ax
        Polar axes; a new figure if not given.
    bins
        Sectors.
    colour
        Of the sectors.

    Raises
    ------
    ScoreError
        The coordinate is not periodic.
    """
    motion, period = _periodic(moving)
    ax = _axes(ax, polar=True)
    around = motion.coordinate / period * TURN
    counts, edges = np.histogram(around % TURN, bins=bins, range=(0.0, TURN))
    radius = np.sqrt(counts / counts.mean())
    ax.bar(edges[:-1], radius, width=TURN / bins, align="edge", color=colour, alpha=0.6, linewidth=0)
    ax.plot(np.linspace(0.0, TURN, 181), np.ones(181), color="black", linewidth=0.8, linestyle=(0, (4, 3)))
    ax.set_yticks([])
    ax.set_ylim(0.0, max(1.1, 1.05 * float(radius.max())))
    ax.tick_params(labelsize=8)
    ax.grid(True, color="#e5e7eb", linewidth=0.6)
    return ax


def plot_free_energy(
    moving: Run | Motion, ax: Axes | None = None, *, bins: int = 36, temperature_K: float | None = None
) -> Axes:
    """-ln of the coordinate's density, its lowest bin at zero: with the drive off, the free energy.

    Of a driven machine it is the steady state's, and no free energy. Bands are 95 % intervals, as
    :class:`molmach.scoring.distribution.Distribution` has them; bins that were never visited are left out.

    Parameters
    ----------
    moving
        A run or motion.
    ax
        Where to draw; a new figure if not given.
    bins
        Over a turn, or over the range of places.
    temperature_K
        Gives kJ/mol; a run's own if not given, and kT for motions without one.
    """
    motion = _motion(moving)
    ax = _axes(ax)
    if temperature_K is None and isinstance(moving, Run):
        temperature_K = moving.spec.protocol.temperature
    unit = 1.0 if temperature_K is None else thermal_energy(temperature_K)
    centres, profile, half = free_energy(motion, bins)
    half = np.where(np.isinf(half), 10.0 * (np.nanmax(profile) + 1.0), half)
    scale = motion.scale
    place = scale.on_axis(centres)
    colour = COLOURS["undriven"]
    ax.fill_between(
        place, unit * (profile - half), unit * (profile + half), color=colour, alpha=0.3, linewidth=0
    )
    ax.plot(place, unit * profile, color="black", linewidth=1.2)
    ax.set_ylabel("-ln p" if temperature_K is None else "-kT ln p / (kJ/mol)")
    if scale.period is not None:
        around = scale.period / scale.axis_size
        ax.set_xlim(0.0, around)
        ax.set_xticks(np.linspace(0.0, around, 7))
    ax.set_xlabel(scale.axis)
    return _plain(ax)


def free_energy(motion: Motion, bins: int) -> tuple[Floats, Floats, Floats]:
    """-ln of the density in bins, and the half-width of its 95 % interval.

    Parameters
    ----------
    motion
        Of a periodic coordinate, taken modulo its period, or of places.
    bins
        Number of bins.

    Returns
    -------
    centres, profile, half
        (bins,) of the coordinate, in its own unit; of -ln p, zero at its lowest; and of the interval, its
        wider side. The profile is nan where the coordinate never was, the interval infinite where it is open.
    """
    period = motion.scale.period
    shift = 0.0 if period is None else 0.5 * period
    values = motion.coordinate - shift
    low, high = (float(values.min()), float(values.max())) if period is None else (-shift, shift)
    dwelling = distribution(values, np.linspace(low, high, bins + 1), 1.0, EqualParts(period))
    profile = np.where(np.isfinite(dwelling.energy), dwelling.energy, np.nan)
    half = np.maximum(profile - dwelling.ci95[0], dwelling.ci95[1] - profile)
    return dwelling.centres + shift, profile, half


def plot_velocity(moving: Run | Motion, result: Score, ax: Axes | None = None) -> Axes:
    """Forest plot: mean velocity with its 95 % interval and every replica's own, the controls beneath.

    Of a machine that can have none, what its verdict is about in its place.

    Parameters
    ----------
    moving, result
        A run or motion, and its score.
    ax
        Where to draw; a new figure if not given.
    """
    ax = _axes(ax)
    samples = measured_samples(moving) if isinstance(moving, Run) else {"claim": velocity_samples(moving)}
    estimates = {"claim": result.measured} | {name: c.measure for name, c in result.controls.items()}
    for row, (name, taken) in enumerate(samples.items()):
        _forest_row(ax, row, taken, estimates[name], COLOURS[name])
    frequency = field_frequency(moving) if isinstance(moving, Run) else None
    if frequency is not None:
        ax.axvline(frequency, color="#9ca3af", linewidth=1, linestyle=(0, (4, 3)))
        ax.text(frequency, -0.62, "field", ha="center", va="bottom", fontsize=8, color="#6b7280")
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.set_yticks(range(len(samples)), [LABELS[name] for name in samples])
    ax.set_ylim(len(samples) - 0.5, -0.65)
    label = measure_label(result.measure, result.measured.unit)
    ax.set_xlabel(f"{label}:  dots replicas, bar 95 % interval, mark mean")
    return _plain(ax)


def _forest_row(ax: Axes, row: int, samples: Floats, estimate: Estimate, colour: str) -> None:
    offsets = np.linspace(-0.16, 0.16, samples.size)
    ax.plot(samples, row + offsets, "o", color=colour, markersize=3, alpha=0.4, linewidth=0)
    ax.plot(list(estimate.ci95), [row, row], color=colour, linewidth=5, solid_capstyle="butt", alpha=0.9)
    ax.plot([estimate.value], [row], "|", color="black", markersize=16, markeredgewidth=1.8)


def plot_lag(run: Run, ax: Axes | None = None, *, bins: int = 72) -> Axes:
    """How far the rotor's dipole lies behind a rotating field: the density of the lag, in degrees.

    A rotor that follows has one peak below 90 degrees, where sin(lag) mu E balances the drag; one that
    slips is spread over the turn.

    Parameters
    ----------
    run
        Under a rotating field.
    ax
        Where to draw; a new figure if not given.
    bins
        Over the turn.
    """
    lag = np.degrees(field_lag(run))
    ax = _axes(ax)
    density, edges = np.histogram(lag, bins=bins, range=(-180.0, 180.0), density=True)
    ax.stairs(density, edges, fill=True, color=COLOURS["claim"], alpha=0.6)
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.set_xlim(-180.0, 180.0)
    ax.set_xticks(range(-180, 181, 60))
    ax.set_xlabel("dipole behind the field / degree")
    ax.set_ylabel("density / degree$^{-1}$")
    return _plain(ax)


def field_lag(run: Run) -> Floats:
    """(n_replicas, n_samples) angle by which the rotor's dipole lies behind the field, rad in (-pi, pi].

    Behind means against the field's sense of turning.

    Raises
    ------
    ScoreError
        The drive is no turning field, or the rotor has no dipole across its axle.
    """
    frequency = field_frequency(run)
    terms = drives.terms(run.drive, run.assembly, thermal_energy(run.spec.protocol.temperature))
    if frequency is None or not terms.has_field:
        raise ScoreError(
            f"got a run under {run.drive.kind.replace('_', ' ')}; expected one under a rotating field"
        )
    x, y = run.assembly.rotor_dipole_debye
    if np.hypot(x, y) < 1e-3:
        raise ScoreError("the rotor has no dipole across its axle, so it has no lag behind a field")
    time_ps = run.series.time_ps + run.spec.protocol.equilibration
    x_field, y_field, _ = terms.field_at(time_ps).T
    behind = np.sign(frequency) * (np.arctan2(y_field, x_field) - run.series.coordinate - np.arctan2(y, x))
    return np.asarray(-((np.pi - behind) % TURN - np.pi))


def _motion(moving: Run | Motion) -> Motion:
    return Motion.of(moving) if isinstance(moving, Run) else moving


def _periodic(moving: Run | Motion) -> tuple[Motion, float]:
    """A motion and its coordinate's period."""
    motion = _motion(moving)
    if motion.scale.period is None:
        raise ScoreError("got places along an axle; expected an angle")
    return motion, motion.scale.period


def _axes(ax: Axes | None, polar: bool = False) -> Axes:
    """The given axes, or those of a new figure that a notebook shows."""
    if ax is None:
        from matplotlib import pyplot

        size = (3.6, 3.6) if polar else (5.4, 3.4)
        figure = pyplot.figure(figsize=size, layout="constrained")
        return figure.add_subplot(projection="polar" if polar else None)
    if polar and ax.name != "polar":
        raise ValueError(
            "got axes that are not polar; expected those of subplots(subplot_kw={'projection': 'polar'})"
        )
    return ax


def _plain(ax: Axes) -> Axes:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(labelsize=9)
    ax.grid(True, axis="both", color="#e5e7eb", linewidth=0.6)
    ax.set_axisbelow(True)
    return ax
