"""Requests generated from OpenAPI: every operation with values that the database knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from urllib.parse import quote, urlencode

from msgspec import Struct

from strop.cell import Cell, Request
from strop.measure.conversations import conversations
from strop.measure.values import Json, Upload, Values
from strop.project.project import Imported
from strop.target import Login, Target
from strop.world.databases import Databases

METHODS = ("get", "post", "put", "patch", "delete")
VARIANTS = 6  # cells of one operation
STEPS = 300  # clock steps before the clock starts again, so that tokens don't expire
PAGES = ("limit", "page_size", "per_page", "size", "first", "take", "count")


class Operation(Struct, frozen=True):
    """One operation of an OpenAPI document."""

    method: str
    path: str  # with the prefix of the mounted application
    spec: dict[str, Json]
    values: Values

    @property
    def key(self) -> str:
        """Method and path template."""
        return f"{self.method.upper()} {self.path}"

    def parameters(self, place: str) -> list[dict[str, Json]]:
        """The parameters that travel in `place` (path, query, header)."""
        found = [self.values.resolve(p) for p in self.spec.get("parameters", ())]
        return [_with_examples(p) for p in found if p.get("in") == place]


def _with_examples(parameter: dict[str, Json]) -> dict[str, Json]:
    """The parameter with the examples that stand beside its schema in it."""
    named = [e["value"] for e in (parameter.get("examples") or {}).values() if "value" in e]
    named += [parameter["example"]] if "example" in parameter else []
    schema = parameter.get("schema", {})
    return {**parameter, "schema": {**schema, "examples": named}} if named else parameter


def operations(imported: Imported, databases: Databases) -> Iterator[Operation]:
    """Every operation of the application and of those mounted in it."""
    for prefix, text in (("", imported.openapi), *imported.mounted):
        document = json.loads(text) if text else {}
        values = Values(imported, databases, document)
        for path, item in document.get("paths", {}).items():
            shared = item.get("parameters", [])
            for method in METHODS:
                if method in item:
                    spec = {**item[method], "parameters": [*shared, *item[method].get("parameters", [])]}
                    yield Operation(method, prefix + path, spec, values)


def generate(
    target: Target, imported: Imported, databases: Databases, identity: tuple[tuple[str, str], ...]
) -> tuple[Cell, ...]:
    """Cells for every operation that may be called, reads first; each also once without credentials.

    `identity` are the headers that log in. The order, and so each cell's clock, follows from the
    document alone.
    """
    cells: list[Cell] = []
    for operation in operations(imported, databases):
        if operation.key in target.skip_routes:
            continue
        plain = tuple(dict.fromkeys((*_login(target, operation), *_requests(operation))))[:VARIANTS]
        for headers, name in ((identity, "user"), ((), "")):
            if not headers and name:
                continue
            for request in plain if name or not identity else plain[:1]:
                cells.append(_cell(operation.key, request, (*target.headers, *headers), name, len(cells)))
    for route, request in conversations(imported, databases):
        if route not in target.skip_routes:
            name = "user" if identity else ""
            cells.append(_cell(route, request, (*target.headers, *identity), name, len(cells)))
    return tuple(cells)


def _cell(route: str, request: Request, headers: tuple[tuple[str, str], ...], name: str, number: int) -> Cell:
    sent = Request(request.method, request.path, (*request.headers, *headers), request.body)
    return Cell(f"c{number:04}", number % STEPS, sent, route, "openapi", name)


def _login(target: Target, operation: Operation) -> Iterator[Request]:
    """The login operation with the credentials that work, beside those that don't."""
    login = target.login
    if login is not None and operation.key == f"POST {login.path}":
        yield login_request(login)


def login_request(login: Login) -> Request:
    """The request that asks for a token."""
    fields = {"username": login.username, "password": login.password}
    body = json.dumps(fields).encode() if login.json else urlencode(fields).encode()
    kind = "application/json" if login.json else "application/x-www-form-urlencoded"
    headers = (("host", "testserver"), ("content-type", kind), ("content-length", str(len(body))))
    return Request("POST", login.path, headers, body)


