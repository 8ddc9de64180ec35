"""Theory as a rung below the first: what agents and campaigns see of it."""

from __future__ import annotations

import math
from io import StringIO
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from rich.console import Console

from molmach.cli.campaign_view import print_document
from molmach.errors import PluginWarning, SpecError
from molmach.report.campaign.page import write_report
from molmach.search import Result, Space, Task
from molmach.search.agents.team import LocalTeam
from molmach.search.agents.theory import Theory
from molmach.search.loop.checking import check
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.executors import LocalExecutor
from molmach.search.record import results
from molmach.search.record.ledger import NAME, Ledger
from molmach.search.summary import summary
from molmach.spec import Campaign
from molmach.spec.campaign import loads_campaign

_COUNTING = """
    from pathlib import Path
    from molmach.estimates import Estimate, Estimator

    class Counting(Estimator):
        quantities = ("velocity", "work_rate")
        def refusal(self, spec):
            return ""
        def describe(self, spec):
            with (Path(__file__).parent / "described").open("a") as stream:
                stream.write(spec.machine.parts[0] + "\\n")
            return {"size": len(spec.machine.parts[0])}
        def estimate(self, features, spec):
            return {"velocity": Estimate(-features["size"], 3.0, "counts letters"),
                    "work_rate": Estimate(2.0, 4.0, "says two")}
"""


def _campaign(folder: Path, code: str = _COUNTING, name: str = "Counting", **sections: object) -> Campaign:
    (folder / "own.py").write_text(dedent(code))
    content = {
        "name": "by-theory",
        "base": "difluorophenylene-rotor",
        "machine": {"smiles": "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])cc1"},
        "space": {
            "sites": {10: ["hydrogen", "fluoro"], 11: ["hydrogen", "fluoro", "cyano"]},
            "parameters": {"drive.frequency": {"low": "20 GHz", "high": "400 GHz"}},
        },
        "theory": {"estimators": [f"own.py:{name}"]},
        "objectives": {"maximise": "velocity"},
        "racing": {"rungs": [{"replicas": 16, "duration": "25 ps"}]},
        "agents": ["random"],
        "budget": {"evaluations": 10},
    }
    return loads_campaign({**content, **sections}, "test", folder)


def _theory(campaign: Campaign, folder: Path, store: Path | None = None) -> Theory:
    return Theory(campaign, Space(campaign), folder, store)


def test_a_molecule_is_described_once_whatever_drives_it_and_whoever_asks(tmp_path: Path) -> None:
    campaign = _campaign(tmp_path)
    space, store = Space(campaign), tmp_path / "structures.sqlite"
    design = space.sample(np.random.default_rng(0))
    designs = [design.replace(**{"drive.frequency": frequency}) for frequency in (50.0, 100.0, 200.0)]
    first = _theory(campaign, tmp_path, store)
    assert np.isnan(first.known(designs)[0]).all()
    said = first.of(designs)
    again = _theory(campaign, tmp_path, store)
    np.testing.assert_array_equal(again.known(designs), said)
    np.testing.assert_array_equal(again.of(designs), said)
    assert len((tmp_path / "described").read_text().splitlines()) == 1


def test_the_number_of_molecules_is_bounded_whatever_is_known_already(tmp_path: Path) -> None:
    campaign = _campaign(tmp_path)
    space, rng = Space(campaign), np.random.default_rng(1)
    designs = [space.sample(rng) for _ in range(12)]
    theory = _theory(campaign, tmp_path)
    few = theory.of(designs, most=2)[0]
    theory.of(designs)
    np.testing.assert_array_equal(theory.of(designs, most=2)[0], few)
    molecules = [space.resolve(design).smiles for design in designs]
    told = {smiles for smiles, mean in zip(molecules, few, strict=True) if not math.isnan(mean)}
    assert told == set(list(dict.fromkeys(molecules))[:2])


@pytest.mark.parametrize(
    ("objective", "mean", "sd"),
    [
        ({"maximise": "velocity"}, -10.0, 3.0),
        ({"minimise": "velocity"}, 10.0, 3.0),
        ({"maximise": "3 * velocity - 2 * work_rate"}, -34.0, math.hypot(9.0, 8.0)),
        ({"maximise": "velocity * work_rate"}, -20.0, math.sqrt(9 * 4 + 16 * 100 + 9 * 16)),
    ],
)
def test_uncertainty_goes_through_an_objective(
    tmp_path: Path, objective: dict[str, str], mean: float, sd: float
) -> None:
    code = _COUNTING.replace('features["size"]', "10.0")
    campaign = _campaign(tmp_path, code, objectives=objective)
    (value,), (spread,) = _theory(campaign, tmp_path).of([Space(campaign).sample(np.random.default_rng(0))])
    assert value == pytest.approx(mean, rel=0.02)
    assert spread == pytest.approx(sd, rel=0.02)


