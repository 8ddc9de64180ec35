"""``molmach campaign``: searches for machines, started, gone on with and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from molmach.cli.campaign_live import followed
from molmach.cli.campaign_view import print_document
from molmach.cli.naming import naming_the_file
from molmach.cli.output import JsonFlag, Overrides, console, print_json, status, table
from molmach.errors import InfeasibleError, InterruptedRunError, SpecError
from molmach.files import write_text
from molmach.report.campaign.pictures import draw_designs
from molmach.search import Space
from molmach.search.loop.checking import check, check_new, equilibrium_note
from molmach.search.record import results
from molmach.search.record.folder import FILE, find_campaign, read_campaign, repair
from molmach.search.record.ledger import NAME, reading
from molmach.search.record.retrying import retry
from molmach.search.running import run_campaign
from molmach.search.space.fragments import groups
from molmach.spec import Campaign, load_campaign
from molmach.studies.folder import OUT

app = typer.Typer(help="Search a space of machines for better ones.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A campaign's YAML file.")]
FileOrFolder = Annotated[
    Path, typer.Argument(metavar="FILE_OR_DIR", help="A campaign's YAML file or its folder.")
]
OutOption = Annotated[
    Path | None, typer.Option("-o", metavar="DIR", help="The campaign's folder; default campaigns/NAME-KEY.")
]
AddressOption = Annotated[
    str | None, typer.Option(help="Ray cluster to join (HOST:PORT or 'auto'); default: one is started here.")
]
CoresOption = Annotated[int | None, typer.Option(min=1, help="Cores of that cluster; default all.")]
StoreOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Evaluations shared by campaigns; default evaluations.sqlite beside DIR."
    ),
]


ExecutorOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="ray, local (in this process, one after the other), one that was added, or file.py:Class, "
        "the file as seen from the working folder.",
    ),
]


def _file_of(options: dict[str, Any]) -> str | None:
    """The campaign's file of a command's arguments; that of a folder is the one in it."""
    given = options.get("file", options.get("folder"))
    return None if given is None else str(given / FILE if given.is_dir() else given)


_naming_the_campaign = naming_the_file(Campaign.model_fields, _file_of)


@app.command("run")
@_naming_the_campaign
def run(
    file: FileOrFolder,
    out: OutOption = None,
    overrides: Overrides = None,
    executor: ExecutorOption = "ray",
    address: AddressOption = None,
    cores: CoresOption = None,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Carry out a campaign; the same command goes on with one that was stopped or killed."""
    campaign, folder, source = find_campaign(file, overrides or [])
    _run(campaign, out or folder, source, executor, address, cores, store, as_json)


