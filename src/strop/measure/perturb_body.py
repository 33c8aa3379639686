"""Bodies beside a recorded one: each field dropped, null, empty, long, of another type, at its bounds; one too many."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from urllib.parse import parse_qsl, urlencode

from msgspec.structs import replace

from strop.cell import Request
from strop.measure.generate import Operation
from strop.measure.perturb_rows import as_stored
from strop.measure.unlike import Json, unlike

DEEP = 3  # levels of a body whose fields are changed
EXTRA = "strop_extra"

Change = tuple[str, Request]
Place = tuple[str | int, ...]


def bodies(request: Request, operation: Operation, constants: Sequence[Json]) -> list[Iterator[Change]]:
    """Groups of changed bodies, a group for each field and one for the body as a whole."""
    kind = next((value for name, value in request.headers if name == "content-type"), "")
    if not request.body:
        return []
    if "urlencoded" in kind:
        return _forms(request, operation, constants)
    if "json" not in kind:
        return [_whole(request, ())]
    try:
        body = json.loads(request.body)
    except ValueError:
        return [_whole(request, ())]
    groups = [_whole(request, (("malformed", b"{"), ("list", b"[]"), ("nothing", b"null")))]
    if isinstance(body, dict):
        groups.append(iter([("body.extra", _json(request, {**body, EXTRA: 1}))]))
    schema = _schema(operation, "json")
    groups.append(_stored(request, operation, schema, body))
    groups += [
        _field(request, operation, body, *each, constants) for each in _fields(operation, schema, body)
    ]
    return groups


def _whole(request: Request, others: tuple[tuple[str, bytes], ...]) -> Iterator[Change]:
    for label, body in (("missing", b""), *others):
        yield f"body.{label}", _with(request, body)


def _with(request: Request, body: bytes) -> Request:
    length = str(len(body))
    headers = tuple((n, length if n == "content-length" else v) for n, v in request.headers)
    return replace(request, headers=headers, body=body)


def _json(request: Request, value: Json) -> Request:
    return _with(request, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def _schema(operation: Operation, kind: str) -> dict[str, Json]:
    content = operation.values.resolve(operation.spec.get("requestBody", {})).get("content", {})
    return next((media.get("schema", {}) for name, media in content.items() if kind in name), {})


def _stored(request: Request, operation: Operation, schema: dict[str, Json], body: Json) -> Iterator[Change]:
    """The body, or the first object in a list of it, as rows of the database say it."""
    whole = (((), operation.values.resolve(schema)),)
    for place, part in (*whole, *_fields(operation, schema, body)):
        value = _at(body, place)
        if isinstance(value, dict):
            for label, made in as_stored(operation, request.path, part, value):
                name = ".".join(("body", *map(str, place), label))
                yield name, _json(request, _put(body, place, made) if place else made)


def _fields(
    operation: Operation, schema: dict[str, Json], value: Json, place: Place = ()
) -> Iterator[tuple[Place, dict[str, Json]]]:
    """Every field of the value, and the first item of every list, with its schema."""
    schema = operation.values.resolve(schema)
    if place:
        yield place, schema
    if len(place) >= DEEP:
        return
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name in (*value, *(name for name in properties if name not in value)):
            yield from _fields(operation, properties.get(name, {}), value.get(name), (*place, name))
    elif isinstance(value, list) and value:
        yield from _fields(operation, schema.get("items") or {}, value[0], (*place, 0))


def _field(
    request: Request,
    operation: Operation,
    body: Json,
    place: Place,
    schema: dict[str, Json],
    constants: Sequence[Json],
) -> Iterator[Change]:
    name = str(place[-1])
    label = "body." + ".".join(map(str, place))
    current = _at(body, place)
    if isinstance(place[-1], str) and place[-1] in _at(body, place[:-1]):
        yield f"{label}.dropped", _json(request, _put(body, place, None, drop=True))
    known = operation.values.stored(name, operation.path) or operation.values.beside(current)
    for word, value in unlike(schema, current, known, constants):
        yield f"{label}.{word}", _json(request, _put(body, place, value))


def _at(body: Json, place: Place) -> Json:
    for part in place:
        body = body.get(part) if isinstance(body, dict) else body[part]
    return body


def _put(body: Json, place: Place, value: Json, drop: bool = False) -> Json:
    made = deepcopy(body)
    parent = _at(made, place[:-1])
    if drop:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return made


def _forms(request: Request, operation: Operation, constants: Sequence[Json]) -> list[Iterator[Change]]:
    pairs = parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
    schema = operation.values.resolve(_schema(operation, "urlencoded"))

    def changes(name: str, part: dict[str, Json]) -> Iterator[Change]:
        rest = [pair for pair in pairs if pair[0] != name]
        current = next((value for key, value in pairs if key == name), None)
        if current is not None:
            yield f"form.{name}.dropped", _with(request, urlencode(rest).encode())
        known = operation.values.stored(name, operation.path) or operation.values.beside(current)
        for word, value in unlike(part, current or "", known, constants):
            if value is not None:
                yield f"form.{name}.{word}", _with(request, urlencode([*rest, (name, value)]).encode())

    properties = schema.get("properties", {})
    names = dict.fromkeys((*(key for key, _ in pairs), *properties))
    extra = _with(request, urlencode([*pairs, (EXTRA, 1)]).encode())
    groups = [changes(name, operation.values.resolve(properties.get(name, {}))) for name in names]
    return [_whole(request, ()), iter([("form.extra", extra)]), *groups]