def test_what_theory_does_not_know_is_nan(tmp_path: Path) -> None:
    campaign = _campaign(
        tmp_path, objectives=[{"maximise": "velocity"}, {"maximise": "velocity / diffusion"}]
    )
    means, sds = _theory(campaign, tmp_path).objectives([Space(campaign).sample(np.random.default_rng(0))])
    assert np.isfinite([means[0, 0], sds[0, 0]]).all()
    assert np.isnan([means[0, 1], sds[0, 1]]).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('return {"size"', 'raise OSError("no disk"); return {"size"'), "no disk"),
        (('return {"size": len(spec.machine.parts[0])}', "return {1, 2}"), "plain values"),
        (('-features["size"]', 'float("nan")'), "velocity is nan"),
        (("3.0", "-3.0"), "sd -3.0"),
        (('"work_rate": Est', '"warmth": Est'), "warmth"),
        (("    return {", "    raise SystemExit(3)\n            return {"), "SystemExit"),
    ],
)
def test_an_estimator_that_breaks_its_promise_is_left_out_and_named(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    campaign = _campaign(tmp_path, _COUNTING.replace(*change))
    theory = _theory(campaign, tmp_path)
    designs = [Space(campaign).sample(np.random.default_rng(0))]
    for _ in range(2):
        assert np.isnan(theory.of(designs)[0]).all()
    assert told in theory.failures["own.py:Counting"]


@pytest.mark.parametrize(
    ("code", "name", "told"),
    [
        (_COUNTING, "Nobody", "has no 'Nobody'"),
        (_COUNTING.replace("(Estimator)", "(dict)"), "Counting", "derives from Estimator"),
        (_COUNTING.replace('"work_rate")', '"warmth")'), "Counting", "which dynamics does not give"),
        (_COUNTING.replace('("velocity", "work_rate")', '("work_rate",)'), "Counting", "none of which"),
        (_COUNTING.replace('return ""', 'return "there is no station green"'), "Counting", "station green"),
    ],
)
def test_an_estimator_that_does_not_fit_is_refused(tmp_path: Path, code: str, name: str, told: str) -> None:
    with pytest.raises(SpecError, match=told):
        check(_campaign(tmp_path, code, name), tmp_path)


def test_an_estimator_that_fails_where_it_is_imported_is_left_out_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(PluginWarning, match="estimator own.py:Counting is left out"):
        check(_campaign(tmp_path, "import nothing_of_that_name\n" + dedent(_COUNTING)), tmp_path)


def test_theory_in_the_campaign_file_keeps_the_keys_of_before(tmp_path: Path) -> None:
    plain, off = _campaign(tmp_path, theory={}), _campaign(tmp_path, theory={"use": False})
    assert "theory" not in plain.canonical()
    assert plain.key != off.key
    with pytest.raises(SpecError, match="expected one of the two"):
        _campaign(tmp_path, theory={"use": False, "estimators": ["rotor"]})


class _Known(LocalExecutor):
    """Evaluates by counting the letters of the machine's molecule, as theory does, but for one of them."""

    def __init__(self, odd: str) -> None:
        super().__init__(self._count)
        self._odd = odd

    def _count(self, task: Task) -> Result:
        smiles = task.spec.machine.parts[0]
        value = 100.0 if self._odd in smiles else -float(len(smiles))
        return Result(task.key, {"velocity": [value - 1.0, value + 1.0] * 8}, seconds=1.0, steps=1)


def _run(campaign: Campaign, folder: Path) -> tuple[Ledger, Path]:
    home = folder / "campaign"
    home.mkdir()
    ledger = Ledger(home / NAME, write=True)
    ledger.note("source", str(folder))
    (home / "campaign.yaml").write_text(campaign.to_yaml(), encoding="utf-8")
    evaluation, team = evaluation_of(campaign, folder), LocalTeam(campaign, folder)
    store = str(folder / "structures.sqlite")
    Driver(campaign, ledger, _Known("N"), team, evaluation, home, theory=store).run()
    return ledger, home


def test_the_record_keeps_what_theory_said_and_names_the_machine_of_which_it_is_wrong(tmp_path: Path) -> None:
    campaign = _campaign(
        tmp_path,
        space={"sites": {10: ["hydrogen", "fluoro", "cyano"], 11: ["hydrogen", "fluoro", "methyl"]}},
        confirmation={"machines": 0},
        budget={"evaluations": 9},
    )
    ledger, home = _run(campaign, tmp_path)
    measured = {finding.machine for finding in ledger.findings()}
    assert set(ledger.foretold()) == measured
    document = results.document(ledger, campaign, home)
    (entry,) = document["theory"]
    assert entry["machines"] == len(measured) == 8  # one of nine designs is another one from its other end
    assert entry["wrong_of"] == 3
    assert all("N" in one["smiles"] for one in entry["surprises"])
    first = entry["surprises"][0]
    assert first["z"] == pytest.approx((100.0 - first["theory"]["value"]) / math.hypot(3.0, first["error"]))
    assert all(best["theory"][0]["model"] == "counts letters; says two" for best in document["best"])
    page = write_report(summary(ledger, campaign, home), home / "report.html").read_text(encoding="utf-8")
    assert "Theory and measurement" in page
    assert first["machine"][:12] in page.partition("Where theory is wrong")[2]
    print_document(document, Console(file=(text := StringIO()), width=100))
    assert f"{first['machine'][:12]}  measured 100" in text.getvalue()
    ledger.close()


def test_an_estimator_that_fails_is_a_failure_of_the_campaign_and_stops_nothing(tmp_path: Path) -> None:
    campaign = _campaign(
        tmp_path,
        _COUNTING.replace('return {"size"', 'raise OSError("no disk"); return {"size"'),
        confirmation={"machines": 0},
        budget={"evaluations": 3},
    )
    ledger, home = _run(campaign, tmp_path)
    document = results.document(ledger, campaign, home)
    assert document["evaluations"] == 3
    assert document["theory"] is None
    assert [f.what for f in ledger.failures() if "no disk" in f.reason] == ["estimator"]
    assert "no disk" in write_report(summary(ledger, campaign, home), home / "report.html").read_text("utf-8")
    ledger.close()


def test_minimised_objectives_are_told_in_the_sense_in_which_they_were_asked_for(tmp_path: Path) -> None:
    campaign = _campaign(
        tmp_path, objectives={"minimise": "velocity"}, confirmation={"machines": 0}, budget={"evaluations": 2}
    )
    ledger, home = _run(campaign, tmp_path)
    for best in results.document(ledger, campaign, home)["best"]:
        assert best["objectives"][0]["value"] in (best["theory"][0]["value"], 100.0)
    ledger.close()
