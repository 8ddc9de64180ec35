"""What a scan says, in words and cells: the same on the page and in the terminal."""

from __future__ import annotations

import math

from molmach.report.words import to_its_precision
from molmach.studies.scan.result import Scan
from molmach.studies.scan.thresholds import PUBLISHED, Threshold

LEVEL_NAMES = {"synchronous": "synchronous above", "break_off": "asynchronous above"}

_NO_LAW = (
    " This form misses the thresholds by {:.1f} of their standard errors, so it does not hold over these "
    "frequencies, and its intercept is no low-frequency threshold."
)

CAPTION = (
    "Colours: regimes of Vacek & Michl (2001). Marks: fields at which the rotor lags by 1/e of a turn per "
    "turn of the field (round) and follows 1/e (square), with 95 % intervals. Dotted, where all points share "
    "them: their low-frequency thresholds, kT/μ and 2.3 kT/μ."
)
THRESHOLD_NOTE = (
    "Synchronous: lag below 1/e of a turn per turn. Asynchronous: lag below 1 - 1/e. The last column "
    "is the exact one-dimensional rotor without a barrier, of the same moment of inertia, friction and "
    "dipole."
)


def summary(scan: Scan) -> str:
    """How large the scan is."""
    points = " x ".join(str(n) for n in scan.shape)
    protocol = scan.plan.spec.protocol
    lengths = sorted({point.spec.protocol.duration for point in scan.points})
    times = f"{lengths[0]:g} ps" if len(lengths) == 1 else f"{lengths[0]:g} to {lengths[-1]:g} ps"
    return f"{points} points, {protocol.replicas} replicas of {times} each, seed {protocol.seed}."


def number_or_blank(value: float) -> str:
    """Three decimals, or '' for what is not a number."""
    return f"{value:z.3f}" if math.isfinite(value) else ""


def threshold_cells(threshold: Threshold, other: bool) -> list[str]:
    """Cells of a threshold's row.

    The other axis's value (where there is one), field and interval in V/nm, both in kT/mu, and what the
    one-dimensional rotor has.
    """
    unit = threshold.field_unit
    cells = [f"{threshold.other:.4g}"] if other else []
    reference = number_or_blank(threshold.reference / unit)
    if threshold.where != "within the scan":
        return [*cells, threshold.where, "", "", "", reference]
    for scale in (1.0, unit):
        value, low, high = (x / scale for x in (threshold.field, *threshold.ci95))
        if math.isfinite(low) and math.isfinite(high):
            cells += to_its_precision(value, low, high)
        else:
            ends = (f"{x:.3g}" if math.isfinite(x) else "outside the scan" for x in (low, high))
            cells += [f"{value:.3g}", " to ".join(ends)]
    return [*cells, reference]


def law_sentences(scan: Scan) -> list[str]:
    """The fitted laws, beside what was published."""
    sentences = []
    for law in scan.laws:
        intercept, intercept_range = to_its_precision(*law.intercept)
        power, power_range = to_its_precision(*law.power)
        corner, corner_range = to_its_precision(*law.corner)
        sentences.append(
            f"{LEVEL_NAMES[law.name].capitalize()} E = {intercept} kT/μ (1 + (ν/{corner} GHz)²)^({power}/2), "
            f"fitted to {law.frequencies} frequencies (95 % intervals: {intercept_range}; {corner_range}; "
            f"{power_range}). Low-frequency threshold of Vacek & Michl: {PUBLISHED[law.name]:g} kT/μ."
            + ("" if law.holds else _NO_LAW.format(law.misfit))
        )
    return sentences
