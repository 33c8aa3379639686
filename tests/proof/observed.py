"""The ledger under its workload, observed once: what candidates are judged against."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from strop.cell import Cell, Request
from strop.fixes.write import apply
from strop.measure.observe import Observation, Workload, observe
from strop.measure.serve import Served
from strop.patch import Edit, Patch
from strop.proof.contract import compare_contracts
from strop.proof.judge import Base, Tip, differences
from strop.proof.relax import relax
from strop.verdict import Difference
from strop.world.instance import Conditions, World, open_world
from tests import ledger

ANN = (("authorization", "Bearer token-1"),)
BOB = (("authorization", "Bearer token-2"),)

# What the generator does not send by itself: absent and hidden rows, another user, bodies that matter.
RECORDED = (
    ("GET", "/books/999", None, ()),
    ("GET", "/books/4", None, ()),
    ("GET", "/books?limit=5&offset=10", None, ()),
    ("GET", "/books?limit=0", None, ()),
    ("PATCH", "/books/1", {"title": "Mine", "price": 4.567}, ANN),
    ("PATCH", "/books/1", {"title": "Not mine", "price": 4.567}, BOB),
    ("PATCH", "/books/999", {"title": "Nobody's", "price": 1}, ANN),
    ("DELETE", "/books/1", None, BOB),
    ("POST", "/books", {"title": "x", "price": 1}, ANN),
    ("POST", "/login", {"username": "ann", "password": "wrong"}, ()),
)


class Seen(Struct):
    """An observation in its world, as the proof takes it."""

    world: World
    observation: Observation
    base: Base
    tip: Tip


def recorded() -> Iterator[Cell]:
    for number, (method, path, body, headers) in enumerate(RECORDED):
        data = json.dumps(body).encode() if body else b""
        kind = (("content-type", "application/json"), ("content-length", str(len(data)))) if body else ()
        request = Request(method, path, (("host", "testserver"), *kind, *headers), data)
        yield Cell(f"r{number:02}", number, request, source="har")


@contextlib.contextmanager
def seen(folder: Path, files: Mapping[str, str] = ledger.FILES, suite: bool = False) -> Iterator[Seen]:
    with open_world(ledger.target(ledger.make(folder, files))) as world:
        observation = observe(world, Workload(suite=suite))
        cells = (*observation.cells, *recorded())
        for side, outcomes in ((observation.served, observation.one), (observation.again, observation.two)):
            outcomes |= {cell.id: side.serve(cell) for cell in recorded()}
        relaxed = relax(observation.one.values(), observation.two.values())
        imported = observation.project.imported
        base = Base(world, observation.root, imported, cells, observation.one, observation.two, relaxed)
        yield Seen(world, observation, base, Tip("base", observation.served, observation.one))


Swap = tuple[str, str, str]  # file, what stands there once, what replaces it


def swap(old: str, new: str, file: str = "app/main.py") -> Swap:
    """One replacement in a file of the ledger."""
    return file, old, new


def edits(*swaps: Swap) -> tuple[Edit, ...]:
    """Replacements as the edits of a patch; what is replaced must stand in its file once."""
    texts: dict[str, str] = {}
    for file, old, new in swaps:
        text = texts.get(file, ledger.FILES[file])
        assert text.count(old) == 1, f"{text.count(old)} times: {old}"
        texts[file] = text.replace(old, new)
    return tuple(Edit(file, ledger.FILES[file], text) for file, text in texts.items())


def patch(*swaps: Swap, fix: str = "load_relationship") -> Patch:
    return Patch(fix, "", "F1", "Change something", "", edits(*swaps))


def all_differences(seen: Seen, changed: Patch) -> tuple[Difference, ...]:
    """Everything that the contract and the cells tell of a patch."""
    root = seen.world.folder.tree()
    instance = seen.world.instance(root)
    try:
        apply(root, changed)
        served = Served(instance, Conditions())
        served.start()
        sentences = compare_contracts(seen.base.imported, served.describe())
        found = [Difference("", s.partition(": ")[0], "contract", "value", "", s) for s in sentences]
        for cell in seen.base.cells:
            found += differences(seen.base.outcomes[cell.id], served.serve(cell), seen.base.relaxed)
        return tuple(found)
    finally:
        instance.close()
        seen.world.folder.remove(root)
