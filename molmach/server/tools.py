"""What agents may do with molmach: the tools of the server, methods with plain arguments and results."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from rdkit import Chem

from molmach import systems as library
from molmach.errors import ServingError, shortened
from molmach.search.record import results
from molmach.search.record.facts import trials_of
from molmach.search.record.folder import read_campaign
from molmach.search.record.ledger import NAME, reading
from molmach.server import explaining
from molmach.server.costs import simulation_seconds
from molmach.server.jobs import Job, Jobs
from molmach.server.root import BUILDS, CAMPAIGNS, MACHINES, RUNS, Root
from molmach.spec import load

QUICK_SECONDS = 50.0
"""How long a call may take that is no job: clients give up after a minute."""

_LOOK_SECONDS = 0.25
_MOST_ROWS = 50
_LONGEST_SMILES = 1000

Document = dict[str, Any]
Report = Callable[[float, float | None, str], Awaitable[None]]


class Tools:
    """The tools.

    Parameters
    ----------
    root, jobs
        Where they work, and what does the long work.
    """

    def __init__(self, root: Root, jobs: Jobs) -> None:
        self._root = root
        self._jobs = jobs

    # machines

    def list_systems(self) -> Document:
        """The library's machines (what each is, kind, molecule, drive), and the names of one's own."""
        rows = []
        for name in library.names():
            spec = load(name)
            smiles = ".".join(spec.machine.parts)
            row = {"name": name, "description": spec.description, "kind": spec.machine.kind, "smiles": smiles}
            rows.append({**row, "drive": spec.drive.kind})
        machines = sorted(path.stem for path in (self._root.folder / MACHINES).glob("*.yaml"))
        return {"library": rows, "machines": machines}

    def read_machine(self, machine: str) -> Document:
        """A machine's file with every default, and its key; of the library or of one's own."""
        _, spec = self._root.machine(machine)
        return {"name": spec.name, "key": spec.key, "yaml": spec.to_yaml()}

    def draft_machine(
        self,
        name: str,
        smiles: str,
        ring: str = "",
        axle: int | None = None,
        isomer: int | None = None,
        drive: str = "",
    ) -> Document:
        """Write a machine file for a molecule: its axles, isomers and drives are found, and the best taken.

        ring: SMILES of a macrocycle, for a rotaxane or catenane. axle, isomer: numbers of the list that comes
        back, from 1; drive: a kind from it. Call again under another name to take another one. Seconds.
        """
        self._root.require_writable()
        place = self._root.new_file(MACHINES, name)
        drawn = [_molecule(smiles), *([_molecule(ring)] if ring else [])]
        given = {"--axle": axle, "--isomer": isomer, "--drive": _word("drive", drive) if drive else None}
        chosen = [
            part for option, value in given.items() if value is not None for part in (option, str(value))
        ]
        written = ["--yes", "--name", name, "-o", str(place)]
        document = self._quick("new", *drawn, *chosen, *written)
        return {"machine": name, "yaml": place.read_text(encoding="utf-8"), **document}

    def write_machine(self, name: str, yaml: str) -> Document:
        """Write a machine file of one's own; it is refused with what is wrong and what is accepted."""
        from molmach.spec import loads

        self._root.require_writable()
        spec = loads(yaml, f"{name}.yaml")
        place = self._root.write(MACHINES, name, yaml)
        return {
            "machine": name,
            "file": self._root.relative(place),
            "key": spec.key,
            "kind": spec.machine.kind,
        }

    def build_machine(self, machine: str, changes: list[str] | None = None) -> Document:
        """Build a machine in three dimensions: parts, moment of inertia, dipole, picture. Seconds.

        changes: 'path=value' texts, as 'drive.field=2 V/nm'.
        """
        self._root.require_writable()
        file, spec = self._root.machine(machine, changes)
        folder = f"{BUILDS}/{_plain(spec.name)}-{spec.key[:12]}"
        out = str(self._root.folder / folder)
        document = self._quick("build", file, *_set(changes), "-o", out)
        return {**document, "resources": self._resources(folder)}

    def estimate_machine(self, machine: str, changes: list[str] | None = None) -> Document:
        """What exact theory says of a machine before anything is simulated, with its own error. Seconds.

        It is an estimate: say 'theory says', never that it was measured.
        """
        file, _ = self._root.machine(machine, changes)
        return self._quick("estimate", file, *_set(changes))

    # long work

    def simulate(
        self,
        machine: str,
        replicas: int | None = None,
        duration: str = "",
        seed: int | None = None,
        until_resolved: int | None = None,
        changes: list[str] | None = None,
    ) -> Document:
        """Submit a simulation with both controls (drive off, mirror image); job_result has its verdict.

        duration: as '100 ps'. until_resolved: add replicas until the verdict stands, to so many at most.
        """
        given = {"replicas": replicas, "duration": duration or None, "seed": seed}
        asked = [f"protocol.{name}={value}" for name, value in given.items() if value is not None]
        every = [*(changes or []), *asked]
        file, spec = self._root.machine(machine, every)
        folder = f"{RUNS}/{_plain(spec.name)}-{spec.key[:12]}"
        estimate = simulation_seconds(spec, conditions=3)
        more: list[str] = []
        if until_resolved is not None:
            if until_resolved < spec.protocol.replicas:
                least = spec.protocol.replicas
                raise ServingError(
                    f"until_resolved: got {until_resolved}; expected at least {least} replicas"
                )
            folder += f"-until-{until_resolved}"
            more = ["--until-resolved", str(until_resolved)]
            estimate = None if estimate is None else estimate * until_resolved / spec.protocol.replicas
        command = ["simulate", file, *_set(every), *more, *self._workers(), "--json"]
        return self._submit("simulate", command, folder, estimate)

    def kinetics(
        self, machine: str, level: str = "GFN2-xTB", quick: bool = True, solvent: str = ""
    ) -> Document:
        """Submit the search for barriers, rates and half-lives of a light-driven motor or a hindered bond.

        level: MMFF94, GFN2-xTB or r2SCAN-3c. quick: a first look with an error of its own. Minutes to hours.
        """
        file, spec = self._root.machine(machine)
        if level not in ("MMFF94", "GFN2-xTB", "r2SCAN-3c"):
            raise ServingError(f"level: got {shortened(level)}; expected MMFF94, GFN2-xTB or r2SCAN-3c")
        more = ["--quick"] * quick + (["--solvent", _word("solvent", solvent)] if solvent else [])
        folder = f"{RUNS}/{_plain(spec.name)}-{spec.key[:12]}-kinetics-{level}{'-quick' * quick}"
        return self._submit("kinetics", ["kinetics", file, "--level", level, *more, "--json"], folder, None)

    def profile(self, machine: str, window: str = "50 ps", shots: int = 0) -> Document:
        """Submit the free energy of a rotaxane's ring along its axle; shots > 0 for rates as well."""
        file, spec = self._root.machine(machine)
        if not 0 <= shots <= 100_000:
            raise ServingError(f"shots: got {shots}; expected 0 to 100000")
        folder = f"{RUNS}/{_plain(spec.name)}-{spec.key[:12]}-profile"
        more = ["--window", _word("window", window), "--shots", str(shots), *self._workers()]
        return self._submit("profile", ["profile", file, *more, "--json"], folder, None)

    def scan(
        self, machine: str, over: list[str], replicas: int | None = None, cycles: float | None = None
    ) -> Document:
        """Submit a scan of one or two values of a machine's file: a curve, or a diagram with thresholds.

        over: one or two texts, as 'drive.field=0.1..4 V/nm log 8' or 'drive.frequency=20 GHz, 50 GHz'.
        """
        file, spec = self._root.machine(machine)
        if not 1 <= len(over) <= 2:
            raise ServingError(f"over: got {shortened(over)}; expected one or two texts 'path=values'")
        ways = [part for one in over for part in ("--over", _word("over", one))]
        more = ["--replicas", str(replicas)] if replicas is not None else []
        more += ["--cycles", str(cycles)] if cycles is not None else []
        folder = f"{RUNS}/{_plain(spec.name)}-{spec.key[:12]}-scan-{abs(_mark(over, replicas, cycles)):08x}"
        return self._submit("scan", ["scan", file, *ways, *more, *self._workers(), "--json"], folder, None)

    def score(self, run: str) -> Document:
        """Score a finished run folder again. Seconds."""
        return self._quick("score", str(self._root.run(run)))

    def run_campaign(self, name: str, yaml: str = "") -> Document:
        """Submit a design campaign, or go on with it; with yaml its file is written first.

        Agents, evaluations and base machines are those that are installed: no code of one's own. Give it a
        budget.
        """
        self._root.require_writable()
        if yaml:
            from molmach.server.root import check_campaign

            check_campaign(yaml)
            self._root.write(CAMPAIGNS, name, yaml)
        file = self._root.campaign(name)
        command = ["campaign", "run", str(file), "--executor", "local", "--json"]
        return self._submit("campaign", command, f"{RUNS}/campaign-{_plain(file.stem)}", None)

    # following

    def list_jobs(self) -> Document:
        """Every job with its state, and what was spent of what may be."""
        jobs = [self._jobs.describe(job) for job in self._jobs.all()]
        limits = self._jobs.limits
        spent = {
            "core_seconds": round(self._jobs.spent(), 1),
            "in_all": limits.in_all,
            "a_job": limits.per_job,
        }
        return {"jobs": jobs, "spent": spent}

    def job_status(self, job: str) -> Document:
        """How a job stands: state, progress from 0 to 1 where it is known, what it has spent."""
        return self._jobs.describe(self._jobs.get(job))

    async def wait_for_job(
        self, job: str, seconds: float, report: Report, sleep: Callable[[float], Any]
    ) -> Document:
        """Follow a job until it ends or the time is over, telling of its progress."""
        ends = time.monotonic() + min(max(seconds, 0.0), QUICK_SECONDS)
        one = self._jobs.get(job)
        while True:
            known = self._jobs.describe(one)
            await report(known["progress"] or 0.0, 1.0, str(known["doing"] or known["state"]))
            if known["state"] != "running" or time.monotonic() > ends:
                return known
            await sleep(_LOOK_SECONDS)

    def job_result(self, job: str) -> Document:
        """The whole result of a finished job. A verdict 'failed' is a result: a control has failed."""
        one = self._jobs.get(job)
        document = self._jobs.document(one)
        return {**document, "resources": self._resources(one.folder)}

    def cancel_job(self, job: str) -> Document:
        """Stop a job; what it had computed is kept, and resume_job goes on from there."""
        self._jobs.cancel(job)
        return self._jobs.describe(self._jobs.get(job))

    def resume_job(self, job: str) -> Document:
        """Go on with a job that was stopped, killed or interrupted, from what it had computed."""
        return self._jobs.describe(self._jobs.resume(job))

    # reading

    def explain_verdict(self, run: str) -> Document:
        """What a run's verdict rests on: its reason, its controls, and every number with where it stands."""
        folder = self._root.run(run)
        return dict(self._root.hidden(explaining.explanation(folder, self._root.relative(folder))))

    def check_words(self, place: str, text: str) -> Document:
        """Hold what you are about to say of a run or a campaign against its record, number by number.

        place: the run's or campaign's folder. Numbers that nothing bears out come back struck out: do not say
        them.
        """
        folder = self._root.run(place)
        return explaining.judged(folder, self._root.relative(folder), text)

    def read_ledger(self, campaign: str, what: str = "best", most: int = 10) -> Document:
        """What a campaign has found so far, while it runs or afterwards.

        what: best (machines with intervals and confirmations), trials (every proposal, the latest first),
        agents, failures, or state.
        """
        folder = self._root.run(campaign)
        if not (folder / NAME).is_file():
            raise ServingError(f"{campaign}: no campaign; expected the folder of one")
        if what not in ("best", "trials", "agents", "failures", "state"):
            raise ServingError(
                f"what: got {shortened(what)}; expected best, trials, agents, failures or state"
            )
        most = min(max(int(most), 1), _MOST_ROWS)
        spec, _ = read_campaign(folder)
        with reading(folder) as ledger:
            if what == "trials":
                last = trials_of(ledger)[-most:]
                return {"trials": [_trial(trial, spec) for trial in reversed(last)]}
            document = results.document(ledger, spec, folder, most)
        kept = {
            "best": ("objectives", "best"),
            "agents": ("agents", "agent_failures"),
            "failures": ("failures",),
        }
        names = kept.get(
            what, ("name", "state", "reason", "evaluations", "failed", "confirmations", "core_seconds")
        )
        return dict(self._root.hidden({name: document[name] for name in names}))

    # inside

    def _workers(self) -> list[str]:
        return ["--workers", str(self._jobs.limits.workers)]

    def _submit(self, tool: str, command: list[str], folder: str, estimate: float | None) -> Document:
        self._root.require_writable()
        arguments = [*command, "-o", str(self._root.folder / folder)]
        job: Job = self._jobs.submit(tool, arguments, folder, estimate)
        return self._jobs.describe(job)

    def _quick(self, command: str, *arguments: str) -> Document:
        """A command that takes seconds, in a process of its own."""
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "molmach.cli.main", command, *arguments, "--json"],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                text=True,
                cwd=self._root.folder,
                timeout=QUICK_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise ServingError(f"{command} took longer than {QUICK_SECONDS:g} s and was given up") from None
        if ended.returncode not in (0, 3):
            lines = [line for line in ended.stderr.splitlines() if line.strip(" ╭╰─╮╯")]
            said = next(
                (line for line in reversed(lines) if line.startswith("molmach: ")), lines[-1] if lines else ""
            )
            raise ServingError(str(self._root.hidden(said[:1000] or f"{command} failed")))
        return dict(self._root.hidden(json.loads(ended.stdout)))

    def _resources(self, folder: str) -> list[str]:
        """Addresses of the files of a folder that can be read."""
        from molmach.server.resources import address, readable

        place = self._root.folder / folder
        return [address(self._root.relative(file)) for file in readable(place)]


