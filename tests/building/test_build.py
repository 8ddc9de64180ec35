from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from molmach import systems
from molmach.building import Assembly, RotorAngle, build, mirror, read_sdf, unwrap, write_structure
from molmach.errors import BuildError
from molmach.spec import Spec, load, loads
from tests.helpers.machines import built


def _spec(smiles: str, axle: str, extra: str = "") -> Spec:
    return loads(
        f"name: t\nmachine: {{kind: rotor, smiles: '{smiles}', axle: {axle}{extra}}}\ndrive: {{kind: none}}\n"
    )


BY_DEFAULT = ("difluorophenylene-rotor", "cyanoindane-ratchet", "methyltetralin-isopropylidene-motor")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in BY_DEFAULT else pytest.mark.slow)
        for name in systems.names()
        if load(name).machine.kind == "rotor"
    ],
)
def test_axle_lies_on_z_with_the_reference_in_the_xz_plane(name: str) -> None:
    assembly = built(name)
    positions = assembly.positions_nm
    first, second = positions[list(assembly.axle)]
    np.testing.assert_allclose(0.5 * (first + second), 0.0, atol=1e-9)
    np.testing.assert_allclose([first[:2], second[:2]], 0.0, atol=1e-9)
    assert second[2] > first[2]
    assert not set(assembly.stator) & set(assembly.rotor)
    assert assembly.moment_of_inertia() > 0.0


def test_the_same_spec_builds_the_same_coordinates(rotor_spec: Spec, rotor: Assembly) -> None:
    assert np.array_equal(build(rotor_spec).positions_nm, rotor.positions_nm)


def test_difluoro_rotor_has_the_dipole_and_inertia_of_the_design(rotor: Assembly) -> None:
    assert np.linalg.norm(rotor.rotor_dipole_debye) == pytest.approx(3.50, abs=0.01)
    assert rotor.moment_of_inertia() == pytest.approx(2.96, abs=0.02)
    assert rotor.charges.sum() == pytest.approx(0.0, abs=1e-9)
    names = [rotor.molecule.GetAtomWithIdx(i).GetSymbol() for i in rotor.rotor]
    assert sorted(names) == ["C"] * 6 + ["F"] * 2 + ["H"] * 2


def test_a_bonded_axle_turns_the_far_side() -> None:
    assembly = build(_spec("c1cc[c:1](cc1)-[c:2]1ccccc1", "[1, 2]"))
    first, second = assembly.axle
    assert first in assembly.stator
    assert second in assembly.rotor
    assert len(assembly.stator) == 6
    assert len(assembly.rotor) == 11
    flipped = build(_spec("c1cc[c:1](cc1)-[c:2]1[cH:3]ccc[cH:4]1", "[1, 2]", ", stator: [2, 3, 4]"))
    assert flipped.axle[0] in flipped.rotor


def test_anchors_must_hold_the_axle() -> None:
    """Two carbons of butane leave the axle free to swing about their bond; hydrogens are added by default."""
    butane = build(_spec("C[CH2:1][CH2:2]C", "[1, 2]"))
    symbols = [butane.molecule.GetAtomWithIdx(i).GetSymbol() for i in butane.stator]
    assert sorted(symbols) == ["C", "C", "H", "H", "H", "H", "H"]
    with pytest.raises(BuildError, match="three anchored atoms not in line"):
        build(_spec("[CH3:3][CH2:1][CH2:2]C", "[1, 2]", ", stator: [1, 3]"))
    with pytest.raises(BuildError, match="three anchored atoms not in line"):
        build(_spec("[CH3:3][CH2:1][CH2:2]C", "[1, 2]", ", stator: [1]"))


