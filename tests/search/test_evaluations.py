"""Evaluations that are no molecular dynamics: the how-to's exact theory goes through a whole campaign."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from molmach.cli.campaign_view import print_document
from molmach.cli.main import app
from molmach.data.quantity import Quantity, named
from molmach.errors import CampaignError, SpecError
from molmach.search.loop.checking import check
from molmach.search.loop.evaluations import base, evaluation_of
from molmach.search.loop.quantities import Expression
from molmach.search.record.ledger import reading
from molmach.search.record.trial import CONFIRMATION
from molmach.search.running import run_campaign
from molmach.search.space.space import Space
from molmach.search.summary import summary
from molmach.spec import Campaign
from molmach.spec.campaign import load_campaign, loads_campaign
from tests.helpers.documents import ROOT, blocks

PAGE = ROOT / "docs" / "how-to" / "add-an-evaluation.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the how-to tells a reader to write."""
    folder = tmp_path_factory.mktemp("theory")
    for block in blocks(PAGE):
        if block.file in ("theory.py", "by-theory.yaml"):
            (folder / block.file).write_text(block.text, encoding="utf-8")
    return folder


MACHINES = (5**2 + 5) // 2
"""Of five substituents at two sites that the other end of the axle exchanges."""


def command(*words: object) -> Any:
    """The JSON document of a command, or its output."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in words else done.output


def test_an_exact_theory_goes_through_a_campaign(folder: Path) -> None:
    """Run, resumed with more budget, reported and exported; the numbers are the theory's own."""
    out = folder / "campaign"
    run = ("campaign", "run", folder / "by-theory.yaml", "-o", out, "--executor", "local", "--json")
    document = command(*run)
    assert (document["state"], document["failed"], document["confirmations"]) == ("finished", 0, 0)
    assert document["evaluations"] == 12
    best = document["best"][0]["objectives"][0]
    assert best["error"] == 0.0
    assert best["ci95"] == [best["value"], best["value"]]
    more = command(
        "campaign", "resume", out, "--set", "budget.evaluations=30", "--executor", "local", "--json"
    )  # fmt: skip
    assert more["resumed"]
    assert (
        more["evaluations"] == more["agents"]["bayesian"]["evaluated"] + more["agents"]["random"]["evaluated"]
    )
    assert more["evaluations"] == MACHINES  # each once
    assert more["best"][0]["objectives"][0]["value"] >= best["value"]
    page = Path(command("campaign", "report", out, "--json")["report"]).read_text(encoding="utf-8")
    assert "velocity - 10 * slip" in page
    command("campaign", "export", out, "-o", out / "table.csv")
    with (out / "table.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == MACHINES
    assert all(float(row["value"]) == float(row["low"]) == float(row["high"]) for row in rows)


def _keys(campaign: Path) -> set[str]:
    with reading(campaign) as ledger:
        return {finding.key for finding in ledger.findings()}


def test_the_cache_holds_its_results_too(folder: Path) -> None:
    again = command(
        "campaign", "run", folder / "by-theory.yaml", "-o", folder / "again", "--executor", "local", "--json"
    )  # fmt: skip
    known, asked = (_keys(folder / name) for name in ("campaign", "again"))
    assert again["evaluations"] == len(asked) == 12
    assert again["reused"] == len(asked & known) > 0


def changed(folder: Path, **sections: Any) -> Campaign:
    """The how-to's campaign with other sections."""
    content = yaml.safe_load((folder / "by-theory.yaml").read_text(encoding="utf-8"))
    return loads_campaign({**content, **sections}, "changed", folder)


def test_what_it_cannot_take_is_said_before_anything_starts(folder: Path) -> None:
    with pytest.raises(SpecError, match="expected an expression of velocity, slip"):
        check(changed(folder, objectives={"maximise": "diffusion"}), folder)
    with pytest.raises(SpecError, match="theory under drive none"):
        check(changed(folder, drive={"kind": "none"}), folder)
    with pytest.raises(SpecError, match=r"racing\.rungs: are of dynamics"):
        check(changed(folder, racing={"rungs": [{"replicas": 16, "duration": "25 ps"}]}), folder)
    with pytest.raises(SpecError, match=r"evaluation\.use: got 'dynamic'; did you mean 'dynamics'"):
        check(changed(folder, evaluation={"use": "dynamic"}), folder)
    with pytest.raises(SpecError, match=r"evaluation\.rungs: dynamics takes none"):
        check(
            changed(
                folder,
                evaluation={"rungs": [{}]},
                racing={"rungs": [{"replicas": 16, "duration": "25 ps"}]},
            ),
            folder,
        )


CONFIRMING = """
from pathlib import Path
from molmach.search import CONFIRMATION, Result, Task
from molmach.search.plugins import load

Theory = load("theory.py:Theory", "", "", Path(__file__).parent)


class Own(Theory):
    def effort(self, rung):
        return "solved again" if rung == CONFIRMATION else "solved"

    def task(self, candidate, rung):
        options = {"friction": 2.0, "rung": rung}
        key = self.key(candidate.spec, rung)
        return Task(key, candidate.key, rung, candidate.spec, self.use, options=options)

    @staticmethod
    def run(task):
        result = Theory.run(task)
        if task.rung != CONFIRMATION:
            return result
        return Result(task.key, result.samples, controls=CONTROLS)
"""


@pytest.mark.parametrize(
    ("controls", "verified", "words"),
    [
        ({}, True, "Run again, it gave its numbers a second time."),
        ({"verified": True, "sentence": "A second solver agrees."}, True, "A second solver agrees."),
        ({"verified": False, "sentence": "It differs.", "solver": {"order": 4}}, False, "It differs"),
    ],
)
def test_an_evaluation_of_ones_own_confirms_in_its_own_words(
    folder: Path, tmp_path: Path, controls: dict[str, Any], verified: bool, words: str
) -> None:
    """Without molecular dynamics, verdict or rungs a campaign ends with a page that says what was done."""
    (folder / "confirming.py").write_text(f"CONTROLS = {controls!r}\n{CONFIRMING}", encoding="utf-8")
    campaign = changed(
        folder, evaluation={"use": "confirming.py:Own"}, confirmation={"machines": 1}, agents=["random"],
        budget={"evaluations": 3},
    )  # fmt: skip
    document = run_campaign(campaign, tmp_path / "out", source=folder, executor="local")
    again = document["best"][0 if verified else -1]["confirmed"]
    assert document["confirmations"] == 1
    assert again["verified"] is verified
    assert again["controls"] == controls
    page = Path(document["report"]).read_text(encoding="utf-8")
    assert "confirmation: solved again" in page
    assert "rung 1: solved" in page
    assert "mirror image" not in page
    assert not verified or words in page
    with reading(tmp_path / "out") as ledger:
        (judgement,) = summary(ledger, campaign, tmp_path / "out").judgements.values()
    assert (judgement.verified, judgement.sentence) == (verified, words)


@pytest.mark.parametrize("answer", ["None", "Result('of another task')"])
def test_what_is_no_result_of_the_task_is_a_failure(
    answer: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "theory.py").read_text(encoding="utf-8")
    (tmp_path / "theory.py").write_text(f"{text}\n    run = staticmethod(lambda task: {answer})\n", "utf-8")
    campaign = changed(folder, agents=["random"], budget={"evaluations": 3})
    document = run_campaign(campaign, tmp_path / "out", source=tmp_path, executor="local")
    assert (document["evaluations"], document["failed"], document["lost"]) == (3, 3, 0)
    assert sum(row["times"] for row in document["failures"]) == 3
    print_document(document)
    assert "expected a Result with the task's key" in capsys.readouterr().out
    with reading(tmp_path / "out") as ledger:
        assert all("expected a Result with the task's key" in f.reason for f in ledger.findings())


def test_an_evaluation_says_itself_where_its_rungs_stand(folder: Path) -> None:
    """A stranger's simulation takes those of ``racing``, and refuses what it can't do."""
    (folder / "md.py").write_text(
        "from pathlib import Path\n"
        "from molmach.errors import CampaignError, SpecError\n"
        "from molmach.search.plugins import load\n\n"
        "Theory = load('theory.py:Theory', '', '', Path(__file__).parent)\n\n\n"
        "class Own(Theory):\n"
        "    def check_rungs(self):\n"
        "        if any(rung.replicas > 32 for rung in self.campaign.racing.rungs):\n"
        "            raise SpecError('racing.rungs: more than 32 replicas')\n",
        encoding="utf-8",
    )
    for replicas in (16, 64):
        rungs = [{"replicas": 8, "duration": "25 ps"}, {"replicas": replicas, "duration": "25 ps"}]
        campaign = changed(folder, evaluation={"use": "md.py:Own"}, racing={"rungs": rungs})
        if replicas > 32:
            with pytest.raises(SpecError, match="more than 32 replicas"):
                check(campaign, folder)
        else:
            check(campaign, folder)
            assert evaluation_of(campaign, folder).rungs == 2


def test_a_key_depends_on_what_the_numbers_depend_on(folder: Path) -> None:
    campaigns = [
        changed(folder, evaluation={"use": "theory.py:Theory", "options": o}) for o in ({}, {"friction": 5.0})
    ]
    space = Space(campaigns[0])
    machines = [space.resolve(design) for design in list(space.enumerate())[:3]]
    tasks = [evaluation_of(c, folder).task(machine, 0) for c in campaigns for machine in machines]
    assert len({task.key for task in tasks if task}) == 6
    assert evaluation_of(campaigns[0], folder).task(machines[0], CONFIRMATION) is None


def key_of(use: str, folder: Path) -> str:
    """Key of one machine's task under an evaluation in a file."""
    campaign = changed(folder, evaluation={"use": use})
    space = Space(campaign)
    task = evaluation_of(campaign, folder).task(space.resolve(next(iter(space.enumerate()))), 0)
    assert task is not None
    return task.key


def test_a_key_depends_on_the_code_of_the_evaluation(folder: Path) -> None:
    """On a file's content, wherever it lies; a file of the same name elsewhere is another evaluation."""
    text = (folder / "theory.py").read_text(encoding="utf-8")
    for name, content in (("same", text), ("other", text.replace("1.0 - turns", "2.0 - turns"))):
        (folder / name).mkdir()
        (folder / name / "theory.py").write_text(content, encoding="utf-8")
    first = key_of("theory.py:Theory", folder)
    assert key_of("same/theory.py:Theory", folder) == first
    assert key_of("other/theory.py:Theory", folder) != first
    (folder / "same" / "theory.py").write_text(f"{text}\n# changed\n", encoding="utf-8")
    assert key_of("same/theory.py:Theory", folder) != first


def test_a_key_depends_on_the_version_of_a_registered_evaluation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = load_campaign(ROOT / "examples" / "small.yaml")
    space = Space(campaign)
    machine = space.resolve(next(iter(space.enumerate())))
    theory = evaluation_of(changed(folder), folder)
    keys = []
    for dist, version in (("theories", "1"), ("theories", "2"), ("others", "2")):
        point = SimpleNamespace(dist=SimpleNamespace(name=dist, version=version))
        monkeypatch.setattr(base, "registered", lambda group, point=point: {"theory": point})
        keys.append(type(theory)(theory.campaign, "theory").key(machine.spec))
    assert len(set(keys)) == 3


@pytest.mark.parametrize("file", ["small", "ratchet", "fastest-rotor"])
def test_a_campaign_that_names_no_evaluation_keeps_its_key(file: str) -> None:
    """Keys of campaigns from before evaluations could be named."""
    keys = {
        "small": "a1548adb7d012e4ac82b3bc09b64950bbd50c8a36ee72f37d71b6dd67e447ce5",
        "ratchet": "8d88394a2ae3f0890e42005ad8561124e44c4727e811e4faa4729ac9e79ee540",
        "fastest-rotor": "40f0bcafdd85310a41eba384e914014492e7531f4b3fae68dfc0dbcbe3dc5be6",
    }
    campaign = load_campaign(ROOT / "examples" / f"{file}.yaml")
    assert campaign.key == keys[file]
    named = load_campaign(ROOT / "examples" / f"{file}.yaml", ["evaluation.use=dynamics"])
    assert named.key == keys[file]
    assert "evaluation:" not in named.to_yaml()


def test_errors_of_single_values_go_through_an_expression() -> None:
    """A product's relative errors add in squares, to first order; exact values have none."""
    known = [Quantity("barrier", "a barrier", "kJ/mol"), Quantity("shift", "a shift", "nm")]
    expression = Expression("2 * barrier * abs(shift) + 1", find=lambda name: named(known, name))
    exact = expression.measure({"barrier": [3.0], "shift": [-5.0]})
    assert (exact.value, exact.error, exact.low, exact.high) == (31.0, 0.0, 31.0, 31.0)
    samples = {"barrier": [3.0], "barrier.error": [0.03], "shift": [-5.0], "shift.error": [0.1]}
    found = expression.measure(samples)
    assert found.value == 31.0
    assert found.error == pytest.approx(30.0 * math.hypot(0.01, 0.02))
    assert found.high - found.value == pytest.approx(1.959964 * found.error, rel=1e-5)


OWN = """
from molmach.data.quantity import Quantity
from molmach.search import CONFIRMATION, Evaluation, Result, Task


class Own(Evaluation):
    quantities = (Quantity("size", "size", "1"),)

    def task(self, candidate, rung):
        return Task(self.key(candidate.spec, rung), candidate.key, rung, candidate.spec, self.use)

    @staticmethod
    def run(task):
        controls = {"verified": True} if task.rung == CONFIRMATION else {}
        return Result(task.key, {"size": [float(len(task.spec.machine.smiles))]}, controls=controls)
"""


def own(folder: Path, place: Path, more: str) -> dict[str, Any]:
    """The document of a campaign of three evaluations by a class of one's own, changed by ``more``."""
    (place / "own.py").write_text(f"{OWN}\n\nclass Mine(Own):\n    {more}\n", encoding="utf-8")
    changes = ["objectives={maximise: size}", f"evaluation.use={place}/own.py:Mine", "agents=[random]"]
    campaign = load_campaign(folder / "by-theory.yaml", [*changes, "budget.evaluations=3"])
    return run_campaign(campaign, place / "out", source=folder, executor="local")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("def task(self, candidate, rung): raise KeyError('x')", "task failed: KeyError: 'x'"),
        ("def task(self, candidate, rung): return 'do it'", "task gave 'do it'; expected a Task"),
        ("def task(self, candidate, rung): return None", "task gave 'None'; expected a Task$"),
        ("rungs = 'two'", "rungs is 'two'; expected a number"),
        ("quantities = None", "quantities is 'None'; expected a list"),
        ("quantities = ('size',)", "quantities is .*; expected a list of molmach's Quantity"),
        ("def __init__(self): pass", "it can't be made: TypeError"),
        ("def __init__(self, *_): raise SystemExit(3)", "it can't be made: SystemExit: 3"),
    ],
)
def test_a_broken_evaluation_is_named_before_anything_starts(
    folder: Path, tmp_path: Path, more: str, words: str
) -> None:
    with pytest.raises(SpecError, match=rf"^evaluation: own\.py:Mine: {words}") as caught:
        own(folder, tmp_path, more)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("raise SystemExit(3)", r"evaluation.use: run of own.py:Mine failed: SystemExit: 3"),
        ("return Result(task.key, {'weight': [1.0]})", "gave no size"),
        ("return Result(task.key)", "gave no size"),
    ],
)
def test_an_evaluation_that_gives_no_numbers_says_why(
    folder: Path, tmp_path: Path, run: str, words: str
) -> None:
    assert (
        own(folder, tmp_path, f"run = staticmethod(lambda task: _run(task))\n\n\ndef _run(task): {run}")[
            "failed"
        ]
        == 3
    )
    with reading(tmp_path / "out") as ledger:
        assert {finding.reason for finding in ledger.findings()} == {words}


