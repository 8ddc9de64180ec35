"""Jobs: submitted once, followed, stopped and gone on with, whatever becomes of who asked for them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from molmach.errors import ServingError
from molmach.server.costs import simulation_seconds
from molmach.server.jobs import Jobs, Limits
from molmach.server.root import Root
from molmach.server.tools import Tools
from molmach.spec import load
from tests.helpers.waiting import wait_until

LONG = [
    "simulate",
    "phenylene-control",
    "--duration",
    "900000 ps",
    "--replicas",
    "2",
    "--workers",
    "1",
    "--json",
]


def _jobs(folder: Path, limits: Limits | None = None) -> Jobs:
    return Jobs(Root(folder), limits or Limits())


def test_a_short_job_is_done_and_its_document_handed_out(tmp_path: Path) -> None:
    jobs = _jobs(tmp_path / "root")
    job = jobs.submit("systems", ["systems", "--json"], "runs/none", None)
    wait_until(lambda: jobs.state(job) != "running", "the job ends")
    assert jobs.state(job) == "finished"
    assert len(jobs.document(job)["systems"]) > 10
    assert jobs.seconds(job) > 0.0
    again = _jobs(tmp_path / "root")
    assert again.submit("systems", ["systems", "--json"], "runs/none", None) == job
    assert again.describe(job)["state"] == "finished"
    with pytest.raises(ServingError, match="it is finished"):
        again.resume(job.id)


def test_a_job_that_fails_says_why(tmp_path: Path) -> None:
    jobs = _jobs(tmp_path / "root")
    job = jobs.submit("build", ["build", "no-such-machine", "--json"], "builds/none", None)
    wait_until(lambda: jobs.state(job) != "running", "the job ends")
    known = jobs.describe(job)
    assert (known["state"], known["exit_code"]) == ("failed", 2)
    assert "neither a machine of the library nor a file" in known["message"]
    with pytest.raises(ServingError, match="has no result: molmach: no-such-machine"):
        jobs.document(job)


def test_what_costs_too_much_is_refused_before_it_starts(tmp_path: Path) -> None:
    root = Root(tmp_path / "root")
    tools = Tools(root, Jobs(root, Limits(per_job=60.0)))
    with pytest.raises(ServingError, match=r"about \d+ core seconds, and 60 are left"):
        tools.simulate("difluorophenylene-rotor", replicas=64, duration="100000 ps")
    nothing = _jobs(tmp_path / "root", Limits(in_all=0.0))
    with pytest.raises(ServingError, match="all 0 core seconds of this server are spent"):
        nothing.submit("systems", ["systems", "--json"], "runs/none", None)
    assert not (root.folder / "jobs").exists()


def test_the_estimate_grows_with_what_is_asked() -> None:
    small = load("difluorophenylene-rotor")
    longer = load("difluorophenylene-rotor", ["protocol.duration=2000 ps"])
    one, ten = simulation_seconds(small, 3), simulation_seconds(longer, 3)
    assert one is not None
    assert ten is not None
    assert one < ten < 10.0 * one
    assert simulation_seconds(load("catenane-motor"), 3) is None


def test_unknown_jobs_are_refused(tmp_path: Path) -> None:
    jobs = _jobs(tmp_path / "root")
    for name in ("none", "../none", ""):
        with pytest.raises(ServingError):
            jobs.get(name)


@pytest.mark.slow
def test_a_job_outlives_its_server_and_is_stopped_and_gone_on_with(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from molmach.server.root import Root; "
        "from molmach.server.jobs import Jobs, Limits; "
        "print(Jobs(Root(Path(sys.argv[1])), Limits()).submit('simulate', sys.argv[2:], 'runs/x', None).id)"
    )
    out = ["-o", str(tmp_path / "root" / "runs" / "x")]
    server = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "root"), *LONG, *out],
        capture_output=True,
        text=True,
        check=True,
    )
    jobs = _jobs(tmp_path / "root", Limits(per_job=100_000.0))
    job = jobs.get(server.stdout.strip())
    assert jobs.state(job) == "running"
    with pytest.raises(ServingError, match="1 may at once"):
        jobs.submit("systems", ["systems", "--json"], "runs/y", None)
    assert jobs.cancel(job.id) == "stopped"
    jobs.resume(job.id)
    assert jobs.state(job) == "running"
    jobs.cancel(job.id)


@pytest.mark.slow
def test_a_job_ends_at_its_limit_and_when_its_watcher_is_killed(tmp_path: Path) -> None:
    jobs = _jobs(tmp_path / "root", Limits(per_job=2.0))
    job = jobs.submit("simulate", [*LONG, "-o", str(tmp_path / "root" / "runs" / "x")], "runs/x", None)
    wait_until(lambda: jobs.state(job) != "running", "the limit is reached")
    assert jobs.state(job) == "over the limit"
    with pytest.raises(ServingError, match="core seconds of this job are spent"):
        jobs.resume(job.id)
    jobs = _jobs(tmp_path / "root", Limits(per_job=100.0))
    jobs.resume(job.id)
    watcher = jobs._watchers[job.id]
    settings = json.loads((tmp_path / "root" / "jobs" / job.id / "settings.json").read_text(encoding="utf-8"))
    assert 90.0 < settings["seconds"] < 99.0
    os.kill(watcher.pid, signal.SIGKILL)
    watcher.wait()
    assert jobs.state(job) == "running"  # the command goes on and holds the job's lock
    assert jobs.cancel(job.id) == "interrupted"
