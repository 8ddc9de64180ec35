"""Mechanically interlocked molecules: rings threaded on axles, rings linked with rings.

Placing is not building: each attempt is relaxed with the full force field and then proved, by its
bonds and contacts (:mod:`molmach.building.interlock_proof`) and by its topology
(:mod:`molmach.building.linking`). Coordinates are in angstrom, RDKit's unit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from rdkit import Chem, rdBase

from molmach.building.assembly import Floats
from molmach.building.embed import check_parameters
from molmach.building.interlock_proof import examine, speared
from molmach.building.linking import linking_number, macrocycle, piercings, thread_path, threading_number
from molmach.building.placing import combine, make_room, place, radii, relax
from molmach.building.shapes import open_ring, stretched_axle
from molmach.building.stereo import assign_stereo, hands
from molmach.building.strain import strains, worst
from molmach.errors import BuildError
from molmach.spec.axes import axes

ATTEMPTS = 6
"""Seeds tried before a pair is given up."""

STRAINED = 3
"""Proved structures among which the least strained is taken, where none is without too much strain."""

Part = tuple[Chem.Mol, Floats]


def thread_rings(
    axle: Chem.Mol,
    rings: Sequence[Chem.Mol],
    at: Sequence[Sequence[int]],
    seed: int,
    force_field: str,
) -> Chem.Mol:
    """Thread rings on an axle: a rotaxane, or a pseudorotaxane where the axle has no stoppers.

    Parameters
    ----------
    axle, rings
        Molecules with explicit hydrogens; their conformers, if any, are not used. Map numbers stay.
    at
        For each ring the axle's atoms (indices) whose centre is the ring's place to start from; the
        relaxation may move it on from there.
    seed
        Seed of conformers and poses; below 2**31.
    force_field
        ``MMFF94`` or ``MMFF94s``.

    Returns
    -------
    One molecule, the axle's atoms first, then each ring's in turn, with one conformer at a minimum of
    the force field. Each ring is pierced exactly once by the axle and linked with no other ring, no
    stereocentre is turned over, and the structure meets the demands of
    :mod:`molmach.building.interlock_proof`. Where a part has an amide turned over or more strain than
    :data:`molmach.building.strain.MAX_STRAIN`, it is built again, and the least strained is returned.

    Raises
    ------
    BuildError
        A part that is not one molecule with explicit hydrogens, a place that is not on the axle, a ring
        without a hole, no force-field types, or no attempt that passes its proof, as where a ring is
        too narrow.
    """
    if not rings or len(at) != len(rings):
        raise BuildError(
            f"rings: got {len(rings)} rings and {len(at)} places; expected a place for each, at least one"
        )
    for station in at:
        if not station or not all(0 <= i < axle.GetNumAtoms() for i in station):
            raise BuildError(
                f"rings.at: got atoms {list(station)}; expected atoms of the axle (0 to "
                f"{axle.GetNumAtoms() - 1}), at least one"
            )
    _require_whole([axle, *rings])
    path = thread_path(axle)
    loops = [macrocycle(ring) for ring in rings]

    def parts(seed: int, random: np.random.Generator) -> list[Part] | None:
        placed = [(axle, stretched_axle(axle, path, seed)[0])]
        for ring, loop, station in zip(rings, loops, at, strict=True):
            centre, axis = _station(placed[0][1], path, station)
            pose = _add(placed, ring, open_ring(ring, loop, seed), centre, axis, 0.0, proof, random)
            if pose is None:
                return None
            placed.append((ring, pose))
        return placed

    def proof(positions: Sequence[Floats]) -> str | None:
        curves = [x[list(loop)] for x, loop in zip(positions[1:], loops, strict=False)]
        for k, curve in enumerate(curves):
            thread = positions[0][list(path)]
            crossings = piercings(curve, thread)
            if crossings.sum() != 1 or abs(threading_number(curve, thread)) != 1:
                return f"ring {k} is pierced {crossings[0]} times one way and {crossings[1]} times back"
            if any(round(float(linking_number(curve, other))) for other in curves[:k]):
                return f"ring {k} is linked with another"
        return None

    roles = ["axle", *["ring"] * len(rings)]
    return _attempt(
        parts, proof, roles, seed, force_field, "a ring may be too narrow for this part of the axle"
    )


def link_rings(rings: Sequence[Chem.Mol], seed: int, force_field: str) -> Chem.Mol:
    """Link rings to a chain, each with the next: a [2]catenane from two, a linear [n]catenane from n.

    Parameters and errors as for :func:`thread_rings`.

    Returns
    -------
    One molecule, the rings' atoms in their order, with one conformer at a minimum of the force field.
    Neighbours in the chain have linking number +1 or -1 and pierce each other once; others have 0.
    """
    if len(rings) < 2:
        raise BuildError(f"rings: got {len(rings)}; expected at least two to link")
    _require_whole(rings)
    loops = [macrocycle(ring) for ring in rings]

    def parts(seed: int, random: np.random.Generator) -> list[Part] | None:
        placed = [(rings[0], open_ring(rings[0], loops[0], seed)[0])]
        for ring, loop, last in zip(rings[1:], loops[1:], loops, strict=False):
            conformers = open_ring(ring, loop, seed)
            curve = placed[-1][1][list(last)]
            k = int(random.integers(len(curve)))
            apart = abs(_radius(conformers[0][list(loop)]) - _radius(curve)) / 2
            axis = curve[(k + 2) % len(curve)] - curve[k - 2]
            pose = _add(placed, ring, conformers, curve[k], axis, apart, proof, random)
            if pose is None:
                return None
            placed.append((ring, pose))
        return placed

    def proof(positions: Sequence[Floats]) -> str | None:
        curves = [x[list(loop)] for x, loop in zip(positions, loops, strict=False)]
        for i, j in itertools.combinations(range(len(curves)), 2):
            a, b = curves[i], curves[j]
            number = abs(round(float(linking_number(a, b))))
            if number != (j == i + 1):
                return f"rings {i} and {j} are linked {number} times"
            crossings = [piercings(x, np.vstack([y, y[:1]])).sum() for x, y in ((a, b), (b, a))]
            if number and max(crossings) > 1:
                return f"rings {i} and {j} pierce each other {crossings[0]} and {crossings[1]} times"
        return None

    roles = ["ring"] * len(rings)
    return _attempt(parts, proof, roles, seed, force_field, "the rings may be too narrow for each other")


def _require_whole(molecules: Sequence[Chem.Mol]) -> None:
    for molecule in molecules:
        if len(Chem.GetMolFrags(molecule)) != 1 or any(a.GetTotalNumHs() for a in molecule.GetAtoms()):
            raise BuildError(
                f"part {Chem.MolToSmiles(Chem.RemoveHs(molecule))}: several molecules, or hydrogens that are "
                "not atoms; expected one molecule with explicit hydrogens"
            )


def _station(axle: Floats, path: tuple[int, ...], station: Sequence[int]) -> tuple[Floats, Floats]:
    """Centre of a station and the thread's direction there."""
    centre = axle[list(station)].mean(axis=0)
    thread = axle[list(path)]
    k = int(np.argmin(np.linalg.norm(thread - centre, axis=1)))
    return centre, thread[min(k + 2, len(path) - 1)] - thread[max(k - 2, 0)]


