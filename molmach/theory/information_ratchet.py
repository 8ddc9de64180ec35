"""A catenane's small ring driven round its large one by a fuel that it hinders: exact, in one dimension.

The coarse-grained motor is in the spirit of Albaugh & Gingrich, Nat. Commun. 13, 2204 (2022): a small ring
diffuses on a circle that carries binding stations and catalytic sites. Each site is free or carries a bulky
group that the ring can't pass. Two chemostatted reactions add and remove the group, and the ring hinders one
of them where it sits: information on the ring's place, paid for by the fuel, makes it circulate. The ring's
position on a grid and the sites' states make a continuous-time Markov chain, solved by sparse elimination.

With d the distance of the ring from a site, g(d, w) = exp(-d^2 / 2 w^2) and dU = B g(d, w_b), the rates are

===== ========================================= =========================
      adds the group                            removes it
===== ========================================= =========================
fuel  k_F exp{[mu_F - dU - H g(d, w_h)] / kT}   k_F exp{-H g(d, w_h) / kT}
waste k_W exp{(mu_W - dU) / kT}                 k_W
===== ========================================= =========================

Mass action: exp(mu_F / kT) is the fuel's concentration over that of what it leaves behind, and no fuel means
none added. H is what the ring adds to the free energy of the fuel reaction's transition state, whose catalyst
is bulkier than the group. Every reaction obeys local detailed balance, whatever H is: its rates' ratio is
exp[(mu - dU) / kT]; so mu_F = mu_W is equilibrium, and a chemical cycle, one group added by fuel and removed
as waste, dissipates mu_F - mu_W.

Units: nm, ps, kJ/mol.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LATERAL_NODES = 16


@dataclass(frozen=True)
class InformationRatchet:
    """The motor's parameters.

    Attributes
    ----------
    circumference
        L of the circle that the small ring's centre follows, nm.
    stations, sites
        Places of the binding stations and of the catalytic sites along the circle, nm.
    diffusion
        D of the small ring along the bare circle, nm^2/ps.
    thermal_energy
        k_B T, kJ/mol.
    station_depth, station_width
        A (kJ/mol) and w_s (nm): the ring's energy at a station is -A g(d, w_s).
    block_height, block_width
        B (kJ/mol) and w_b (nm): its energy at a site that carries the group is B g(d, w_b).
    hindrance, hindrance_width
        H (kJ/mol) and w_h (nm) of the fuel reaction.
    fuel_rate, waste_rate
        k_F and k_W, the rates at which either reaction removes a group far from the ring; 1/ps. There fuel
        adds one at k_F exp(mu_F / kT).
    fuel_potential, waste_potential
        mu_F and mu_W, kJ/mol.
    lateral_spread
        Standard deviation (nm) of the ring's centre across the circle, in its plane and out of it, on the
        bare large ring. Distances are straight ones; the lateral motion is taken to equilibrate at once.
    """

    circumference: float
    stations: tuple[float, ...]
    sites: tuple[float, ...]
    diffusion: float
    thermal_energy: float
    station_depth: float
    station_width: float
    block_height: float
    block_width: float
    hindrance: float
    hindrance_width: float
    fuel_rate: float
    waste_rate: float
    fuel_potential: float
    waste_potential: float
    lateral_spread: float = 0.0

    def __post_init__(self) -> None:
        for name in (
            "circumference",
            "diffusion",
            "thermal_energy",
            "station_width",
            "block_width",
            "hindrance_width",
            "fuel_rate",
            "waste_rate",
        ):
            value = getattr(self, name)
            if not (value > 0.0 and math.isfinite(value)):
                raise ValueError(f"{name} must be positive and finite but got {value}")
        if self.lateral_spread < 0.0:
            raise ValueError(f"lateral_spread cannot be negative but got {self.lateral_spread}")
        if not self.stations or not self.sites:
            raise ValueError("expected at least one station and one site")

    @property
    def driving(self) -> float:
        """mu_F - mu_W, kJ/mol: the free energy that one fuel molecule brings."""
        return self.fuel_potential - self.waste_potential

    def mirrored(self) -> InformationRatchet:
        """The mirror image: every station and site on the other side of the origin."""
        return dataclasses.replace(
            self,
            stations=tuple(-x for x in self.stations),
            sites=tuple(-x for x in self.sites),
        )


def evenly_spaced_motifs(
    circumference: float, motifs: int, spacing: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Stations and sites (nm) of ``motifs`` equal motifs, each site ``spacing`` nm ahead of its station."""
    stations = tuple(motif * circumference / motifs for motif in range(motifs))
    return stations, tuple(station + spacing for station in stations)


