"""Scripts that open a run's stored frames in PyMOL and in VMD, its parts in the colours of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from molmach.building import PART_COLOURS, Assembly, parts

REST: tuple[float, float, float] = (0.62, 0.65, 0.68)
"""Colour of atoms that are of no part."""


def pymol_script(assembly: Assembly, topology: str, trajectories: Sequence[str]) -> str:
    """A ``.pml`` file; the files' names are as seen from where PyMOL is started.

    Parameters
    ----------
    assembly
        Whose parts are coloured.
    topology, trajectories
        PDB file, and XTC files of one replica each; the first is opened, the others stand as comments.
    """
    first, *others = trajectories
    lines = [
        "# In the folder of this file: pymol view.pml",
        f"load {topology}, machine",
        f"load_traj {first}, machine, state=1",
        *(f"# load_traj {name}, machine, state=1" for name in others),
        "hide everything",
        "show sticks",
        "set stick_radius, 0.12",
        "bg_color white",
        f"set_color molmach_rest, {_triple(REST, ', ')}",
        "color molmach_rest, machine",
    ]
    for part, atoms in _disjoint(assembly).items():
        numbers = "+".join(str(atom + 1) for atom in atoms)
        lines += [
            f"select {part}, machine and index {numbers}",
            f"set_color molmach_{part}, {_triple(PART_COLOURS[part], ', ')}",
            f"color molmach_{part}, {part}",
        ]
    return "\n".join([*lines, "deselect", "orient machine", "mplay"]) + "\n"


def _triple(colour: tuple[float, float, float], between: str) -> str:
    return f"[{between.join(f'{share:.2f}' for share in colour)}]"


def vmd_script(assembly: Assembly, topology: str, trajectories: Sequence[str]) -> str:
    """A Tcl file for VMD; arguments as of :func:`pymol_script`, the names as seen from the file's folder."""
    first, *others = trajectories
    lines = [
        "# In the folder of this file: vmd -e view.vmd",
        f"mol new {{{topology}}} type pdb waitfor all",
        "animate delete all",
        f"mol addfile {{{first}}} type xtc waitfor all",
        *(f"# mol addfile {{{name}}} type xtc waitfor all" for name in others),
        "mol delrep 0 top",
        "display projection Orthographic",
        "color Display Background white",
    ]
    chosen = {**_disjoint(assembly)}
    rest = sorted(
        set(range(assembly.molecule.GetNumAtoms())) - {i for atoms in chosen.values() for i in atoms}
    )
    drawn = {**chosen, "rest": rest} if rest else chosen
    for number, (part, atoms) in enumerate(drawn.items()):
        colour = PART_COLOURS.get(part, REST)
        shares = " ".join(f"{share:.2f}" for share in colour)
        lines += [
            f"# {part}",
            f"color change rgb {_FIRST_COLOUR + number} {shares}",
            "mol representation Licorice 0.12 16 16",
            f"mol color ColorID {_FIRST_COLOUR + number}",
            f"mol selection {{index {' '.join(str(atom) for atom in atoms)}}}",
            "mol addrep top",
        ]
    return "\n".join([*lines, "display resetview", "animate forward"]) + "\n"


_FIRST_COLOUR = 17
"""From here on VMD's colours are none that it uses itself."""


def _disjoint(assembly: Assembly) -> Mapping[str, list[int]]:
    """Atoms of a machine's parts, each in the last part that it belongs to, as in the drawing."""
    owner = {atom: part for part, atoms in parts(assembly).items() for atom in atoms}
    named = {part: sorted(atom for atom, own in owner.items() if own == part) for part in PART_COLOURS}
    return {part: atoms for part, atoms in named.items() if atoms}
