"""From a drawing to machine files: axles, stations, isomers and drives, with numbers of built structures."""

from molmach.proposals.base import Proposal
from molmach.proposals.isomers import Isomer
from molmach.proposals.proposing import Proposals, expected_seconds, figures, suggest
from molmach.proposals.reading import Drawing, read_drawing

__all__ = [
    "Drawing",
    "Isomer",
    "Proposal",
    "Proposals",
    "expected_seconds",
    "figures",
    "read_drawing",
    "suggest",
]