@app.command("resume")
@_naming_the_campaign
def resume(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A campaign's folder.")],
    overrides: Overrides = None,
    executor: ExecutorOption = "ray",
    address: AddressOption = None,
    cores: CoresOption = None,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Go on with a campaign where it was left; --set budget.evaluations=N gives it more."""
    campaign, source = read_campaign(folder, overrides or [])
    _run(campaign, folder, source, executor, address, cores, store, as_json)


@app.command("repair")
def repair_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A campaign's folder.")],
    as_json: JsonFlag = False,
) -> None:
    """Put the latest backup in the place of a ledger that is damaged; the damaged file is kept beside it.

    A running campaign copies its ledger every minute and when it ends, the copy before is kept too. What was
    evaluated after the copy is taken from the evaluations that campaigns share, where these have it.
    """
    places = repair(folder)
    with reading(folder) as ledger:
        kept = ledger.evaluations()
    if as_json:
        backup, aside = (None, None) if places is None else places
        print_json({
            "repaired": places is not None, "evaluations": kept,
            "backup": backup and str(backup), "damaged": aside and str(aside),
        })  # fmt: skip
    elif places is None:
        typer.echo(f"{folder}: nothing is damaged; the ledger has {kept} evaluations")
    else:
        backup, aside = places
        if backup.name == NAME:
            typer.echo(f"{folder}: no backup has more than the ledger, which goes on with {kept} evaluations")
        else:
            typer.echo(f"{folder}: the backup {backup.name}, of {kept} evaluations, is the ledger now")
        if aside is not None:
            typer.echo(f"the damaged one is kept as {aside.name}")
        typer.echo("'molmach campaign resume' goes on from there")


@app.command("slurm")
@_naming_the_campaign
def slurm(
    file: FileArgument,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="FILE.sh", help="The script; default NAME.sbatch.sh here.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir", metavar="DIR", help="The campaign's folder between starts; default campaigns/NAME-KEY."
        ),
    ] = None,
    nodes: Annotated[int, typer.Option(min=1, help="Nodes of the job.")] = 1,
    cores: Annotated[int, typer.Option(min=1, help="Cores of each node.")] = 8,
    time_limit: Annotated[
        str, typer.Option("--time", help="The job's limit, as Slurm writes it.")
    ] = "12:00:00",
    grace: Annotated[
        int, typer.Option(min=60, max=3600, help="Seconds before the limit at which it stops.")
    ] = 180,
    sbatch: Annotated[
        list[str] | None, typer.Option(metavar="OPTION", help="More for sbatch: --sbatch=--partition=short.")
    ] = None,
) -> None:
    """Write a Slurm job for a campaign, which stops before its limit and puts itself in the queue again."""
    from molmach.cli.campaign_slurm import slurm_script
    from molmach.search.record.folder import folder_of

    campaign = load_campaign(file)
    check(campaign, file.parent)
    place = folder_of(campaign, folder)
    text = slurm_script(
        campaign, file, place, nodes=nodes, cores=cores, time_limit=time_limit, grace=grace, more=sbatch or ()
    )
    script = out or Path(f"{campaign.name}.sbatch.sh")
    try:
        write_text(script, text)
    except OSError as error:
        raise SpecError(OUT, f" {script}: can't be written ({error.strerror})") from error
    typer.echo(f"sbatch {script}")


@app.command("retry")
@_naming_the_campaign
def retry_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A campaign's folder.")],
    reasons: Annotated[
        list[str] | None,
        typer.Option("--reason", metavar="TEXT", help="A part of why they failed; may be given repeatedly."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that failed.")] = False,
    other_code: Annotated[
        bool, typer.Option("--other-code", help="What other code than is installed here has done.")
    ] = False,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Have evaluations done again that failed, by why they did, or that other code has done.

    They are taken out of the ledger and of the evaluations that campaigns share; 'molmach campaign resume'
    does them.
    """
    counts = retry(folder, reasons or (), everything=everything, other_code=other_code, store=store)
    if as_json:
        print_json({"retried": sum(counts.values()), "reasons": counts})
        return
    for why, count in counts.items():
        typer.echo(f"{count} evaluation{'' if count == 1 else 's'}: {why}")
    typer.echo(f"'molmach campaign resume {folder}' does them again")


def _run(
    campaign: Campaign,
    out: Path,
    source: Path,
    executor: str,
    address: str | None,
    cores: int | None,
    store: Path | None,
    as_json: bool,
) -> None:
    said = equilibrium_note(campaign, source)
    if said:
        typer.echo(f"molmach: {campaign.name}: {said}", err=True)
    try:
        with followed(campaign) as (watch, say):
            document = run_campaign(
                campaign,
                out,
                source=source,
                executor=str(Path(executor).absolute()) if ".py:" in executor else executor,
                address=address,
                cores=cores,
                store=store,
                watch=watch,
                say=say,
            )
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError(
            f"stopped; what was finished is kept, and 'molmach campaign resume {out}' goes on from there"
        ) from interrupt
    if as_json:
        print_json(document)
    else:
        print_document(document)
    if document["state"] == "stopped":
        raise InterruptedRunError(f"stopped; 'molmach campaign resume {out}' goes on from there")


@app.command("status")
@_naming_the_campaign
def show_status(file: FileOrFolder, as_json: JsonFlag = False) -> None:
    """What a campaign has found so far; it may be running."""
    campaign, folder, _ = find_campaign(file)
    with reading(folder) as ledger:
        document = results.document(ledger, campaign, folder)
    if as_json:
        print_json(document)
    else:
        print_document(document)


@app.command("watch")
@_naming_the_campaign
def watch(
    file: FileOrFolder,
    web: Annotated[
        bool, typer.Option("--web", help="A live page on this machine instead of the terminal.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of that page; 0: any free one.")] = 0,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between looks at the ledger.")] = 2.0,
) -> None:
    """Follow a campaign while another process carries it out; ends with the campaign."""
    from molmach.cli.campaign_watch import watch_page, watch_terminal

    campaign, folder, _ = find_campaign(file)
    if web:
        watch_page(campaign, folder, port, interval)
    else:
        watch_terminal(campaign, folder, interval)


@app.command("report")
@_naming_the_campaign
def report(
    file: FileOrFolder,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", metavar="FILE.html", help="The page; default report.html in the campaign's folder."
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write a campaign's report as one HTML page; it may be running."""
    from molmach.report.campaign.page import NAME, write_report
    from molmach.search.summary import summary

    campaign, folder, _ = find_campaign(file)
    with reading(folder) as ledger:
        page = write_report(summary(ledger, campaign, folder), out or folder / NAME)
        if as_json:
            print_json({**results.document(ledger, campaign, folder), "report": str(page)})
            return
    console().print(f"report    {escape(str(page))}", soft_wrap=True)


@app.command("export")
@_naming_the_campaign
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A campaign's folder.")],
    out: Annotated[Path, typer.Option("-o", metavar="FILE", help="A .csv or .parquet file.")],
) -> None:
    """Write every evaluation with its machine to a table."""
    from molmach.search.record.export import export_table

    with reading(folder) as ledger:
        rows = export_table(ledger, out)
    typer.echo(f"{rows} evaluations in {out}", err=True)


@app.command("space")
@_naming_the_campaign
def space(
    file: FileArgument,
    overrides: Overrides = None,
    samples: Annotated[int, typer.Option(min=1, max=200, help="Designs to draw.")] = 12,
    picture: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="Picture (.svg or .png) of the sampled designs.")
    ] = None,
    fragments: Annotated[bool, typer.Option(help="List the library of fragments.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Count a campaign's designs and machines, and draw some of them."""
    campaign = load_campaign(file, overrides or [])
    designs = check(campaign, file.parent)
    check_new(campaign, designs, file.parent)
    with status("counting") as say:
        say("designs")
        document = _count(designs)
        document["sample"] = _sampled(designs, samples, campaign.seed)
    if picture is not None:
        draw_designs(
            [s["smiles"] for s in document["sample"]], [s["label"] for s in document["sample"]], picture
        )
        document["picture"] = str(picture)
    if as_json:
        print_json({"schema": "molmach.space/1", "name": campaign.name, **document})
        return
    _print_space(document, designs, fragments)


_COUNTED = 20_000


def _count(designs: Space) -> dict[str, Any]:
    """Combinations, and how many different machines they are where that can be counted."""
    document: dict[str, Any] = {"designs": designs.size, "open": designs.open, "machines": None}
    if designs.size is not None and designs.size <= _COUNTED:
        keys: set[str] = set()
        reasons: dict[str, int] = {}
        for design in designs.enumerate():
            try:
                keys.add(designs.resolve(design).key)
            except InfeasibleError as error:
                reason = str(error).partition(": ")[0]
                reasons[reason] = reasons.get(reason, 0) + 1
        document |= {"machines": len(keys), "infeasible": reasons}
    return document


def _sampled(designs: Space, wanted: int, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    machines: dict[str, dict[str, Any]] = {}
    for _ in range(50 * wanted):
        design = designs.sample(rng)
        if designs.is_machine(design):
            candidate = designs.resolve(design)
            label = ", ".join(f"{name} {value}" for name, value in design.values)
            machines.setdefault(
                candidate.key,
                {
                    "machine": candidate.key,
                    "smiles": candidate.smiles,
                    "design": dict(design.values),
                    "label": label,
                },
            )
        if len(machines) == wanted:
            break
    return list(machines.values())


def _print_space(document: dict[str, Any], designs: Space, fragments: bool) -> None:
    out = console()
    size = "no end (a parameter is continuous)" if document["designs"] is None else f"{document['designs']:,}"
    out.print(f"designs   {size}")
    if document["machines"] is not None:
        out.print(f"machines  {document['machines']:,} different ones")
        for reason, count in document["infeasible"].items():
            out.print(f"          {count:,} designs are none: {escape(reason)}")
    if document["open"]:
        out.print("edits     lead further")
    rows = []
    for variable in designs.variables:
        if hasattr(variable, "values"):
            rows.append((variable.name, f"{len(variable.values)}", escape(", ".join(variable.values))))
        else:
            unit = f" {variable.unit}" if variable.unit else ""
            rows.append((variable.name, "", f"{variable.low:g} to {variable.high:g}{unit}, {variable.scale}"))
    out.print(table(("variable", "values", ""), rows, numeric=(1,)))
    sample = [(f"{escape(s['smiles'])}\n[dim]{escape(s['label'])}[/]",) for s in document["sample"]]
    out.print(table(("some machines",), sample))
    if fragments:
        listed = [(group, escape(", ".join(members))) for group, members in groups().items()]
        out.print(table(("group", "fragments"), listed))
    if "picture" in document:
        out.print(f"picture   {document['picture']}")
