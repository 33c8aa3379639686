"""Does the application as its source declares it equal the application as it is imported?

    python benchmarks/agreement.py FOLDER [--imported FILE.json] [--limit 40]

FILE.json is what `strop show project FOLDER --format json` printed (it imports the application in a safe copy);
without it that command is run here. Prints each difference of routes, dependencies, middleware and handlers.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from strop.project.declared.assemble import put_together
from strop.project.declared.declare import declare
from strop.project.project import Imported
from strop.project.route import Route
from strop.project.source import Reading

_MODULE = re.compile(r"[\w.]+:")


def main() -> None:
    """Read the arguments, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--imported", type=Path, help="the project as `strop show` printed it")
    parser.add_argument("--limit", type=int, default=40, help="differences that are printed of each kind")
    parser.add_argument("--app", default="", help="module:name, of several applications")
    options = parser.parse_args()
    if options.imported is not None:
        text = options.imported.read_bytes()
    else:
        command = [sys.executable, "-m", "strop", "show", "project", str(options.folder), "--format", "json"]
        text = subprocess.run(command, check=True, capture_output=True).stdout
    document = json.loads(text)
    imported = msgspec.json.decode(json.dumps(document["imported"]).encode(), type=Imported)
    reading = Reading.of(options.folder, tuple(document.get("sources", ())))
    started = time.process_time()
    declared = put_together(declare(reading.types, module) for module in reading.found.modules.values())
    print(f"{len(reading.found.modules)} files, {time.process_time() - started:.2f} s of CPU")
    differences = list(compare(imported, declared))
    by_kind = Counter(kind for kind, _ in differences)
    for kind, count in by_kind.items():
        print(f"\n{kind}: {count}")
        for _, message in [d for d in differences if d[0] == kind][: options.limit]:
            print(f"  {message}")
    print(f"\n{len(imported.routes)} routes imported, {len(declared.routes)} declared")
    raise SystemExit(1 if differences else 0)


def compare(imported: Imported, declared: Imported) -> Iterator[tuple[str, str]]:
    """The differences, each with its kind; routes of equal method and path are compared in their order."""
    theirs, ours = _by_key(imported), _by_key(declared)
    for key in theirs:
        if key not in ours:
            yield "routes that the source reader misses", f"{key}  {theirs[key][0].name}"
    for key in ours:
        if key not in theirs:
            yield (
                "routes that only the source reader has",
                f"{key}  {ours[key][0].name} {ours[key][0].uncertain}",
            )
    for key, routes in theirs.items():
        for one, other in zip(routes, ours.get(key, []), strict=False):
            yield from _compare_routes(key, one, other)
        if key in ours and len(routes) != len(ours[key]):
            yield "times", f"{key}: {len(routes)} and {len(ours[key])}"
    common = (
        [r.key for r in imported.routes if r.key in ours],
        [r.key for r in declared.routes if r.key in theirs],
    )
    if common[0] != common[1]:
        place = next((i for i, (a, b) in enumerate(zip(*common, strict=False)) if a != b), -1)
        yield "order of routes", f"place {place}: {common[0][place]} and {common[1][place]}"
    yield from _compare_around(imported, declared)


def _compare_around(imported: Imported, declared: Imported) -> Iterator[tuple[str, str]]:
    layers = [[f"{m.name} {m.base_http}" for m in each.middleware] for each in (imported, declared)]
    handlers = [sorted(f"{h.handles} {h.name}" for h in each.handlers) for each in (imported, declared)]
    lifespans = [[imported.lifespan], [declared.lifespan]]
    for kind, (one, other) in (("middleware", layers), ("handlers", handlers), ("lifespan", lifespans)):
        if one != other:
            yield kind, f"imported {one}\n  declared {other}"


def _by_key(imported: Imported) -> dict[str, list[Route]]:
    found: dict[str, list[Route]] = {}
    for route in imported.routes:
        found.setdefault(route.key, []).append(route)
    return found


def _compare_routes(key: str, one: Route, other: Route) -> Iterator[tuple[str, str]]:
    for name in (
        "name",
        "span",
        "is_async",
        "status",
        "kind",
        "tags",
        "response_class",
        "response_model_params",
    ):
        if getattr(one, name) != getattr(other, name):
            yield name, f"{key}: {getattr(one, name)!r} and {getattr(other, name)!r}"
    if plain(one.response_model) != plain(other.response_model):
        yield "response model", f"{key}: {one.response_model!r} and {other.response_model!r}"
    names = ("name", "span", "is_async", "is_generator", "is_class", "depth")
    theirs = [tuple(getattr(d, name) for name in names) for d in one.dependencies]
    ours = [tuple(getattr(d, name) for name in names) for d in other.dependencies]
    if theirs != ours:
        missing = [d for d in theirs if d not in ours]
        added = [d for d in ours if d not in theirs]
        yield (
            "dependencies",
            f"{key}: imported alone {missing}, declared alone {added}"
            if missing or added
            else (f"{key}: another order: {[d[0] for d in theirs]} and {[d[0] for d in ours]}"),
        )


def plain(model: str) -> str:
    """A type's text with the names alone: Pydantic names a parametrised model after where it was written."""
    return _MODULE.sub("", model).replace(" ", "")


if __name__ == "__main__":
    main()
