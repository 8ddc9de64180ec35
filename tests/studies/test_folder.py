"""A study's folder: killed at any moment it goes on, and it holds nothing but what it is for."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from molmach import files
from molmach.cli.options import OPTIONS
from molmach.errors import MolmachError, SimulationError, SpecError
from molmach.studies import folder
from molmach.studies.folder import fresh


@dataclass(frozen=True)
class Plan(folder.Plan):
    """A study of numbers, each of which takes its time."""

    key: str = "a" * 64
    numbers: int = 4
    whole: bool = False

    noun = "count"
    document = "count.json"
    pieces = ("pieces/*.json",)

    @property
    def identity(self) -> folder.Identity:
        return {"key": self.key}

    @property
    def default_place(self) -> Path:
        return Path("runs") / self.key[:12]


STAGES = ("claimed", "piece 2", "half a piece", "half a result", "published")


def count(plan: Plan, out: Path, killed_at: str = "") -> tuple[list[int], int]:
    """The numbers, and how many of them were computed now; kills itself at a stage."""
    made = 0
    place = plan.folder(out)

    def reach(stage: str) -> None:
        if stage == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def read(directory: Path) -> tuple[list[int], int]:
        return json.loads((directory / plan.document).read_text())["numbers"], 0

    def make(work: Path, _: None) -> tuple[list[int], int]:
        nonlocal made
        reach("claimed")
        pieces = work / "pieces"
        pieces.mkdir(exist_ok=True)
        for number in range(plan.numbers):
            path = pieces / f"{number}.json"
            if not path.exists():
                with files.whole_file(path) as temporary:
                    temporary.write_text("[")
                    if number == 2:
                        reach("half a piece")
                    temporary.write_text(str(number**2))
                made += 1
            reach(f"piece {number}")
        numbers = [json.loads((pieces / f"{number}.json").read_text()) for number in range(plan.numbers)]
        result = work if plan.whole else fresh(work / "result")
        (result / "other.txt").write_text("other")
        reach("half a result")
        files.write_json(result / plan.document, {"key": plan.key, "numbers": numbers})
        if killed_at == "published":
            result.replace(place.place)  # what publishing begins with
        reach("published")
        place.publish(result)
        return numbers, made

    return place.result(read, lambda: None, make)


def _child(code: str, *arguments: object) -> subprocess.Popen[str]:
    script = f"import sys; from pathlib import Path; from tests.studies.test_folder import *; {code}"
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("whole", [False, True], ids=["a part is published", "the work itself is"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_study_killed_at_any_stage_goes_on_with_what_it_had(
    stage: str, whole: bool, tmp_path: Path
) -> None:
    out = tmp_path / "count"
    child = _child(
        "count(Plan(whole=sys.argv[3] == 'True'), Path(sys.argv[1]), sys.argv[2])", out, stage, whole
    )
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert out.exists() == (stage == "published")
    kept = len(list((tmp_path / "count.unfinished").glob("pieces/*.json")))
    numbers, made = count(Plan(whole=whole), out)
    assert numbers == [0, 1, 4, 9]
    assert made == {"claimed": 4, "piece 2": 1, "half a piece": 2, "half a result": 0, "published": 0}[stage]
    assert made == 0 or made == 4 - kept
    assert not list(tmp_path.rglob("*.tmp"))
    assert not (tmp_path / "count.unfinished").exists()
    assert sorted(path.name for path in out.iterdir() if path.name not in ("pieces", "plan.json")) == [
        "count.json",
        "other.txt",
    ]
    assert count(Plan(), out) == ([0, 1, 4, 9], 0)


@contextmanager
def _holder(out: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a study's work folder until it is killed."""
    code = "held = Plan().folder(sys.argv[1]).held(); held.__enter__(); print('held', flush=True); input()"
    child = _child(code, out)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def test_two_processes_do_not_share_a_study_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    out = tmp_path / "count"
    with (
        _holder(out),
        pytest.raises(SimulationError, match="another molmach process is working on this count"),
    ):
        count(Plan(), out)
    assert count(Plan(), out) == ([0, 1, 4, 9], 4)


