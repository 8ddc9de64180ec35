"""Starting shapes in scores: where they disagree there is no direction; where they do not, nothing changes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from molmach.building import Assembly, build
from molmach.data import Run, StartingShapes
from molmach.data.shapes import merged
from molmach.data.storage import load_series, save_series
from molmach.scoring import score
from molmach.scoring.shapes import SHAPE_LEVEL, judge_shapes, p_value_of_labels
from molmach.spec import Spec, loads
from molmach.units import TURN, thermal_energy
from tests.helpers.runs import run_of, series_of

SPEC = """\
name: t
machine: {kind: rotor, smiles: "c1c[cH:3][c:1](cc1)-[c:2]1ccccc1F", axle: [1, 2], reference_atom: 3}
drive: {kind: alternating_field, field: 1 V/nm, frequency: 100 GHz}
protocol: {duration: 100 ps, sampling: 1 ps}
"""
TIMES = np.linspace(0.0, 100.0, 101)


@cache
def _machine() -> tuple[Spec, Assembly]:
    spec = loads(SPEC)
    return spec, build(spec)


def _run(turns: list[float], start: list[int], ends: list[int] | None = None, scatter: float = 0.3) -> Run:
    """A run whose replicas make so many turns at a steady pace, and go from one shape to another halfway."""
    spec, machine = _machine()
    rng = np.random.default_rng(1)
    n = len(turns)
    steps = np.array(turns)[:, None] / 100.0 + rng.normal(0.0, 0.1 * scatter, (n, 100))
    coordinate = TURN * np.concatenate([np.zeros((n, 1)), np.cumsum(steps, axis=1)], axis=1)
    begun = np.array(start)
    visited = np.where(np.arange(101) < 50, begun[:, None], np.array(ends or start)[:, None])
    count = int(max(begun.max(), visited.max())) + 1
    shapes = StartingShapes(np.linspace(0.0, count - 1.0, count), np.full(count, 1.0 / count), begun, visited)
    series = series_of(TIMES, coordinate)
    return run_of(spec, machine, replace(series, shapes=shapes) if count > 1 else series)


def test_shapes_that_go_opposite_ways_give_no_direction() -> None:
    """Though one of them is so heavy that all replicas together go forward."""
    run = _run([6.0] * 13 + [-6.0] * 3, [0] * 13 + [1] * 3)
    result = score(run)
    assert result.verdict == "unresolved"
    assert "depends on the starting shape" in result.reason
    assert result.advice
    table = result.to_json()["shapes"]
    assert table["depends"]
    assert [row["replicas"] for row in table["rows"]] == [13, 3]
    assert [np.sign(row["velocity"]["value"]) for row in table["rows"]] == [1, -1]


def test_a_shape_that_stands_still_beside_one_that_turns_gives_no_direction() -> None:
    result = score(_run([6.0] * 8 + [0.0] * 8, [0] * 8 + [1] * 8))
    assert result.verdict == "unresolved"
    assert "depends on the starting shape" in result.reason


def test_shapes_that_go_one_way_at_different_speeds_keep_the_direction_and_widen_the_interval() -> None:
    turns = [6.0] * 8 + [3.0] * 8
    result = score(_run(turns, [0] * 8 + [1] * 8))
    alone = score(_run(turns, [0] * 16))
    assert result.verdict == alone.verdict == "forward"
    assert any("depends on the starting shape" in text for text in result.warnings)
    assert result.velocity.value == pytest.approx(alone.velocity.value)
    widths = [np.diff(r.velocity.ci95)[0] for r in (result, alone)]
    assert widths[0] > 1.1 * widths[1]


def test_the_width_that_shapes_add_is_that_of_two_kilojoules_of_error_in_their_energies() -> None:
    """For two of equal weight, half the difference times the change of a share: (v1 - v2) tanh(r / 2) / 2 each."""
    run = _run([60.0] * 8 + [30.0] * 8, [0] * 8 + [1] * 8, scatter=0.0)
    result, alone = score(run), score(replace(run, series=replace(run.series, shapes=StartingShapes())))
    ratio = 2.0 / thermal_energy(300.0)
    error = np.sqrt(2.0) * 0.5 * np.tanh(0.5 * ratio) * (600.0 - 300.0)
    half = [0.5 * np.diff(r.velocity.ci95)[0] for r in (result, alone)]
    assert half[0] == pytest.approx(np.hypot(half[1], stats.norm.ppf(0.975) * error), rel=0.02)


def test_shapes_that_agree_change_nothing() -> None:
    turns = [6.0] * 16
    result, alone = score(_run(turns, [0, 1] * 8)), score(_run(turns, [0] * 16))
    assert result.verdict == alone.verdict == "forward"
    assert result.velocity == alone.velocity
    assert not any("shape" in text for text in result.warnings)
    assert alone.shapes is None


def test_shapes_that_change_into_each_other_are_one() -> None:
    """Half of the replicas of each are in the other by the end, and so the start makes no verdict."""
    ends = [1, 0] * 4 + [0, 1] * 4
    shapes = judge_shapes(_run([6.0] * 8 + [-6.0] * 8, [0] * 8 + [1] * 8, ends))
    assert shapes is not None
    assert [row.shapes for row in shapes.rows] == [(1, 2)]
    assert not shapes.depends


def test_a_single_frame_in_another_shape_is_no_change() -> None:
    begun = np.array([0, 0, 1, 1])
    visited = np.repeat(begun[:, None], 20, axis=1)
    visited[:, 7] = 1 - begun
    known = StartingShapes(np.zeros(2), np.full(2, 0.5), begun, visited)
    assert merged(known).tolist() == [0, 1]
    visited[:, 8] = 1 - begun
    assert merged(known).tolist() == [0, 0]


def test_a_shape_that_all_leave_for_another_is_one_with_it() -> None:
    begun = np.array([0] * 15 + [1])
    known = StartingShapes(np.zeros(2), np.array([0.95, 0.05]), begun, np.zeros((16, 20), dtype=np.int64))
    assert merged(known).tolist() == [0, 0]


def test_the_mirror_image_counts_as_reflection_has_it() -> None:
    """Six replicas of each are too few; with the mirror's twelve in all, and a shape more that it alone has."""
    claim = _run([6.0] * 5 + [-6.0], [0] * 5 + [1])
    mirror = _run([-6.0] * 4 + [6.0, 6.0], [0] * 4 + [1, 2])
    alone, both = judge_shapes(claim), judge_shapes(replace(claim, controls={"mirror": mirror}))
    assert alone is not None
    assert both is not None
    assert alone.p_value > SHAPE_LEVEL >= both.p_value
    assert [(row.replicas, row.mirror_replicas) for row in both.rows] == [(5, 4), (1, 1), (0, 1)]
    assert [np.sign(row.velocity.value) for row in both.rows] == [1, -1, -1]


