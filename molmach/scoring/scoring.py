"""The score of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.building import MAX_SAFE_JUMP, coordinate_of, largest_jump
from molmach.data import Run
from molmach.data.motion import Motion
from molmach.drives.alternating_field import AlternatingField
from molmach.drives.chemical_fuel import ChemicalFuel
from molmach.drives.rotating_field import RotatingField
from molmach.errors import ScoreError
from molmach.scoring.controls import CONTROL_LEVEL, ControlResult, judge_mirror, judge_undriven
from molmach.scoring.events import event_estimates
from molmach.scoring.gearing import gear_estimates, gear_ratio
from molmach.scoring.regime import driven_regime, lag_per_turn
from molmach.scoring.rotation import completed_turns, diffusions, directionality_estimate, velocities
from molmach.scoring.stations import StationMap, occupancy_estimates
from molmach.scoring.statistics import (
    Estimate,
    Floats,
    finite_or_none,
    jackknife_estimate,
    mean_estimate,
    p_value_of_zero,
)
from molmach.units import DEBYE, TURN, VOLT_PER_NM, thermal_energy

SIGNIFICANCE = 0.05
HEATING_TOLERANCE = 0.05
"""A machine that is surely hotter than its bath by more than this share is reported."""

BALANCE_TOLERANCE = 0.02
"""Energy books that miss by more than this share of the energy through them are reported."""


@dataclass(frozen=True)
class Score:
    """What a machine's motion amounts to.

    Attributes
    ----------
    estimates
        By name, each with its interval over replicas: ``velocity``, ``net_turns``,
        ``forward_turns``, ``backward_turns``, ``directionality``, ``diffusion``, ``peclet``; for a
        ring on an axle ``net_displacement``, ``mean_position``, ``forward_steps`` and
        ``backward_steps`` from station to station in place of turns; with stations
        ``occupancy_NAME`` and ``shuttling_rate``; with followers those of
        :func:`molmach.scoring.gearing.gear_estimates`; and for a simulated run ``work_rate``,
        ``dissipation``, ``temperature``, with a load ``load_power`` and ``efficiency``, under a
        periodic drive ``lag_per_turn``, and under drives that act by events those of
        :func:`molmach.scoring.events.event_estimates`.
    p_value
        Of no net motion; nan where the machine came apart.
    replicas
        Number of independent replicas.
    verdict
        ``forward``, ``backward``, ``unresolved``, or ``failed`` where a control failed.
    controlled
        Whether both controls were run.
    controls
        ``undriven`` and ``mirror`` by name.
    regime
        How the machine follows a rotating field (Vacek & Michl); None for other drives.
    energy_balance
        (work - heat - change of internal energy) as a share of the energy through the books;
        None where nothing does work.
    warnings
        What a reader must know before believing the numbers.
    """

    estimates: dict[str, Estimate]
    p_value: float
    replicas: int
    verdict: str
    controlled: bool
    controls: dict[str, ControlResult] = field(default_factory=dict)
    regime: str | None = None
    energy_balance: Estimate | None = None
    warnings: tuple[str, ...] = ()

    @property
    def velocity(self) -> Estimate:
        """Mean velocity, turn/ns or nm/ns."""
        return self.estimates["velocity"]

    def to_json(self) -> dict[str, Any]:
        """The ``score`` part of a result document."""
        return {
            **{name: estimate.to_json() for name, estimate in self.estimates.items()},
            "p_value": finite_or_none(self.p_value),
            "replicas": self.replicas,
            "verdict": self.verdict,
            "controlled": self.controlled,
            "regime": self.regime,
            "energy_balance": None if self.energy_balance is None else self.energy_balance.to_json(),
            "warnings": list(self.warnings),
        }


def score(run: Run | Motion) -> Score:
    """Score a simulated run, and judge the claim by its controls where they were run.

    Angles without a run behind them, as :func:`molmach.read_trajectories` gives them, have neither
    controls nor energies; :data:`molmach.data.motion.UNKNOWN` lists what can't be known of them.

    Raises
    ------
    ScoreError
        Fewer than two replicas, or places along an axle without their run.
    """
    if isinstance(run, Motion):
        return _score_bare(run)
    series, coordinate = run.series, coordinate_of(run.assembly)
    came_apart = _came_apart(run)
    if came_apart:
        return _not_scored(run, coordinate.scale.unit, came_apart)
    if coordinate.scale.unit == "turn":
        base = score_angles(series.coordinate, series.time_ps)
    else:
        base = _score_places(run)
    controls = {
        name: _judge(name, control, run, base.velocity.unit) for name, control in run.controls.items()
    }
    estimates = dict(base.estimates)
    wheels = run.assembly.followers
    estimates.update(gear_estimates(series.coordinate, series.followers, wheels, series.time_ps))
    stations = StationMap.of(run.assembly)
    if stations is not None:
        estimates.update(occupancy_estimates(stations, series.coordinate, series.time_ps))
    estimates.update(_energetics(run))
    estimates.update(event_estimates(run))
    regime = None
    frequency = drives.model(run.drive).frequency
    if frequency is not None:
        sign = math.copysign(1.0, base.velocity.value) if isinstance(run.drive, AlternatingField) else 1.0
        estimates["lag_per_turn"] = lag_per_turn(base.velocity, sign * frequency)
    if isinstance(run.drive, RotatingField):
        dipole = float(np.linalg.norm(run.assembly.rotor_dipole_debye)) * DEBYE
        dipole_energy = dipole * run.drive.field * VOLT_PER_NM
        kT = thermal_energy(run.spec.protocol.temperature)
        regime = driven_regime(estimates["lag_per_turn"], dipole_energy, kT)
    balance = energy_balance(run)
    warnings = list(base.warnings)
    for name, angle in zip(wheels, series.followers, strict=True):
        warnings += _sampling_warnings(angle, series.time_ps, f"{name}'s angle")
    if balance is not None and _misses(balance):
        warnings.append(
            f"the energy books miss by {100 * abs(balance.value):.1f} % of the energy through them: "
            "the integrator leaks; a shorter protocol.timestep, or constraints: h-bonds, "
            "makes work rate and dissipation surer"
        )
    bath = run.spec.protocol.temperature
    if estimates["temperature"].ci95[0] > (1.0 + HEATING_TOLERANCE) * bath:
        warnings.append(
            f"the drive heats the machine to {estimates['temperature'].value:.0f} K in a bath of {bath:g} K; "
            "a weaker or slower drive, or more friction, keeps it cool"
        )
    failed = any(not control.passed for control in controls.values())
    return Score(
        estimates=estimates,
        p_value=base.p_value,
        replicas=run.replicas,
        verdict="failed" if failed else base.verdict,
        controlled={"undriven", "mirror"} <= controls.keys(),
        controls=controls,
        regime=regime,
        energy_balance=balance,
        warnings=tuple(warnings),
    )


def _score_bare(motion: Motion) -> Score:
    if motion.scale.unit != "turn":
        raise ScoreError("got places along an axle; expected their run, which knows the stations, or angles")
    base = score_angles(motion.coordinate, motion.time_ps)
    estimates = dict(base.estimates)
    for name, angle in motion.followers.items():
        estimates[f"velocity_{name}"] = mean_estimate(velocities(angle, motion.time_ps), "turn/ns")
        estimates[f"gear_ratio_{name}"] = gear_ratio(motion.coordinate, angle)
    warnings = list(motion.warnings + base.warnings)
    for name, angle in motion.followers.items():
        warnings += _sampling_warnings(angle, motion.time_ps, f"{name}'s angle")
    return replace(base, estimates=estimates, warnings=tuple(warnings))


def score_angles(angle: Floats, time_ps: Floats) -> Score:
    """Score unwrapped angles alone; without controls, so the verdict is an uncontrolled one.

    Parameters
    ----------
    angle
        (n_replicas, n_samples) unwrapped angles, rad.
    time_ps
        (n_samples,) times, ps.

    Raises
    ------
    ScoreError
        Fewer than two replicas or ten samples.
    """
    base = _score_motion(angle, time_ps, "turn", TURN, completed_turns(_checked(angle, time_ps)))
    duration_ns = (time_ps[-1] - time_ps[0]) * 1e-3
    net = mean_estimate(velocities(angle, time_ps) * duration_ns, "turn")
    estimates = {"velocity": base.velocity, "net_turns": net, **base.estimates}
    return replace(base, estimates=estimates, warnings=_sampling_warnings(angle, time_ps))


def _score_places(run: Run) -> Score:
    """Score the places of a ring along its axle; steps between stations give the directionality."""
    series, stations = run.series, StationMap.of(run.assembly)
    assert stations is not None, "a rotaxane has stations"
    places = _checked(series.coordinate, series.time_ps)
    steps = stations.steps(stations.visits(places))
    base = _score_motion(places, series.time_ps, "nm", 1.0, steps)
    net = mean_estimate(places[:, -1] - places[:, 0], "nm")
    mean = mean_estimate(places.mean(axis=1), "nm")
    return replace(
        base,
        estimates={
            "velocity": base.velocity,
            "net_displacement": net,
            "mean_position": mean,
            **base.estimates,
        },
    )


def _checked(coordinate: Floats, time_ps: Floats) -> Floats:
    if coordinate.ndim != 2 or coordinate.shape[0] < 2:
        raise ScoreError(
            "got one replica; expected at least two, for only independent replicas give an interval"
        )
    if coordinate.shape[1] < 10:
        raise ScoreError(f"got {coordinate.shape[1]} samples a replica; expected at least 10")
    return coordinate


def _score_motion(
    coordinate: Floats,
    time_ps: Floats,
    unit: str,
    unit_size: float,
    counted: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Score:
    """What any coordinate's motion amounts to; ``counted`` are whole turns, or steps, each way."""
    velocity_samples = velocities(coordinate, time_ps, unit_size)
    diffusion_samples = diffusions(coordinate, time_ps, unit_size)
    velocity = mean_estimate(velocity_samples, f"{unit}/ns")
    forward, backward = counted

    def peclet(chosen: np.ndarray[Any, Any]) -> float:
        spread = float(np.mean(diffusion_samples[chosen]))
        return abs(float(np.mean(velocity_samples[chosen]))) / spread if spread > 0.0 else math.nan

    noun = "turn" if unit == "turn" else "step"
    n = coordinate.shape[0]
    estimates = {
        "velocity": velocity,
        f"forward_{noun}s": _not_negative(mean_estimate(forward.astype(float), noun)),
        f"backward_{noun}s": _not_negative(mean_estimate(backward.astype(float), noun)),
        "directionality": directionality_estimate(forward, backward),
        "diffusion": _not_negative(mean_estimate(diffusion_samples, f"{unit}^2/ns")),
        "peclet": jackknife_estimate(peclet, n, "1" if unit == "turn" else f"1/{unit}", (0.0, math.inf)),
    }
    p_value = p_value_of_zero(velocity_samples)
    verdict = "unresolved"
    if p_value < SIGNIFICANCE:
        verdict = "forward" if velocity.value > 0.0 else "backward"
    return Score(estimates, p_value, n, verdict, controlled=False)