def test_what_another_process_finished_meanwhile_is_read(tmp_path: Path) -> None:
    place = Plan().folder(tmp_path / "count")

    def prepare() -> None:
        count(Plan(), place.place)

    def make(work: Path, _: None) -> str:
        raise AssertionError("it is finished")

    assert place.result(lambda directory: directory.name, prepare, make) == "count"
    assert not place.work.exists()


@pytest.mark.parametrize("left", [{"thesis.txt": "two years"}, {"plan.json": json.dumps({"key": "b" * 64})}])
def test_a_finished_study_removes_no_work_but_its_own(left: Mapping[str, str], tmp_path: Path) -> None:
    place = Plan().folder(tmp_path / "count")
    count(Plan(), place.place)
    place.work.mkdir()
    for name, text in left.items():
        (place.work / name).write_text(text)
    assert count(Plan(), place.place) == ([0, 1, 4, 9], 0)
    with place.writing():
        pass
    assert {name: (place.work / name).read_text() for name in left} == left


def test_a_finished_study_is_read_while_another_process_holds_it_and_written_by_one(tmp_path: Path) -> None:
    place = Plan().folder(tmp_path / "count")
    count(Plan(), place.place)
    with _holder(place.place):
        assert count(Plan(), place.place) == ([0, 1, 4, 9], 0)
        assert place.work.exists()
        with pytest.raises(SimulationError, match="another molmach process is working"), place.writing():
            raise AssertionError("it is held")
    with place.writing():
        (place.place / "more.txt").write_text("more")
    assert not place.work.exists()


def _begun(plan: Plan, out: Path) -> Path:
    """Unfinished work with one piece in it."""
    place = plan.folder(out)
    with place.held() as work:
        place.claim()
        (work / "pieces").mkdir()
        (work / "pieces" / "0.json").write_text("0")
    return work


def test_anothers_unfinished_pieces_are_kept_and_both_are_named(tmp_path: Path) -> None:
    work = _begun(Plan("b" * 64), tmp_path / "count")
    with pytest.raises(SpecError) as caught:
        count(Plan(), tmp_path / "count")
    assert str(caught.value) == (
        f"{work}: holds another unfinished count (key bbbbbbbbbbbb; this one is key aaaaaaaaaaaa); "
        "remove it or choose another out folder"
    )
    assert caught.value.worded(OPTIONS).endswith("choose another -o folder")
    assert (work / "pieces" / "0.json").read_text() == "0"
    assert count(Plan("b" * 64, numbers=1), tmp_path / "count") == ([0], 0)


def test_work_that_holds_nothing_to_lose_is_taken_over(tmp_path: Path) -> None:
    work = _begun(Plan("b" * 64), tmp_path / "count")
    (work / "pieces" / "0.json").unlink()
    (work / "task.json").write_text("of another")
    assert count(Plan(), tmp_path / "count") == ([0, 1, 4, 9], 4)


@pytest.mark.parametrize("note", ["", "[1", "3", "null"])
def test_a_damaged_note_is_no_reason_to_throw_pieces_away(note: str, tmp_path: Path) -> None:
    work = _begun(Plan(), tmp_path / "count")
    (work / "plan.json").write_text(note)
    with pytest.raises(SpecError, match="another unfinished count"):
        count(Plan(), tmp_path / "count")
    assert (work / "pieces" / "0.json").exists()