@dataclass(frozen=True, eq=False)
class RatchetChain:
    """The ratchet as a Markov chain of ``2**n_sites * points`` states.

    State ``blocked * points + k`` has the ring at ``k / points`` of a turn; bit s of ``blocked`` says that
    site s carries its group.

    Attributes
    ----------
    ratchet, points
        What was discretised, and into how many places.
    free_energy
        (2**n_sites, points) energy of the ring, its lateral motion averaged out, kJ/mol.
    forward, backward
        Sparse (n, n) rates i -> j of the ring's hops, 1/ps.
    fuel_adds, fuel_removes, waste_adds, waste_removes
        Sparse (n, n) rates i -> j of the reactions, 1/ps.
    """

    ratchet: InformationRatchet
    points: int
    free_energy: Floats
    forward: scipy.sparse.csr_array
    backward: scipy.sparse.csr_array
    fuel_adds: scipy.sparse.csr_array
    fuel_removes: scipy.sparse.csr_array
    waste_adds: scipy.sparse.csr_array
    waste_removes: scipy.sparse.csr_array

    def rates(self) -> scipy.sparse.csr_array:
        """(n, n) total rates i -> j, 1/ps, with an empty diagonal."""
        return scipy.sparse.csr_array(
            self.forward
            + self.backward
            + self.fuel_adds
            + self.fuel_removes
            + self.waste_adds
            + self.waste_removes
        )

    def boltzmann(self) -> Floats:
        """(n,) probabilities if the waste reaction alone exchanged groups: equilibrium when driving is 0."""
        blocked = np.arange(len(self.free_energy))
        groups = np.bitwise_count(blocked)[:, None]
        exponent = (groups * self.ratchet.waste_potential - self.free_energy) / self.ratchet.thermal_energy
        weight = np.exp(exponent - exponent.max())
        return np.asarray((weight / weight.sum()).ravel(), dtype=np.float64)


@dataclass(frozen=True)
class RatchetSteadyState:
    """What the ratchet does in the long run.

    Attributes
    ----------
    current
        Net turns per ps of the small ring round the large one, forward positive.
    diffusion
        Effective diffusion of the number of turns, turns^2/ps: its variance grows by twice this.
    fuel_consumption
        Net groups added by fuel, equal to those removed as waste, per ps.
    entropy_production
        k_B per ps: driving times fuel consumption over kT.
    directionality
        (forward - backward) over all moves from one station to the next.
    """

    current: float
    diffusion: float
    fuel_consumption: float
    entropy_production: float
    directionality: float

    @property
    def uncertainty_ratio(self) -> float:
        """Var(J) sigma / (2 k_B <J>^2), never below 1: Barato & Seifert, Phys. Rev. Lett. 114, 158101 (2015).

        Infinite at equilibrium.
        """
        if self.current == 0.0:
            return math.inf
        return self.diffusion * self.entropy_production / self.current**2

    @property
    def turns_per_fuel(self) -> float:
        """Net turns per fuel molecule consumed; NaN where none is."""
        return self.current / self.fuel_consumption if self.fuel_consumption else math.nan


def discretise(ratchet: InformationRatchet, points: int = 240) -> RatchetChain:
    """The Markov chain on ``points`` equidistant places.

    Hops have the rates D/h^2 f(dF/kT), f(x) = x / (exp x - 1) of Scharfetter & Gummel, IEEE Trans. Electron
    Devices 16, 64 (1969): in detailed balance at any h, and the overdamped diffusion as h -> 0, its error
    falling as h^2.
    """
    if points < 3:
        raise ValueError(f"points must be at least 3 but got {points}")
    kT = ratchet.thermal_energy
    n_states = 2 ** len(ratchet.sites)
    attraction, repulsion, hindering, weight = _fields(ratchet, points)
    bits = (np.arange(n_states)[:, None] >> np.arange(len(ratchet.sites))) & 1
    energy = attraction + np.einsum("bs,skm->bkm", bits, repulsion)
    free_energy = -kT * _log_sum_exp(np.log(weight) - energy / kT)

    place = np.arange(points)
    base = (np.arange(n_states) * points)[:, None]
    here = base + place
    rise = (np.roll(free_energy, -1, axis=1) - free_energy) / kT
    hop = ratchet.diffusion * (points / ratchet.circumference) ** 2
    ahead = base + (place + 1) % points
    forward = _sparse(n_states * points, [here], [ahead], [hop * _bernoulli(rise)])
    backward = _sparse(n_states * points, [ahead], [here], [hop * _bernoulli(-rise)])

    free, carrying = [], []
    fuel_in, fuel_out, waste_in, waste_out = [], [], [], []
    for state in range(n_states):
        for site in np.flatnonzero(bits[state] == 0):
            added = state | (1 << int(site))
            free.append(here[state])
            carrying.append(here[added])
            saddle = -kT * _log_sum_exp(np.log(weight) - (energy[added] + hindering[site]) / kT)
            fuel_in.append(
                ratchet.fuel_rate * np.exp((ratchet.fuel_potential + free_energy[state] - saddle) / kT)
            )
            fuel_out.append(ratchet.fuel_rate * np.exp((free_energy[added] - saddle) / kT))
            change = free_energy[added] - free_energy[state]
            waste_in.append(ratchet.waste_rate * np.exp((ratchet.waste_potential - change) / kT))
            waste_out.append(np.full(points, ratchet.waste_rate))
    size = n_states * points
    return RatchetChain(
        ratchet,
        points,
        free_energy,
        forward,
        backward,
        fuel_adds=_sparse(size, free, carrying, fuel_in),
        fuel_removes=_sparse(size, carrying, free, fuel_out),
        waste_adds=_sparse(size, free, carrying, waste_in),
        waste_removes=_sparse(size, carrying, free, waste_out),
    )


