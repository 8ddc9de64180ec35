"""``molmach systems``: the machines of the library."""

from __future__ import annotations

from molmach import systems as library
from molmach.cli.output import JsonFlag, console, print_json, table
from molmach.spec import load


def systems(as_json: JsonFlag = False) -> None:
    """List the machine library."""
    specs = [load(name) for name in library.names()]
    if as_json:
        print_json(
            {
                "schema": "molmach.systems/1",
                "systems": [
                    {
                        "name": spec.name,
                        "description": spec.description,
                        "kind": spec.machine.kind,
                        "smiles": ".".join(spec.machine.parts),
                        "drive": spec.drive.kind,
                        "key": spec.key,
                        "reference": library.reference(spec.name),
                    }
                    for spec in specs
                ],
            }
        )
        return
    rows = [
        (spec.name, f"[dim]{spec.machine.kind}, {spec.drive.kind}[/]\n{spec.description}".replace("_", " "))
        for spec in specs
    ]
    console().print(table(("name", "what it is"), rows))
    console().print(
        "molmach simulate NAME runs one; its file is a template for your own (molmach build NAME -o DIR)."
    )