def test_a_persons_own_files_are_not_taken_for_work(tmp_path: Path) -> None:
    mine = tmp_path / "count.unfinished"
    mine.mkdir()
    (mine / "thesis.txt").write_text("two years")
    with pytest.raises(SpecError, match="is no unfinished count of molmach; remove it or choose another"):
        count(Plan(), tmp_path / "count")
    assert (mine / "thesis.txt").read_text() == "two years"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"count.json": '{"key": "bbbb"}'}, "holds another count (key bbbb; this one is key aaaaaaaaaaaa)"),
        ({"count.json": '{"name": "x"}'}, "exists and is no finished count of molmach"),
        ({"count.json": "[1, 2]"}, "exists and is no finished count of molmach"),
        ({"count.json": "{"}, "exists and is no finished count of molmach"),
        ({"notes.txt": ""}, "exists and is no finished count of molmach"),
    ],
)
def test_a_folder_with_something_else_is_refused_and_left(
    content: Mapping[str, str], message: str, tmp_path: Path
) -> None:
    out = tmp_path / "count"
    out.mkdir()
    for name, text in content.items():
        (out / name).write_text(text)
    with pytest.raises(SpecError) as caught:
        count(Plan(), out)
    assert str(caught.value).startswith(f"out {out}: {message}")
    assert str(caught.value).endswith("choose another folder")
    assert {path.name: path.read_text() for path in out.iterdir()} == content
    assert not out.with_name("count.unfinished").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "count"
    out.write_text("a file")
    with pytest.raises(SpecError, match="exists and is no finished count of molmach"):
        count(Plan(), out)
    assert out.read_text() == "a file"
    with pytest.raises(SpecError, match="can't be written") as caught:
        count(Plan(), out / "below")
    assert "expected a writable -o folder" in caught.value.worded(OPTIONS)


@pytest.mark.parametrize("place", ["/proc/nowhere/count", f"/tmp/{'x' * 300}"])
def test_a_place_that_cannot_be_written_is_one_message(place: str) -> None:
    with pytest.raises(SpecError, match=r"can't be (written|read) \("):
        count(Plan(), Path(place))


def test_a_mount_point_is_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "count"
    out.mkdir()
    monkeypatch.setattr("os.path.ismount", lambda path: Path(path) == out)
    with pytest.raises(SpecError, match=r"is a mount point, .*; expected a folder below it"):
        count(Plan(), out)
    assert not out.with_name("count.unfinished").exists()


def test_an_empty_folder_gives_way(tmp_path: Path) -> None:
    (tmp_path / "count").mkdir()
    assert count(Plan(), tmp_path / "count") == ([0, 1, 4, 9], 4)


def test_what_was_put_in_its_place_meanwhile_stays_and_so_does_the_work(tmp_path: Path) -> None:
    place = Plan().folder(tmp_path / "count")
    with place.held() as work:
        place.claim()
        made = fresh(work / "result")
        place.place.mkdir()
        (place.place / "notes.txt").write_text("mine")
        with pytest.raises(SpecError, match="what was computed is kept in"):
            place.publish(made)
    assert made.is_dir()
    assert (place.place / "notes.txt").read_text() == "mine"


def test_a_full_disk_is_one_message_and_nothing_finished_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, document: Mapping[str, Any]) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(files, "write_json", full)
        with pytest.raises(MolmachError) as caught:
            count(Plan(), tmp_path / "count")
    assert "No space left on device" in str(caught.value)
    assert "goes on from there" in str(caught.value)
    assert count(Plan(), tmp_path / "count") == ([0, 1, 4, 9], 0)


def _write_and_fail(path: Path) -> None:
    path.write_text("ne")
    path.with_name("gone").read_text()


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(FileNotFoundError, match="gone"), files.whole_file(path) as temporary:
        _write_and_fail(temporary)
    assert [item.name for item in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def test_a_folder_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"), files.whole_folder(tmp_path / "a") as temporary:
        _write_and_fail(temporary / "b")
    assert not list(tmp_path.iterdir())
    with files.whole_folder(tmp_path / "a") as temporary:
        (temporary / "b").write_text("b")
    assert (tmp_path / "a" / "b").read_text() == "b"
    with pytest.raises(OSError), files.whole_folder(tmp_path / "a"):  # noqa: PT011 - the system's own number
        pass
    assert (tmp_path / "a" / "b").read_text() == "b"


def test_half_written_folders_are_removed_with_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "pieces" / ".a.7.tmp" / "b.8.tmp").mkdir(parents=True)
    (tmp_path / "pieces" / ".a.7.tmp" / "c.npz").write_text("half")
    (tmp_path / "d.json.9.tmp").write_text("{")
    (tmp_path / "pieces" / "e.npz").write_text("whole")
    files.remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["e.npz"]
    assert not list(tmp_path.rglob("*.tmp"))
