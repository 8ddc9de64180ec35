"""What a person writes: machine, drive and protocol as frozen, validated models read from YAML."""

from molmach.spec.beads import BeadCatenane
from molmach.spec.campaign import Campaign, load_campaign
from molmach.spec.document import Spec, load, loads
from molmach.spec.drive import AlternatingField, ConstantTorque, Drive, NoDrive, RotatingField
from molmach.spec.interlocked import Catenane, Rotaxane
from molmach.spec.machine import Machine
from molmach.spec.protocol import Protocol
from molmach.spec.rotor import Follower, Rotor
from molmach.spec.space import DesignSpace
from molmach.spec.switching import ChemicalFuel, Flashing, Photoisomerisation, StationSwitch

__all__ = [
    "AlternatingField",
    "BeadCatenane",
    "Campaign",
    "Catenane",
    "ChemicalFuel",
    "ConstantTorque",
    "DesignSpace",
    "Drive",
    "Flashing",
    "Follower",
    "Machine",
    "NoDrive",
    "Photoisomerisation",
    "Protocol",
    "RotatingField",
    "Rotaxane",
    "Rotor",
    "Spec",
    "StationSwitch",
    "load",
    "load_campaign",
    "loads",
]
