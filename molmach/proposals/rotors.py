"""A rotor of each axle that a drawing has, built, scanned and put into an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rdkit import Chem

from molmach.building import Assembly, build
from molmach.errors import MolmachError, SpecError
from molmach.estimates.torsion import TorsionScan, is_hindered, torsion_scan
from molmach.proposals.axles import Axle, Sort, find_axles
from molmach.proposals.base import NO_DRIVE, Proposal, seen, suggestions
from molmach.proposals.isomers import Isomer, isomers_of
from molmach.spec import Spec
from molmach.spec.axes import canonical_smiles
from molmach.spec.protocol import Protocol
from molmach.units import DEBYE, thermal_energy

MOST_BUILT = 6
"""Axles of which a structure is built; a drawing with more is a large one, and the rest are hinges."""

LASTING = 93.0
"""kJ/mol from which on a twist lasts at room temperature: Oki, Top. Stereochem. 14, 1 (1983)."""

POINTS = 24
"""Angles of the quick scan, 15 degrees apart."""

_DRIVEN_BY_LIGHT = (Sort.MOTOR, Sort.SWITCH)
_TEETH = 3

Note = Callable[[str], None]


NO_AXLE = Axle(Sort.HINGE, (0, 0), ())


@dataclass(frozen=True, eq=False)
class RotorProposal(Proposal):
    """What turns about one axle.

    Attributes
    ----------
    axle
        Tail, which stands, and head.
    """

    axle: Axle = NO_AXLE

    def section(self, isomer: Isomer) -> dict[str, Any]:
        """A rotor whose map numbers are no more than it needs: 1 and 2 on the axle."""
        named = [
            *self.axle.atoms,
            *(() if self.axle.second is None else (self.axle.second,)),
            *self.axle.rotor,
        ]
        numbers = {atom: place for place, atom in enumerate(dict.fromkeys(named), start=1)}
        return _section(self.axle, renumbered(isomer.smiles, numbers), numbers)

    def comments(self) -> dict[str, str]:
        """What the axle is, and what the rotor and the stator are."""
        told = {"axle": f"{self.axle.words}: from what stands still to what turns"}
        if self.axle.held:
            told["stator"] = "the atom between the wheels and their far bridgeheads, on the axles"
        if self.axle.rotor:
            told["rotor"] = "the ring within; what goes around it stands still"
        return told


def renumbered(smiles: str, wanted: dict[int, int]) -> str:
    """A text of :class:`Isomer` with other map numbers: drawn atom -> number, none on the others."""
    molecule = Chem.MolFromSmiles(smiles)
    for atom in molecule.GetAtoms():
        atom.SetAtomMapNum(wanted.get(atom.GetAtomMapNum() - 1, 0))
    return canonical_smiles(molecule)


def propose_rotors(molecule: Chem.Mol, note: Note) -> list[RotorProposal]:
    """A proposal for each axle of a drawn molecule, the best first.

    Raises
    ------
    SpecError
        Nothing in it can turn against the rest.
    """
    axles = find_axles(molecule)
    if not axles:
        raise SpecError(f"{_name(molecule)} has no axle: {_why_none(molecule)}; expected {_EXPECTED}")
    proposals = []
    for number, axle in enumerate(axles[:MOST_BUILT], start=1):
        note(f"building axle {number} of {min(len(axles), MOST_BUILT)}: {axle.words}")
        proposals.append(_proposed(molecule, _directed(molecule, axle), note))
    return sorted(proposals, key=_place)


_EXPECTED = (
    "a double bond between two halves, rings on an alkyne, a bridgehead or each other, or two molecules to "
    "be interlocked"
)


def _name(molecule: Chem.Mol) -> str:
    return f"'{Chem.MolToSmiles(molecule)}'"


def _why_none(molecule: Chem.Mol) -> str:
    inversion = Chem.MolFromSmarts("[!#1]~[#7]=[#6,#7;!R]~[!#1]")
    if any(
        not molecule.GetBondBetweenAtoms(m[1], m[2]).IsInRing()
        for m in molecule.GetSubstructMatches(inversion)
    ):
        return "its N=N or C=N bond goes over by inversion at nitrogen, which no drive here knows"
    rings = molecule.GetRingInfo().NumRings()
    if not rings:
        return "it has no ring, and a chain has no rotor that keeps its shape"
    if rings == 1:
        return "its one ring has nothing stiff to turn against"
    return "its rings are fused or hang on each other by chains"


def _place(proposal: RotorProposal) -> tuple[float, ...]:
    """Lower is better: what can't be built last, what can't turn before it, then by sort and numbers."""
    lasting = proposal.barrier is not None and proposal.barrier > LASTING
    return (
        bool(proposal.problem),
        lasting,
        proposal.axle.sort,
        -round(proposal.dipole or 0.0, 1),
        proposal.barrier or 0.0,
        proposal.inertia or 0.0,
    )


def _directed(molecule: Chem.Mol, axle: Axle) -> Axle:
    """The axle with its head on the side that turns: about C=C the chiral half, else the smaller one."""
    if axle.sort in (Sort.GEAR, Sort.BETWEEN, Sort.MIDDLE):
        return axle
    tail, head = axle.atoms
    sides = [_side(molecule, head, tail), _side(molecule, tail, head)]
    turns = min((0, 1), key=lambda number: _as_rotor(molecule, sides[number], axle.sort in _DRIVEN_BY_LIGHT))
    return replace(axle, atoms=(tail, head) if turns == 0 else (head, tail))


def _as_rotor(molecule: Chem.Mol, side: set[int], chiral_first: bool) -> tuple[int, ...]:
    centres = {
        e.centeredOn for e in Chem.FindPotentialStereo(molecule) if e.type == Chem.StereoType.Atom_Tetrahedral
    }
    polar = sum(molecule.GetAtomWithIdx(i).GetAtomicNum() not in (1, 6) for i in side)
    return (-bool(side & centres) if chiral_first else 0, len(side), -polar)


def _side(molecule: Chem.Mol, start: int, blocked: int) -> set[int]:
    seen_atoms, front = {start}, [start]
    while front:
        for neighbour in molecule.GetAtomWithIdx(front.pop()).GetNeighbors():
            index = int(neighbour.GetIdx())
            if index not in seen_atoms and index != blocked:
                seen_atoms.add(index)
                front.append(index)
    return seen_atoms


def turning_bonds(molecule: Chem.Mol, axle: Axle) -> list[tuple[int, int]]:
    """Bonds about which a machine of such an axle turns."""
    bonds = [molecule.GetBondWithIdx(index) for index in axle.bonds]
    return [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds]


def _proposed(molecule: Chem.Mol, axle: Axle, note: Note) -> RotorProposal:
    told = f"one of {axle.alike} alike; " if axle.alike > 1 else ""
    isomers = tuple(isomers_of(molecule, turning_bonds(molecule, axle)))
    bare = RotorProposal(axle.words, told.rstrip("; "), molecule, axle.bonds, axle.atoms, isomers, axle=axle)
    try:
        assembly, axle = _built(bare)
    except MolmachError as error:
        return replace(bare, problem=clause(error))
    proposal = replace(
        bare,
        axle=axle,
        atoms=axle.atoms,
        assembly=assembly,
        inertia=assembly.moment_of_inertia(),
        dipole=float(np.linalg.norm(assembly.rotor_dipole_debye)),
    )
    if axle.sort not in (*_DRIVEN_BY_LIGHT, Sort.GEAR):
        note(f"a turn about {axle.words}")
        proposal = _scanned(proposal, assembly)
    what = seen(assembly, proposal.barrier, proposal.slope)
    return replace(proposal, reason=_reason(proposal, told), drives=suggestions(what))


def _built(proposal: RotorProposal) -> tuple[Assembly, Axle]:
    """The first isomer; about a single bond with the other side as rotor where that alone has a dipole."""
    axle, isomer = proposal.axle, proposal.isomers[0]
    assembly = build(_spec(proposal, isomer, axle))
    if axle.sort not in (Sort.ROD, Sort.WHEEL, Sort.JOINT, Sort.HINGE):
        return assembly, axle
    rest = sorted(set(range(assembly.molecule.GetNumAtoms())) - set(assembly.rotor))
    other = float(np.linalg.norm(assembly.charges[rest] @ assembly.positions_nm[rest, :2])) / DEBYE
    own = float(np.linalg.norm(assembly.rotor_dipole_debye))
    if other < max(_MORE * own, _WORTH_DEBYE) or len(rest) > _HEAVIER * len(assembly.rotor):
        return assembly, axle
    turned = replace(axle, atoms=axle.atoms[::-1])
    try:
        return build(_spec(proposal, isomer, turned)), turned
    except MolmachError:
        return assembly, axle


_MORE, _WORTH_DEBYE, _HEAVIER = 2.0, 1.0, 2.0
"""The other side's dipole, by the rotor's and in debye; and how many times the rotor's atoms it may have."""


