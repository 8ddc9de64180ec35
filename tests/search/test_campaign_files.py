"""Campaign files that lie: one message that says what is accepted, or a campaign; never another number."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import ErrorType

from molmach.cli.main import run
from molmach.errors import MolmachError, SpecError
from molmach.search.loop.checking import check, check_new
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.objectives import Objectives
from molmach.spec import Campaign, load_campaign
from molmach.spec.campaign import loads_campaign
from molmach.spec.reading import read_mapping

SMALL = Path("examples/small.yaml")
DIGITS = "9" * 400

REFUSED = [
    ("racing.rungs=[{replicas: 16, duration: 1e9 ns}]", "racing.rungs.0: duration asks for more than 1e+11 steps"),
    ("racing.rungs=[{replicas: 16, duration: 1e-9 ps}]", "racing.rungs.0: duration is 1e-09 ps; expected a whole multiple"),
    ("racing.rungs=[{replicas: 16, duration: 1e-12 ps}]", "expected a time from 1e-09 to 1e+15 ps"),
    ("racing.rungs=[{replicas: 100000, duration: 10 us}]", "racing.rungs.0: 100000 replicas of 1e+07 ps hold more than 1e+09"),
    ("confirmation={duration: 1e9 ns}", "confirmation: duration asks for more than 1e+11 steps"),
    ("racing.rungs=[{replicas: 32, duration: 50 ps}, {replicas: 16, duration: 25 ps}]", "racing.rungs.1: 16 replicas of 25 ps are no more"),
    ("racing.rungs=[{replicas: 16, duration: 25 ps}, {replicas: 16, duration: 25 ps}]", "expected rungs from cheap to full"),
    (f"objectives={{maximise: 'velocity + {DIGITS}'}}", "is no finite number; expected numbers that are"),
    ("objectives={maximise: velocity * 9**9**9}", "in which 9**9**9 is no finite number"),
    ("objectives={maximise: velocity + 1/0}", "in which 1/0 is no finite number"),
    ("objectives={maximise: '3'}", "names no quantity; expected what differs between machines"),
    ("objectives={maximise: 3}", "objectives.0.maximise: got 3; expected a text"),
    ("objectives={maximise: velocity - velocity}", "is the same number for every machine"),
    ("objectives={maximise: velocity ** 0}", "is the same number for every machine"),
    ("objectives={maximise: 1e308*velocity*10}", "too large for an interval (1e+150 or more) for many sizes of velocity"),
    ("objectives={maximise: velocity**1000}", "expected smaller factors and powers"),
    ("objectives={maximise: exp(exp(abs(velocity)))}", "too large for an interval"),
    ("objectives={maximise: log(-abs(velocity))}", "which is no number whatever velocity may be"),
    (f"objectives={{maximise: '{'-' * 90}velocity'}}", "50 operations within each other"),
    (f"objectives={{maximise: '{'(' * 300}velocity{')' * 300}'}}", "of at most 500 characters"),
    ("objectives=[]", "objectives: got []; expected at least 1 entry"),
    ("machine.smiles='C(('", "machine.smiles: got 'C((', which RDKit can't read; expected a valid SMILES"),
    ("space.fragments={fluoro: '[*]I'}", "space.fragments.fluoro: 'fluoro' is a fragment of the library"),
    ("space.fragments={halogens: '[*]I'}", "'halogens' is a group of the library"),
    ("space.sites.10=[]", "space.sites.10: got []; expected at least 1 entry"),
    ("space.choices={a: {}}", "space.choices.a: got {}; expected at least 1 entry"),
    ("space.choices={a: {c: {}, b: {drive.field: 3}}}", "space.choices.a.b: nothing that a machine file takes: drive.field: got 3"),
    ("space.parameters={drive.field: {low: 1 V/nm, high: 1e300 V/nm}}", "expected an electric field from 1e-12 to 1e+09 V/nm"),
    ("space.parameters={drive.field: {low: [], high: 1 V/nm}}", "low: got []; expected a number or a quantity"),
    ("space.constraints.heavy_atoms=0", "space.constraints.heavy_atoms: got 0; expected a number above 0"),
    (f"space.constraints.heavy_atoms={DIGITS}", "expected at most 100000"),
    ("space.constraints.molecular_weight=.nan", "molecular_weight: got nan; expected "),
    ("space.constraints.molecular_weight=-.inf", "molecular_weight: got -inf; expected "),
    ("space.constraints.molecular_weight='350'", "molecular_weight: got '350'; expected a number"),
    ("space.constraints.forbidden=['']", "forbidden: got '', which is not a SMARTS pattern"),
    ("budget={evaluations: 1e400}", "budget.evaluations: got '1e400'; expected a whole number"),
    (f"budget={{evaluations: {DIGITS}}}", "budget.evaluations: got 999"),
    ("budget={core_seconds: true}", "budget.core_seconds: got True; expected a number"),
    ("budget={wall_clock: 1e-9 ps}", "budget.wall_clock: got '1e-9 ps'; expected a time from 0.001 to 1e+10 s"),
    ("budget={evaluations: 3, target: .inf}", "budget.target: got inf; expected a finite number"),
    ("agents=[]", "agents: got []; expected at least 1 entry"),
    ("agents=[{use: ''}]", "agents.0.use: got ''; expected a text of at least 1 character"),
    ("agents=[{use: random, name: '!'}]", "agents.0.name: got '!'; expected 1 to 60 letters"),
    ("base=" + "x" * 300, "expected a machine of the library or a file"),
    ("seed=-1", "seed: got -1; expected 0 or more"),
    ("batch=0", "batch: got 0; expected 1 or more"),
]  # fmt: skip


def _begin(change: str) -> None:
    """All that is looked at before a campaign begins."""
    asked = load_campaign(SMALL, [change])
    check_new(asked, check(asked, SMALL.parent), SMALL.parent)


@pytest.mark.parametrize(("change", "told"), REFUSED, ids=[change[:60] for change, _ in REFUSED])
def test_a_campaign_that_can_t_be_meant_is_refused_in_words(change: str, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        _begin(change)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 700
    assert not any(sentence in str(caught.value) for sentence in RAW)


def test_rungs_that_repeat_are_refused_for_other_evaluations_too(tmp_path: Path) -> None:
    asked = load_campaign(SMALL).model_copy(
        update={"racing": Campaign.model_fields["racing"].get_default(call_default_factory=True)}
    )
    rungs = ({"level": "fast"}, {"level": "fast"})
    repeated = asked.model_copy(update={"evaluation": asked.evaluation.model_copy(update={"rungs": rungs})})
    with pytest.raises(SpecError, match=r"^evaluation\.rungs\.1: the same as rung 0"):
        check_new(repeated, check(load_campaign(SMALL), SMALL.parent), SMALL.parent)


def test_a_campaign_that_was_begun_so_is_gone_on_with() -> None:
    """What is refused of a new campaign alone was accepted once, and changes no number."""
    asked = load_campaign(
        SMALL, ["racing.rungs=[{replicas: 32, duration: 50 ps}, {replicas: 16, duration: 25 ps}]"]
    )
    space = check(asked, SMALL.parent)
    with pytest.raises(SpecError):
        check_new(asked, space, SMALL.parent)


@pytest.mark.parametrize(
    "expression",
    ["velocity", "-abs(velocity)", "min(velocity, 100)", "velocity / (1 + dissipation)", "log(abs(velocity))",
     "velocity ** 2 - 1e-3", "max(velocity, -velocity)", "exp(velocity)", "sqrt(velocity - 20000)", "sqrt(abs(velocity)) * 2 ** 0.5"],
)  # fmt: skip
def test_what_differs_between_machines_is_an_objective(expression: str) -> None:
    asked = load_campaign(SMALL, [f"objectives={{maximise: '{expression}'}}"])
    Objectives(asked.objectives, evaluation_of(asked, SMALL.parent))


def test_the_command_ends_with_one_message_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(SMALL.absolute())
    monkeypatch.chdir(tmp_path)
    change = "racing.rungs=[{replicas: 16, duration: 1e9 ns}]"
    monkeypatch.setattr(
        "sys.argv", ["molmach", "campaign", "run", file, "--executor", "local", "--set", change]
    )
    with pytest.raises(SystemExit) as ended:
        run()
    shown = capsys.readouterr()
    assert ended.value.code == 2
    assert shown.err.startswith(f"molmach: {file}: racing.rungs.0: ")
    assert shown.err.count("\n") == 1
    assert shown.out == ""
    assert not list(tmp_path.iterdir())


YAML = [
    ("a: " + "9" * 5000, "a number of 5000 digits; expected a shorter one"),
    ('a: "\\ud800"', "half of a character; expected whole ones"),
    ("a: &a [*a]", "more than 200000 values, or 50 sections within each other"),
    ("a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]", "more than 200000 values"),
    ("a: !!binary aGk=", "could not determine a constructor"),
    ("a: " + "[" * 1000, "nested too deep"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), YAML, ids=[told[:20] for _, told in YAML])
def test_yaml_that_is_no_file_of_ours_is_refused(text: str, told: str) -> None:
    with pytest.raises(SpecError, match=r"^f: not valid YAML: ") as caught:
        read_mapping(text, "f", Campaign)
    assert told in str(caught.value)


def test_a_date_is_a_text() -> None:
    assert read_mapping("name: 2020-01-01", "f", Campaign) == {"name": "2020-01-01"}


def _full() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(SMALL.read_text(encoding="utf-8"))
    content["space"] |= {
        "parameters": {"drive.frequency": {"low": "50 GHz", "high": "500 GHz", "scale": "log"}},
        "constraints": {"synthetic_accessibility": 4.5, "molecular_weight": 350, "heavy_atoms": 40, "forbidden": ["[NX3][NX3]"]},
        "edits": ["replace"],
        "fragments": {"mine": "[*]OCC(F)(F)F"},
        "choices": {"strength": {"weak": {}, "strong": {"drive.field": "2 V/nm"}}},
    }  # fmt: skip
    content |= {"evaluation": {"use": "dynamics"}, "batch": 4, "seed": 1}
    content["budget"] = {"evaluations": 24, "core_seconds": 3600, "wall_clock": "20 min", "target": 150}
    content["agents"] = ["random", {"use": "evolutionary", "name": "evo", "options": {}}]
    return content


def _places(content: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    return ([place] if place else []) + [
        inner for key, part in parts for inner in _places(part, (*place, key))
    ]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just(int(DIGITS)), st.just(""),
    st.sampled_from([0, -1, 1e308, 5e-324, 2**63, "1e9 ns", "1e-9 ps", "nan ps", "1e999 V/nm", "0 ps", "C((", "[*]", "3", "9**9**9"]),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=5)), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2), st.dates(),
)  # fmt: skip


def _raw() -> list[str]:
    """Sentences of pydantic's, without what differs from value to value."""
    raw = []
    for kind in get_args(ErrorType):
        numbers = dict.fromkeys(
            ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "actual_length", "max_digits",
             "decimal_places", "whole_digits", "tz_expected", "tz_actual", "expected_version"), 0,
        )  # fmt: skip
        texts = dict.fromkeys(
            ("field_type", "pattern", "expected", "error", "class_name", "class", "attribute", "method_name", "tag",
             "discriminator", "expected_tags", "encoding", "encoding_error", "expected_schemes"), "@",
        )  # fmt: skip
        message = PydanticKnownError(kind, {**numbers, **texts}).message()
        raw += [part for part in message.replace("0", "@").split("@") if len(part) > 14]
    return raw