def _velocities(run: Run) -> Floats:
    return velocities(run.series.coordinate, run.series.time_ps, coordinate_of(run.assembly).scale.unit_size)


def _judge(name: str, control: Run, run: Run, unit: str) -> ControlResult:
    """One control of a run; its level is shared between the rotor and its followers."""
    wheels = run.assembly.followers
    level, parity = CONTROL_LEVEL / (1 + len(wheels)), coordinate_of(run.assembly).parity

    def judged(samples: Floats, claimed: Floats) -> ControlResult:
        velocity = mean_estimate(samples, unit)
        if name == "undriven":
            return judge_undriven(velocity, samples, level)
        return judge_mirror(velocity, samples, mean_estimate(claimed, unit), claimed, parity, level)

    times = run.series.time_ps
    pairs = zip(wheels, control.series.followers, run.series.followers, strict=True)
    followers = {
        wheel: judged(velocities(angle, times), velocities(claimed, times)) for wheel, angle, claimed in pairs
    }
    return judged(_velocities(control), _velocities(run)).with_followers(followers)


def _came_apart(run: Run) -> list[str]:
    """Which runs have replicas whose rings did not stay threaded."""
    found = []
    for name, part in {"claim": run, **run.controls}.items():
        replicas = np.flatnonzero(~part.series.intact).tolist()
        if replicas:
            found.append(f"{name}, replica {', '.join(str(replica) for replica in replicas)}")
    return found