def _requests(operation: Operation) -> Iterator[Request]:
    paths = list(_paths(operation))
    queries = list(_queries(operation))
    bodies = list(_bodies(operation))
    # Every path with the plain query, then the plain path with every other query and body.
    for path in paths:
        yield _request(operation, path, queries[0], bodies[0])
    for query, body in zip_longest(queries[1:], bodies[1:]):
        yield _request(operation, paths[0], query or queries[0], body or bodies[0])


def _request(operation: Operation, path: str, query: str, body: tuple[str, bytes]) -> Request:
    kind, data = body
    headers = [("host", "testserver"), ("accept", "*/*")]
    for parameter in operation.parameters("header"):
        if parameter.get("required"):
            value = operation.values.parameter(
                parameter["name"], parameter.get("schema", {}), operation.path
            )[0]
            headers.append((on_the_wire(parameter["name"].lower()), on_the_wire(value)))
    if kind:
        headers += [("content-type", kind), ("content-length", str(len(data)))]
    return Request(operation.method.upper(), f"{path}?{query}" if query else path, tuple(headers), data)


def _paths(operation: Operation) -> Iterator[str]:
    schemas = {p["name"]: p.get("schema", {}) for p in operation.parameters("path")}
    names = [name.partition(":")[0] for name in re.findall(r"{([^}]+)}", operation.path)]
    choices = [operation.values.parameter(name, schemas.get(name, {}), operation.path) for name in names]
    for turn in range(max(map(len, choices), default=1)):
        path = operation.path
        for name, values in zip(names, choices, strict=True):
            value = quote(values[turn % len(values)], safe="")
            path = re.sub(r"{" + re.escape(name) + r"(:[^}]*)?}", value.replace("\\", r"\\"), path)
        yield ascii_path(path)


def ascii_path(path: str) -> str:
    """The path as it travels: what is not ASCII is escaped, what is escaped already stays."""
    return quote(path, safe="/%:@!$&'()*+,;=~?[]")


def on_the_wire(text: str) -> str:
    """The text of a header as servers read its bytes: as Latin-1, whatever it was written as."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode().decode("latin-1")
    return text


def _queries(operation: Operation) -> Iterator[str]:
    parameters = operation.parameters("query")
    chosen = {
        p["name"]: operation.values.parameter(p["name"], p.get("schema", {}), operation.path)
        for p in parameters
    }
    needed = {p["name"]: chosen[p["name"]][0] for p in parameters if p.get("required")}
    yield urlencode(needed)
    for parameter in parameters:
        name, schema = parameter["name"], operation.values.resolve(parameter.get("schema", {}))
        if name in needed:
            continue
        if name in PAGES and schema.get("type") in ("integer", None):
            yield urlencode({**needed, name: min(100, int(schema.get("maximum", 100)))})
        elif schema.get("default") is None:
            yield urlencode({**needed, name: chosen[name][0]})


def _bodies(operation: Operation) -> Iterator[tuple[str, bytes]]:
    content = operation.values.resolve(operation.spec.get("requestBody", {})).get("content", {})
    if not content:
        yield "", b""
        return
    kind = next((k for k in content if "json" in k), next(iter(content)))
    media = content[kind]
    schema = media.get("schema", {})
    examples = [e.get("value") for e in media.get("examples", {}).values()] + (
        [media["example"]] if "example" in media else []
    )
    made = [operation.values.value("body", schema, operation.path, full) for full in (True, False)]
    for value in (*examples, *made):
        if "json" in kind:
            yield kind, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        elif "urlencoded" in kind and isinstance(value, dict):
            yield kind, urlencode({k: v for k, v in value.items() if v is not None}, doseq=True).encode()
        elif "multipart" in kind and isinstance(value, dict):
            yield _multipart(value)
        else:
            yield kind, str("strop" if value is None else value).encode()


def _multipart(value: dict[str, Json]) -> tuple[str, bytes]:
    boundary = "strop-boundary"
    fields = [
        (k, v) for k, values in value.items() for v in (values if isinstance(values, list) else [values])
    ]
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"'
        + (f'; filename="{k}.txt"\r\nContent-Type: text/plain' if isinstance(v, Upload) else "")
        + f"\r\n\r\n{v}\r\n"
        for k, v in fields
        if v is not None
    ]
    return f"multipart/form-data; boundary={boundary}", ("".join(parts) + f"--{boundary}--\r\n").encode()
