"""Predictions are of the true value, and are scored once, with the measurement's error added once."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from molmach.search.record.calibration import Calibration, Scores, calibration_document, freedom
from molmach.search.record.rows import Prediction

Floats = NDArray[np.float64]


def scored(
    sd: float, noise: float, replicas: int, count: int, said: float | None = None, seed: int = 5
) -> tuple[Scores, Floats]:
    """Scores of predictions of machines whose truth is known exactly, and the truth.

    Parameters
    ----------
    sd
        By which the truth scatters about the predicted means, which themselves scatter by 3.
    noise
        Standard error of a measurement, the mean of so many ``replicas``.
    said
        Standard deviation that the agent names; by default the right one.
    """
    rng = np.random.default_rng(seed)
    mean = rng.normal(0.0, 3.0, count)
    truth = mean + sd * rng.standard_normal(count)
    values = truth[:, None] + noise * math.sqrt(replicas) * rng.standard_normal((count, replicas))
    value, error = values.mean(axis=1), values.std(axis=1, ddof=1) / math.sqrt(replicas)
    half = stats.t.ppf(0.975, replicas - 1) * error
    named = np.full(count, sd if said is None else said)
    return Scores.of(mean, named, value, error, value - half, value + half), truth


@pytest.mark.parametrize("replicas", [4, 8, 32])
@pytest.mark.parametrize("noise", [0.1, 1.0, 6.0])
@pytest.mark.parametrize("sd", [0.0, 1.0])
def test_a_perfect_forecaster_covers_19_of_20_with_rms_z_of_one(
    sd: float, noise: float, replicas: int
) -> None:
    """Of 20,000 machines: coverage has a standard error of 0.0015, rms z of 0.005.

    The bands hold three of them (false alarm 0.3 % each) and 0.015 and 0.08, what Welch's approximation is off
    by where four replicas' errors are as large as the prediction's.
    """
    scores, _ = scored(sd, noise, replicas, 20_000)
    calibration = Calibration()
    calibration.take(scores)
    assert abs(calibration.coverage - 0.95) < 0.0045 + 0.015
    assert abs(calibration.rms_z - 1.0) < 0.015 + 0.08
    if replicas == 32:
        assert abs(calibration.coverage - 0.95) < 0.006
        assert abs(calibration.rms_z - 1.0) < 0.02


def test_an_error_that_is_counted_twice_shows() -> None:
    """Who adds the measurement's error to the prediction covers 99.4 %, and z's spread is 0.71."""
    scores, _ = scored(0.0, 3.0, 32, 20_000, said=3.0)
    calibration = Calibration()
    calibration.take(scores)
    assert calibration.coverage > 0.99
    assert calibration.rms_z == pytest.approx(math.sqrt(0.5), abs=0.02)


def test_an_agent_too_sure_shows_in_coverage_z_and_surprise() -> None:
    honest, proud = Calibration(), Calibration()
    honest.take(scored(2.0, 0.5, 16, 2000)[0])
    proud.take(scored(2.0, 0.5, 16, 2000, said=0.5)[0])
    assert proud.coverage < 0.6 < 0.93 < honest.coverage
    assert proud.rms_z > 2.0
    assert honest.surprise < proud.surprise
    low, high = honest.coverage_interval
    assert low <= 0.95 <= high


def test_the_best_tenth_of_an_honest_agent_is_as_it_would_be_expected() -> None:
    """Mean over 20 sets of 500 predictions: the coverage of 50 machines has a standard error of 0.012 then."""
    for sd, noise in ((3.0, 1.0), (1.0, 1.0)):
        tails = [scored(sd, noise, 32, 500, seed=seed)[0].tail() for seed in range(20)]
        assert all(tail is not None for tail in tails)
        ours = np.mean([tail["coverage"] for tail in tails if tail])
        honest = np.mean([tail["honest"]["coverage"] for tail in tails if tail])
        assert abs(ours - honest) < 0.04
        assert honest < 0.93  # what comes out best is lucky


def test_a_heavy_tail_hides_in_the_whole_and_shows_in_the_best_tenth() -> None:
    """One machine of twenty turns out ten times as good as the predicted scatter: the whole still covers 93 %."""
    rng = np.random.default_rng(2)
    value = rng.standard_normal(400)
    value[::20] += 10.0
    zeros = np.zeros(400)
    scores = Scores.of(zeros, np.ones(400), value, zeros, value, value)
    whole = Calibration()
    whole.take(scores)
    tail = scores.tail()
    assert tail is not None
    assert whole.coverage > 0.88
    assert tail["coverage"] < 0.5
    assert tail["honest"]["coverage"] > 0.7
    assert tail["rms_z"] > 3.0 * tail["honest"]["rms_z"]


def test_degrees_of_freedom_are_read_off_the_interval() -> None:
    wanted = np.array([1.0, 3.0, 7.0, 31.0, 150.0])
    half = np.asarray(stats.t.ppf(0.975, wanted), dtype=np.float64)
    assert freedom(np.ones(5), -half, half) == pytest.approx(wanted, rel=1e-6)
    normal = freedom(np.ones(3), np.array([-1.96, -0.5, 0.0]), np.array([1.96, 0.5, 0.0]))
    assert np.all(normal > 1000.0)


def test_nonsense_is_left_out_or_counted_finitely() -> None:
    """Numbers that are none are no prediction; the rest stays finite however absurd it is."""
    one = np.ones(6)
    mean = np.array([math.nan, 1e308, 0.0, 0.0, -1e308, 0.0])
    sd = np.array([1.0, 1e-300, 0.0, math.inf, 1e308, 0.0])
    error = np.array([1.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    scores = Scores.of(mean, sd, one, error, one, one)
    assert len(scores) == 3
    assert np.all(np.isfinite(scores.z))
    assert np.all(np.isfinite(scores.surprise))
    calibration = Calibration()
    calibration.take(scores)
    assert math.isfinite(calibration.rms_z)
    assert calibration.within == 2
    document = calibration_document([Prediction("a", 1e308, 1e-300, 1.0, 0.1, 0.8, 1.2)])
    assert document["coverage"] == 0.0
    assert document["best_tenth"] is None
    assert calibration_document([])["predictions"] == 0


def test_scores_do_not_depend_on_the_unit(tmp_path: Path) -> None:
    scores, _ = scored(1.0, 1.0, 6, 300)
    million = scored(1.0, 1.0, 6, 300)[0]
    scaled = Scores.of(1e6 * million.mean, np.full(300, 1e6), 1e6 * million.value, *(1e6 * np.ones((3, 300))))
    plain = Scores.of(million.mean, np.ones(300), million.value, *np.ones((3, 300)))
    assert scaled.z == pytest.approx(plain.z, rel=1e-9)
    assert len(scores) == 300