def test_mirror_reflects_coordinates_and_stereo_tags() -> None:
    spec = _spec("C[C@@H:1](F)[CH2:2]Cl", "[1, 2]")
    assembly = build(spec)
    image = mirror(assembly)
    np.testing.assert_allclose(image.positions_nm, assembly.positions_nm * [1, -1, 1], atol=1e-12)
    assert assembly.chiral
    assert image.smiles != assembly.smiles
    tag, opposite = ("@@", "@") if "@@" in assembly.smiles else ("@", "@@")
    assert Chem.CanonSmiles(assembly.smiles.replace(tag, opposite)) == image.smiles
    again = mirror(image)
    assert again.smiles == assembly.smiles
    np.testing.assert_allclose(again.positions_nm, assembly.positions_nm, atol=1e-12)


def test_mirror_of_an_achiral_machine_is_the_same_molecule(rotor: Assembly) -> None:
    assert not rotor.chiral
    assert mirror(rotor).smiles == rotor.smiles


def test_turning_the_rotor_counter_clockwise_seen_from_the_head_is_positive(rotor: Assembly) -> None:
    angle = RotorAngle.of(rotor)
    for turn in (0.3, -1.2, 3.0):
        positions = rotor.positions_nm.copy()
        c, s = np.cos(turn), np.sin(turn)
        atoms = list(rotor.rotor)
        positions[atoms, :2] = positions[atoms, :2] @ np.array([[c, s], [-s, c]])
        assert angle(positions) == pytest.approx(turn, abs=1e-5)
        assert angle(positions * [1, -1, 1]) == pytest.approx(-turn, abs=1e-5)
        assert angle(positions + np.array([0.01, -0.02, 0.1])) == pytest.approx(turn, abs=1e-5)


def test_unwrap_follows_many_turns() -> None:
    true = np.cumsum(np.random.default_rng(0).normal(0.4, 0.6, (3, 4000)), axis=1)
    wrapped = np.angle(np.exp(1j * true))
    np.testing.assert_allclose(np.diff(unwrap(wrapped)), np.diff(true), atol=1e-9)


def test_files_read_back(tmp_path: Path, rotor: Assembly) -> None:
    paths = write_structure(rotor, tmp_path / "x")
    assert {path.name for path in paths} == {"assembly.sdf", "topology.pdb", "machine.svg", "machine.png"}
    back = read_sdf(tmp_path / "x" / "assembly.sdf", "MMFF94")
    assert (back.axle, back.stator, back.rotor) == (rotor.axle, rotor.stator, rotor.rotor)
    np.testing.assert_allclose(back.positions_nm, rotor.positions_nm, atol=1e-5)


@pytest.mark.parametrize(
    ("smiles", "axle", "extra", "message"),
    [
        ("[CH2:1]1[CH2:2]CCCC1", "[1, 2]", "", "is in a ring"),
        ("[CH2:1]1C[CH2:2]CCC1", "[1, 2]", "", "part of a ring"),
        ("[CH3:1]C.[CH3:2]C", "[1, 2]", "", "several molecules"),
        ("[CH3:1]CC(=O)O[CH3:2]", "[1, 2]", "", "straight axle"),
        ("CC[B:1](C)[CH2:2]C", "[1, 2]", "", "no atom type for B"),
        ("C[CH:1](F)[CH:2](C)Cl", "[1, 2]", "", "not specified"),
        ("FC=C[CH2:1][CH3:2]", "[1, 2]", "", "double bond"),
        (
            "[CH3:3][CH2:1][CH2:2][CH3:4]",
            "[1, 2]",
            ", stator: [3, 4]",
            "4 .C. turns about an axle that it lies 0.1[0-9] nm beside",
        ),
        ("[CH:1]#[C:2]F", "[1, 2]", "", "can't be seen"),
        ("C[CH2:1][CH2:2][CH2:3]C", "[1, 2]", ", reference_atom: 1", "lies on the axle"),
        ("C[CH2:1][CH2:2][CH2:3]C", "[1, 2]", ", rotor: [1]", "does not turn about the axle"),
        ("[CH3:1][CH2:2][CH2]", "[1, 2]", "", "radical"),
    ],
)
def test_what_cannot_be_built_is_named(smiles: str, axle: str, extra: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        build(_spec(smiles, axle, extra))