@pytest.mark.parametrize("archive", ["b'no zip file'", "'text'", "b'PK\\x05\\x06' + bytes(9)"])
def test_a_broken_archive_is_a_failed_confirmation(folder: Path, tmp_path: Path, archive: str) -> None:
    """The campaign goes on to its end, and so does its report where effort has no words."""
    document = own(
        folder,
        tmp_path,
        f"run = staticmethod(lambda task: replace(Own.run(task), archive={archive}))\n"
        "    def effort(self, rung): raise ZeroDivisionError\n\n\nfrom dataclasses import replace",
    )
    assert document["state"] == "finished"
    assert document["failed"] == 0
    with reading(tmp_path / "out") as ledger:
        reasons = [finding.reason for finding in ledger.findings() if finding.rung == CONFIRMATION]
    assert reasons
    assert all(reason.startswith("malformed result: archive: ") for reason in reasons)


def test_machines_that_share_a_key_are_refused(folder: Path, tmp_path: Path) -> None:
    """The second would never have a value; what the first had is kept."""
    task = "Task('k' * 64, candidate.key, rung, candidate.spec, self.use)"
    with pytest.raises(CampaignError, match=r"^evaluation: own\.py:Mine: machines .* have the same key"):
        own(folder, tmp_path, f"def task(self, candidate, rung): return None if rung < 0 else {task}")
    with reading(tmp_path / "out") as ledger:
        assert len(list(ledger.findings())) == 1