def steady_state(ratchet: InformationRatchet, points: int = 240) -> RatchetSteadyState:
    """Exact currents, diffusion and dissipation of the ratchet on ``points`` places.

    The mean and the variance of the number of turns are the first two derivatives at 0 of the largest
    eigenvalue of the generator tilted by exp(+-chi / points) on each hop (Lebowitz & Spohn, J. Stat. Phys.
    95, 333 (1999)), by perturbation theory.
    """
    chain = discretise(ratchet, points)
    stationary, solve = _stationary(chain)
    drift = (chain.forward - chain.backward).T / points
    current = float((drift @ stationary).sum())
    response = solve(current * stationary - drift @ stationary)
    activity = (chain.forward + chain.backward).T @ stationary
    diffusion = 0.5 * float(activity.sum()) / points**2 + float((drift @ response).sum())
    net_fuel = (chain.fuel_adds - chain.fuel_removes).T @ stationary
    fuel = float(net_fuel.sum())
    return RatchetSteadyState(
        current,
        diffusion,
        fuel,
        ratchet.driving * fuel / ratchet.thermal_energy,
        directionality(chain),
    )


def stationary_probabilities(chain: RatchetChain) -> Floats:
    """(n,) stationary probabilities of the chain's states."""
    return _stationary(chain)[0]


def directionality(chain: RatchetChain) -> float:
    """(forward - backward) over all moves of the ring from one station to the next, in the steady state.

    A move ends where the ring first stands on a neighbouring station's grid point. The stations' arrivals,
    with the sites' states then, make a chain of their own; its jump probabilities come from the ladder of
    places between a station's two neighbours.
    """
    points, n_states = chain.points, len(chain.free_energy)
    step = chain.ratchet.circumference / points
    marks = sorted({round(x / step) % points for x in chain.ratchet.stations})
    jumps = np.zeros((2, len(marks), n_states, len(marks), n_states))
    rates = chain.rates()
    for i, mark in enumerate(marks):
        behind, ahead = (i - 1) % len(marks), (i + 1) % len(marks)
        low = marks[behind] - (points if behind >= i else 0)
        high = marks[ahead] + (points if ahead <= i else 0)
        down, up = _exits(chain, rates, low, mark, high)
        jumps[0, i, :, behind] = down
        jumps[1, i, :, ahead] = up
    size = len(marks) * n_states
    forward = jumps[1].reshape(size, size)
    both = forward + jumps[0].reshape(size, size)
    singular = both.T - np.eye(size)
    singular[-1] = 1.0
    arrivals = np.linalg.solve(singular, np.eye(size)[-1])
    return float(2.0 * (arrivals @ forward).sum() - 1.0)


