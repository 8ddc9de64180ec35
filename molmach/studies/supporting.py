"""What a paper about a run needs: methods, references, figures, structures, scripts, energies."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from rdkit import Chem

from molmach import drives
from molmach.building import draw
from molmach.data import Run
from molmach.errors import Argument, SpecError
from molmach.files import whole_folder, write_bytes, write_text
from molmach.report.bibliography import references
from molmach.report.methods import methods_paragraph
from molmach.report.plots import PAPER, angle_plot, velocity_plot
from molmach.report.viewing import pymol_script, vmd_script
from molmach.report.words import measure_label
from molmach.scoring import Score, score
from molmach.studies.run_folder import read_document, read_run
from molmach.units import KCAL, thermal_energy

OUT = Argument("out")

ONE_COLUMN, TWO_COLUMNS = 3.33, 7.0
"""Widths of a journal's columns, inches: 84.6 and 178 mm."""

_FORMATS = ("pdf", "svg")


def write_supporting(run_folder: Path, out: Path) -> list[Path]:
    """Write everything into a new folder, whole or not at all.

    Parameters
    ----------
    run_folder
        A finished run.
    out
        The folder to make.

    Returns
    -------
    files
        What was written, sorted.

    Raises
    ------
    ScoreError
        The run is not finished, or damaged.
    SpecError
        The folder is there already, or can't be written.
    """
    if out.exists():
        raise SpecError(OUT, f" {out}: is there already; expected the name of a new folder")
    document, run = read_document(run_folder), read_run(run_folder)
    result = score(run)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(out) as folder:
            origin = document["provenance"]
            write_text(folder / "methods.md", methods_paragraph(run, result, origin) + "\n")
            entries = "\n".join(one.bibtex for one in references(run, origin.get("versions", {})))
            write_text(folder / "references.bib", entries)
            write_text(folder / "machine.yaml", run.spec.to_yaml())
            write_text(folder / "energies.csv", energies_csv(run, result))
            _write_figures(run, result, folder)
            _write_structures(run, run_folder, out, folder)
    except OSError as error:
        told = f" {out}: can't be written ({error.strerror}); expected a writable folder"
        raise SpecError(OUT, told) from error
    return sorted(out.iterdir())


def energies_csv(run: Run, result: Score) -> str:
    """Every energy of a run in kJ/mol and in kcal/mol, with its interval where it has one."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["quantity", "unit", "value", "low", "high", "unit", "value", "low", "high"])
    for name, unit, values in _energies(run, result):
        kilojoules = [f"{value:.6g}" for value in values]
        kilocalories = [f"{value / KCAL:.6g}" for value in values]
        writer.writerow([name, unit, *kilojoules, unit.replace("kJ/mol", "kcal/mol"), *kilocalories])
    return stream.getvalue()


def _energies(run: Run, result: Score) -> Iterator[tuple[str, str, tuple[float, float, float]]]:
    """(name, unit with kJ/mol in it, (value, low, high)); exact values have no width."""
    kT = thermal_energy(run.spec.protocol.temperature)
    yield "k_B T", "kJ/mol", (kT, kT, kT)
    held = drives.model(run.drive).dipole_energy(float(np.linalg.norm(run.assembly.rotor_dipole_debye)))
    if held:
        yield "dipole in the field", "kJ/mol", (held, held, held)
    for name, part in result.estimates.items():
        if "kJ/mol" in part.unit:
            yield name.replace("_", " "), part.unit, (part.value, *part.ci95)


def _write_figures(run: Run, result: Score, folder: Path) -> None:
    """Both plots as vectors at a journal's column widths, their text as text."""
    settings: Any = {
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": run.spec.key,
        "font.size": 7.0,
    }
    with matplotlib.rc_context(settings):
        motion = angle_plot(run)
        motion.set_size_inches(TWO_COLUMNS, 2.4)
        velocity = velocity_plot(run, result, PAPER, ONE_COLUMN)
        velocity.axes[0].set_xlabel(measure_label(result.measure, result.measured.unit))
        figures = {"motion": motion, "velocity": velocity}
        for name, figure in figures.items():
            _smaller(figure)
            for form in _FORMATS:
                stream = io.BytesIO()
                figure.savefig(stream, format=form, metadata=_UNDATED[form])
                write_bytes(folder / f"{name}.{form}", stream.getvalue())
    write_text(folder / "machine.svg", draw(run.assembly))


_UNDATED = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
_POINTS = 7.0
"""Size of letters, points, as journals ask for."""


def _smaller(figure: Figure) -> None:
    for axis in figure.axes:
        axis.tick_params(labelsize=_POINTS)
        for text in (axis.xaxis.label, axis.yaxis.label, axis.title, *axis.texts):
            text.set_fontsize(_POINTS)


def _write_structures(run: Run, run_folder: Path, out: Path, folder: Path) -> None:
    if run.spec.machine.molecules:
        plain = Chem.Mol(run.assembly.molecule)
        for atom in plain.GetAtoms():
            atom.SetAtomMapNum(0)
        write_text(folder / "machine.mol", Chem.MolToMolBlock(plain))
    place = os.path.relpath(run_folder.resolve(), out.resolve())
    names = sorted(run_folder.glob("trajectory*.xtc"), key=lambda path: (len(path.name), path.name))
    frames = [Path(place, path.name).as_posix() for path in names]
    topology = Path(place, "topology.pdb").as_posix()
    write_text(folder / "view.pml", pymol_script(run.assembly, topology, frames))
    write_text(folder / "view.vmd", vmd_script(run.assembly, topology, frames))
