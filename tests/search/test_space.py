"""The space of machines: what is one machine, what is none, and what may be said in a campaign file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molmach.building import is_achiral
from molmach.building.rotor import Rotor
from molmach.data.observed import Planned
from molmach.drives.rotating_field import RotatingField
from molmach.errors import InfeasibleError, SpecError
from molmach.search import Design, Space
from molmach.search.loop.checking import check
from molmach.search.loop.possible import refusal
from molmach.search.space.constraints import synthetic_accessibility
from molmach.search.space.design import Numeric
from molmach.search.space.fragments import groups, library
from molmach.spec import load
from molmach.spec.campaign import load_campaign, loads_campaign
from molmach.spec.space import Parameter
from tests.helpers.ledgers import campaign
from tests.helpers.planted import EDITS, NO_SITES, PARAMETERS, space_of


@pytest.fixture(scope="module")
def space() -> Space:
    """Four sites of five fragments on a ring that looks the same from both of its sides."""
    return space_of(equal_ends=True)


def test_the_library_has_sixty_fragments_of_every_kind_that_can_be_read_and_none_twice() -> None:
    fragments = library()
    assert len(fragments) >= 60
    assert sum(len(members) for members in groups().values()) == len(fragments)
    assert {"halogens", "donors", "acceptors", "alkyls", "rings", "chiral"} <= set(groups())
    molecules = {name: Chem.MolFromSmiles(smiles) for name, smiles in fragments.items()}
    assert all(molecules.values())
    assert len({Chem.MolToSmiles(molecule) for molecule in molecules.values()}) == len(fragments)
    for name in groups()["chiral"]:
        assert Chem.FindMolChiralCenters(molecules[name], useLegacyImplementation=False), name


def test_machines_are_counted_as_the_symmetry_of_the_ring_says(space: Space) -> None:
    """Burnside: the ring's two mirrors and its half turn each leave 5^2 designs as they are."""
    designs = list(space.enumerate())
    assert len(designs) == space.size == 5**4
    machines = {space.resolve(design).key for design in designs}
    assert len(machines) == (5**4 + 3 * 5**2) // 4


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["hydrogen", "fluoro", "chloro", "cyano", "methyl"]), min_size=4, max_size=4))
def test_a_machine_from_the_other_side_is_the_same_one(space: Space, members: list[str]) -> None:
    r10, r11, r12, r13 = members
    one = space.resolve(Design.of({"R10": r10, "R11": r11, "R12": r12, "R13": r13}))
    other = space.resolve(Design.of({"R10": r13, "R11": r12, "R12": r11, "R13": r10}))
    assert one.key == other.key
    assert one.smiles == other.smiles


def test_the_other_way_round_on_the_axle_is_the_same_machine(space: Space) -> None:
    """Half a turn across the axle turns the field's sense and the counting over; the mirror turns both back."""
    one = space.resolve(Design.of({"R10": "fluoro", "R11": "hydrogen", "R12": "hydrogen", "R13": "hydrogen"}))
    other = space.resolve(
        Design.of({"R10": "hydrogen", "R11": "fluoro", "R12": "hydrogen", "R13": "hydrogen"})
    )
    assert one.key == other.key
    assert one.smiles == other.smiles


def test_a_machine_reached_by_an_edit_is_the_enumerated_one() -> None:
    space = space_of(edits=["[c:1]-[CH3:2]>>[c:1]-F"])
    start = Design.of({"R10": "methyl", "R11": "cyano", "R12": "hydrogen", "R13": "hydrogen"})
    edited = space.edit(start, np.random.default_rng(1))
    assert edited is not None
    assert space.resolve(edited[0]).key == space.resolve(start.replace(R10="fluoro")).key