def _exits(
    chain: RatchetChain, rates: scipy.sparse.csr_array, low: int, start: int, high: int
) -> tuple[Floats, Floats]:
    """(n_states, n_states) probabilities to leave low < place < high at either end, from state to state."""
    points, n_states = chain.points, len(chain.free_energy)
    inner = np.arange(low + 1, high)
    index = (np.arange(n_states)[:, None] * points + inner % points).ravel()
    width = len(inner)
    links = rates[index][:, index].tocoo()
    row, column = links.coords
    adjacent = np.abs(row % width - column % width) <= 1
    within = scipy.sparse.csr_array(
        (links.data[adjacent], (row[adjacent], column[adjacent])), shape=links.shape
    )
    leaving = scipy.sparse.diags_array(np.asarray(rates[index].sum(axis=1)).ravel())
    source = np.zeros((n_states * width, n_states))
    source[np.arange(n_states) * width + (start - low - 1), np.arange(n_states)] = 1.0
    occupation = scipy.sparse.linalg.splu((leaving - within).T.tocsc()).solve(source)
    first, last = np.arange(n_states) * width, np.arange(n_states) * width + width - 1
    base = np.arange(n_states) * points
    out_low = rates[base + (low + 1) % points, base + low % points]
    out_high = rates[base + (high - 1) % points, base + high % points]
    return (occupation[first] * out_low[:, None]).T, (occupation[last] * out_high[:, None]).T


def _fields(ratchet: InformationRatchet, points: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Energies at (places, lateral nodes): stations', each group's, each hindrance's; the nodes' weights."""
    radius = ratchet.circumference / (2.0 * math.pi)
    if ratchet.lateral_spread > 0.0:
        nodes, weights = np.polynomial.hermite_e.hermegauss(_LATERAL_NODES)
        across = ratchet.lateral_spread * np.repeat(nodes, _LATERAL_NODES)
        height = ratchet.lateral_spread * np.tile(nodes, _LATERAL_NODES)
        weight = np.outer(weights, weights).ravel() / weights.sum() ** 2
    else:
        across, height, weight = np.zeros(1), np.zeros(1), np.ones(1)
    place = np.arange(points) * (ratchet.circumference / points)

    def gaussian(centres: tuple[float, ...], width: float) -> Floats:
        half_angle = (place - np.array(centres)[:, None]) / (2.0 * radius)
        chord = 4.0 * radius**2 * np.sin(half_angle) ** 2
        square = chord[:, :, None] * (1.0 + across / radius) + across**2 + height**2
        return np.asarray(np.exp(-square / (2.0 * width**2)))

    return (
        -ratchet.station_depth * gaussian(ratchet.stations, ratchet.station_width).sum(axis=0),
        ratchet.block_height * gaussian(ratchet.sites, ratchet.block_width),
        ratchet.hindrance * gaussian(ratchet.sites, ratchet.hindrance_width),
        weight,
    )


def _stationary(chain: RatchetChain) -> tuple[Floats, Callable[[Floats], Floats]]:
    """Stationary probabilities, and a solver of W x = b, sum(x) = 0 for right-hand sides whose sum is 0.

    Unknowns are ratios to the Boltzmann weights: at equilibrium they are all 1, and states that are hardly
    ever visited keep their relative precision.
    """
    boltzmann = chain.boltzmann()
    rates = chain.rates()
    scale = scipy.sparse.diags_array(boltzmann)
    inverse = scipy.sparse.diags_array(1.0 / boltzmann)
    scaled = scipy.sparse.csc_array(
        inverse @ rates.T @ scale - scipy.sparse.diags_array(np.asarray(rates.sum(axis=1)))
    )
    pinned = int(np.argmax(boltzmann))
    kept = np.delete(np.arange(boltzmann.size), pinned)
    factors = scipy.sparse.linalg.splu(scipy.sparse.csc_array(scaled[kept][:, kept]), diag_pivot_thresh=0.0)

    ratio = np.ones(boltzmann.size)
    ratio[kept] += factors.solve(-np.asarray(scaled.sum(axis=1)).ravel()[kept])
    stationary = ratio * boltzmann
    stationary /= stationary.sum()

    def solve(right: Floats) -> Floats:
        ratio = np.zeros(boltzmann.size)
        ratio[kept] = factors.solve((right / boltzmann)[kept])
        x = ratio * boltzmann
        return np.asarray(x - x.sum() * stationary)

    return stationary, solve


def _bernoulli(x: Floats) -> Floats:
    """x / (exp x - 1)."""
    small = np.abs(x) < 1e-8
    safe = np.where(small, 1.0, x)
    return np.where(small, 1.0 - 0.5 * x, safe / np.expm1(safe))


def _sparse(
    size: int, sources: list[NDArray[np.int_]], targets: list[NDArray[np.int_]], rates: list[Floats]
) -> scipy.sparse.csr_array:
    row, column, data = (np.concatenate([np.ravel(x) for x in part]) for part in (sources, targets, rates))
    return scipy.sparse.csr_array((data, (row, column)), shape=(size, size))


def _log_sum_exp(values: Floats) -> Floats:
    top = values.max(axis=-1, keepdims=True)
    return np.asarray((top + np.log(np.exp(values - top).sum(axis=-1, keepdims=True)))[..., 0])
