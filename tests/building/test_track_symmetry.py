"""Symmetries of tracks: what they leave as it is, and which machines have none."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem, Geometry
from rdkit.Chem import rdDistGeom

from molmach import drives, forcefield
from molmach.building import Assembly, build
from molmach.building.assembly import Track
from molmach.building.linking import macrocycle, thread_path
from molmach.building.track_symmetry import track_symmetries
from molmach.drives.equal_places import treats_alike
from molmach.forcefield import ForceField
from molmach.spec import load
from molmach.units import thermal_energy

AXLE = "CC(C)(C)CCOCCOCCC(C)(C)C"
CROWN = "C1COCCOCCOCCOCCOCCO1"
R_S_AXLE, S_S_AXLE = "CC(C)(C)C[C@H](F)OCCO[C@H](F)CC(C)(C)C", "CC(C)(C)C[C@H](F)OCCO[C@@H](F)CC(C)(C)C"
R_S_CROWN, S_S_CROWN = "C1CC[C@H]2OCCOCCOCCOCCO[C@H]2C1", "C1CC[C@@H]2OCCOCCOCCOCCO[C@H]2C1"


def _threaded(axle: str, *rings: str) -> Assembly:
    """Axle and rings as a rotaxane of that graph; where they lie does not matter to what is asked here."""
    parts = [Chem.AddHs(Chem.MolFromSmiles(text)) for text in (axle, *rings)]
    molecule, loops, apart = Chem.Mol(), [], Geometry.Point3D(10.0, 0.0, 0.0)
    for number, part in enumerate(parts):
        assert rdDistGeom.EmbedMolecule(part, randomSeed=7) == 0
        if number:
            loops.append(tuple(molecule.GetNumAtoms() + i for i in macrocycle(part)))
        molecule = Chem.CombineMols(molecule, part, apart) if number else part
    Chem.SanitizeMol(molecule)
    path = tuple(thread_path(parts[0]))
    held = (path[0], path[-1])
    track = Track(path, tuple(loops), {"left": (path[4],), "right": (path[-5],)})
    return Assembly("m", "rotaxane", molecule, held, held, loops[0], "MMFF94", track)


@pytest.mark.parametrize("parts", [(AXLE, CROWN), (R_S_AXLE, CROWN), (S_S_AXLE, S_S_CROWN), ()])
def test_an_exchange_leaves_the_energy_as_it_is_wherever_atoms_are(parts: tuple[str, ...]) -> None:
    machine = _threaded(*parts) if parts else build(load("catenane-motor"))
    field = forcefield.get(machine.force_field)
    shaken = machine.positions_nm + np.random.default_rng(1).normal(0.0, 0.005, machine.positions_nm.shape)
    energy = _energy(machine, shaken, field)
    symmetries = track_symmetries(machine)
    assert symmetries
    for symmetry in symmetries[:8]:
        moved = np.empty_like(shaken)
        moved[symmetry.image] = -shaken if symmetry.mirrored else shaken
        assert _energy(machine, moved, field) == pytest.approx(energy, rel=1e-9)


def _energy(machine: Assembly, positions_nm: np.ndarray, field: ForceField) -> float:
    molecule = Chem.Mol(machine.molecule)
    for atom, place in enumerate((10.0 * positions_nm).tolist()):
        molecule.GetConformer().SetAtomPosition(atom, place)
    return sum(field.energy_terms(molecule).values())


@pytest.mark.parametrize(
    ("axle", "rings", "mirrored"),
    [
        (AXLE, (CROWN,), [False]),
        ("CC(C)(C)CCOCCCCC(C)(C)C", (CROWN,), []),
        (AXLE, (CROWN, CROWN), []),
        (R_S_AXLE, (CROWN,), [True]),
        (S_S_AXLE, (CROWN,), [False]),
        (AXLE, (R_S_CROWN,), []),
        (AXLE, (S_S_CROWN,), [False]),
        (S_S_AXLE, (S_S_CROWN,), [False]),
        (R_S_AXLE, (S_S_CROWN,), []),
    ],
)
def test_which_axles_have_equal_ends_for_a_ring(
    axle: str, rings: tuple[str, ...], mirrored: list[bool]
) -> None:
    """A ring with two different faces (heterotopic: Mislow & Raban, Top. Stereochem. 1, 1 (1967)) has one of
    them ahead at either end, and a ring of one hand makes the ends of an axle differ that reflection alone
    makes equal."""
    symmetries = track_symmetries(_threaded(axle, *rings))
    assert [symmetry.mirrored for symmetry in symmetries] == mirrored


def test_a_drive_keeps_of_a_tracks_symmetry_what_it_does_alike() -> None:
    """The catenane motor's two halves are alike under fuel; a load leaves turns alone; unequal wells nothing."""
    assert _left("catenane-motor", []) == [(12, False)]
    plain = ["machine.stations={bind-a: 1, bind-b: 13}", "drive={kind: none}"]
    both_ways = _left("catenane-motor", plain)
    assert (12, False) in both_ways
    assert [shift for shift, reversed_ in both_ways if reversed_] == [0, 12]
    assert _left("catenane-motor", [*plain, "drive.load=1 kJ/mol"]) == [(12, False)]
    assert _left("catenane-motor", [*plain, "machine.affinity.bind-b=-9 kJ/mol"]) == [(0, True)]
    shuttle = _threaded(AXLE, CROWN)
    assert _left("switched-diketone-shuttle", [], shuttle) == []
    alike = ["drive.stations={left: [-9 kJ/mol, 0 kJ/mol], right: [-9 kJ/mol, 0 kJ/mol]}"]
    assert _left("switched-diketone-shuttle", alike, shuttle) == [
        (len(shuttle.require_track().path) - 1, True)
    ]


def _left(name: str, changes: list[str], shuttle: Assembly | None = None) -> list[tuple[int, bool]]:
    spec = load(name, changes)
    machine = build(spec) if shuttle is None else shuttle
    terms = drives.terms(spec.drive, machine, thermal_energy(spec.protocol.temperature))
    symmetries = track_symmetries(machine)
    return [(s.shift, s.reversed) for s in symmetries if treats_alike(terms, spec.drive.load, machine, s)]