@pytest.mark.parametrize("kind", ["rare hops", "heavy tails", "normal"])
def test_chance_is_taken_for_a_difference_as_seldom_as_the_level_says(kind: str) -> None:
    """Shapes of 15, 8 and 1 replicas that are alike, 60 times; more than 4 alarms are a chance of 4e-4."""
    rng = np.random.default_rng(7)
    labels = np.array([0] * 15 + [1] * 8 + [2])
    if kind == "rare hops":
        draws = (rng.poisson(0.05, (60, 24)) - rng.poisson(0.05, (60, 24))).astype(np.float64)
    else:
        draws = rng.standard_t(2 if kind == "heavy tails" else 1000, (60, 24))
    alarms = sum(p_value_of_labels(values, labels) <= SHAPE_LEVEL for values in draws)
    assert alarms <= 4


def test_shapes_are_stored_where_there_are_several_and_read_as_one_where_there_are_none(
    tmp_path: Path,
) -> None:
    several, one = _run([1.0] * 4, [0, 0, 1, 1]).series, _run([1.0] * 4, [0] * 4).series
    save_series(several, tmp_path / "several.npz")
    save_series(one, tmp_path / "one.npz")
    again = load_series(tmp_path / "several.npz").shapes
    for name in ("energy", "weight", "start", "visited"):
        assert np.array_equal(getattr(again, name), getattr(several.shapes, name))
    with np.load(tmp_path / "one.npz") as stored:
        assert not [name for name in stored.files if name.startswith("shape")]
    old = load_series(tmp_path / "one.npz").shapes
    assert not old.several
    assert old.begun_in(4).tolist() == [0, 0, 0, 0]