def _not_scored(run: Run, unit: str, came_apart: list[str]) -> Score:
    """What is left to say of a machine that came apart: no number."""
    unknown = Estimate(math.nan, (math.nan, math.nan), f"{unit}/ns")
    return Score(
        estimates={"velocity": unknown},
        p_value=math.nan,
        replicas=run.replicas,
        verdict="failed",
        controlled={"undriven", "mirror"} <= run.controls.keys(),
        warnings=(
            f"not scored: a ring is not threaded in every stored frame ({'; '.join(came_apart)}); "
            "bulkier stoppers or a shorter protocol.timestep keep a machine together",
        ),
    )


def _not_negative(estimate: Estimate) -> Estimate:
    return Estimate(estimate.value, (max(0.0, estimate.ci95[0]), estimate.ci95[1]), estimate.unit)


def _sampling_warnings(angle: Floats, time_ps: Floats, what: str = "the angle") -> tuple[str, ...]:
    jump = largest_jump(angle)
    if jump <= MAX_SAFE_JUMP:
        return ()
    interval = float(time_ps[1] - time_ps[0])
    return (
        f"{what} changes by up to {math.degrees(jump):.0f} degrees between samples {interval:g} ps apart, "
        "so turns may be counted the wrong way; "
        f"a sampling interval of {interval * MAX_SAFE_JUMP / jump / 2:.2g} ps is safe",
    )


