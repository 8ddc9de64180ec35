"""What a person writes: machine, drive and protocol as frozen, validated models read from YAML."""

from molmach.spec.document import Spec, load, loads
from molmach.spec.drive import AlternatingField, ConstantTorque, Drive, NoDrive, RotatingField
from molmach.spec.machine import Machine
from molmach.spec.protocol import Protocol

__all__ = [
    "AlternatingField",
    "ConstantTorque",
    "Drive",
    "Machine",
    "NoDrive",
    "Protocol",
    "RotatingField",
    "Spec",
    "load",
    "loads",
]
