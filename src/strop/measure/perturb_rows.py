"""Bodies that say what the database says already: a change that changes nothing, a name together with its own price.

One field at a time never meets a row of the database in two of its columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

from msgspec.structs import replace

from strop.cell import Cell
from strop.measure.generate import Operation, ascii_path
from strop.measure.unlike import Json, Labelled, kind_of


def as_stored(
    operation: Operation, path: str, schema: dict[str, Json], value: dict[str, Json]
) -> Iterator[Labelled]:
    """The object with its fields as rows of the database have them: the row that the path names first."""
    properties = schema.get("properties", {})
    names = {*properties, *value}
    rows = operation.values.rows(names, operation.path, path_values(operation, path))
    for number, row in enumerate(rows):
        made = dict(value)
        for name in names & row.keys():
            part = operation.values.resolve(properties.get(name, {}))
            for said in _as_json(part, value.get(name), row[name]):
                made[name] = said
        told = sum(made[name] != value.get(name) for name in made)
        if told > 1 or (told and number == 0):  # a single field is given its known values anyway
            yield f"row{number}", made


def at_rows(cell: Cell, operation: Operation, find: Callable[[str, str], Sequence[str]]) -> Iterator[Cell]:
    """The same request for other rows: `find` names values of a table's column for a parameter of the path."""
    current = path_values(operation, cell.request.path)
    query = "".join(cell.request.path.partition("?")[1:])
    for name in current:
        place = operation.values.column(name, operation.path)
        known = find(place[0].name, place[1].name) if place is not None else ()
        for number, value in enumerate(v for v in known if v != current[name]):
            path = _filled(operation.path, {**current, name: value})
            request = replace(cell.request, path=f"{path}{query}")
            yield replace(cell, id=f"{cell.id}~path.{name}.new{number}", request=request)


def _filled(template: str, values: Mapping[str, str]) -> str:
    def text(found: re.Match[str]) -> str:
        return quote(values[found[1]], safe="")

    return ascii_path(re.sub(r"{([^}:]*)(?::[^}]*)?}", text, template))


def path_values(operation: Operation, path: str) -> dict[str, str]:
    """The values of the path's parameters."""
    names = [name.partition(":")[0] for name in re.findall(r"{([^}]+)}", operation.path)]
    parts = re.split(r"{[^}]+}", operation.path)
    found = re.fullmatch("(.+?)".join(map(re.escape, map(ascii_path, parts))), path.partition("?")[0])
    return dict(zip(names, map(unquote, found.groups()), strict=True)) if found else {}


def _as_json(schema: dict[str, Json], current: Json, stored: Json) -> Iterator[Json]:
    """The stored value as the schema wants it; nothing where it can't be said so."""
    kind = kind_of(schema, current)
    if stored is None or (kind == "string" and "enum" in schema and stored not in schema["enum"]):
        return
    if kind == "boolean":
        yield bool(stored)
    elif kind == "integer" and isinstance(stored, int):
        yield int(stored)
    elif kind == "number" and isinstance(stored, int | float):
        yield stored
    elif kind == "string":
        yield str(stored)
