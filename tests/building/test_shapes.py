"""Shapes of a molecule: which are one, what they weigh, and what the mirror image's own search makes of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from molmach.building import Assembly, build, mirror, mirror_built_anew
from molmach.building.assembly import Floats
from molmach.building.fingerprint import MOST_ALIKE, Complex, Fingerprint, difference
from molmach.spec import Spec, loads
from molmach.units import thermal_energy

PUCKERED = "C1Cc2cc[c:2](-[c:1]3cccc[cH:3]3)cc2C1(C)C"
CHIRAL = "c1c[cH:3][c:1](cc1)-[c:2]1ccc2c(c1)C[C@H](C#N)C2"
"""An achiral rotor that is one of two mirrored puckers, and a chiral one with two of different energies."""


def _spec(smiles: str, seed: int = 1) -> Spec:
    return loads(
        f"name: t\nmachine: {{kind: rotor, smiles: '{smiles}', axle: [1, 2], reference_atom: 3}}\n"
        f"drive: {{kind: none}}\nprotocol: {{seed: {seed}}}\n"
    )


@cache
def _built(smiles: str, seed: int = 1) -> Assembly:
    return build(_spec(smiles, seed))


def _print(assembly: Assembly, positions_nm: Floats) -> Complex:
    assert assembly.shapes is not None
    return assembly.shapes.fingerprint(positions_nm)


def test_turning_the_rotor_is_no_change_of_shape() -> None:
    machine = _built(CHIRAL)
    turned = machine.positions_nm.copy()
    x, y = turned[list(machine.rotor), 0].copy(), turned[list(machine.rotor), 1].copy()
    turned[list(machine.rotor), 0] = np.cos(2.0) * x - np.sin(2.0) * y
    turned[list(machine.rotor), 1] = np.sin(2.0) * x + np.cos(2.0) * y
    assert difference(_print(machine, turned), _print(machine, machine.positions_nm)) < 0.05


def test_exchanging_equal_atoms_is_no_change_of_shape() -> None:
    """The two methyls of the puckered ring, and the hydrogens of one, by which labels alone differ."""
    machine = _built(PUCKERED)
    molecule = machine.molecule
    methyls = [a.GetIdx() for a in molecule.GetAtoms() if a.GetTotalNumHs(includeNeighbors=True) == 3]
    hydrogens = [
        [n.GetIdx() for n in molecule.GetAtomWithIdx(c).GetNeighbors() if n.GetAtomicNum() == 1]
        for c in methyls
    ]
    one, other = ([c, *h] for c, h in zip(methyls, hydrogens, strict=True))
    exchanged = machine.positions_nm
    exchanged[one + other] = exchanged[other + one]
    assert difference(_print(machine, exchanged), _print(machine, machine.positions_nm)) < 1e-6


def test_reflection_conjugates_the_fingerprint() -> None:
    machine = _built(CHIRAL)
    there, image = (_print(machine, m.positions_nm) for m in (machine, mirror(machine)))
    assert np.allclose(image, np.conjugate(there), atol=1e-9)


def test_an_achiral_molecule_has_both_puckers_in_equal_shares() -> None:
    shapes = _built(PUCKERED).shapes
    assert shapes is not None
    assert np.allclose(shapes.weight, [0.5, 0.5])
    assert difference(shapes.prints[1], np.conjugate(shapes.prints[0])) < 1e-6
    assert not shapes.own_image.any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_puckers_of_a_chiral_molecule_are_weighed_by_their_energies(seed: int) -> None:
    """In each seed both, however many conformers came to each."""
    shapes = _built(CHIRAL, seed).shapes
    assert shapes is not None
    assert len(shapes.weight) == 2
    ratio = np.exp((shapes.energy[0] - shapes.energy[1]) / thermal_energy(300.0))
    assert np.isclose(shapes.weight[1] / shapes.weight[0], ratio)
    assert difference(shapes.prints[0], shapes.prints[1]) > MOST_ALIKE


def test_every_shape_is_laid_as_the_built_structure_is() -> None:
    """Axle on z about the origin, the reference atom at y = 0 and x > 0."""
    machine = _built(CHIRAL)
    assert machine.shapes is not None
    reference = next(a.GetIdx() for a in machine.molecule.GetAtoms() if a.GetAtomMapNum() == 3)
    for number in range(len(machine.shapes.weight)):
        places = machine.shapes.assembly(machine, number).positions_nm
        assert np.allclose(places[list(machine.axle), :2], 0.0, atol=1e-6)
        assert np.allclose(places[list(machine.axle)].sum(axis=0), 0.0, atol=1e-6)
        assert abs(places[reference, 1]) < 1e-6 < places[reference, 0]


def test_the_mirror_image_looks_for_its_own_shapes() -> None:
    """A claim that has missed a shape does not make the mirror miss it; one that both know is one structure."""
    machine = _built(CHIRAL)
    assert machine.shapes is not None
    first = replace(
        machine.shapes,
        prints=machine.shapes.prints[:1],
        energy=machine.shapes.energy[:1],
        weight=np.ones(1),
        molecules=machine.shapes.molecules[:1],
        own_image=machine.shapes.own_image[:1],
    )
    image = mirror_built_anew(_spec(CHIRAL), replace(machine, shapes=first))
    assert image.shapes is not None
    assert np.allclose(image.positions_nm, mirror(machine).positions_nm)
    assert np.allclose(image.shapes.weight, machine.shapes.weight, atol=0.02)
    assert difference(image.shapes.prints[1], np.conjugate(machine.shapes.prints[1])) < 0.1


@pytest.mark.parametrize(("above", "weights"), [(20.0, [1.0, 0.0]), (-20.0, [0.0, 1.0]), (0.0, [0.5, 0.5])])
def test_a_second_search_weighs_shapes_by_their_energies_and_not_by_which_it_came_upon(
    above: float, weights: list[float]
) -> None:
    shapes = _built(CHIRAL).shapes
    assert shapes is not None
    alone = [
        replace(
            shapes,
            prints=shapes.prints[[k]],
            energy=np.array([100.0 + k * above]),
            weight=np.ones(1),
            molecules=(shapes.molecules[k],),
            own_image=shapes.own_image[[k]],
        )
        for k in (0, 1)
    ]
    both = alone[0].joined(alone[1], 300.0)
    assert np.allclose(both.weight, weights)
    assert both.molecules == (shapes.molecules[0], shapes.molecules[1])
    assert alone[0].joined(alone[0], 300.0) is alone[0]


def test_where_the_search_finds_the_one_shape_again_the_mirror_image_is_the_same_to_the_bit() -> None:
    spec = _spec(
        "[CH3:3][c:1]1ccc(cc1)-[c:2]1ccccc1F".replace("[CH3:3][c:1]1ccc(cc1)", "c1c[cH:3][c:1](cc1)")
    )
    machine = build(spec)
    image = mirror_built_anew(spec, machine)
    assert image.shapes is not None
    assert image.shapes.weight.tolist() == [1.0]
    assert np.array_equal(image.positions_nm, mirror(machine).positions_nm)


@pytest.mark.parametrize(("second", "expected"), [("@", (True, False)), ("@@", (False, False))])
def test_a_part_in_its_role_may_make_a_symmetric_molecule_chiral(
    second: str, expected: tuple[bool, bool]
) -> None:
    """One of two mirrored arms of a meso compound is the rotor; and one of two equal arms of a chiral one."""
    smiles = f"[CH3:2][c:1]1ccc(cc1)[C@H](F)[C{second}H](F)c1ccc(C)cc1"
    spec = loads(
        f"name: t\nmachine: {{kind: rotor, smiles: '{smiles}', axle: [1, 2]}}\ndrive: {{kind: none}}\n"
    )
    machine = build(spec)
    assert (not machine.chiral, machine.achiral_with_roles) == expected


def test_torsions_along_a_straight_chain_are_left_out() -> None:
    """Those that end in the nitrogen of a cyano group."""
    machine = _built(CHIRAL)
    nitrogen = [a.GetIdx() for a in machine.molecule.GetAtoms() if a.GetAtomicNum() == 7]
    fingerprint = Fingerprint.of(machine, machine.positions_nm[None])
    assert len(fingerprint.atoms) > 20
    assert not np.isin(fingerprint.atoms, nitrogen).any()
