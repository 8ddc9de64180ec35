"""Units of work: the same anywhere, replayed in parts, and what replays and referees find."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

import numpy as np
import pytest
from scipy import stats

from molmach.errors import WorkError
from molmach.spec import Spec
from molmach.studies.simulation import Plan, run_here
from molmach.work import Result, Unit, chance_to_catch, judge, make_unit, run_unit, verify
from molmach.work.replay import Segment, replay
from tests.helpers.forging import (
    Fake,
    fake_books,
    fake_coordinate,
    fake_frames,
    fake_state,
    forged,
    linked,
)

FAKES = [fake_state, fake_books, fake_frames, fake_coordinate]


def test_a_unit_is_the_same_file_whenever_it_is_made_and_reads_back(
    small: Spec, unit: Unit, tmp_path: Path
) -> None:
    again = make_unit(Plan(small), segments=10)
    assert again.content == unit.content
    unit.write(tmp_path / "unit")
    read = Unit.read(tmp_path / "unit")
    assert read.digest == unit.digest
    assert read.spec == small
    other = small.model_copy(update={"protocol": small.protocol.model_copy(update={"seed": 2})})
    assert make_unit(Plan(other), segments=10).digest != unit.digest


def test_a_result_has_the_numbers_of_a_run(small: Spec, result: Result) -> None:
    run = run_here(Plan(small)).run
    claim, undriven, mirror = (part.series for part in result.collected())
    for ours, theirs in (
        (claim, run),
        (undriven, run.controls["undriven"]),
        (mirror, run.controls["mirror"]),
    ):
        for name in ("coordinate", "heat", "drive_work", "events", "energy_change", "temperature", "intact"):
            assert np.array_equal(getattr(ours, name), getattr(theirs.series, name)), name


def test_every_segment_is_done_again_with_the_same_bits(result: Result, tmp_path: Path) -> None:
    result.write(tmp_path / "result")
    shown = verify(Result.read(tmp_path / "result"), None)
    assert shown.same
    assert len(shown.replayed) == shown.total == 20
    again = run_unit(result.unit)
    assert [batch.links for batch in again.batches] == [batch.links for batch in result.batches]


def test_the_end_does_not_depend_on_the_number_of_segments(small: Spec, result: Result) -> None:
    whole = run_unit(make_unit(Plan(small), segments=1))
    for one, many in zip(whole.batches, result.batches, strict=True):
        assert all(np.array_equal(one.states[-1][name], many.states[-1][name]) for name in one.states[-1])
        assert np.array_equal(one.frames, many.frames)


@pytest.mark.parametrize("fake", FAKES)
def test_a_replay_finds_the_faked_segment_and_no_other(result: Result, fake: Fake) -> None:
    """A segment after a faked one follows from its state, so it is the faked one alone that is wrong."""
    bad = forged(result, [(0, 4)], fake)
    bad.check()
    wrong = [number for number in range(10) if replay(bad, Segment(0, number))]
    assert wrong == ([4, 5] if fake is fake_state else [4])


def test_a_chain_that_was_not_made_anew_is_refused(result: Result) -> None:
    bad = forged(result, [(0, 4)], fake_state)
    for number, batch in enumerate(bad.batches):
        batch.links[:] = result.batches[number].links
    with pytest.raises(WorkError, match=r"batches\.0\.links\.4: does not follow"):
        bad.check()


def test_results_of_other_units_are_told(small: Spec, result: Result) -> None:
    other = small.model_copy(update={"protocol": small.protocol.model_copy(update={"seed": 2})})
    with pytest.raises(WorkError, match=r"links\.0: does not follow"):
        result.model_copy(update={"unit": make_unit(Plan(other), segments=10)}).check()
    with pytest.raises(WorkError, match="expected one unit's"):
        judge(result, result.model_copy(update={"unit": make_unit(Plan(other), segments=10)}))


@pytest.mark.parametrize("fake", FAKES)
def test_a_referee_finds_the_first_segment_and_who_is_wrong(result: Result, fake: Fake) -> None:
    bad = forged(result, [(0, 3), (0, 7)], fake)
    verdict = judge(result, bad)
    assert verdict.segment == Segment(0, 3)
    assert verdict.compared <= 2 + math.ceil(math.log2(10))
    assert verdict.wrong[0] == ""
    assert verdict.wrong[1]
    turned = judge(bad, result)
    assert turned.wrong == verdict.wrong[::-1]


def test_a_referee_of_two_cheats_names_whoever_was_first_and_both_where_both_were(result: Result) -> None:
    early, late = forged(result, [(1, 2)], fake_state), forged(result, [(1, 6)], fake_state)
    verdict = judge(late, early)
    assert verdict.segment == Segment(1, 2)
    assert verdict.wrong[0] == ""
    other = forged(result, [(1, 2)], fake_books)
    assert all(judge(early, other).wrong)
    assert judge(result, result).same


def test_chance_to_catch_is_that_of_drawing_without_repeats() -> None:
    assert chance_to_catch(20, 2, 1) == pytest.approx(0.1)
    assert chance_to_catch(20, 0, 20) == 0.0
    assert chance_to_catch(20, 1, 20) == 1.0
    assert chance_to_catch(60, 6, 5) == pytest.approx(1.0 - stats.hypergeom(60, 6, 5).pmf(0))


@pytest.mark.slow
@pytest.mark.parametrize(("share", "replays"), [(0.1, 1), (0.1, 5), (0.5, 1), (0.5, 3)])
def test_cheats_are_caught_as_often_as_the_formula_says(result: Result, share: float, replays: int) -> None:
    """200 cheats who make up a share of the segments' samples; false-alarm rate one in a thousand a case."""
    random = Random(f"{share} {replays}")
    everything = [(batch, number) for batch in range(2) for number in range(10)]
    caught = 0
    for _ in range(200):
        bad = forged(result, random.sample(everything, round(share * 20)), fake_books)
        caught += not verify(bad, replays, random).same
    chance = chance_to_catch(20, round(share * 20), replays)
    print(f"share {share}, {replays} replays: caught {caught} of 200, formula {200 * chance:.1f}")
    assert stats.binomtest(caught, 200, chance).pvalue > 1e-3


def test_linking_changes_nothing_of_an_honest_result(result: Result) -> None:
    before = [list(batch.links) for batch in result.batches]
    assert [batch.links for batch in linked(result).batches] == before