def _spec(proposal: RotorProposal, isomer: Isomer, axle: Axle) -> Spec:
    """A machine whose molecule has all of its map numbers, so that all axles share one search of shapes."""
    numbers = {atom.GetIdx(): atom.GetIdx() + 1 for atom in proposal.molecule.GetAtoms()}
    section = _section(axle, isomer.smiles, numbers)
    return Spec.model_validate({"name": "drawn", "machine": section, "drive": {"kind": NO_DRIVE}})


def _section(axle: Axle, smiles: str, numbers: Mapping[int, int]) -> dict[str, Any]:
    """A rotor's section; ``numbers`` are the text's map numbers of drawn atoms."""
    section: dict[str, Any] = {"kind": "rotor", "smiles": smiles, "axle": [numbers[i] for i in axle.atoms]}
    if axle.held:
        section["stator"] = sorted(numbers[i] for i in axle.held)
    if axle.rotor:
        section["rotor"] = sorted(numbers[i] for i in axle.rotor)
    if axle.second is not None:
        wheel = {"axle": [numbers[axle.atoms[0]], numbers[axle.second]], "teeth": _TEETH, "gear_ratio": -1}
        section["followers"] = {"second": wheel}
    return section


def _scanned(proposal: RotorProposal, assembly: Assembly) -> RotorProposal:
    """With the barrier of a quick relaxed turn; zero where nothing beside the axle could hinder it."""
    if not is_hindered(assembly):
        return replace(proposal, barrier=0.0, slope=0.0)
    protocol = Protocol()
    scan = torsion_scan(assembly, protocol.anchor, POINTS)
    height = float(scan.energy.max())
    if abs(scan.closing) > max(thermal_energy(protocol.temperature), _CLOSES * height):
        told = f"a turn ends {scan.closing:+.0f} kJ/mol from where it began"
        return replace(proposal, numbers=(("scan", f"{told}: no barrier from it"),))
    return replace(proposal, barrier=height, slope=_steepest(scan))


