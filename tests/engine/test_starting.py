"""Replicas start in the shapes of their machine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molmach import engine
from molmach.building import build, coordinate_of
from molmach.engine import Choice, run_batch
from molmach.engine.starting import deal, parts_of
from molmach.spec import Spec, loads

CHIRAL = """\
name: t
machine: {kind: rotor, smiles: "c1c[cH:3][c:1](cc1)-[c:2]1ccc2c(c1)C[C@H](C#N)C2", axle: [1, 2], reference_atom: 3}
drive: {kind: alternating_field, field: 1 V/nm, frequency: 100 GHz}
protocol: {replicas: 4, duration: 1 ps, equilibration: 0 ps, frames: 0.1 ps}
"""
"""Its two puckers, 0.53 and 0.47 of the molecules."""


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12), st.integers(2, 40))
def test_replicas_are_dealt_by_weight(weights: list[float], replicas: int) -> None:
    """All of them, none where the weight is zero, one at least where there are enough, else within one."""
    weight = np.array([w if w > 1e-3 else 0.0 for w in weights]) + np.eye(len(weights))[0]
    weight /= weight.sum()
    counts = deal(weight, replicas)
    assert counts.sum() == replicas
    assert not counts[weight == 0.0].any()
    if replicas >= np.count_nonzero(weight):
        assert (counts[weight > 0.0] >= 1).all()
        assert (counts <= np.maximum(1.0, weight * replicas + 1.0)).all()
    else:
        assert counts.max() == 1


@pytest.mark.parametrize(
    "choice", [Choice("batched", engine.COMPILED, engine.LANES), Choice("native", "Reference", copies=2)]
)
def test_a_run_knows_where_each_replica_started(
    choice: Choice, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By number, in the frames and on the one coordinate that all shapes share; seeds are those of before."""
    spec: Spec = loads(CHIRAL)
    machine = build(spec)
    condition = engine.prepare("claim", 0, machine, spec.drive, spec.protocol)
    work = tmp_path_factory.mktemp("run")
    task = engine.write_task([condition], choice, work)
    for batch in range(len(task.batches)):
        assert run_batch(work, batch)
    collected = engine.collect(work, spec.protocol.sampling)[0]
    shapes = collected.series.shapes
    assert shapes.start.tolist() == [0, 0, 1, 1]
    assert np.array_equal(shapes.visited[:, 0], shapes.start)
    assert shapes.visited.shape == collected.frames.shape[:2]
    assert shapes.weight.sum() == pytest.approx(1.0)
    assert np.array_equal(np.concatenate([p.seeds() for p in parts_of(condition)]), condition.seeds())
    assert machine.shapes is not None
    coordinate = coordinate_of(machine)
    for shape in (0, 1):
        there = machine.shapes.assembly(machine, shape).positions_nm
        begun = shapes.start == shape
        assert np.allclose(collected.frames[begun, 0], there, atol=1e-6)
        assert np.allclose(collected.series.coordinate[begun, 0], coordinate(there), atol=1e-6)