def test_edits_leave_the_enumerated_space_and_keep_named_atoms() -> None:
    space = space_of(NO_SITES, edits=EDITS)
    rng = np.random.default_rng(5)
    design, seen, kinds = Design.of({}), set(), set()
    for _ in range(60):
        found = space.edit(design, rng)
        if found is None:
            design = Design.of({})
            continue
        design, kind = found
        machine = space.resolve(design)
        seen.add(machine.key)
        kinds.add(kind)
        assert isinstance(machine.spec.machine, Rotor)
        molecule = Chem.MolFromSmiles(machine.spec.machine.smiles)
        assert sorted(a.GetAtomMapNum() for a in molecule.GetAtoms() if a.GetAtomMapNum()) == [1, 2, 3, 4]
    assert len(seen) > 30
    assert kinds == set(EDITS)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({"molecular_weight": 150.0}, "molecular_weight: 226 u; at most 150 u is accepted"),
        ({"heavy_atoms": 10}, "heavy_atoms: 18; at most 10 are accepted"),
        ({"forbidden": ["C#N"]}, "forbidden: the machine has the substructure C#N"),
        ({"synthetic_accessibility": 1.5}, r"synthetic_accessibility: \d\.\d; at most 1.5 is accepted"),
    ],
)
def test_what_breaks_a_constraint_is_no_machine_and_says_why(section: dict[str, Any], reason: str) -> None:
    space = space_of(constraints=section)
    with pytest.raises(InfeasibleError, match=reason):
        space.resolve(Design.of(dict.fromkeys(("R10", "R11", "R12", "R13"), "cyano")))


def test_harder_molecules_score_higher_on_synthetic_accessibility() -> None:
    strychnine = "O=C1C[C@@H]2OCC=C3CN4CC[C@]56c7ccccc7N1[C@H]5[C@H]2[C@H]3C[C@H]46"
    assert 1.0 <= synthetic_accessibility("c1ccccc1") < 2.0 < 5.0 < synthetic_accessibility(strychnine)


@pytest.mark.parametrize(
    "values",
    [
        {"R10": "fluoro"},
        {"R10": "no such", "R11": "fluoro", "R12": "fluoro", "R13": "fluoro"},
        {"R10": 3, "R11": "fluoro", "R12": "fluoro", "R13": "fluoro"},
    ],
)
def test_values_that_the_space_does_not_have_are_infeasible(space: Space, values: dict[str, Any]) -> None:
    with pytest.raises(InfeasibleError, match="expected a value of the space"):
        space.resolve(Design.of(values))


def test_an_edited_molecule_of_any_text_is_read_or_refused(space: Space) -> None:
    open_space = space_of(edits=EDITS)
    values = dict.fromkeys(("R10", "R11", "R12", "R13"), "fluoro")
    for text in ("", "C", "not a smiles", "[CH:1]#[C:2]c1ccccc1", "[U]", "C1CC", "\x00", "[CH:1]" * 500):
        with pytest.raises(InfeasibleError):
            open_space.resolve(Design.of(values, {"smiles": text}))
        with pytest.raises(InfeasibleError, match="the space has no edits"):
            space.resolve(Design.of(values, {"smiles": text}))


def test_choices_change_whole_parts_and_numbers_their_own_field() -> None:
    space = space_of(
        NO_SITES,
        choices={
            "bath": {"water": {"protocol.friction": "5 /ps"}, "gas": {"protocol.friction": "0.5 /ps"}},
            "ends": {
                "acetylene": {},
                "phenyl": {"machine.smiles": "[cH:1]1cccc[c:2]1-[c:3]1cc(F)c[cH:4]c1"},
            },
        },
        parameters={
            **PARAMETERS,
            "protocol.temperature": {"low": "200 K", "high": "400 K", "scale": "integer"},
        },
    )
    rng = np.random.default_rng(3)
    frictions, temperatures, keys = set(), set(), set()
    for _ in range(40):
        design = space.sample(rng)
        if not space.is_machine(design):
            continue
        candidate = space.resolve(design)
        keys.add(candidate.key)
        frictions.add(candidate.spec.protocol.friction)
        temperatures.add(candidate.spec.protocol.temperature)
        assert isinstance(candidate.spec.drive, RotatingField)
        assert 10.0 <= candidate.spec.drive.frequency <= 400.0
        assert candidate.spec.drive.field == pytest.approx(float(design["drive.field"]), rel=1e-9)
    assert frictions == {5.0, 0.5}
    assert len(keys) > 30
    assert all(t == int(t) for t in temperatures)


