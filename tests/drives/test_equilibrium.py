"""A machine at equilibrium is told so by its file, and by nothing else; undriven twins are at equilibrium."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from molmach import drives
from molmach.building import build
from molmach.drives.base import Channel, Clock, DriveTerms, Switch, SwitchedTerm
from molmach.drives.detailed_balance import rest_of
from molmach.drives.shapes import Well
from molmach.spec import Protocol, load
from molmach.theory import stationary_distribution
from tests.helpers.machines import ROTOR, built

PROTOCOL = Protocol.model_validate({"duration": "100 ps", "equilibration": "20 ps"})
CHARGES = np.array([0.3, -0.3])
WELL = Well((0,), (1,), 0.3)
LANDSCAPE = np.array([0.0, -1.0, 0.7])
SHAPE = np.array([1.0, 0.2, 0.0])


def _terms(*channels: Channel, clock: Clock | None = None, on: float = -4.0) -> DriveTerms:
    return DriveTerms(switches=(Switch(channels, clock),), switched=(SwitchedTerm(WELL, 0, 0.0, on),))


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (DriveTerms(), "forces are zero"),
        (DriveTerms(cosine=(1.0, 0.0, 0.0)), "field does not change"),
        (DriveTerms(cosine=(1.0, 0.0, 0.0), angular_frequency=0.3), None),
        (DriveTerms(angular_frequency=0.3), "forces are zero"),
        (DriveTerms(torque=-1.0), None),
        (_terms(Channel(1.0, 2.0)), "local detailed balance"),
        (_terms(Channel(1.0, 2.0, thermal=False)), None),
        (_terms(Channel(1.0, 2.0, thermal=False), on=0.0), "changes nothing"),
        (_terms(Channel(1.0, 2.0), Channel(3.0, 6.0)), "local detailed balance"),
        (_terms(Channel(1.0, 2.0), Channel(3.0, 6.1)), None),
        (_terms(Channel(0.0, 2.0, thermal=False)), "never thrown"),
        (_terms(Channel(1.0, 0.0, thermal=False)), "thrown at most once"),
        (_terms(clock=Clock(50.0, 0.5)), None),
        (_terms(clock=Clock(math.inf, 0.5)), "throws no switch"),
        (_terms(clock=Clock(50.0, 0.0)), "throws no switch"),
        (_terms(clock=Clock(50.0, 1.0)), "throws no switch"),
        (_terms(clock=Clock(240.0, 0.5)), "throws no switch"),  # at 120 ps, when the run ends
        (_terms(clock=Clock(239.0, 0.5)), None),
        (
            _terms(clock=Clock(130.0, 0.9)),
            "throws no switch",
        ),  # at 13 ps, before the measured part, and 130 ps
    ],
)
def test_terms_say_whether_anything_drives(terms: DriveTerms, reason: str | None) -> None:
    said = rest_of(terms, CHARGES, PROTOCOL)
    assert (said is None) if reason is None else (said is not None and reason in said)


def test_a_field_drives_no_machine_without_charges() -> None:
    turning = DriveTerms(cosine=(1.0, 0.0, 0.0), sine=(0.0, 1.0, 0.0), angular_frequency=0.3)
    assert rest_of(turning, CHARGES, PROTOCOL) is None
    assert "bears a charge" in str(rest_of(turning, np.zeros(2), PROTOCOL))


def _chain(channels: tuple[Channel, ...], amplitude: float) -> list[NDArray[np.float64]]:
    """(6, 6) rates of a ring of three sites times a switch: of hops, and of each channel; energies in kT."""
    energy = [LANDSCAPE, LANDSCAPE + amplitude * SHAPE]
    hops = np.zeros((6, 6))
    for state, here in product((0, 1), range(3)):
        for there in ((here + 1) % 3, (here - 1) % 3):
            hops[3 * state + here, 3 * state + there] = math.exp(
                -0.5 * (energy[state][there] - energy[state][here])
            )
    parts = [hops]
    for channel in channels:
        thrown = np.zeros((6, 6))
        for here in range(3):
            cost = amplitude * SHAPE[here] if channel.thermal else 0.0
            hindered = math.exp(-channel.hindrance * SHAPE[here])
            thrown[here, 3 + here] = channel.on_rate * min(1.0, math.exp(-cost)) * hindered
            thrown[3 + here, here] = channel.off_rate * min(1.0, math.exp(cost)) * hindered
        parts.append(thrown)
    return parts


def _entropy_production(parts: list[NDArray[np.float64]]) -> float:
    """Of a chain whose steps go by several ways, each paid for by itself (Schnakenberg 1976), k_B per time."""
    stationary, total = stationary_distribution(sum(parts, np.zeros((6, 6)))), 0.0
    for rates in parts:
        flow = stationary[:, None] * rates
        used = flow > 0.0
        total += 0.5 * float(np.sum((flow - flow.T)[used] * np.log(flow[used] / flow.T[used])))
    return total


def test_what_is_said_to_be_at_equilibrium_produces_no_entropy() -> None:
    """300 switches at random in an exact chain: the entropy production is zero where, and only where, it is said."""
    rng = np.random.default_rng(5)
    seen = {True: 0, False: 0}
    for _ in range(300):
        ratio = float(rng.choice([0.5, 2.0]))
        channels = tuple(
            Channel(rate, rate / float(rng.choice([ratio, ratio, 3.0])), bool(rng.random() < 0.8), hindrance)
            for rate, hindrance in zip(
                rng.uniform(0.1, 3.0, rng.integers(1, 3)).tolist(), (2.0, 0.0), strict=False
            )
        )
        amplitude = float(rng.choice([-3.0, 2.0]))
        rests = rest_of(_terms(*channels, on=amplitude), CHARGES, PROTOCOL) is not None
        produced = _entropy_production(_chain(channels, amplitude))
        assert (produced < 1e-12) == rests, (channels, produced)
        seen[rests] += 1
    assert min(seen.values()) > 30


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        (ROTOR, [], None),
        (ROTOR, ["drive={kind: none}"], "there is no drive"),
        (ROTOR, ["drive={kind: none, load: 2 kJ/mol}"], None),
        (ROTOR, ["drive={kind: constant_torque, torque: 0 kJ/mol}"], "zero"),
        ("catenane-motor", [], None),
        ("catenane-motor", ["drive.chemical_potential=0 kJ/mol"], "chemical_potential is zero"),
        ("catenane-motor", ["drive.waste_rate=0 /ps"], "local detailed balance"),
    ],
)
def test_a_machine_is_told_from_its_file(name: str, changes: list[str], reason: str | None) -> None:
    spec = load(name, changes)
    said = drives.equilibrium(spec.drive, built(name), spec.protocol)
    assert (said is None) if reason is None else (said is not None and reason in said)


def test_the_twin_of_flashing_at_random_is_the_same_switch_in_touch_with_the_bath() -> None:
    flashing = "{kind: flashing, stations: {bind-a: -7 kJ/mol}, width: 0.4 nm, on_time: 8 ps, off_time: 2 ps}"
    spec = load("catenane-motor", [f"drive={flashing}"])
    assembly = build(spec)
    blind, twin = (drives.terms(drive, assembly, 2.5) for drive in (spec.drive, drives.undriven(spec.drive)))
    assert blind.switched == twin.switched
    (ours,), (theirs,) = (terms.switches[0].channels for terms in (blind, twin))
    assert (theirs.on_rate, theirs.off_rate) == pytest.approx((ours.on_rate, ours.off_rate), rel=1e-15)
    assert theirs.thermal
    assert not ours.thermal
    assert "detailed balance" in str(drives.equilibrium(drives.undriven(spec.drive), assembly, spec.protocol))


def test_a_switch_at_random_is_its_own_twin() -> None:
    switch = "{kind: station_switch, stations: {bind-a: [-9 kJ/mol, 0 kJ/mol]}, switch_on: 1 /ns, switch_off: 2 /ns}"
    drive = load("catenane-motor", [f"drive={switch}"]).drive
    assert drives.undriven(drive) == drive


@pytest.mark.parametrize(
    ("rates", "friction", "holds"),
    [("drive.waste_rate=0.0075 /ps", "0.25 /ps", True), ("drive.waste_rate=0.5 /ps", "0.25 /ps", False)],
)
def test_fuel_is_bound_where_momentum_is_forgotten(rates: str, friction: str, holds: bool) -> None:
    spec = load("catenane-motor", [rates, f"protocol.friction={friction}"])
    assert drives.bound_by_uncertainty(spec.drive, spec.protocol) is holds


def test_periodic_fields_are_not_bound_and_a_torque_is_at_high_friction() -> None:
    fast = ["protocol.friction=20 /ps", "protocol.timestep=1 fs"]
    torque = load(ROTOR, ["drive={kind: constant_torque, torque: 3 kJ/mol}", *fast])
    assert drives.bound_by_uncertainty(torque.drive, torque.protocol)
    slow = torque.protocol.model_copy(update={"friction": 2.0})
    assert not drives.bound_by_uncertainty(torque.drive, slow)
    field = load(ROTOR, fast)
    assert not drives.bound_by_uncertainty(field.drive, field.protocol)
