"""A control as an agent: achiral designs, which a drive without handedness turns nowhere."""

from rdkit import Chem

from molmach.building import is_achiral
from molmach.search import Agent, Design, Proposal, View

PAIRS = {"R11": "R10", "R13": "R12", "R15": "R14"}
"""Sites on one face of the five-membered ring, and those opposite them."""


class Achiral(Agent):
    """Proposes machines whose substituents are the same on both faces of the ring."""

    summary = "designs that are their own mirror image"

    def propose(self, view: View, n: int) -> list[Proposal]:
        """Designs at random, with one face copied to the other."""
        found: dict[str, Proposal] = {}
        for _ in range(100 * n):
            values = dict(view.space.sample(view.rng).values)
            design = Design.of(values | {one: values[other] for one, other in PAIRS.items()})
            if len(found) < n and view.is_new(design):
                machine = view.space.resolve(design)
                if is_achiral(Chem.MolFromSmiles(machine.smiles)):
                    found[machine.key] = Proposal(design, "its own mirror image: it must not turn")
        return list(found.values())