RAW = [*_raw(), "Input should be", "validation error", "should have at least", "pydantic"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(_places(_full())), VALUES), min_size=1, max_size=2))
@example([(("racing", "rungs", 0, "duration"), "1e9 ns")])
@example([(("machine", "smiles"), [[]])])
def test_a_mutated_file_is_a_campaign_or_one_refusal(mutations: list[tuple[tuple[Any, ...], Any]]) -> None:
    content = copy.deepcopy(_full())
    for place, value in mutations:
        section = content
        for key in place[:-1]:
            try:
                section = section[key]
            except (KeyError, IndexError, TypeError):
                break
        else:
            if isinstance(section, dict) or (isinstance(section, list) and place[-1] in range(len(section))):
                section[place[-1]] = value
    try:
        read = read_mapping(yaml.safe_dump(content, allow_unicode=True), "mutated", Campaign)
        asked = loads_campaign(read, "mutated", SMALL.parent)
        check_new(asked, check(asked, SMALL.parent), SMALL.parent)
    except MolmachError as error:
        assert error.exit_code == 2
        assert not [sentence for sentence in RAW if sentence in str(error)], str(error)
    else:
        again = loads_campaign(read_mapping(asked.to_yaml(), "again", Campaign), "again", SMALL.parent)
        assert again.key == asked.key