@given(
    st.floats(1e-3, 1e3),
    st.floats(1.01, 1e3),
    st.sampled_from(["linear", "log", "integer"]),
    st.floats(0.0, 1.0),
)
def test_numbers_go_to_their_share_and_back(low: float, factor: float, scale: str, share: float) -> None:
    low, high = (
        (float(round(low)), float(round(low * factor) + 1)) if scale == "integer" else (low, low * factor)
    )
    if scale == "log" and low <= 0.0:
        return
    numeric = Numeric.of("drive.field", Parameter(low=low, high=high, scale=scale))
    value = numeric.at(share)
    assert numeric.accepts(value)
    if scale == "integer":
        assert numeric.at(numeric.share(value)) == value
    else:
        digits = 6e-4 * max(abs(float(value)), low)
        slope = digits / (float(value) * np.log(high / low)) if scale == "log" else digits / (high - low)
        assert abs(numeric.share(value) - share) <= slope + 1e-9


def test_designs_survive_being_written() -> None:
    design = Design.of({"R10": "cyano", "drive.frequency": 31.62, "n": 3}, {"smiles": "[CH:1]#[C:2]C"})
    assert Design.from_json(design.to_json()) == design
    assert json.loads(design.to_json())


def test_mirror_images_and_their_own_mirror_images_are_told_apart() -> None:
    assert is_achiral(Chem.MolFromSmiles("Fc1ccccc1"))
    assert is_achiral(Chem.MolFromSmiles("C[C@H](F)[C@H](F)C"))  # meso
    assert not is_achiral(Chem.MolFromSmiles("C[C@H](F)[C@@H](F)C"))
    assert not is_achiral(Chem.MolFromSmiles("C[C@H](F)Cl"))
    assert is_achiral(Chem.MolFromSmiles("C1[C@H](F)CC[C@@H]1F")) == is_achiral(
        Chem.MolFromSmiles("C1[C@@H](F)CC[C@H]1F")
    )


BAD = [
    ("space={sites: {10: [fluoro]}}", "space.sites: the machine's site [*:11] has no fragments"),
    ("space.sites.99=[fluoro]", "space.sites.99: the machine has no site [*:99]"),
    ("space.sites.10=[floro]", "did you mean 'fluoro'"),
    ("space.fragments={mine: 'CC'}", "fragment"),
    ("space.parameters={drive.frequency: {low: 50 GHz, high: 5 GHz}}", "expected low < high"),
    ("space.parameters={drive.frequency: {low: 50 GHz, high: 5 ps}}", "expected the same unit"),
    ("space.parameters={drive.nonsense: {low: 1, high: 5}}", "nonsense"),
    ("space.constraints.synthetic_accessibility=30", "at most 10"),
    ("space.constraints.forbidden=['((']", "forbidden"),
    ("space.edits=[explode]", "explode"),
    ("objectives={maximise: velocty}", "velocty"),
    ("objectives={maximise: velocity, minimise: velocity}", "exactly one of maximise, minimise and quantity"),
    ("objectives={maximise: '__import__(1)'}", "__import__"),
    ("objectives={maximise: 'velocity ** '}", "velocity ** "),
    ("racing.rungs=[]", "racing.rungs"),
    ("racing.rungs=[{replicas: 1, duration: 20 ps}]", "replicas"),
    ("agents=[rndom]", "did you mean 'random'"),
    ("agents=[random, random]", "expected a different name for each"),
    ("agents=[{use: random, options: {depth: 3}}]", "depth"),
    ("agents=['nowhere.py:Agent']", "there is no file"),
    ("budget={target: 3}", "no end"),
    ("budget.evaluations=0", "evaluations"),
    ("base=difluorophenylene-rotr", "did you mean 'difluorophenylene-rotor'"),
    ("sed=3", "sed"),
]


@pytest.mark.parametrize(("override", "message"), BAD)
def test_a_wrong_campaign_is_refused_before_anything_starts(override: str, message: str) -> None:
    path = Path("examples/small.yaml")
    with pytest.raises(SpecError) as error:
        check(load_campaign(path, [override]), path.parent)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


ROTAXANE = {"base": "switched-diketone-shuttle", "machine": {}, "space": {"parameters": {
    "protocol.temperature": {"low": "250 K", "high": "350 K"}}}}  # fmt: skip
