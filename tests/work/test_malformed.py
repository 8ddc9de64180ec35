"""Units, results and passports that are malformed or forged: one error, nothing run, nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from molmach.errors import MolmachError, WorkError
from molmach.work import Result, Unit
from molmach.work import document as documents
from tests.helpers.command_line import run_here


def _changed(unit: Unit, **fields: Any) -> bytes:
    return json.dumps({**json.loads(unit.content), **fields}, sort_keys=True, separators=(",", ":")).encode()


def _read(content: bytes) -> Unit:
    unit = Unit.of_bytes(content, "unit")
    unit.check()
    _ = unit.task, unit.spec
    return unit


def test_an_index_of_what_is_not_there_is_refused_wherever_it_is(unit: Unit) -> None:
    """Compiled code checks none: an index that passed would be read or written beside an array."""
    tried = 0
    for name, array in unit.inputs.items():
        if array.dtype.kind == "i" and array.size and name != "switching.thermal":
            for index in (10**6, -2):
                bad = array.copy()
                bad.flat[bad.size // 2] = index
                with pytest.raises(WorkError, match=name.rpartition(".")[2]):
                    unit.model_copy(update={"inputs": {**unit.inputs, name: bad}}).check()
                tried += 1
    assert tried > 20


def test_an_array_of_another_length_type_or_with_what_is_no_number_is_refused(unit: Unit) -> None:
    for name, array in unit.inputs.items():
        changes = [array.astype(np.complex128)]
        if array.ndim:
            changes.append(np.concatenate([array, np.ones((1, *array.shape[1:]), array.dtype)]))
        if array.dtype.kind == "f" and array.size:
            changes.append(np.full_like(array, np.nan))
        for bad in changes:
            with pytest.raises(WorkError):
                unit.model_copy(update={"inputs": {**unit.inputs, name: bad}}).check()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"terms": ["os:system"]}, "no shape of molmach's"),
        ({"force_field": "os:system"}, "os:system"),
        ({"name": "../../escape"}, "name"),
        ({"name": "a\n\x1b[2J"}, "name"),
        ({"conditions": ["../x", "b", "c"]}, "conditions"),
        ({"samples": -1}, "samples"),
        ({"samples": 10**12}, "samples"),
        ({"samples": "80"}, "samples"),
        ({"temperature": True}, "temperature"),
        ({"replicas": [[0, 0], [0, 0]]}, "seeds"),
        ({"replicas": [[9, 0]]}, "replicas"),
        ({"part_of": [0, 0, 5]}, "conditions"),
        ({"more": 1}, "more"),
        ({"machine": "name: x"}, "machine"),
        ({"key": "0" * 64}, "key"),
        ({"machine": "name: \ud800"}, "machine"),
        ({"interlocking": {"path": [10**6], "closed": False, "loops": [[0]]}}, "interlocking"),
    ],
)
def test_forged_fields_are_refused(unit: Unit, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(MolmachError, match=message) as error:
        _read(_changed(unit, **fields))
    assert error.value.exit_code == 2
    assert "\x1b" not in str(error.value)


def test_numbers_that_json_makes_infinite_are_refused(unit: Unit) -> None:
    content = unit.content.replace(b'"temperature":300.0', b'"temperature":1e999')
    assert content != unit.content
    with pytest.raises(WorkError, match="no work unit"):
        Unit.of_bytes(content, "unit")


@pytest.mark.parametrize("bath", [[0.0, 2.0, 2.5, 1.0], [0.002, -1e300, 2.5, 1.0], [0.002, 2.0, -2.5, 1.0]])
def test_a_bath_that_is_none_is_refused(unit: Unit, bath: list[float]) -> None:
    with pytest.raises(WorkError, match="bath"):
        unit.model_copy(update={"inputs": {**unit.inputs, "bath": np.array(bath)}}).check()


def test_coordinates_come_from_installed_machine_kinds_alone(unit: Unit) -> None:
    coordinates = json.loads(unit.content)["coordinates"]
    coordinates[0][0]["made_by"] = "subprocess:Popen"
    with pytest.raises(WorkError, match="'subprocess:Popen'; expected one of"):
        _read(_changed(unit, coordinates=coordinates))
    coordinates = json.loads(unit.content)["coordinates"]
    coordinates[0][0]["arrays"]["rotor"] = {"type": "<i8", "shape": [1], "data": "AAAAAAAAAP8="}
    with pytest.raises(WorkError, match="can't be computed"):
        _read(_changed(unit, coordinates=coordinates))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"null",
        b'{"schema":"molmach.work-unit/1"}',
        b'{"schema":"molmach.work-unit/2"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"schema":"molmach.work-unit/1","x":NaN}',
        b'{"schema":"molmach.work-unit/1","x":' + b"9" * 10_000 + b"}",
        b"PK\x03\x04",
        b"\x80\x04\x95",
    ],
)
def test_what_is_no_unit_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "unit"
    path.write_bytes(content)
    for arguments in (
        ("work", "run", str(path), "-o", str(tmp_path / "out")),
        ("work", "verify", str(path)),
        ("verify", str(path)),
    ):
        done = run_here(*arguments)
        assert done.returncode == 2, done.stderr
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["unit"]


def test_the_same_content_in_another_form_is_refused(unit: Unit) -> None:
    with pytest.raises(WorkError, match="canonical"):
        Unit.of_bytes(json.dumps(json.loads(unit.content), indent=1).encode(), "unit")
    twice = unit.content[:-1] + b',"name":"' + unit.name.encode() + b'"}'
    with pytest.raises(WorkError, match="canonical"):
        Unit.of_bytes(twice, "unit")


def test_files_that_are_too_large_are_not_read(
    unit: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit.write(tmp_path / "unit")
    monkeypatch.setattr(documents, "MOST_BYTES", 1000)
    with pytest.raises(WorkError, match="expected at most 1000"):
        Unit.read(tmp_path / "unit")


@pytest.mark.parametrize("draws", [200, pytest.param(4000, marks=pytest.mark.slow)])
def test_flipped_bytes_are_refused_or_change_the_digest(unit: Unit, draws: int) -> None:
    """No flip passes unnoticed: what still reads is another unit, by its name."""
    random, content = Random(7), unit.content
    refused = 0
    for _ in range(draws):
        bad = bytearray(content)
        bad[random.randrange(len(bad))] ^= 1 << random.randrange(8)
        try:
            assert _read(bytes(bad)).digest != unit.digest
        except MolmachError as error:
            assert error.exit_code == 2
            refused += 1
    assert refused > draws // 4


def test_flipped_and_cut_results_are_refused_or_change_the_digest(result: Result) -> None:
    random, content = Random(8), result.content
    for _ in range(12):
        bad = bytearray(content)
        bad[random.randrange(len(bad))] ^= 1 << random.randrange(8)
        try:
            read = Result.of_bytes(bytes(bad), "result")
            read.check()
            assert read.digest != result.digest
        except MolmachError as error:
            assert error.exit_code == 2
    for part in (0.1, 0.5, 0.99):
        with pytest.raises(WorkError):
            Result.of_bytes(content[: int(part * len(content))], "result")


def test_commands_overwrite_nothing_and_say_what_is_missing(unit: Unit, tmp_path: Path) -> None:
    path, there = tmp_path / "unit", tmp_path / "there"
    unit.write(path)
    there.write_text("mine")
    done = run_here("work", "run", str(path), "-o", str(there))
    assert (done.returncode, there.read_text()) == (2, "mine")
    assert "exists; expected the name of a new file" in done.stderr
    assert run_here("work", "run", str(tmp_path / "none"), "-o", str(tmp_path / "x")).returncode == 2
    missing = run_here("work", "run", str(path), "-o", str(tmp_path / "no" / "x"))
    assert missing.returncode == 2
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["there", "unit"]
