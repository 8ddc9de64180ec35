"""Shared fixtures: small real machines, and conditions run in this process."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from hypothesis import HealthCheck, settings

from molmach import engine
from molmach.building import Assembly
from molmach.data import Series
from molmach.engine import Choice
from molmach.engine.batch import run_batch
from molmach.spec import Drive, Protocol, Spec, load
from tests.helpers.browser import Browser
from tests.helpers.machines import BATCHED, ROTOR, built

settings.register_profile(
    "molmach", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("molmach")  # no example is too slow: how long one takes is the machine's business


_compiling = pytest.StashKey[subprocess.Popen[bytes]]()
_LOCK = "MOLMACH_TESTS_KERNELS"
"""Names to the workers the file that is locked while kernels are compiled."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the kernels once where several processes are about to run tests, each of which would do so.

    It goes on beside the tests that need none, with which the suite begins. Every process computes with one
    thread: where each has as many as there are cores, they wait for each other.
    """
    starts_others = getattr(session.config.option, "numprocesses", None) and not hasattr(
        session.config, "workerinput"
    )
    if starts_others and not session.config.option.collectonly:
        for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(threads, "1")
        with NamedTemporaryFile(delete=False) as lock:  # closed here, but not in the process that inherits it
            fcntl.flock(lock, fcntl.LOCK_EX)
            session.config.stash[_compiling] = subprocess.Popen(
                [sys.executable, "-m", "tests.helpers.kernels"],
                cwd=session.config.rootpath,
                pass_fds=[lock.fileno()],
            )
        os.environ[_LOCK] = lock.name


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave neither process nor file behind."""
    if _compiling in session.config.stash:
        session.config.stash[_compiling].wait()
        Path(os.environ[_LOCK]).unlink()


@pytest.fixture(scope="session")
def kernels() -> None:
    """The kernels of MMFF94 are on disk, or nobody is about to put them there."""
    if _LOCK in os.environ:
        with Path(os.environ[_LOCK]).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)


@pytest.fixture(scope="session")
def rotor_spec() -> Spec:
    """The difluorophenylene rotor in its rotating field."""
    return load(ROTOR)


@pytest.fixture(scope="session")
def rotor() -> Assembly:
    """The difluorophenylene rotor, built."""
    return built(ROTOR)


@pytest.fixture
def run_series(tmp_path: Path, kernels: None) -> Callable[..., Series]:
    """Runs a machine under a drive in this process, with the batched engine unless told otherwise."""

    def run(
        assembly: Assembly, drive: Drive, protocol: Protocol, label: int = 0, choice: Choice = BATCHED
    ) -> Series:
        condition = engine.prepare(f"condition-{label}", label, assembly, drive, protocol)
        directory = tmp_path / condition.name
        for batch in range(len(engine.write_task([condition], choice, directory).batches)):
            assert run_batch(directory, batch)
        return engine.collect(directory, protocol.sampling)[0].series

    return run


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Headless Chromium."""
    running = Browser(tmp_path_factory.mktemp("browser"))
    yield running
    running.close()