def test_no_reason_is_no_failure(folder: Path, tmp_path: Path) -> None:
    run = "lambda task: Result(task.key, {'size': [1.0]}, reason=None)"
    assert own(folder, tmp_path, f"run = staticmethod({run})")["failed"] == 0


LEARNER = '''
from molmach.data.quantity import Quantity
from molmach.search import CONFIRMATION, Evaluation, Result, Task


class Learner(Evaluation):
    """Tells of each machine how many others it had heard of."""

    quantities = (Quantity("heard", "lessons that were there", "1"), Quantity("other", "any", "1"))

    def __init__(self, campaign, use):
        super().__init__(campaign, use)
        self.known = []

    def learn(self, lesson):
        self.known.append(lesson)

    def task(self, candidate, rung):
        if rung == CONFIRMATION:
            return None
        heard = len(self.known)
        key = self.key(candidate.spec, heard)
        return Task(key, candidate.key, rung, candidate.spec, self.use, options={"heard": heard})

    @staticmethod
    def run(task):
        heard = float(task.options["heard"])
        samples = {"heard": [heard], "other": [float(int(task.machine[:4], 16))]}
        return Result(task.key, samples, lessons=(task.machine.encode(),))
'''


def test_what_results_leave_for_others_is_there_for_later_tasks_and_campaigns(folder: Path) -> None:
    place = folder / "learning"
    place.mkdir()
    (place / "learner.py").write_text(LEARNER, encoding="utf-8")
    campaign = changed(
        folder,
        objectives={"maximise": "heard + 1e-9 * other"},
        evaluation={"use": "learner.py:Learner"},
        agents=["random"],
        budget={"evaluations": 6},
        batch=1,
    )
    for out, before in (("one", 0), ("two", 6)):
        run_campaign(campaign, place / out, source=place, executor="local")
        with reading(place / out) as ledger:
            heard = [round(finding.measured[0].value) for finding in ledger.findings()]
        assert heard == list(range(before, before + 6))
