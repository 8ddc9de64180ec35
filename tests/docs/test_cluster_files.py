"""Files to start clusters with: they hold to schemas, and name what the documents name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from molmach.cli.campaign_slurm import slurm_script
from molmach.errors import SpecError
from molmach.spec import load_campaign
from tests.helpers.command_line import run_here
from tests.helpers.documents import ROOT

FILES = ROOT / "examples" / "clusters"
SMALL = ROOT / "examples" / "small.yaml"


def test_the_launchers_file_holds_to_its_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    ray = pytest.importorskip("ray")
    schema = json.loads(
        (Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text(encoding="utf-8")
    )
    content = yaml.safe_load((FILES / "ray-up.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(content, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "workers": 3}, schema)


def test_the_job_of_kubernetes_mounts_what_it_reads() -> None:
    claim, job = yaml.safe_load_all((FILES / "kuberay-rayjob.yaml").read_text(encoding="utf-8"))
    spec = job["spec"]["rayClusterSpec"]
    head = spec["headGroupSpec"]["template"]["spec"]
    mounts = {mount["name"]: mount["mountPath"] for mount in head["containers"][0]["volumeMounts"]}
    words = job["spec"]["entrypoint"].split()
    assert words[words.index("-o") + 1].startswith(mounts["campaigns"])
    assert words[words.index("run") + 1].startswith(mounts["config"])
    volumes = {volume["name"]: volume for volume in head["volumes"]}
    assert set(volumes) == set(mounts)
    assert volumes["campaigns"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    images = {head["containers"][0]["image"]}
    images |= {group["template"]["spec"]["containers"][0]["image"] for group in spec["workerGroupSpecs"]}
    assert len(images) == 1  # so that every node has one code
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


def test_a_slurm_job_is_a_shell_script_with_its_options(tmp_path: Path) -> None:
    script = tmp_path / "job.sh"
    done = run_here(
        "campaign", "slurm", str(SMALL), "-o", str(script), "--dir", str(tmp_path / "it's kept"), "--nodes", "3",
        "--cores", "16", "--time", "1-00:00:00", "--grace", "240", "--sbatch=--partition=long",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"sbatch {script}\n")
    assert subprocess.run(["bash", "-n", str(script)], capture_output=True).returncode == 0
    lines = script.read_text(encoding="utf-8").splitlines()
    for option in (
        "--nodes=3", "--cpus-per-task=16", "--time=1-00:00:00", "--signal=B:TERM@240", "--requeue",
        "--partition=long", "--job-name=small",
    ):  # fmt: skip
        assert f"#SBATCH {option}" in lines
    told = ["bash", "-c", f'eval "$(grep ^FOLDER= \'{script}\')"; echo "$FOLDER"']
    assert subprocess.run(told, capture_output=True, text=True).stdout == f"{tmp_path}/it's kept\n"
    assert not any(
        "@" in line for line in lines if not line.startswith("#SBATCH --signal") and "[@]" not in line
    )


@pytest.mark.parametrize(
    ("time_limit", "more", "words"),
    [
        ("tomorrow", (), "--time 'tomorrow': expected a time of Slurm's, such as 12:00:00"),
        ("60", ("partition=long",), "--sbatch 'partition=long': expected an option of sbatch"),
        ("60", ("--wrap=$(reboot)",), "expected an option of sbatch"),
    ],
)
def test_what_slurm_would_not_take_is_refused(
    tmp_path: Path, time_limit: str, more: tuple[str, ...], words: str
) -> None:
    campaign = load_campaign(SMALL)
    with pytest.raises(SpecError) as caught:
        slurm_script(campaign, SMALL, tmp_path, nodes=1, cores=1, time_limit=time_limit, grace=60, more=more)
    assert words in str(caught.value)