def _energetics(run: Run) -> dict[str, Estimate]:
    series = run.series
    duration_ns = (series.time_ps[-1] - series.time_ps[0]) * 1e-3
    work = series.drive_work[:, -1] / duration_ns
    useful = -series.load_work[:, -1] / duration_ns
    unit = "kJ/mol/ns"
    estimates = {
        "work_rate": mean_estimate(work, unit),
        "dissipation": mean_estimate(series.heat[:, -1] / duration_ns, unit),
        "temperature": mean_estimate(series.temperature, "K"),
    }
    if run.drive.load != 0.0:

        def efficiency(chosen: np.ndarray[Any, Any]) -> float:
            paid = float(np.mean(work[chosen]))
            return float(np.mean(useful[chosen])) / paid if paid > 0.0 else math.nan

        estimates["load_power"] = mean_estimate(useful, unit)
        estimates["efficiency"] = jackknife_estimate(efficiency, run.replicas, "1")
    return estimates


def energy_balance(run: Run) -> Estimate | None:
    """(work - heat - internal energy change) as a share of the energy through the books; None without work.

    Replica means. What goes through is the largest of work, heat and, where fuel drives the machine, the
    free energy spent, for a fuelled motor does hardly any mechanical work.
    """
    series = run.series
    work = series.drive_work[:, -1] + series.load_work[:, -1]
    heat = series.heat[:, -1]
    if not np.any(work):
        return None
    missing = work - heat - series.energy_change
    fuel = run.drive.chemical_potential if isinstance(run.drive, ChemicalFuel) else 0.0
    spent = fuel * series.events[:, -1]

    def share(chosen: np.ndarray[Any, Any]) -> float:
        through = max(abs(float(np.mean(energy[chosen]))) for energy in (work, heat, spent))
        return float(np.mean(missing[chosen])) / through

    return jackknife_estimate(share, run.replicas, "1")


def _misses(balance: Estimate) -> bool:
    """Whether the books miss by more than tolerated, and by more than chance explains (1.5 intervals)."""
    half = 0.5 * (balance.ci95[1] - balance.ci95[0])
    return abs(balance.value) > max(BALANCE_TOLERANCE, 1.5 * half)
