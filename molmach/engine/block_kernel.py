"""What the compiled kernels of the ``batched`` engine work on: one block of replicas, one replica a lane."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]


class Constraints(NamedTuple):
    """Bonds of fixed length, grouped into clusters that share no atom.

    ``values``: squared length, 1/m of either atom, and the reduced mass.
    """

    clusters: Ints
    atoms: Ints
    values: Singles


class Bath(NamedTuple):
    """Time step, friction and noise; the arrays are (n_atoms,).

    ``kick`` is dt/m, ``noise`` the width of the velocity's random part, ``half_mass`` m/2.
    """

    timestep: float
    decay: float
    kick: Singles
    noise: Singles
    half_mass: Singles


class Surroundings(NamedTuple):
    """Anchors, drive and load; what may differ between lanes is (rows, LANES).

    The drive is E(t) = cosine cos(wt) + sine sin(wt) on the charges; ``torque`` holds the drive's
    and the load's torque about the axle, spread over ``lever_atoms`` by ``lever_shares``. ``fielded``
    and ``twisted`` say whether any lane has a field or a torque at all.
    """

    anchor_atoms: Ints
    anchor_place: Singles
    stiffness: float
    fielded: bool
    charge: Singles
    cosine: Singles
    sine: Singles
    angular_frequency: float
    twisted: bool
    lever_atoms: Ints
    lever_shares: Singles
    torque: Singles


class State(NamedTuple):
    """All that a block's future depends on.

    Positions are the sum of ``high`` and ``low``; ``field`` and ``lever`` are the drive at these
    positions and at this time, whose averages over a step's two ends make the work; ``clock`` counts
    steps. ``thrown`` (n_switches, LANES) are the switches, ``level`` (n_terms, LANES) the shapes of
    what they switch, at these positions.
    """

    high: Singles
    low: Singles
    velocity: Singles
    force: Singles
    field: Singles
    lever: Singles
    random: NDArray[np.uint32]
    books: Doubles
    clock: NDArray[np.int64]
    thrown: Doubles
    level: Doubles


class Room(NamedTuple):
    """Room to work in; ``scratch`` is the force field's own."""

    scratch: Any
    move: Singles
    bond: Singles
    totals: Singles
    switch: Singles
    amplitude: Doubles


class Switching(NamedTuple):
    """Terms and switches as arrays; what may differ between lanes is (rows, LANES).

    Attributes
    ----------
    kind, switch
        (n_terms,) number of each term's shape, and its switch; -1 for static terms.
    atoms, group_start, first_group
        Atoms of every term's groups, one after the other; where in them each group starts, and each
        term's first group.
    numbers, first_number
        Numbers of every term's shape, and each term's first.
    off, on
        (n_terms, LANES) amplitudes, kJ/mol.
    channel_start, leading
        (n_switches + 1,) each switch's channels; (n_switches,) its first term.
    on_chance, off_chance
        (n_channels, LANES) largest chances to pass in a step.
    thermal, hindrance, power
        (n_channels,) see :class:`molmach.drives.base.Channel`; h in kT, and E = level^power.
    period, duty
        (n_switches, LANES) and (n_switches,) of clocks; period 0 for switches thrown at random.
    beta
        1/(k_B T), mol/kJ.
    """

    kind: Ints
    switch: Ints
    atoms: Ints
    group_start: Ints
    first_group: Ints
    numbers: Doubles
    first_number: Ints
    off: Doubles
    on: Doubles
    channel_start: Ints
    leading: Ints
    on_chance: Doubles
    off_chance: Doubles
    thermal: Ints
    hindrance: Doubles
    power: Doubles
    period: Doubles
    duty: Doubles
    beta: float


class Block(NamedTuple):
    """One block of lanes: what acts, what moves, and room; ``tables`` are the force field's own."""

    tables: Any
    bath: Bath
    around: Surroundings
    fixed: Constraints
    switching: Switching
    state: State
    room: Room
