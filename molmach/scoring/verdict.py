"""The score of a run: every quantity with its interval, and what the claim amounts to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from molmach.building import MAX_SAFE_JUMP, TURNS, coordinate_of, largest_jump
from molmach.data import Motion, Run
from molmach.data.cycles import Cycles
from molmach.data.observed import Observed
from molmach.data.statistics import Estimate, Floats, finite_or_none
from molmach.errors import ScoreError
from molmach.scoring.bounded import judge_bounded, measure_of, no_velocity
from molmach.scoring.controls import ControlResult, judge
from molmach.scoring.current import Current
from molmach.scoring.decision import decide
from molmach.scoring.distribution import doubts_at_equilibrium
from molmach.scoring.energetics import balance_of, balance_warnings
from molmach.scoring.quantities import estimates_of, quantities_of, samples_of
from molmach.scoring.regime import regime_of
from molmach.scoring.second_law import SecondLaw, judge_second_law
from molmach.scoring.shapes import ShapesJudged, allow_for_shapes, judge_shapes
from molmach.scoring.spurious import Spurious
from molmach.units import TURN

HEATING_TOLERANCE = 0.05
"""A machine that is surely hotter than its bath by more than this share is reported."""


@dataclass(frozen=True)
class Score:
    """What a machine's motion amounts to.

    Attributes
    ----------
    estimates
        By name, each with its interval over replicas: those of :mod:`molmach.scoring.quantities` that such a
        run has.
    p_value
        Of chance, by the test behind the verdict: of an excess of completed cycles one way, those of the
        mirror control taken together with the machine's own. nan where nothing was tested.
    replicas
        Number of independent replicas.
    verdict
        ``forward`` or ``backward`` of a steady current, ``transient`` of motion that is none, ``unresolved``,
        or ``failed`` where a control failed; ``equilibrium`` of a machine that is at equilibrium by its own
        file; ``follows`` or ``does not follow`` of one between two ends under a clock.
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
    verb
        What the machine does, in words, as its coordinate's scale has it.
    measure
        Name of the estimate that the verdict is about.
    reason, advice
        Sentences: what the verdict rests on, and what would tell more; '' where its word says it.
    second_law
        What the run's books say of a claim; None where none is possible, and of a motion without a run.
    cycles
        Completed cycles of the claim's replicas; None where the coordinate has no period.
    current
        The tests for a steady current; None where no direction is possible.
    spurious
        What the controls leave to be spurious; None where there is no current, or no control.
    shapes
        Replicas by the shapes that they started in; None where there is one.
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
    verb: str = TURNS.verb
    measure: str = "velocity"
    reason: str = ""
    advice: str = ""
    second_law: SecondLaw | None = None
    cycles: Cycles | None = None
    current: Current | None = None
    spurious: Spurious | None = None
    shapes: ShapesJudged | None = None

    @property
    def measured(self) -> Estimate:
        """What the verdict is about: ``velocity``, or what stands for it where there is none."""
        return self.estimates[self.measure]

    @property
    def velocity(self) -> Estimate:
        """Mean velocity, in the coordinate's unit per ns."""
        return self.estimates["velocity"]

    def to_json(self) -> dict[str, Any]:
        """The ``score`` part of a result document."""
        return {
            **{name: estimate.to_json() for name, estimate in self.estimates.items()},
            "p_value": finite_or_none(self.p_value),
            "replicas": self.replicas,
            "verdict": self.verdict,
            "measure": self.measure,
            "reason": self.reason,
            "advice": self.advice,
            "second_law": None if self.second_law is None else self.second_law.to_json(),
            "cycles": None if self.cycles is None else self.cycles.to_json(),
            "current": None if self.current is None else self.current.to_json(),
            "spurious": None if self.spurious is None else self.spurious.to_json(),
            "shapes": None if self.shapes is None else self.shapes.to_json(),
            "controlled": self.controlled,
            "regime": self.regime,
            "energy_balance": None if self.energy_balance is None else self.energy_balance.to_json(),
            "warnings": list(self.warnings),
        }


