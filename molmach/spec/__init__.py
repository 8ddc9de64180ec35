"""What a person writes: machine, drive and protocol as frozen, validated models read from YAML."""

from molmach.spec.campaign import Campaign, load_campaign
from molmach.spec.document import Spec, load, loads
from molmach.spec.drive import Drive, Driven
from molmach.spec.machine import Machine, MachineSection
from molmach.spec.protocol import Protocol
from molmach.spec.space import DesignSpace

__all__ = [
    "Campaign",
    "DesignSpace",
    "Drive",
    "Driven",
    "Machine",
    "MachineSection",
    "Protocol",
    "Spec",
    "load",
    "load_campaign",
    "loads",
]
