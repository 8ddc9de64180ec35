"""Rotaxanes and catenanes from a machine file to a score: coordinates, stations, and coming apart."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from molmach.building import (
    Assembly,
    Interlocking,
    build,
    coordinate_of,
    load_coordinates,
    mirror,
    read_sdf,
    write_structure,
)
from molmach.building.coordinate import save_coordinates
from molmach.data.stations import StationMap
from molmach.errors import SpecError
from molmach.scoring import score
from molmach.spec import Spec, loads
from molmach.studies.simulation import simulate
from tests.helpers.command_line import json_of, run_molmach
from tests.helpers.machines import SHUTTLE
from tests.helpers.runs import run_of, series_of

Floats = NDArray[np.float64]

PROTOCOL = "drive: {kind: none}\nprotocol: {duration: 2 ps, equilibration: 0 ps, replicas: 4, seed: 1}\n"
CATENANE = """
name: linked-crowns
machine:
  kind: catenane
  rings: ["C1[CH2:1]OCCOCCOCCOCC[O:2]CCOCCOCCOCCO1", "C1COCCOCCOCCOCCOCCOCCOCCO1"]
  stations: {one: [1], other: [2]}
"""


@pytest.fixture(scope="module")
def shuttle_spec() -> Spec:
    return loads(SHUTTLE + PROTOCOL)


@pytest.fixture(scope="module")
def shuttle(shuttle_spec: Spec) -> Assembly:
    return build(shuttle_spec)


@pytest.fixture(scope="module")
def catenane() -> Assembly:
    return build(loads(CATENANE + PROTOCOL))


def test_a_built_machine_is_interlocked_and_its_axle_lies_on_z(shuttle: Assembly, catenane: Assembly) -> None:
    for assembly in (shuttle, catenane):
        interlocking = Interlocking.of(assembly)
        assert interlocking is not None
        assert abs(interlocking.numbers(assembly.positions_nm)) == pytest.approx(1.0, abs=1e-6)
        assert not interlocking.broken(assembly.positions_nm)
    first, last = shuttle.positions_nm[list(shuttle.axle)]
    assert last - first == pytest.approx([0.0, 0.0, np.linalg.norm(last - first)], abs=1e-4)
    track = catenane.positions_nm[list(catenane.require_track().path)]
    assert track.mean(axis=0) == pytest.approx([0.0, 0.0, 0.0], abs=1e-4)


def test_a_ring_that_is_carried_off_is_broken_and_one_that_slides_is_not(shuttle: Assembly) -> None:
    interlocking = Interlocking.of(shuttle)
    assert interlocking is not None
    ring = list(shuttle.rotor)
    beside, along = shuttle.positions_nm.copy(), shuttle.positions_nm.copy()
    beside[ring] += [3.0, 0.0, 0.0]
    along[ring] += [0.0, 0.0, 0.1]
    assert interlocking.broken(np.stack([beside, along])).tolist() == [True, False]


def test_a_ring_s_place_follows_it_along_a_straight_and_a_bent_axle(shuttle: Assembly) -> None:
    """On a straight track the place grows by the way that the ring is moved; bending changes little."""
    coordinate = coordinate_of(shuttle)
    track = shuttle.require_track()
    n = shuttle.molecule.GetNumAtoms()
    loop, path = list(track.loops[0]), list(track.path)
    z = np.linspace(0.0, 0.13 * (len(path) - 1), len(path))
    coordinate = replace(coordinate, contour=z)  # type: ignore[type-var]

    def at(s: float, bend: float) -> float:
        """Track on a circle of curvature ``bend``, ring around its point at s."""
        positions = np.zeros((n, 3))

        def where(t: Floats) -> Floats:
            if bend:
                return np.stack([(1 - np.cos(bend * t)) / bend, 0 * t, np.sin(bend * t) / bend], -1)
            return np.stack([0 * t, 0 * t, t], -1)

        positions[path] = where(z)
        turn = np.linspace(0.0, 2.0 * math.pi, len(loop), endpoint=False)
        normal = np.array([math.cos(bend * s), 0.0, -math.sin(bend * s)])
        circle = np.cos(turn)[:, None] * normal + np.sin(turn)[:, None] * np.array([0.0, 1.0, 0.0])
        positions[loop] = where(np.array(s)) + 0.4 * circle
        return float(coordinate(positions))

    for bend in (0.0, 1.0):
        for s in np.linspace(0.3, z[-1] - 0.3, 7):
            assert at(float(s), bend) == pytest.approx(s, abs=0.005)


def test_circumrotation_counts_whole_turns_and_changes_sign_in_the_mirror(catenane: Assembly) -> None:
    track = catenane.require_track()
    n = catenane.molecule.GetNumAtoms()
    path, loop = list(track.path), list(track.loops[0])
    turn = np.linspace(0.0, 2.0 * math.pi, len(path), endpoint=False)
    built = np.zeros((n, 3))
    built[path] = np.stack([np.cos(turn), np.sin(turn), 0 * turn], -1)
    built[loop] = [1.0, 0.0, 0.0]
    molecule = type(catenane.molecule)(catenane.molecule)
    for i, place in enumerate(built.tolist()):
        molecule.GetConformer().SetAtomPosition(i, [10 * x for x in place])
    round_track = replace(catenane, molecule=molecule)
    for assembly, sense in ((round_track, 1.0), (mirror(round_track), -1.0)):
        true = np.linspace(0.0, 14.0, 200)
        frames = np.repeat(built[None], 200, axis=0)
        frames[:, loop] = np.stack([np.cos(true), np.sin(true), 0 * true], -1)[:, None]
        if sense < 0:
            frames[..., 1] *= -1.0
        values = np.unwrap(coordinate_of(assembly)(frames))
        assert values - values[0] == pytest.approx(sense * true, abs=0.02)


def test_coordinates_and_tracks_survive_writing(
    shuttle: Assembly, catenane: Assembly, tmp_path: Path
) -> None:
    for assembly in (shuttle, catenane):
        save_coordinates(assembly, tmp_path / "coordinates.npz")
        (again,) = load_coordinates(tmp_path / "coordinates.npz")
        assert again(assembly.positions_nm) == coordinate_of(assembly)(assembly.positions_nm)
        write_structure(assembly, tmp_path)
        back = read_sdf(tmp_path / "assembly.sdf", "MMFF94")
        assert (back.kind, back.track, back.rotor) == (assembly.kind, assembly.track, assembly.rotor)


def test_stations_are_ordered_by_place_and_steps_are_counted_between_cores() -> None:
    stations = StationMap(("a", "b", "c"), np.array([0.2, 0.8, 1.4]), 0.2, None)
    series = np.array([[0.5, 0.1, 0.5, 0.9, 0.45, 0.7, 1.3, 1.1, 0.75, 0.3]])
    visits = stations.visits(series)
    assert visits.tolist() == [[-1, 0, 0, 1, 1, 1, 2, 2, 1, 0]]
    forward, backward = stations.steps(visits)
    assert (forward.tolist(), backward.tolist()) == ([2], [2])
    assert stations.occupancy(visits)[0] == pytest.approx([3 / 9, 4 / 9, 2 / 9])


def test_stations_of_a_ring_are_cyclic() -> None:
    stations = StationMap(("a", "b", "c"), np.array([-2.0, 0.0, 2.0]), 0.6, 2.0 * math.pi)
    turning = np.linspace(-2.0, -2.0 + 6.0 * math.pi, 400)[None]  # three times around
    forward, backward = stations.steps(stations.visits(turning))
    assert (forward.tolist(), backward.tolist()) == ([9], [0])


def test_a_shuttle_runs_and_is_scored_in_nm(shuttle_spec: Spec, tmp_path: Path) -> None:
    run = simulate(shuttle_spec, tmp_path / "run", controls=False, engine_name="batched")
    result = score(run)
    assert run.series.intact.all()
    assert result.velocity.unit == "nm/ns"
    assert result.estimates["occupancy_left"].value == 1.0
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000


def test_a_machine_that_came_apart_is_reported_and_not_scored(shuttle_spec: Spec, shuttle: Assembly) -> None:
    n = 50
    intact = np.array([True, True, False, True])
    series = series_of(0.1 * np.arange(float(n)), np.zeros((4, n)), intact=intact)
    result = score(run_of(shuttle_spec, shuttle, series))
    assert result.verdict == "failed"
    assert list(result.estimates) == ["velocity"]
    assert math.isnan(result.velocity.value)
    assert "replica 2" in result.warnings[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("machine.stations={}", "machine.stations: got {}"),
        ("machine.stations={left: [7]}", "machine: stations.left names atom-map number 7, which the SMILES"),
        ("machine.start=[middle]", "machine: start names 'middle'; expected one of the stations left, right"),
        ("machine.start=[left, right]", "machine: 1 rings start at 2 stations; expected one for each"),
        ("machine.rings=[C1CC1, CCX]", "machine.rings.1: got 'CCX', which RDKit can't read"),
        (
            "machine.kind=rotaxan",
            "machine.kind: got 'rotaxan'; did you mean 'rotaxane'? accepted: bead_catenane",
        ),
        ("machine.ring=[C1CC1]", "machine.ring: unknown key; did you mean 'rings'?"),
    ],
)
def test_a_wrong_interlocked_machine_is_named_with_what_is_accepted(change: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        loads(SHUTTLE + PROTOCOL, "file", [change])
    assert message in str(caught.value)


@pytest.mark.slow
def test_build_shows_the_proof_and_every_bracket_atom(tmp_path: Path) -> None:
    """The terminal's markup must not swallow [n+]."""
    shown = run_molmach("build", "ammonium-bipyridinium-shuttle", "-o", str(tmp_path)).stdout
    assert "".join(line[33:].strip() for line in shown.splitlines()).count("[n+]") == 2
    assert "threading" in shown
    document = json_of("build", "ammonium-bipyridinium-shuttle", "-o", str(tmp_path))
    assert [abs(number) for number in document["threading"]] == [1.0]
    assert document["stoppers"] == [["blocked", "blocked"]]