def score(run: Run | Motion) -> Score:
    """Score a simulated run, and judge the claim by its controls where they were run.

    A motion without a run behind it, as :func:`molmach.read_trajectories` gives one, has neither
    controls nor energies; :data:`molmach.data.motion.UNKNOWN` lists what can't be known of it.

    Raises
    ------
    ScoreError
        Fewer than two replicas or ten samples.
    """
    if isinstance(run, Motion):
        return _score_motion(run)
    came_apart = _came_apart(run)
    if came_apart:
        return _not_scored(run, coordinate_of(run.assembly).scale.unit, came_apart)
    observed = Observed.of(run)
    samples = samples_of(_checked(observed))
    shapes = judge_shapes(run)
    weighed = allow_for_shapes(estimates_of(observed, samples), quantities_of(observed), samples, run, shapes)
    estimates = {"velocity": no_velocity(observed), **weighed}
    judged = judge if observed.scale.period is not None else judge_bounded
    controls = {
        name: judged(name, Observed.of(control), observed, samples) for name, control in run.controls.items()
    }
    law = judge_second_law(observed, samples)
    decision = decide(observed, samples, controls, law, shapes)
    balance = balance_of(samples)
    return Score(
        estimates=estimates,
        replicas=run.replicas,
        **vars(decision),
        controlled={"undriven", "mirror"} <= controls.keys(),
        controls=controls,
        regime=None if decision.verdict == "equilibrium" else regime_of(run, estimates.get("lag_per_turn")),
        energy_balance=balance,
        warnings=(
            *run.assembly.warnings,
            *_sampling_warnings(observed.motion),
            *balance_warnings(balance, run),
            *doubts_at_equilibrium(run),
            *_heating_warnings(estimates["temperature"], run.spec.protocol.temperature),
            *([shapes.warning] if shapes is not None and shapes.warning else []),
        ),
        verb=observed.motion.scale.verb,
        measure=measure_of(observed, samples).name,
        second_law=law,
        shapes=shapes,
    )


def _score_motion(motion: Motion) -> Score:
    observed = Observed.of(motion)
    samples = samples_of(_checked(observed))
    decision = decide(observed, samples, {}, None)
    return Score(
        estimates={"velocity": no_velocity(observed), **estimates_of(observed, samples)},
        replicas=motion.replicas,
        **vars(decision),
        controlled=False,
        warnings=(*motion.warnings, *_sampling_warnings(motion)),
        verb=motion.scale.verb,
        measure=measure_of(observed, samples).name,
    )


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
    return _score_motion(Motion(time_ps, angle))


def _checked(observed: Observed) -> Observed:
    coordinate = observed.motion.coordinate
    if coordinate.ndim != 2 or coordinate.shape[0] < 2:
        raise ScoreError(
            "got one replica; expected at least two, for only independent replicas give an interval"
        )
    if coordinate.shape[1] < 10:
        raise ScoreError(f"got {coordinate.shape[1]} samples a replica; expected at least 10")
    return observed


def _came_apart(run: Run) -> list[str]:
    """Which runs have replicas whose rings did not stay threaded."""
    broken = []
    for name, part in {"claim": run, **run.controls}.items():
        replicas = np.flatnonzero(~part.series.intact).tolist()
        if replicas:
            broken.append(f"{name}, replica {', '.join(str(replica) for replica in replicas)}")
    return broken


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


def _sampling_warnings(motion: Motion) -> tuple[str, ...]:
    """Of angles that change so much between samples that turns may be counted the wrong way."""
    angles = {f"{name}'s angle": angle for name, angle in motion.followers.items()}
    if motion.scale.period is not None:
        angles = {"the angle": motion.coordinate * (TURN / motion.scale.period), **angles}
    interval = float(motion.time_ps[1] - motion.time_ps[0])
    jumps = {what: largest_jump(angle) for what, angle in angles.items()}
    return tuple(
        f"{what} changes by up to {math.degrees(jump):.0f} degrees between samples {interval:g} ps apart, "
        "so turns may be counted the wrong way; "
        f"a sampling interval of {interval * MAX_SAFE_JUMP / jump / 2:.2g} ps is safe"
        for what, jump in jumps.items()
        if jump > MAX_SAFE_JUMP
    )


def _heating_warnings(temperature: Estimate, bath_K: float) -> tuple[str, ...]:
    if not temperature.ci95[0] > (1.0 + HEATING_TOLERANCE) * bath_K:
        return ()
    return (
        f"the drive heats the machine to {temperature.value:.0f} K in a bath of {bath_K:g} K; "
        "a weaker or slower drive, or more friction, keeps it cool",
    )