_CLOSES = 0.2
"""Share of the barrier by which a scan may miss its beginning."""


def _steepest(scan: TorsionScan) -> float:
    angle = np.append(scan.angle, scan.angle[0] + 2.0 * np.pi)
    energy = np.append(scan.energy, scan.energy[0])
    return float(np.abs(np.diff(energy) / np.diff(angle)).max())


def _reason(proposal: RotorProposal, told: str) -> str:
    kT = thermal_energy(Protocol().temperature)
    if proposal.axle.sort in _DRIVEN_BY_LIGHT:
        return f"{told}light turns it, heat does not"
    if proposal.axle.sort == Sort.GEAR:
        return f"{told}where one turns, the other follows"
    if proposal.barrier is None:
        return f"{told}the quick scan does not tell its barrier"
    if proposal.barrier > LASTING:
        return f"{told}a twist that lasts at room temperature"
    if proposal.barrier < kT:
        return f"{told}free, its barrier is below kT"
    return f"{told}hindered, its barrier is {proposal.barrier / kT:.0f} kT"


def clause(error: MolmachError) -> str:
    """What went wrong, without where in the file and what would be accepted."""
    return (
        str(error).partition("; expected")[0].removeprefix("machine.smiles: ").removeprefix("machine.axle: ")
    )
