"""The folder of a study: claimed, held, gone on with after whatever happened, and published whole.

Work in progress lives in ``<folder>.unfinished``; the folder itself appears in one piece, by renaming, when
everything in it is there. So a folder that is there is finished, and a killed study loses nothing finished:
the same call goes on from what its work folder holds.
"""

from __future__ import annotations

import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from molmach.errors import Argument, SimulationError, SpecError
from molmach.files import DISK_ERRORS, hold, remove_leftovers, write_text

OUT = Argument("out")

_NOTE, _LOCK = "plan.json", "lock"

Result = TypeVar("Result")
Prepared = TypeVar("Prepared")

Identity = Mapping[str, Any]
"""What makes a study the same one, ``key`` (hexadecimal) among it; what JSON can hold."""


class Plan(ABC):
    """What is asked of a study: complete and checked before anything is started.

    A study's own plan, a frozen dataclass, says what is computed; this is what its folder asks of it.

    Attributes
    ----------
    noun
        What one such study is called.
    document
        The file that every finished folder of the kind has: the result as JSON.
    pieces
        Patterns of the files in a work folder that took time to compute; without one of them
        unfinished work holds nothing to lose.
    """

    noun: ClassVar[str]
    document: ClassVar[str]
    pieces: ClassVar[tuple[str, ...]]

    @property
    @abstractmethod
    def identity(self) -> Identity:
        """What another study must have in common with this one to be gone on with as this one."""

    @property
    @abstractmethod
    def default_place(self) -> Path:
        """Where the study is kept if nothing else is said, below the current folder."""

    def identity_of(self, document: Mapping[str, Any]) -> Identity:
        """The identity of a finished study, from its document; KeyError where it has none."""
        return {name: document[name] for name in self.identity}

    def objection(self, finished: Identity) -> tuple[str, ...]:
        """Why a finished study is not the answer, as parts of an error's text; empty where it is."""
        if finished == self.identity:
            return ()
        named = f"{_named(finished)}; this one is {_named(self.identity)}"
        return (f"holds another {self.noun} ({named}); choose another folder",)

    def folder(self, out: str | Path | None = None) -> StudyFolder:
        """The study's folder, at ``out`` or at its default place."""
        return StudyFolder(Path(out if out is not None else self.default_place).resolve(), self)