def _radius(curve: Floats) -> float:
    return float(np.linalg.norm(curve - curve.mean(axis=0), axis=1).mean())


def _add(
    placed: Sequence[Part],
    ring: Chem.Mol,
    conformers: Floats,
    centre: Floats,
    axis: Floats,
    offset: float,
    proof: Callable[[Sequence[Floats]], str | None],
    random: np.random.Generator,
) -> Floats | None:
    """A pose of one more ring among the parts placed so far."""
    there = [positions for _, positions in placed]
    around = np.concatenate(there), np.concatenate([radii(molecule) for molecule, _ in placed])

    def accept(pose: Floats) -> bool:
        if proof([*there, pose]) is not None:
            return False
        whole = combine([*placed, (ring, pose)])
        return not speared(whole, np.concatenate([*there, pose]))

    return place(conformers, radii(ring), around, centre, axis, offset, accept, random)


def _attempt(
    parts: Callable[[int, np.random.Generator], list[Part] | None],
    proof: Callable[[Sequence[Floats]], str | None],
    roles: Sequence[str],
    seed: int,
    force_field: str,
    suspicion: str,
) -> Chem.Mol:
    """Place, relax and prove with one seed after another; the first structure that passes without strain."""
    failure = ""
    strained: list[tuple[tuple[int, float], int, Chem.Mol]] = []
    with rdBase.BlockLogs():
        for number, sequence in enumerate(np.random.SeedSequence(seed).spawn(ATTEMPTS)):
            placed = parts(int(sequence.generate_state(1)[0] >> 1), np.random.default_rng(sequence))
            if placed is None:
                failure = "no pose puts one through the other"
                continue
            whole = combine(placed)
            check_parameters(whole, force_field)
            failure = _relaxed(whole, [molecule.GetNumAtoms() for molecule, _ in placed], proof, force_field)
            if failure:
                continue
            excess = worst(strains(whole, [(role, role) for role in roles], force_field))
            strained.append((excess, number, whole))
            if excess == (0, 0.0) or len(strained) == STRAINED:
                break
    if strained:
        return min(strained)[2]
    raise BuildError(
        f"no interlocked structure in {ATTEMPTS} attempts ({failure}); expected parts that go through "
        f"each other without strain; {suspicion}"
    )


def _relaxed(
    whole: Chem.Mol, sizes: Sequence[int], proof: Callable[[Sequence[Floats]], str | None], force_field: str
) -> str:
    """Relax a placed structure in place; which proof it fails, empty where it passes all."""
    isomer = _isomer(whole)
    make_room(whole, force_field)
    if not relax(whole, force_field):
        return f"{force_field} did not converge"
    positions = np.split(np.asarray(whole.GetConformer().GetPositions()), np.cumsum(sizes)[:-1])
    failure = proof(positions) or examine(whole, force_field).failure or ""
    if _isomer(whole) != isomer:
        return "a stereocentre, double bond or axis was turned over"
    return failure


def _isomer(molecule: Chem.Mol) -> str:
    """SMILES and hands of axes as the coordinates have them; stereochemistry is set in place."""
    assign_stereo(molecule)
    return f"{Chem.MolToSmiles(molecule)} {hands(molecule, axes(molecule))}"
