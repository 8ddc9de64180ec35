"""What users get wrong: each mistake is one clear message, exit code 2, no traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from molmach.cli.main import app, run
from molmach.cli.options import OPTIONS
from molmach.errors import MolmachError, SpecError
from molmach.spec import Spec, load, loads
from tests.helpers.machines import ROTOR

GOOD: dict[str, Any] = {
    "name": "r",
    "machine": {
        "kind": "rotor",
        "smiles": "[CH:1]#[C:2]c1c(F)c(F)c([C:3]#[CH:4])cc1",
        "axle": [2, 3],
        "stator": [1, 2, 3, 4],
    },
    "drive": {"kind": "rotating_field", "field": "1 V/nm", "frequency": "50 GHz"},
    "protocol": {"duration": "200 ps", "replicas": 16},
}

OVERRIDES = [
    ("drive.feild=1 V/nm", "drive.feild: unknown key; did you mean 'field'? accepted here: load, kind, field"),
    ("protocol.replica=3", "protocol.replica: unknown key; did you mean 'replicas'?"),
    ("machien.axle=[1, 2]", "machien: unknown key; did you mean 'machine'?"),
    ("drive.field=1 GHz", "drive.field: got '1 GHz'; expected an electric field with its unit, such as '1 V/nm'"),
    ("drive.field=1", "drive.field: got 1; expected an electric field with its unit"),
    ("drive.field=strong", "drive.field: got 'strong'; expected an electric field"),
    ("drive.field=-1 V/nm", "drive.field: got -1 V/nm; expected an electric field of zero or more"),
    ("drive.field=1e999 V/nm", "which is not finite"),
    ("drive.field=nan V/nm", "drive.field: got 'nan V/nm'"),
    ("drive.field=[1, 2]", "drive.field: got [1, 2]"),
    ("drive.frequency=0 GHz", "drive.frequency: got 0 GHz; expected a frequency other than zero"),
    ("drive.frequency=50", "drive.frequency: got 50; expected a frequency"),
    ("drive.frequency=50 ps", "drive.frequency: got '50 ps'"),
    ("drive.kind=rotatingfield", "drive.kind: got 'rotatingfield'; did you mean 'rotating_field'?"),
    ("drive.kind=laser", "accepted: alternating_field, chemical_fuel, constant_torque, flashing, none, photoisomerisation"),
    ("drive=fast", "drive: got 'fast'; expected a section"),
    ("drive.load=5 pN", "drive.load: got '5 pN'; expected a torque"),
    ("drive={kind: alternating_field, field: 1 V/nm, frequency: 50 GHz, direction: [0, 0, 0]}", "not all zero"),
    ("drive={kind: alternating_field, field: 1 V/nm, frequency: 50 GHz, direction: [1, 0]}", "drive.direction"),
    ("drive={kind: alternating_field, field: 1 V/nm, frequency: -5 GHz}", "a frequency above zero"),
    ("drive={kind: constant_torque}", "drive.torque: missing"),
    ("machine.smiles=c1cc", "machine.smiles: got 'c1cc', which RDKit can't read"),
    ("machine.smiles=''", "machine.smiles: got ''; expected a SMILES text"),
    ("machine.smiles=12", "machine.smiles: got 12; expected a SMILES text"),
    ("machine.smiles='C[C:2]#[C:3]*'", "dummy atom"),
    ("machine.smiles='[CH3:2][CH2:2][CH3:3]'", "map number 2 stands on more than one atom"),
    ("machine.axle=[2, 9]", "axle names atom-map number 9, which the SMILES does not have; it has [1, 2, 3, 4]"),
    ("machine.axle=[2, 2]", "machine.axle: got [2, 2]; expected each atom-map number once"),
    ("machine.axle=[2]", "machine.axle.1: missing"),
    ("machine.axle=[2, three]", "machine.axle.1: got 'three'; expected a whole number"),
    ("machine.stator=[8]", "stator names atom-map number 8"),
    ("machine.stator=[]", "machine.stator: got []"),
    ("machine.rotor=[1]", "atom-map number 1 is in both stator and rotor"),
    ("machine.kind=motor", "machine.kind: got 'motor'; did you mean 'rotor'? accepted: bead_catenane, catenane, rotaxane, rotor"),
    ("machine.reference_atom=77", "reference_atom names atom-map number 77"),
    ("protocol.temperature=-3 K", "protocol.temperature: got -3 K; expected a temperature above zero"),
    ("protocol.temperature=300", "protocol.temperature: got 300; expected a temperature with its unit"),
    ("protocol.friction=0 /ps", "protocol.friction: got 0 1/ps; expected a rate above zero"),
    ("protocol.timestep=0 fs", "protocol.timestep: got 0 ps; expected a time above zero"),
    ("protocol.timestep=3 fs", "sampling is 0.1 ps; expected a whole multiple of timestep (0.003 ps)"),
    ("protocol.duration=0.5 ps", "holds fewer than 10 samples"),
    ("protocol.duration=10 s", "more than 1e+11 steps"),
    ("protocol.duration=1e-30 s", "expected a time from 1e-09 to 1e+15 ps"),
    ("protocol.equilibration=-1 ps", "protocol.equilibration: got -1 ps; expected a time of zero or more"),
    ("protocol.replicas=1", "protocol.replicas: got 1; expected 2 or more"),
    ("protocol.replicas=2.5", "protocol.replicas: got 2.5; expected a whole number"),
    ("protocol.seed=-1", "protocol.seed: got -1"),
    ("protocol.seed=one", "protocol.seed: got 'one'; expected a whole number"),
    ("protocol.constraints=all", "protocol.constraints: got 'all'; expected 'none' or 'h-bonds'"),
    ("protocol.hydrogen_mass=12 u", "hydrogen_mass is 12 u; expected 1 u to 4 u"),
    ("protocol.force_field=UFF", "protocol.force_field: got 'UFF'; expected 'MMFF94', 'MMFF94s' or 'bead_spring'"),
    ("protocol.anchor=5 kJ/mol", "protocol.anchor: got '5 kJ/mol'; expected a force constant"),
    ("protocol=soon", "protocol: got 'soon'; expected a section with the keys temperature"),
    ("name=", "name: got None"),
    ("name=../up", "name: got '../up'; expected 1 to 80 letters"),
    ("drive.field", "expected path=value"),
    ("=3", "expected path=value"),
    ("name.first=r", "name is a value, not a section"),
    ("drive.field={a: 1", "the value is not valid YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("override", "message"), OVERRIDES, ids=[text for text, _ in OVERRIDES])
def test_a_wrong_field_is_named_with_its_value_and_what_is_accepted(override: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(ROTOR, [override])
    assert message in str(caught.value)
    assert ROTOR in str(caught.value) or str(caught.value).startswith(f"overrides {override}: ")
    if "path=value" in message:
        assert caught.value.worded(OPTIONS) == (
            f"--set {override}: expected path=value, such as --set drive.field='2 V/nm'"
        )


FILES = [
    ("", "expected a mapping with the keys name, description, machine, drive, protocol"),
    ("- a\n- b\n", "expected a mapping"),
    ("name: [1\n", "not valid YAML: line"),
    ("name: r\nname: s\n", "key 'name' stands twice"),
    ("name: r\n", "machine: missing"),
    ("\tname: r\n", "not valid YAML"),
    ("name: !!python/object:os.system r\n", "not valid YAML"),
    ("? {a: 1}\n: 2\n", "not valid YAML"),
]


@pytest.mark.parametrize(("text", "message"), FILES)
def test_a_broken_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00name")
    (tmp_path / "big.yaml").write_text("# " + "x" * 1_100_000)
    for name, message in (
        ("b.yaml", "not UTF-8"),
        ("big.yaml", "larger than"),
        ("none.yaml", "nor a file"),
        ("", "can't be read"),
    ):
        with pytest.raises(SpecError, match=message):
            load(tmp_path / name)


FLAGS = [
    (["simulate", "nonsense"], "neither a machine of the library nor a file"),
    (["simulate", "dichlorophenylene-roter"], "did you mean 'dichlorophenylene-rotor'"),
    (["simulate", ROTOR, "--set", "drive.field=1 K"], "drive.field: got '1 K'"),
    (["simulate", ROTOR, "--replicas", "1"], "protocol.replicas: got 1"),
    (["simulate", ROTOR, "--duration", "long"], "protocol.duration: got 'long'"),
    (["simulate", ROTOR, "--seed", "-4"], "protocol.seed: got -4"),
    (["simulate", ROTOR, "--platform", "Abacus"], "--platform Abacus: not available here; accepted: Reference"),
    (["simulate", ROTOR, "--workers", "0"], "--workers 0: expected one or more"),
    (["simulate", ROTOR, "--set", "protocol.timestep=5 fs"], "too long for the stiffest bond"),
    (["simulate", ROTOR, "--set", "drive.frequency=90 THz"], "fewer than 20 steps"),
    (["simulate", ROTOR, "-o", "/proc/nowhere/run"], "can't be written"),
    (["build", ROTOR, "-o", "/proc/nowhere"], "can't be written"),
    (["build", ROTOR, "--set", "machine.smiles='[CH2:2]1C[CH2:3]C1'", "--set", "machine.stator=[2]"], "part of a ring"),
    (["energy", "none.sdf"], "no such file"),
    (["energy", __file__], "holds no SDF record"),
    (["score"], "--top: missing; expected RUN_DIR, or all of --top"),
    (["score", "."], "not a finished run folder"),
    (["score", ".", "--axle", "1,2"], "not with RUN_DIR"),
    (["score", "--top", "a", "--traj", "b", "--axle", "1", "--rotor", "2"], "expected two atoms"),
    (["score", "--top", "a", "--traj", "b", "--axle", "1,x", "--rotor", "2"], "expected 0-based atom indices"),
    (["score", "--top", "a", "--traj", "b", "--axle", "1,2", "--rotor", "2"], "a: no such file"),
    (["score", "--top", "a", "--traj", "b", "--axle", "1,2", "--rotor", "2", "--frame-interval", "2"], "--frame-interval: got '2'; expected a time with its unit"),
    (["score", "--top", "a", "--traj", "b", "--axle", "1,2", "--rotor", "2", "--follower", "3"], "--follower-axle: missing"),
    (["score", "--top", "a", "--traj", "b", "--axle", "1,2", "--rotor", "2", "-o", "/proc/nowhere/x"], "a: no such file"),
    (["bench", "nonsense"], "neither a machine of the library nor a file"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), FLAGS, ids=[" ".join(a)[:60] for a, _ in FLAGS])
def test_a_wrong_command_ends_with_one_message_and_exit_code_2(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["molmach", *arguments])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err + shown.out
    assert shown.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate"],
        ["simulate", ROTOR, "--engine", "warp"],
        ["fly"],
        ["energy", "--force-field", "UFF", "x.sdf"],
        ["simulate", ROTOR, "--replicas", "few"],
    ],
)
def test_usage_errors_end_with_exit_code_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


_PATHS = [
    ("name",), ("machine",), ("drive",), ("protocol",), ("machine", "kind"), ("machine", "smiles"), ("machine", "axle"),
    ("machine", "stator"), ("drive", "kind"), ("drive", "field"), ("drive", "frequency"), ("drive", "phase"),
    ("drive", "load"), ("protocol", "duration"), ("protocol", "replicas"), ("protocol", "timestep"),
    ("protocol", "hydrogen_mass"), ("protocol", "seed"), ("protocol", "extra"), ("machine", "reference_atom"),
]  # fmt: skip
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.lists(st.integers(), max_size=4),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2), st.binary(max_size=8),
    st.from_regex(r"-?[0-9]{1,4}(\.[0-9])?(e[0-9]{1,3})? ?(V/nm|GHz|ps|fs|K|/ps|kJ/mol|u|deg|rad|m\^2|furlong|\*\*9)", fullmatch=True),
    st.text(alphabet="CNOcnoF[]()=#:123@H+-.%/\\", max_size=25), st.dates(),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(_PATHS), _VALUES, st.booleans()), min_size=1, max_size=3))
@example([(("drive", "field"), "0V/-m", False)])
def test_mutated_specs_are_read_or_refused_never_crash(
    mutations: list[tuple[tuple[str, ...], Any, bool]],
) -> None:
    content = yaml.safe_load(yaml.safe_dump(GOOD))
    for path, value, removed in mutations:
        section = content
        for key in path[:-1]:
            section = section.get(key) if isinstance(section, dict) else None
        if not isinstance(section, dict):
            continue
        if removed:
            section.pop(path[-1], None)
        else:
            section[path[-1]] = value
    text = yaml.safe_dump(content, allow_unicode=True)
    try:
        spec = loads(text)
    except MolmachError as error:
        assert str(error)
    else:
        assert isinstance(spec, Spec)
        assert loads(spec.to_yaml()).key == spec.key


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_never_crashes(text: str) -> None:
    with pytest.raises(MolmachError):
        loads(text)


@pytest.mark.parametrize("command", ["build", "simulate"])
@pytest.mark.parametrize("bond", ["C:2]=[N:3", "N:2]=[N:3"])
def test_light_is_refused_on_bonds_that_go_over_otherwise(tmp_path: Path, command: str, bond: str) -> None:
    first, second = bond.split("]=[")
    head = f"[{'CH:2' if first == 'C:2' else first}]"
    machine = tmp_path / "light.yaml"
    machine.write_text(
        f"name: light\nmachine: {{kind: rotor, smiles: '[CH3:1]/{head}=[{second}]/c1ccccc1', axle: [2, 3]}}\n"
        "drive: {kind: photoisomerisation, absorption: 1 /ns, lifetime: 1 ps}\n"
    )
    result = CliRunner().invoke(app, [command, str(machine), "-o", str(tmp_path / "out")])
    assert isinstance(result.exception, SpecError)
    assert "drive.kind: photoisomerisation twists a C=C bond" in str(result.exception)
    assert not (tmp_path / "out").exists()
