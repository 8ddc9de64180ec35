"""Machines that can't be threaded or linked are refused by their formulas, before anything is built."""

from __future__ import annotations

import pytest

from molmach.building import build, kind_of
from molmach.errors import BuildError
from molmach.spec import loads

CROWN = "C1COCCOCCOCCOCCOCCOCCOCCO1"
ARMED = "C1COCCOCCOCCOCCOCCOCCN1CCCCCCCCCC"
DAISY = "c1ccc2c(c1)OCCOCCOCCOc1cc(C[NH2+{0}]Cc3cc(C(C)(C)C)cc(C(C)(C)C)c3)ccc1OCCOCCOCCO2"
PROTOCOL = (
    "\ndrive: {kind: none}\nprotocol: {temperature: 300 K, friction: 1 /ps, timestep: 2 fs, "
    "duration: 100 ps, replicas: 4, seed: 1}\n"
)


def rotaxane(axle: str, *rings: str, stations: str = "{a: [1]}") -> str:
    return (
        f"name: x\nmachine: {{kind: rotaxane, axle: '{axle}', rings: {list(rings)}, "
        f"stations: {stations}}}{PROTOCOL}"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (rotaxane(DAISY.format(":1"), DAISY.format("")), "daisy chain"),
        (rotaxane(DAISY.format(":1"), ARMED), "daisy chain"),
        (rotaxane("C1COCCOCCOCCOCCOCCOCC[O:1]1", CROWN), "is a ring, without ends"),
        (rotaxane("CCCC[NH2+:1]CCCC", "CCCCCCCCCCCCCC"), "it has no ring"),
        (rotaxane("CCCC[NH2+:1]CCCC", "C1COCCOCCOCCOCCO1"), "has 15 members, too narrow"),
        (rotaxane("CCCC[NH2+:1][CH2:2]CCC", CROWN, CROWN, stations="{a: [1], b: [2]}"), "1 bonds apart"),
        (
            f"name: x\nmachine: {{kind: catenane, rings: ['{CROWN}', 'C1COCCOCCOCCOCCO1']}}{PROTOCOL}",
            r"machine\.rings\.1: .* 15 members",
        ),
    ],
)
def test_what_can_not_be_threaded_is_said_by_check_and_by_build(text: str, message: str) -> None:
    spec = loads(text)
    for refuse in (lambda: kind_of(spec.machine.kind).check(spec.machine), lambda: build(spec)):
        with pytest.raises(BuildError, match=message):
            refuse()


def test_rings_with_arms_and_threads_with_small_rings_are_not_daisy_chains() -> None:
    for text in (
        rotaxane("CCCC[NH2+:1]CCCC", ARMED),
        rotaxane("C1CCCCC1C[NH2+:1]Cc1ccccc1", CROWN),
    ):
        spec = loads(text)
        kind_of(spec.machine.kind).check(spec.machine)
