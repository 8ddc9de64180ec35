"""Executors: the how-to's pool of processes keeps the rules and carries out a campaign; names that are none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from molmach.cli.main import app
from molmach.cli.options import OPTIONS
from molmach.errors import CampaignError, SpecError
from molmach.search.loop.executors import executor_class
from molmach.search.record.ledger import reading
from molmach.search.running import run_campaign
from molmach.spec.campaign import load_campaign
from molmach.testing import check_executor
from tests.helpers.documents import ROOT, blocks

HOW_TO = ROOT / "docs" / "how-to"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pool of processes, and an evaluation and a campaign that take milliseconds, all from the how-tos."""
    folder = tmp_path_factory.mktemp("pool")
    for page in ("add-an-executor.md", "add-an-evaluation.md"):
        for block in blocks(HOW_TO / page):
            if block.file is not None:
                (folder / block.file).write_text(block.text, encoding="utf-8")
    return folder


def test_a_pool_of_processes_keeps_the_rules(folder: Path) -> None:
    pool = executor_class("pool.py:Pool", folder)
    check_executor(lambda evaluation: pool(evaluation, cores=2))  # type: ignore[call-arg]


def test_a_campaign_runs_on_a_pool_of_processes(folder: Path) -> None:
    """The same machines have the same values as one after the other in this process."""
    campaign = load_campaign(folder / "by-theory.yaml", ["agents=[random]", "budget.evaluations=30"])
    documents = [
        run_campaign(
            campaign, folder / name, source=folder, executor=use, cores=cores, store=folder / f"{name}.sqlite"
        )
        for name, use, cores in (("pooled", "pool.py:Pool", 2), ("alone", "local", None))
    ]
    pooled, alone = documents
    assert pooled["state"] == alone["state"] == "finished"
    assert (pooled["evaluations"], pooled["failed"], pooled["lost"]) == ((5**2 + 5) // 2, 0, 0)
    assert "lost" not in pooled["events"]
    best = [[(row["machine"], row["objectives"]) for row in document["best"][:5]] for document in documents]
    assert best[0] == best[1]


def test_the_command_looks_for_an_executor_in_the_working_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the campaign file lies does not matter; the record names the file without its folder."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "mine.py").write_text(
        "from molmach.search.loop.executors import LocalExecutor\n\n\nclass Mine(LocalExecutor):\n    pass\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(here)
    done = CliRunner().invoke(
        app,
        ["campaign", "run", str(folder / "by-theory.yaml"), "-o", str(tmp_path / "out"), "--json",
         "--executor", "mine.py:Mine", "--set", "agents=[random]", "--set", "budget.evaluations=3"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    with reading(tmp_path / "out") as ledger:
        assert [session["executor"] for session in ledger.sessions()] == ["mine.py:Mine"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Ray's workers are looked after in /proc")
def test_the_ray_executor_keeps_the_rules() -> None:
    ray = pytest.importorskip("ray")
    from molmach.search.loop.executors.ray import RayExecutor, connect

    connect(None, 2)
    try:
        check_executor(RayExecutor)
    finally:
        ray.shutdown()


@pytest.mark.parametrize(
    ("use", "words"),
    [
        ("loca", "executor: got 'loca'; did you mean 'local'.*accepted: local, ray"),
        ("none.py:Pool", "there is no file"),
        ("theory.py:Theory", "is no molmach.search.Executor"),
    ],
)
def test_what_is_no_executor_is_refused(folder: Path, use: str, words: str) -> None:
    with pytest.raises(SpecError, match=words) as caught:
        executor_class(use, folder)
    assert caught.value.worded(OPTIONS).startswith("--executor: ")


@pytest.mark.parametrize("options", [{"cores": 2}, {"address": "auto"}])
def test_an_executor_that_takes_no_cores_is_given_none(
    folder: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    campaign = load_campaign(folder / "by-theory.yaml")
    with pytest.raises(SpecError, match="LocalExecutor takes none") as caught:
        run_campaign(campaign, tmp_path / "out", source=folder, executor="local", **options)
    assert caught.value.worded(OPTIONS).startswith(f"--{next(iter(options))} ")
    assert not (tmp_path / "out").exists()


def test_a_campaign_in_a_place_that_cant_be_written_says_so(folder: Path) -> None:
    """Nothing was finished before there, so nothing is kept."""
    campaign = load_campaign(folder / "by-theory.yaml", ["agents=[random]"])
    with pytest.raises(SpecError, match="expected a writable out folder"):
        run_campaign(campaign, folder / "pool.py" / "out", source=folder, executor="local")
    with pytest.raises(SpecError, match=r"can't be read .*too long"):
        run_campaign(campaign, folder / ("a" * 300), source=folder, executor="local")


BROKEN = {
    "loses": ("def wait(self, seconds): self._tasks.clear(); return []", "in_hand is 0 where 1 tasks"),
    "twice": (
        "def wait(self, seconds): return 2 * super().wait(seconds)",
        "wait gave .*each task's result once",
    ),
    "nothing": ("def wait(self, seconds): return None", "wait gave 'None'; expected a list of results"),
    "raises": ("def wait(self, seconds): raise OSError('queue gone')", "wait failed: OSError: queue gone"),
    "full": ("def submit(self, task): raise OSError('queue full')", "submit failed: OSError: queue full"),
    "no_slots": ("slots = 0", "slots is '0'; expected one or more"),
    "unstarted": (
        "@classmethod\n    def start(cls, *_): raise OSError('no batch system')",
        "start failed: OSError: no batch system",
    ),
    "no_start": ("@classmethod\n    def start(cls, *_): return None", "start gave 'None'; expected an exec"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_an_executor_that_breaks_its_promises_is_named(folder: Path, tmp_path: Path, kind: str) -> None:
    """What it gave back before is kept."""
    body, words = BROKEN[kind]
    (tmp_path / "mine.py").write_text(
        "from molmach.search.loop.executors import LocalExecutor\n\n\n"
        f"class Mine(LocalExecutor):\n    {body}\n",
        encoding="utf-8",
    )
    campaign = load_campaign(folder / "by-theory.yaml", ["agents=[random]", "budget.evaluations=3"])
    with pytest.raises(CampaignError, match=f"^executor Mine: {words}"):
        run_campaign(campaign, tmp_path / "out", source=folder, executor=str(tmp_path / "mine.py:Mine"))
    with reading(tmp_path / "out") as ledger:
        assert len(list(ledger.findings())) == (kind == "twice")
