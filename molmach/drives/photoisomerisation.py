"""Light on a C=C double bond: the torsional potential about it changes for the life of the excited state."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from rdkit import Chem

from molmach.building import Assembly
from molmach.data.events import motion_per_event, rate_of_events
from molmach.data.intervals import ExactShareOfCounts
from molmach.data.observed import Observed
from molmach.data.outcomes import form_changes
from molmach.data.quantity import A_RUN, SHARE, Quantity, ratio
from molmach.data.statistics import Floats
from molmach.drives.base import AchiralDrive, Channel, DriveTerms, Switch, SwitchedTerm
from molmach.drives.shapes import Twist
from molmach.drives.suggesting import Seen, Suggestion
from molmach.errors import SpecError
from molmach.forcefield.mmff94_parameters import parameters_of
from molmach.spec import Drive, Driven, fields
from molmach.units import TURN

_PHOTONS = 16.0
"""A replica, in the run that is suggested."""


class Photoisomerisation(Driven):
    """Light on the C=C double bond that is the axle.

    Photons are absorbed at random (Poisson). In the excited state the force field's two-fold
    torsions about the bond are replaced by ones with their minimum at 90 degrees; after an
    exponentially distributed life the molecule is in its ground state again, wherever it is. Which
    way it goes from there, and how often it gets across, is the outcome and not an input.

    Attributes
    ----------
    absorption
        Photons absorbed per time by one molecule in its ground state, 1/ps.
    lifetime
        Mean life of the excited state, ps.
    twist
        Depth of the excited state's torsional minimum as a share of the ground state's barrier.
    """

    kind: Literal["photoisomerisation"]
    absorption: fields.Rate
    lifetime: fields.Time
    twist: Annotated[float, Field(strict=False, gt=0.0, le=5.0)] = 1.0


class PhotoisomerisationModel(AchiralDrive):
    """Unpolarised light has no handedness: what turns under it owes its direction to the machine.

    The ground state's two-fold torsions sum_i v_i (1 - cos 2 w_i)/2 are replaced by the same with
    -twist v_i, so the switched term is -(1 + twist) times their sum.
    """

    spec = Photoisomerisation
    drive: Photoisomerisation
    events = "photon"
    event_count = "photons absorbed"

    @classmethod
    def quantities(cls) -> tuple[Quantity, ...]:
        """Photons absorbed, and what comes of them."""
        return (
            rate_of_events("photon_rate", "photons absorbed per time"),
            Quantity(
                "quantum_yield",
                "share of the photons after which the machine is in another form when the next one comes; "
                "forms are the wells of the angle, wherever they are",
                "1", ("form_changes", "known_outcomes"), ratio, SHARE, ExactShareOfCounts(),
                needs=A_RUN, sampler=_outcomes,
            ),
            motion_per_event("turns_per_photon", "net motion to a photon"),
        )  # fmt: skip

    @classmethod
    def suggested(cls, seen: Seen) -> Suggestion | str | None:
        """Light that is strong enough for a run to hold some photons a replica."""
        try:
            _require_alkene(seen.assembly)
        except SpecError as error:
            return (
                str(error).partition(": ")[2].partition("; expected")[0].removeprefix("photoisomerisation ")
            )
        handed = (
            "" if seen.assembly.chiral else "; this one is achiral, so that it turns neither way in the mean"
        )
        return Suggestion(
            {"kind": "photoisomerisation", "absorption": "20 /ns", "lifetime": "1 ps"},
            f"light twists a C=C bond by a half turn{handed}",
            1.0,
            _PHOTONS / 20e-3,
            {
                "absorption": "a photon every 50 ps, far more than any lamp gives",
                "lifetime": "of the excited state",
            },
        )

    def terms(self, assembly: Assembly, thermal_energy: float) -> DriveTerms:
        """One switch, the electronic state."""
        _require_alkene(assembly)
        ends = assembly.axle
        torsion = parameters_of(assembly.molecule, assembly.force_field).torsion
        rows = [
            (tuple(atoms), v2)
            for atoms, (_, v2, _) in zip(*torsion.rows(), strict=True)
            if set(atoms[1:3]) == set(ends) and v2
        ]
        shape = Twist(tuple((i, j, k, ell) for (i, j, k, ell), _ in rows), tuple(v2 for _, v2 in rows))
        light = Channel(self.drive.absorption, 0.0, thermal=False)
        decay = Channel(0.0, 1.0 / self.drive.lifetime, thermal=False)
        return DriveTerms(
            switches=(Switch((light, decay)),),
            switched=(SwitchedTerm(shape, 0, 0.0, -1.0 - self.drive.twist),),
        )

    def across(self) -> Drive:
        """The light itself, whose work on the bond is the same seen from either end."""
        return self.drive

    def undriven(self) -> Drive:
        """The machine in the dark and without a load: its thermal steps go on, such as a helix inversion."""
        dark: Drive = self.drive.model_copy(update={"absorption": 0.0, "load": 0.0})
        return dark


def _require_alkene(assembly: Assembly) -> None:
    """Raise SpecError unless the axle is a C=C double bond that is twisted about as a whole.

    C=N and N=N bonds go over by inversion at nitrogen too, of which a torsion about the bond knows nothing.
    """
    bond = assembly.molecule.GetBondBetweenAtoms(*assembly.axle) if assembly.axle else None
    expected = "expected a machine whose axle is a C=C bond"
    if bond is None or bond.GetBondType() != Chem.BondType.DOUBLE:
        raise SpecError(f"drive.kind: photoisomerisation acts on a double bond; {expected}")
    ends = [assembly.molecule.GetAtomWithIdx(i) for i in assembly.axle]
    if any(end.GetAtomicNum() != 6 for end in ends):
        nitrogen = any(end.GetAtomicNum() == 7 for end in ends)
        raise SpecError(
            f"drive.kind: photoisomerisation twists a C=C bond, and the axle is {ends[0].GetSymbol()}="
            f"{ends[1].GetSymbol()}{', which goes over by inversion at nitrogen too' if nitrogen else ''}; "
            f"{expected}"
        )
    if any(end.GetDegree() != 3 for end in ends):
        raise SpecError(
            "drive.kind: photoisomerisation twists a C=C bond, and the axle is next to another one; "
            "expected one whose two atoms have two neighbours each beside it"
        )


def _outcomes(observed: Observed) -> dict[str, Floats]:
    """``form_changes`` and ``known_outcomes`` of each replica's photons."""
    run = observed.run
    assert run is not None, "a drive has a run"
    light: Any = run.drive
    changes, known = form_changes(
        run.series.coordinate, run.series.events, run.series.time_ps, TURN, light.lifetime
    )
    return {"form_changes": changes, "known_outcomes": known}