ONE_STATION = {**ROTAXANE, "base": "diketone-shuttle", "machine": {"stations": {"left": [1]}}}
IMPOSSIBLE = [
    ({}, "net_bananas", "did you mean"),
    ({}, "forward_xs", "forward_turns"),
    ({}, "abs(velocity_nobody)", "velocity_nobody is a quantity that this machine"),
    ({}, "net_nms", "net_turns"),
    ({}, "fuel_rate", "under drive rotating_field does not have"),
    ({}, "velocity + turns_per_event", "needs a drive that acts by events"),
    ({}, "efficiency", "needs a load"),
    (ROTAXANE, "forward_turns", "forward_steps"),
    (ROTAXANE, "occupancy_lefd", "did you mean 'occupancy_left'"),
    (ROTAXANE, "followed", "needs a coordinate with a period"),
    (ONE_STATION, "shuttling_rate", "needs two stations or more"),
    (ONE_STATION, "directionality", "or with two stations or more"),
    (ROTAXANE, "threshold_field", "needs a field with a frequency"),
]


@pytest.mark.parametrize(("sections", "expression", "message"), IMPOSSIBLE)
def test_an_objective_that_the_machine_can_t_have_is_refused(
    sections: dict[str, Any], expression: str, message: str
) -> None:
    wanted = campaign(objectives={"maximise": expression}, **sections)
    with pytest.raises(SpecError, match=r"^objectives: .*expected an expression of [a-z_]+, ") as error:
        check(wanted, Path())
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("sections", "expression"),
    [
        ({}, "abs(net_turns) + forward_turns / peclet"),
        ({}, "followed * threshold_field + lag_per_turn"),
        ({}, "directionality - work_rate - energy_balance"),
        (ROTAXANE, "occupancy_left + forward_steps + directionality + shuttling_rate"),
        (ROTAXANE, "event_rate * net_displacement"),
    ],
)
def test_what_the_machine_has_may_be_an_objective(sections: dict[str, Any], expression: str) -> None:
    check(campaign(objectives={"maximise": expression}, **sections), Path())


def test_names_of_followers_are_those_of_the_machine() -> None:
    gear = Planned(load("triptycyl-ether-gear"))
    assert not refusal(["gear_ratio_second", "slips_second"], gear)
    assert "did you mean 'velocity_second'" in refusal(["velocity_secnd"], gear)


def test_one_design_with_the_drive_that_is_asked_for_is_enough() -> None:
    """Of two loads one is none; the first designs at random have none, and another has one."""
    torque = {"kind": "constant_torque", "torque": "10 kJ/mol"}
    sites = {number: ["hydrogen", "fluoro"] for number in (10, 11, 12, 13)}
    for loads in (["0 kJ/mol", "1 kJ/mol"], ["1 kJ/mol", "0 kJ/mol"]):
        options = {f"option{k}": {"drive.load": load} for k, load in enumerate(loads)}
        space = {"sites": sites, "choices": {"load": options}}
        check(campaign(objectives={"maximise": "efficiency"}, drive=torque, space=space), Path())
    without = {"sites": sites, "choices": {"load": {"none": {"drive.load": "0 kJ/mol"}}}}
    with pytest.raises(SpecError, match="efficiency needs a load"):
        check(campaign(objectives={"maximise": "efficiency"}, drive=torque, space=without), Path())


def open_coordinate() -> Planned:
    """A rotaxane as a kind would plan it that has no stations."""
    spec = load("switched-diketone-shuttle")
    return Planned(spec.model_copy(update={"machine": spec.machine.model_copy(update={"stations": {}})}))


def test_steps_are_not_counted_where_there_are_no_stations() -> None:
    assert "needs a coordinate with a period, or with two stations or more" in refusal(
        ["directionality"], open_coordinate()
    )
    assert not refusal(["mean_position", "net_displacement"], open_coordinate())


def test_campaigns_survive_being_written(tmp_path: Path) -> None:
    for path in sorted(Path("examples").glob("*.yaml")):
        campaign = load_campaign(path)
        copy = tmp_path / path.name
        copy.write_text(campaign.to_yaml(), encoding="utf-8")
        assert load_campaign(copy).key == campaign.key
        content = json.loads(campaign.model_dump_json(exclude_none=True))
        assert loads_campaign(content, "copy", Path()).key == campaign.key


def test_a_variable_that_the_space_has_not_is_named() -> None:
    """Beside values for all that it has: a machine is not made by leaving out what was asked for."""
    space = space_of()
    design = space.sample(np.random.default_rng(0))
    with pytest.raises(InfeasibleError, match="R99: the space has no such variable; expected R10, R11"):
        space.resolve(design.replace(R99="fluoro"))
    assert not space.holds(design.replace(R99="fluoro"))
