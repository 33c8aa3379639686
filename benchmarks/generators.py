"""Which generator of requests sees more of an application: strop's own, with what it makes beside it, or schemathesis?

    python benchmarks/generators.py FOLDER [--python PATH] [--login PATH USER PASSWORD]

Each generator's requests are served one by one in the same copy, every one from the same rows; counted are routes that
answer with success, pairs of route and status, and executed statements of the application's functions.
Needs `pip install schemathesis`.
"""

from __future__ import annotations

import importlib
import json
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from strop.cell import Cell, Request
from strop.evidence import Outcomes
from strop.faces.cli.options import about_target, target_of
from strop.measure.generate import STEPS, ascii_path, generate, on_the_wire, operations
from strop.measure.identities import find_identities
from strop.measure.perturb import Pool
from strop.measure.serve import Served
from strop.project.project import Imported
from strop.proof.executed import statements
from strop.proof.perturbed_choice import by_key, choose_perturbed
from strop.target import Target
from strop.world.instance import Conditions, open_world

MOST = 60  # requests of one operation that are taken of schemathesis, spread over what it makes
Header = tuple[str, str]


@dataclass
class Sight:
    """What one generator's requests saw."""

    requests: int = 0
    routes: set[str] = field(default_factory=set)
    answers: set[tuple[str, int]] = field(default_factory=set)
    lines: set[tuple[str, int]] = field(default_factory=set)
    seconds: float = 0.0


@click.command()
@about_target
def main(
    folder: Path,
    app: str | None,
    factory: bool,
    python: str | None,
    environ: tuple[Header, ...],
    login: tuple[str, str, str] | None,
    head: bool,
) -> None:
    """Serve each generator's requests and print a table."""
    target = replace(target_of(folder, app, factory, python, environ, login, head=True), tests=())
    with open_world(target) as world:
        root = world.folder.tree()
        wanted = dict(_watched(root, target))
        served = Served(world.instance(root), Conditions(watch=wanted), limit=10)
        served.start()
        imported = served.describe()
        identity = served.log_in(target.login) if target.login else ()
        own = generate(target, imported, served.instance.databases, identity)
        first, outcomes = _see(served, own)
        _show("OpenAPI, strop's own", first, wanted)
        beside = _perturbed(served, target, imported, own, outcomes)
        second, _ = _see(served, beside)
        _show("  beside them (gate 4)", second, wanted)
        third, _ = _see(served, _schemathesis(imported, identity, len(own) + len(beside)))
        _show("schemathesis, examples and coverage", third, wanted)
        both = first.lines | second.lines
        print("only schemathesis executes:", *sorted(third.lines - both)[:20])
        print("only schemathesis is answered:", *sorted(third.answers - first.answers - second.answers))
        print("only strop executes:", *sorted(both - third.lines)[:20])


def _watched(root: Path, target: Target) -> Iterator[tuple[str, list[int]]]:
    for source in target.sources:
        for path in sorted((root / source).rglob("*.py")):
            file = str(path.relative_to(root))
            if (
                not {"tests", "alembic", "migrations", ".venv"}.intersection(path.parts)
                and "test_" not in file
            ):
                lines = [span.line for span, inside in statements(path, file) if inside]
                if lines:
                    yield file, lines


def _see(served: Served, cells: Sequence[Cell]) -> tuple[Sight, Outcomes]:
    sight, outcomes, began = Sight(), {}, time.monotonic()
    for cell in cells:
        outcome = outcomes[cell.id] = served.serve(cell)
        route, status = outcome.exchange.route or cell.route, outcome.answer.status
        sight.requests += 1
        sight.answers.add((route, status))
        if 200 <= status < 400:
            sight.routes.add(route)
        sight.lines |= {(span.file, span.line) for span in outcome.exchange.lines}
    sight.seconds = time.monotonic() - began
    return sight, outcomes


def _perturbed(
    served: Served, target: Target, imported: Imported, cells: tuple[Cell, ...], outcomes: Outcomes
) -> tuple[Cell, ...]:
    pool = Pool(find_identities(served, cells, imported, target.login), ())
    known = by_key(operations(imported, served.instance.databases))
    return choose_perturbed(cells, outcomes, known, pool, None)[0]


def _schemathesis(imported: Imported, identity: tuple[Header, ...], most: int) -> list[Cell]:
    """Its examples and its coverage phase, valid and invalid, for every operation."""
    schemathesis, config, generation, drivers, feedback, overrides = (
        importlib.import_module(f"schemathesis{name}")
        for name in (
            "",
            ".config",
            ".generation",
            ".generation.drivers",
            ".generation.feedback",
            ".generation.overrides",
        )
    )  # by name: it is no dependency of strop's
    cells: list[Cell] = []
    for prefix, text in (("", imported.openapi), *imported.mounted):
        if not text:
            continue
        schema = schemathesis.openapi.from_dict(json.loads(text))
        for result in schema.get_all_operations():
            operation: Any = result.ok() if hasattr(result, "ok") else None
            if operation is None:
                continue
            generator = drivers.CoverageGenerator(
                operation=operation,
                generation_modes=list(generation.GenerationMode),
                generation_config=config.GenerationConfig(),
                auth_storage=None,
                override=overrides.Override(query={}, headers={}, cookies={}, path_parameters={}, body={}),
                feedback=feedback.FeedbackSources(),
            )
            made = list(generator)
            share = max(1, len(made) // min(MOST, max(1, most // 20)))
            for case in made[::share]:
                cells.append(_cell(case, prefix, identity, len(cells)))
    return cells


def _cell(case: Any, prefix: str, identity: tuple[Header, ...], number: int) -> Cell:
    requests = importlib.import_module("requests")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = case.as_transport_kwargs(base_url="http://testserver")
    known = {
        k: v
        for k, v in given.items()
        if k in ("method", "url", "params", "data", "json", "headers", "files", "cookies")
    }
    sent = requests.Request(**known).prepare()
    raw: Any = sent.body or b""
    body = raw.encode() if isinstance(raw, str) else bytes(raw)
    own = tuple(
        (on_the_wire(str(k).lower()), on_the_wire(v if isinstance(v, str) else v.decode("latin-1")))
        for k, v in sent.headers.items()
    )
    names = {name for name, _ in own}
    headers = (*own, *(pair for pair in identity if pair[0] not in names), ("host", "testserver"))
    request = Request(sent.method or "GET", ascii_path(prefix + sent.path_url), headers, body)
    return Cell(f"s{number:04}", number % STEPS, request, "", "schemathesis")


def _show(name: str, sight: Sight, wanted: dict[str, list[int]]) -> None:
    whole = sum(map(len, wanted.values()))
    print(
        f"{name:38} {sight.requests:5} requests  {len(sight.routes):3} routes  {len(sight.answers):3} answers  "
        f"{len(sight.lines):4} of {whole} statements  {sight.seconds:.0f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
