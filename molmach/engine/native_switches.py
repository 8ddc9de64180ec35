"""A drive's switches for the ``native`` engine: steps of the integrator that throw them."""

from __future__ import annotations

import math

import openmm

from molmach.drives import DriveTerms
from molmach.drives.base import Channel
from molmach.engine.native_forces import amplitude
from molmach.forcefield import Group


def add_switching(terms: DriveTerms, thermal_energy: float, integrator: openmm.CustomIntegrator) -> None:
    """Add the throwing of every switch to the end of a step, as the compiled kernel does it.

    A shape is what its energy's derivative by its amplitude is, so it is known at amplitude zero too.
    """
    timestep = integrator.getStepSize()._value
    for k in range(len(terms.switched) if terms.switches else 0):
        integrator.addGlobalVariable(f"level{k}", 0.0)
    for s, switch in enumerate(terms.switches):
        own = [k for k, term in enumerate(terms.switched) if term.switch == s]
        for name in ("thrown", "before", "cost", "draw", "first", "passed"):
            integrator.addGlobalVariable(f"{name}{s}", 0.0)
        integrator.addComputeGlobal(f"before{s}", f"thrown{s}")
        if switch.clock is not None:
            if math.isfinite(switch.clock.period):
                phase = f"t/{switch.clock.period!r}"
                integrator.addComputeGlobal(
                    f"thrown{s}", f"step({phase}-floor({phase})-{1.0 - switch.clock.duty!r})"
                )
                integrator.addComputeGlobal("events", f"events+max(0,thrown{s}-before{s})")
        else:
            for k in own:
                integrator.addComputeGlobal(f"level{k}", f"deriv(energy{int(Group.DRIVE)},{amplitude(k)})")
            changes = [f"({terms.switched[k].on - terms.switched[k].off!r})*level{k}" for k in own]
            integrator.addComputeGlobal(f"cost{s}", f"({'+'.join(changes)})/{thermal_energy!r}")
            shape = terms.switched[own[0]].shape
            chances = [
                _chance(channel, s, f"level{own[0]}^{shape.power(channel.reach)!r}", thermal_energy, timestep)
                for channel in switch.channels
            ]
            integrator.addComputeGlobal(f"draw{s}", "uniform")
            integrator.addComputeGlobal(f"first{s}", f"step({chances[0]}-draw{s})")
            integrator.addComputeGlobal(f"passed{s}", f"step({'+'.join(chances)}-draw{s})")
            integrator.addComputeGlobal("events", f"events+first{s}*(1-2*before{s})")
            integrator.addComputeGlobal(f"thrown{s}", f"before{s}+passed{s}*(1-2*before{s})")
        for k in own:
            term = terms.switched[k]
            integrator.addComputeGlobal(amplitude(k), f"{term.off!r}+thrown{s}*({term.on - term.off!r})")


def _chance(channel: Channel, switch: int, near: str, thermal_energy: float, timestep: float) -> str:
    """Chance to pass a channel in a step, from the state in which the switch is.

    ``near`` is 1 where the ring is at the site and vanishes far from it.
    """
    rates = f"(before{switch}*{channel.off_rate!r}+(1-before{switch})*{channel.on_rate!r})"
    factors = [f"{timestep!r}*{rates}"]
    if channel.thermal:
        factors.append(f"exp(-max(0,(1-2*before{switch})*cost{switch}))")
    if channel.hindrance:
        factors.append(f"exp(-{channel.hindrance / thermal_energy!r}*{near})")
    return "*".join(factors)