def _trial(trial: Any, campaign: Any) -> Document:
    finding = trial.finding
    values = []
    for objective, measured in zip(campaign.objectives, finding.measured if finding else (), strict=False):
        value, error, low, high = measured.asked(objective.sign)
        row = {"expression": objective.expression, "value": value, "error": error, "ci95": [low, high]}
        values.append(row)
    return {
        "trial": trial.number, "agent": trial.agent, "machine": trial.machine[:12], "smiles": trial.smiles,
        "design": dict(trial.design.values), "state": trial.state.value, "reason": trial.reason,
        "rationale": trial.rationale, "values": values,
    }  # fmt: skip


def _set(changes: list[str] | None) -> list[str]:
    return [part for change in changes or [] for part in ("--set", change)]


def _plain(name: str) -> str:
    """A name as a folder may have it."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name).strip("-")
    return kept[:60] or "machine"


def _word(field: str, value: str) -> str:
    if not value or value.startswith("-") or len(value) > 200 or not value.isprintable():
        raise ServingError(
            f"{field}: got {shortened(value)}; expected a value, which does not start with '-'"
        )
    return value


def _molecule(smiles: str) -> str:
    """A SMILES that can't be taken for a file or an option."""
    if not smiles or len(smiles) > _LONGEST_SMILES or smiles.startswith("-") or not smiles.isprintable():
        raise ServingError(f"smiles: got {shortened(smiles)}; expected a SMILES of one molecule")
    if Chem.MolFromSmiles(smiles) is None:
        raise ServingError(f"smiles: got {shortened(smiles)}; expected a SMILES that RDKit can read")
    return smiles


def _mark(*asked: object) -> int:
    """A number for what was asked, the same in every process."""
    import zlib

    return zlib.crc32(repr(asked).encode())
