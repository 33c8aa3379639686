"""Plays an example: its application in a world, its requests, what was read and what was seen."""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec.structs import replace

from strop.cell import Cell
from strop.evidence import SCHEMA, Evidence
from strop.measure.aggregate import cost_lines, cost_routes
from strop.measure.explain import explain, sizes
from strop.measure.observe import read_project
from strop.measure.serve import Served
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.registry import noticers
from strop.target import Target
from strop.world.instance import open_world


def play(example: Example, folder: Path) -> tuple[Project, Evidence]:
    """The project of an example in `folder`, and the evidence of its requests."""
    for name, text in example.files.items():
        (folder / name).write_text(text)
    target = Target(root=str(folder), app="main:app", factory=False, python=sys.executable)
    with open_world(target) as world:
        root = world.folder.tree()
        project = read_project(world, root, noticers=noticers(measured=True))
        with Served(world.instance(root)) as served:
            cells = (Cell(f"c{n}", n, request) for n, request in enumerate(example.requests))
            exchanges = tuple(outcome.exchange for outcome in served.outcomes(cells))
            databases = served.instance.databases
            evidence = Evidence(
                schema=SCHEMA,
                run="",
                app=target.app,
                dialect="sqlite",
                versions=project.imported.versions,
                source="har",
                reached=tuple(sorted({e.route for e in exchanges})),
                missed=(),
                exchanges=exchanges,
                routes=cost_routes(exchanges),
                lines=cost_lines(exchanges),
                sizes=sizes(databases),
                scans=explain(exchanges, databases, project.imported),
            )
    return replace(project, root=str(folder)), evidence  # the world's tree is gone