@dataclass(frozen=True)
class StudyFolder:
    """Where a study is kept.

    Attributes
    ----------
    place
        Of the finished study.
    plan
        What the folder is for.
    """

    place: Path
    plan: Plan

    @property
    def work(self) -> Path:
        """Where work in progress is kept."""
        return self.place.with_name(self.place.name + ".unfinished")

    def is_finished(self) -> bool:
        """Whether the finished study is there.

        Raises
        ------
        SpecError
            Something else is, or the place can't be read.
        """
        if not self._is_taken():
            return False
        try:
            document = json.loads((self.place / self.plan.document).read_text(encoding="utf-8"))
            finished = self.plan.identity_of(document)
        except PermissionError as error:
            raise self._unreadable(error) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SpecError(
                OUT,
                f" {self.place}: exists and is no finished {self.plan.noun} of molmach; ",
                "choose another folder",
            ) from error
        objection = self.plan.objection(finished)
        if objection:
            raise SpecError(OUT, f" {self.place}: ", *objection)
        return True

    def require_free(self) -> None:
        """Refuse a place where anything is, a finished study of the same plan among it.

        Raises
        ------
        SpecError
            The folder holds something, is a file, or can't be read.
        """
        if self._is_taken():
            raise SpecError(OUT, f" {self.place}: exists; expected a new or empty folder")

    def _is_taken(self) -> bool:
        """Whether something is in the place; refuses one that no folder can be renamed to."""
        try:
            taken = is_taken(self.place)
        except OSError as error:
            raise self._unreadable(error) from error
        if not taken and os.path.ismount(self.place):
            raise SpecError(
                OUT, f" {self.place}: is a mount point, which can't be replaced; expected a folder below it"
            )
        return taken

    def _unreadable(self, error: OSError) -> SpecError:
        return SpecError(OUT, f" {self.place}: can't be read ({error.strerror}); choose another folder")

    def result(
        self,
        read: Callable[[Path], Result],
        prepare: Callable[[], Prepared],
        make: Callable[[Path, Prepared], Result],
    ) -> Result:
        """The study's result, made only where it is not finished.

        Parameters
        ----------
        read
            Reads it from the finished folder.
        prepare
            Finds out what would keep the study from being done, before there is any trace of it on disk.
        make
            Carries the study out in the work folder, going on with what is there, and publishes it.

        Raises
        ------
        SpecError
            The folder can't be written or holds something else.
        SimulationError
            Another process is at the same study, or the disk is full.
        """
        if self.is_finished():
            self._tidy()
            return read(self.place)
        prepared = prepare()
        with self.held() as work:
            if not self.is_finished():
                self.claim()
                return make(work, prepared)
            self._remove_own_work()  # another process finished it meanwhile
        return read(self.place)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The finished folder, held to be written into, against a second process that would too.

        Raises
        ------
        SpecError, SimulationError
            As :meth:`held`.
        """
        with self.held():
            try:
                yield
            finally:
                self._remove_own_work()

    @contextmanager
    def held(self) -> Iterator[Path]:
        """The work folder, against a second process; the system lets go of it when this one ends, however.

        Raises
        ------
        SpecError
            The folder can't be written.
        SimulationError
            Another process holds it, or the disk failed.
        """
        try:
            self.work.mkdir(parents=True, exist_ok=True)
            lock = hold(self.work / _LOCK)
        except BlockingIOError as error:
            raise SimulationError(
                f"{self.work}: another molmach process is working on this {self.plan.noun}; wait for it or "
                "choose another ",
                OUT,
                " folder",
            ) from error
        except OSError as error:
            raise SpecError(
                f"{self.work}: can't be written ({error.strerror}); expected a writable ", OUT, " folder"
            ) from error
        with lock:
            try:
                yield self.work
            except OSError as error:
                if error.errno not in DISK_ERRORS:
                    raise
                raise SimulationError(
                    f"{self.work}: can't be written ({error.strerror}); what was finished is kept, and the "
                    "same command goes on from there when there is room"
                ) from error

    def claim(self) -> None:
        """Note in the held work folder what it is for, or check that it is for the same.

        Work of another study in which nothing was computed yet holds nothing to lose, and is taken over.

        Raises
        ------
        SpecError
            The folder holds another study's work, or what is not molmach's.
        """
        note = self.work / _NOTE
        wanted = dict(self.plan.identity)
        try:
            noted = json.loads(note.read_text(encoding="utf-8"))
            before: dict[str, Any] | None = {name: noted.get(name) for name in wanted}
        except FileNotFoundError:
            noted = before = None
        except (OSError, ValueError, AttributeError):
            noted, before = {}, {}
        if before == wanted:
            remove_leftovers(self.work)
            return
        others = [path for path in self.work.iterdir() if path.name != _LOCK]
        if noted is None and any(path.suffix != ".tmp" for path in others):
            raise SpecError(
                f"{self.work}: exists and is no unfinished {self.plan.noun} of molmach; remove it or choose "
                "another ",
                OUT,
                " folder",
            )
        if any(any(self.work.glob(pattern)) for pattern in self.plan.pieces):
            raise SpecError(
                f"{self.work}: holds another unfinished {self.plan.noun} ({_named(noted or {})}; this one is "
                f"{_named(wanted)}); remove it or choose another ",
                OUT,
                " folder",
            )
        for path in others:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        write_text(note, json.dumps(wanted))

    def publish(self, made: Path) -> None:
        """Let the finished study appear: a folder inside the held work folder, or the work folder itself.

        Raises
        ------
        SpecError
            Something was put in its place meanwhile; the work is kept.
        """
        if made == self.work:
            remove_leftovers(made)
        try:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            made.replace(self.place)
        except OSError as error:
            if error.errno in DISK_ERRORS:
                raise
            raise SpecError(
                OUT,
                f" {self.place}: can't be written ({error.strerror}); what was computed is kept in ",
                str(self.work),
            ) from error
        if made == self.work:
            (self.place / _LOCK).unlink(missing_ok=True)
        else:
            self.discard()

    def discard(self) -> None:
        """Remove the held work folder with all that is in it."""
        shutil.rmtree(self.work, ignore_errors=True)

    def _tidy(self) -> None:
        """Remove what a process that was killed after publishing had no time to, unless another is at it."""
        with suppress(OSError):
            (self.place / _LOCK).unlink(missing_ok=True)
            if self.work.is_dir() and self._is_own_work():
                with hold(self.work / _LOCK):
                    self._remove_own_work()

    def _remove_own_work(self) -> None:
        """Remove the held work folder, unless another study's work or something else is in it."""
        if self._is_own_work():
            self.discard()

    def _is_own_work(self) -> bool:
        """Whether the work folder is noted to be for this study, or holds a lock at most."""
        try:
            noted = json.loads((self.work / _NOTE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return all(path.name == _LOCK for path in self.work.iterdir())
        except (OSError, ValueError):
            return False
        return bool(noted == dict(self.plan.identity))


def is_taken(folder: Path) -> bool:
    """Whether there is something in a folder, or a file in its place."""
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


def fresh(folder: Path) -> Path:
    """A folder, emptied of what a killed process left there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _named(identity: Identity) -> str:
    """An identity in words, keys by their first twelve characters."""
    known = {name: value for name, value in identity.items() if value is not None}
    parts = (f"{name} {str(value)[:12] if name == 'key' else value}" for name, value in known.items())
    return ", ".join(parts) or "key unknown"
