"""Sections of a run's page as HTML."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template

from molmach.building import coordinate_of, kind_of
from molmach.data import Run
from molmach.report import coordinate_plots as plots
from molmach.report.film import Film, parts_of_atoms
from molmach.report.plots import LABELS, PAGE, angle_panels, velocity_plot
from molmach.report.svg import inline_figure
from molmach.scoring import Score


def resource(name: str) -> str:
    """The text of a file that comes with this package."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def movie(run: Run, film: Film, plot: plots.FilmPlot) -> str:
    """The machine in motion beside the plot of its motion; the page's script brings both to life."""
    left, right, top, bottom = plot.box
    frames = f"{film.time_ps.size} frames"
    if film.time_ps.size > 1:
        apart = film.time_ps[1] - film.time_ps[0]
        frames += f", {apart:g} ps apart, played at {film.frames_a_second * apart:.3g} ps a second"
    arrow = "The arrow is the drive's field; its length is the field's strength."
    number = film.replica + 1
    values = {
        "number": str(number),
        "replicas": str(run.replicas),
        "frames": frames,
        "arrow": arrow if film.field is not None else "",
        "name": escape(run.spec.name),
        "plot": inline_figure(plot.figure, "film", f"Motion of replica {number} against time."),
        "left": f"{left:.3f}",
        "top": f"{top:.3f}",
        "width": f"{right - left:.3f}",
        "height": f"{bottom - top:.3f}",
        "last": str(film.time_ps.size - 1),
        "parts": _parts(run, film),
    }
    return Template(resource("movie.html")).substitute(values)


def _parts(run: Run, film: Film) -> str:
    """What the colours of the machine mean."""
    found = set(parts_of_atoms(run.assembly))
    named = kind_of(run.assembly.kind).part_names
    items = [(part, words) for part, words in named.items() if part in found]
    items += [("field", "field")] if film.field is not None else []
    return "".join(f'<li style="--part:var(--{part})">{words}</li>' for part, words in items)


def velocities(run: Run, result: Score) -> str:
    """Velocity of the machine and its controls."""
    spoken = [f"{LABELS['claim']} {result.velocity.value:.3g}"]
    spoken += [f"{LABELS.get(n, n)} {c.velocity.value:.3g}" for n, c in result.controls.items()]
    alt = f"Velocities in {result.velocity.unit}: {', '.join(spoken)}."
    figure = velocity_plot(run, result, PAGE, 4.8)
    figure.axes[0].set_xlabel(f"velocity / ({result.velocity.unit})")
    return inline_figure(figure, "velocity", alt)


def dwelling(run: Run) -> str:
    """Histogram and energy of the coordinate, and what may be read from them."""
    pairs = (
        ("occupancy", plots.occupancy_plot(run), "How often the machine is where."),
        ("energy", plots.energy_plot(run), "Minus kT times the logarithm of that."),
    )
    shown = "".join(f"<figure>{inline_figure(figure, name, alt)}</figure>" for name, figure, alt in pairs)
    periodic = coordinate_of(run.assembly).scale.period is not None
    text = "The dotted circle is an even spread. " if periodic else ""
    if any(map(plots.at_equilibrium, plots.conditions(run).values())):
        text += (
            "The solid curve, with the drive off, is the free energy of the coordinate, its 95 % interval "
            "over replicas shaded, for as much of it as these replicas have visited. "
        )
    if not plots.at_equilibrium(run):
        text += (
            '<span class="nowrap">−kT ln</span> of the share of time under the drive is no free energy: it '
            "only says where the machine dwells (a potential of mean occupancy)."
        )
    return f'<div class="panels">{shown}</div><p class="soft">{text}</p>'


def replicas(run: Run) -> str:
    """Motion of every replica, one panel a condition."""
    runs = {"claim": run, **run.controls}
    panels = ""
    for name, figure in angle_panels(run).items():
        label = LABELS.get(name, name)
        svg = inline_figure(figure, f"motion-{name}", f"Motion of every replica: {label}.")
        caption = f"{label}, n = {runs[name].replicas}"
        panels += f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"
    return (
        f'<div class="panels three">{panels}</div><p class="soft">Coloured: replicas, at most forty. Line in '
        "the text's colour: mean of all. The equilibration before time zero is not shown.</p>"
    )


def licences() -> str:
    """Of what else is in the file."""
    return (
        "<details><summary>Licences of the molecular viewer in this file, 3Dmol.js</summary>"
        f'<pre class="licence" tabindex="0">{escape(resource("vendor/LICENSES.txt"))}</pre></details>'
    )
