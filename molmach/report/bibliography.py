"""What a result rests on, as BibTeX: molmach, and the methods that a run has used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from molmach import drives
from molmach.data import Run


@dataclass(frozen=True)
class Reference:
    """An entry of a bibliography.

    Attributes
    ----------
    key
        By which a text cites it.
    kind
        Of BibTeX: ``article``, ``inproceedings``, ``software``.
    fields
        Name -> text, in BibTeX's own letters.
    """

    key: str
    kind: str
    fields: Mapping[str, str]

    @property
    def bibtex(self) -> str:
        """The entry as it stands in a ``.bib`` file."""
        lines = "".join(f"  {name} = {{{text}}},\n" for name, text in self.fields.items())
        return f"@{self.kind}{{{self.key},\n{lines}}}\n"


def _article(
    key: str, author: str, title: str, journal: str, volume: int, pages: str, year: int, doi: str
) -> Reference:
    fields = {
        "author": author,
        "title": title,
        "journal": journal,
        "volume": str(volume),
        "pages": pages,
        "year": str(year),
        "doi": doi,
    }
    return Reference(key, "article", fields)


ETKDG = _article(
    "riniker2015", "Riniker, Sereina and Landrum, Gregory A.",
    "Better Informed Distance Geometry: Using What We Know To Improve Conformation Generation",
    "J. Chem. Inf. Model.", 55, "2562--2574", 2015, "10.1021/acs.jcim.5b00654",
)  # fmt: skip
ETKDG3 = _article(
    "wang2020", "Wang, Shuzhe and Witek, Jagna and Landrum, Gregory A. and Riniker, Sereina",
    "Improving Conformer Generation for Small Rings and Macrocycles Based on Distance Geometry and "
    "Experimental Torsional-Angle Preferences",
    "J. Chem. Inf. Model.", 60, "2044--2058", 2020, "10.1021/acs.jcim.0c00025",
)  # fmt: skip
HALGREN = _article(
    "halgren1996", "Halgren, Thomas A.",
    "Merck Molecular Force Field. I. Basis, Form, Scope, Parameterization, and Performance of {MMFF94}",
    "J. Comput. Chem.", 17, "490--519", 1996,
    "10.1002/(SICI)1096-987X(199604)17:5/6<490::AID-JCC1>3.0.CO;2-P",
)  # fmt: skip
HALGREN_STATIC = _article(
    "halgren1999", "Halgren, Thomas A.",
    "{MMFF} {VI}. {MMFF94s} Option for Energy Minimization Studies",
    "J. Comput. Chem.", 20, "720--729", 1999,
    "10.1002/(SICI)1096-987X(199905)20:7<720::AID-JCC7>3.0.CO;2-X",
)  # fmt: skip
TOSCO = _article(
    "tosco2014", "Tosco, Paolo and Stiefl, Nikolaus and Landrum, Gregory",
    "Bringing the {MMFF} Force Field to the {RDKit}: Implementation and Validation",
    "J. Cheminform.", 6, "37", 2014, "10.1186/s13321-014-0037-3",
)  # fmt: skip
ZHANG = _article(
    "zhang2019",
    "Zhang, Zhijun and Liu, Xinzijian and Yan, Kangyu and Tuckerman, Mark E. and Liu, Jian",
    "Unified Efficient Thermostat Scheme for the Canonical Ensemble with Holonomic or Isokinetic Constraints "
    "via Molecular Dynamics",
    "J. Phys. Chem. A", 123, "6056--6079", 2019, "10.1021/acs.jpca.9b02771",
)  # fmt: skip
EASTMAN = _article(
    "eastman2024", "Eastman, Peter and others",
    "{OpenMM} 8: Molecular Dynamics Simulation with Machine Learning Potentials",
    "J. Phys. Chem. B", 128, "109--116", 2024, "10.1021/acs.jpcb.3c06662",
)  # fmt: skip
MCGIBBON = _article(
    "mcgibbon2015", "McGibbon, Robert T. and others",
    "{MDTraj}: A Modern Open Library for the Analysis of Molecular Dynamics Trajectories",
    "Biophys. J.", 109, "1528--1532", 2015, "10.1016/j.bpj.2015.08.015",
)  # fmt: skip
VACEK = _article(
    "vacek2001", "Vacek, Jaroslav and Michl, Josef",
    "Molecular Dynamics of a Grid-Mounted Molecular Dipolar Rotor in a Rotating Electric Field",
    "Proc. Natl. Acad. Sci. U.S.A.", 98, "5481--5486", 2001, "10.1073/pnas.091100598",
)  # fmt: skip
NUMBA = Reference(
    "lam2015",
    "inproceedings",
    {
        "author": "Lam, Siu Kwan and Pitrou, Antoine and Seibert, Stanley",
        "title": "{Numba}: A {LLVM}-Based {Python} {JIT} Compiler",
        "booktitle": "Proceedings of the Second Workshop on the LLVM Compiler Infrastructure in HPC",
        "year": "2015",
        "doi": "10.1145/2833157.2833162",
    },
)

_OF_FORCE_FIELDS = {"MMFF94": (HALGREN, TOSCO), "MMFF94s": (HALGREN, HALGREN_STATIC, TOSCO)}
_OF_ENGINES = {"native": (EASTMAN,), "batched": (NUMBA,)}


def references(run: Run, versions: Mapping[str, str]) -> tuple[Reference, ...]:
    """What a run of these versions has used, molmach first."""
    cited = [_molmach(versions), *_software(run, versions)]
    if run.spec.machine.molecules:
        cited += [ETKDG, ETKDG3]
    cited += [*_OF_FORCE_FIELDS.get(run.spec.protocol.force_field, ()), ZHANG]
    cited += [*_OF_ENGINES.get(run.performance.engine, ()), MCGIBBON]
    if drives.model(run.drive).has_regimes:
        cited.append(VACEK)
    return tuple(cited)


def _molmach(versions: Mapping[str, str]) -> Reference:
    return Reference(
        "molmach",
        "software",
        {
            "author": "{The molmach developers}",
            "title": "molmach: a sandbox for designing molecular machines",
            "version": versions.get("molmach", "unknown"),
        },
    )


def _software(run: Run, versions: Mapping[str, str]) -> Iterable[Reference]:
    if run.spec.machine.molecules:
        fields = {
            "author": "Landrum, Greg and others",
            "title": "{RDKit}: Open-Source Cheminformatics Software",
            "version": versions.get("rdkit", "unknown"),
            "doi": "10.5281/zenodo.591637",
        }
        yield Reference("rdkit", "software", fields)
