"""Requests beside a recorded one: what does the application answer to others' credentials, to missing ids, to
values at and beyond their bounds?

Everything follows from the cell, its operation and the pool, so the id of a perturbed cell
(`c0012~body.price.null`) names the same request in every run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from urllib.parse import parse_qsl, quote, unquote, urlencode

from msgspec import Struct, field
from msgspec.structs import replace

from strop.cell import Cell, Request
from strop.measure.generate import Operation, ascii_path, on_the_wire
from strop.measure.perturb_body import bodies
from strop.measure.unlike import Json, kind_of, unlike

MARK = "~"  # between the id of a cell and what was done to it
AS = f"{MARK}as."  # between the id of a cell and another subject that asks
TURNS = f"{MARK}turns."  # between the ids of cells that are served at once and whose turn it is when
LATER = 10**9  # an ordinal so late that every token has expired
NOBODY = {"integer": ("999999937",), "number": ("999999937",)}
NOBODY_TEXT = ("00000000-0000-4000-8000-00000000dead", "strop-nobody")
MALFORMED = ("strop-x", "0", "-1", str(2**70))
CREDENTIALS = re.compile(r"authorization|cookie|.*(api[-_]?key|token|session|auth).*", re.IGNORECASE)

ORIGINS = ("https://strop.example", "http://localhost")
CLIENT = (
    "host",
    "accept",
    "accept-encoding",
    "connection",
    "user-agent",
)  # headers that a client adds itself

Header = tuple[str, str]
Change = tuple[str, Request]


class Identity(Struct, frozen=True):
    """A subject that the application knows, and the headers that say so."""

    name: str
    headers: tuple[Header, ...]


class Pool(Struct, frozen=True):
    """What perturbed requests may carry beside what the schema says: other subjects, constants of the change, and
    what somebody else (a test) sent to the same operation.
    """

    identities: tuple[Identity, ...] = ()
    constants: tuple[Json, ...] = ()
    sent: Mapping[str, Sequence[Request]] = field(default_factory=dict)  # by the operation's key


def parent_of(cell: str) -> str:
    """The id of the recorded cell that a perturbed one comes from; a recorded one's own."""
    return cell.partition(MARK)[0]


def parts_of(cell: str) -> tuple[str, ...]:
    """The ids of the cells that are served at once, where an id names several (`c0012+c0034~as.b~turns.0@7`)."""
    return tuple(cell.rpartition(TURNS)[0].split("+")) if TURNS in cell else (cell,)


def as_other(cell: Cell, identity: Identity) -> Cell:
    """The same request of another subject; what comes before it stays whose it was."""
    own = credentials(cell.request)
    rest = tuple(pair for pair in cell.request.headers if pair not in own)
    request = replace(cell.request, headers=(*rest, *identity.headers))
    return replace(cell, id=f"{cell.id}{AS}{identity.name}", request=request, identity=identity.name)


def credentials(request: Request) -> tuple[Header, ...]:
    """The headers of a request that say who asks."""
    return tuple(pair for pair in request.headers if CREDENTIALS.fullmatch(pair[0]))


def perturb(cell: Cell, operation: Operation, pool: Pool) -> Iterator[Cell]:
    """The requests beside this one, breadth first: one of every kind and place before the second of any; at the end
    what is said otherwise, as another subject.

    None equals the cell's own request, and no two equal each other.
    """
    asked = [_others(cell.request, pool), _clocked(cell.request), _browsed(cell.request)]
    asked += _said(cell.request, operation, pool)
    seen = {(cell.request, cell.ordinal)}
    for label, request in (*_breadth_first(asked), *_said_by_another(cell.request, operation, pool)):
        ordinal = LATER if label == "expired" else cell.ordinal
        if (request, ordinal) in seen:
            continue
        seen.add((request, ordinal))
        identity = _subject(label, pool) or cell.identity
        yield replace(
            cell,
            id=f"{cell.id}{MARK}{label}",
            ordinal=ordinal,
            request=request,
            route=operation.key,
            source="perturbed",
            identity=identity,
        )


def as_others(cell: Cell, identities: Sequence[Identity]) -> Iterator[Cell]:
    """The recorded request with the credentials of other subjects, where it carries any."""
    own = credentials(cell.request)
    rest = tuple(pair for pair in cell.request.headers if pair not in own)
    for one in identities if own else ():
        if one.headers != own:
            request = replace(cell.request, headers=(*rest, *one.headers))
            yield replace(cell, id=f"{cell.id}{MARK}as.{one.name}", request=request, identity=one.name)


def _said(request: Request, operation: Operation, pool: Pool) -> list[Iterator[Change]]:
    """Groups of requests by the same subject that say something else."""
    return [
        _sent(request, pool.sent.get(operation.key, ())),
        *_paths(request, operation, pool),
        *_queries(request, operation, pool),
        *_headers(request, operation),
        *bodies(request, operation, pool.constants),
    ]


def _said_by_another(request: Request, operation: Operation, pool: Pool) -> Iterator[Change]:
    """The same as the first other subject: many a branch is for those who are no administrators."""
    own = credentials(request)
    other = next((one for one in pool.identities if one.headers != own), None)
    if own and other is not None:
        rest = tuple(pair for pair in request.headers if pair not in own)
        theirs = replace(request, headers=(*rest, *other.headers))
        for label, made in _breadth_first(_said(theirs, operation, pool)):
            yield f"as.{other.name}.{label}", made


def _subject(label: str, pool: Pool) -> str:
    """Who asks, where it is another than in the recorded request."""
    names = (one.name for one in pool.identities)
    return next((n for n in names if label == f"as.{n}" or label.startswith(f"as.{n}.")), "")


def _breadth_first(groups: Sequence[Iterator[Change]]) -> Iterator[Change]:
    for row in zip_longest(*groups):
        yield from (change for change in row if change is not None)


def _others(request: Request, pool: Pool) -> Iterator[Change]:
    """Without credentials, with broken ones, and as each other subject."""
    own = credentials(request)
    rest = tuple(pair for pair in request.headers if pair not in own)
    for identity in pool.identities:
        if identity.headers != own:
            yield f"as.{identity.name}", replace(request, headers=(*rest, *identity.headers))
    if not own:
        return
    yield "anonymous", replace(request, headers=rest)
    for label, spoil in (
        ("forged", _forged),
        ("malformed", _malformed),
        ("scheme", _other_scheme),
        ("bare", _bare),
    ):
        yield label, replace(request, headers=(*rest, *((name, spoil(value)) for name, value in own)))


def _forged(value: str) -> str:
    """The same credentials with another last sign but one: a signature that doesn't hold, a token nobody has."""
    if len(value) < 3:
        return f"{value}x"
    return value[:-2] + ("A" if value[-2] != "A" else "B") + value[-1]


def _malformed(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} strop" if space else "strop"


def _other_scheme(value: str) -> str:
    return f"Basic {_bare(value)}"


def _bare(value: str) -> str:
    return value.rpartition(" ")[2]


def _clocked(request: Request) -> Iterator[Change]:
    if credentials(request):
        yield "expired", request


def _browsed(request: Request) -> Iterator[Change]:
    """As a browser sends it from a page of somewhere else, and what it asks before; with an answer that may be packed.

    Middleware answers these, which no OpenAPI names.
    """
    sent = {name for name, _ in request.headers}
    if "origin" not in sent:
        foreign = ("origin", ORIGINS[0])
        yield "origin", replace(request, headers=(*request.headers, foreign))
        asked = (*_host(request), foreign, ("access-control-request-method", request.method))
        yield "preflight", replace(request, method="OPTIONS", headers=asked, body=b"")
        yield "origin.local", replace(request, headers=(*request.headers, ("origin", ORIGINS[1])))
    if "accept-encoding" not in sent:
        yield "packed", replace(request, headers=(*request.headers, ("accept-encoding", "gzip")))


def _host(request: Request) -> tuple[Header, ...]:
    return tuple(pair for pair in request.headers if pair[0] == "host")


def _sent(request: Request, others: Sequence[Request]) -> Iterator[Change]:
    """The query and the body that others sent, to this path with these credentials."""
    path = request.path.partition("?")[0]
    own = credentials(request)
    rest = tuple(pair for pair in request.headers if pair in own or pair[0] in CLIENT)
    for number, other in enumerate(others):
        theirs = credentials(other)
        headers = tuple(pair for pair in other.headers if pair not in theirs and pair[0] not in CLIENT)
        query = other.path.partition("?")[2]
        made = f"{path}?{query}" if query else path
        yield (
            f"sent{number}",
            replace(request, path=made, headers=(*rest, *headers), body=other.body),
        )


def _paths(request: Request, operation: Operation, pool: Pool) -> list[Iterator[Change]]:
    path, mark, query = request.path.partition("?")
    names = [name.partition(":")[0] for name in re.findall(r"{([^}]+)}", operation.path)]
    parts = re.split(r"{[^}]+}", operation.path)
    found = re.fullmatch("(.+?)".join(map(re.escape, map(ascii_path, parts))), path)
    if not names or found is None:
        return []
    schemas = {p["name"]: p.get("schema", {}) for p in operation.parameters("path")}

    def changes(place: int, name: str) -> Iterator[Change]:
        schema = operation.values.resolve(schemas.get(name, {}))
        current = unquote(found.group(place + 1))
        for label, value in _path_values(operation, name, schema, current, pool):
            texts = [*found.groups()]
            texts[place] = quote(value, safe="")
            made = "".join(f"{a}{b}" for a, b in zip_longest(parts, texts, fillvalue=""))
            yield f"path.{name}.{label}", replace(request, path=ascii_path(made) + mark + query)

    return [changes(place, name) for place, name in enumerate(names)]


def _path_values(
    operation: Operation, name: str, schema: dict[str, Json], current: str, pool: Pool
) -> Iterator[tuple[str, str]]:
    """Nobody's, another's, what can't be an id at all."""
    kind = kind_of(schema, current)
    texts = NOBODY.get(kind, NOBODY_TEXT[:1] if schema.get("format") == "uuid" else NOBODY_TEXT[1:])
    yield from (("missing", text) for text in texts)
    known = [text for text in operation.values.parameter(name, schema, operation.path) if text != current]
    yield from ((f"other{number}", text) for number, text in enumerate(known))
    yield from ((f"malformed{number}", text) for number, text in enumerate(MALFORMED))
    value = int(current) if kind == "integer" and current.lstrip("-").isdigit() else current
    for label, other in unlike(schema, value, (), pool.constants):
        if other not in (None, "") and label != "wrong-type":
            yield label, _text(other)


def _queries(request: Request, operation: Operation, pool: Pool) -> list[Iterator[Change]]:
    path, _, query = request.path.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)

    def changes(parameter: dict[str, Json]) -> Iterator[Change]:
        name = parameter["name"]
        for label, texts in _query_values(operation, parameter, [v for k, v in pairs if k == name], pool):
            made = urlencode([*((k, v) for k, v in pairs if k != name), *((name, text) for text in texts)])
            yield f"query.{name}.{label}", replace(request, path=f"{path}?{made}" if made else path)

    return [changes(parameter) for parameter in operation.parameters("query")]


def _query_values(
    operation: Operation, parameter: dict[str, Json], current: list[str], pool: Pool
) -> Iterator[tuple[str, list[str]]]:
    name = parameter["name"]
    schema = operation.values.resolve(parameter.get("schema", {}))
    if current:
        yield "dropped", []
    if schema.get("type") == "array":
        items = operation.values.resolve(schema.get("items", {}))
        known = operation.values.parameter(name, schema, operation.path)
        yield "two", [*known[:2]] if len(known) > 1 else [*known, *known]
        schema, current = items, current[:1]
    kind = kind_of(schema, "")
    value: Json = current[0] if current else schema.get("default", "")
    if kind in ("integer", "number") and isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        value = int(value)
    if kind == "boolean":
        value = str(value).lower() in ("true", "1")
        yield ("true", ["true"]) if not value else ("false", ["false"])
    known = operation.values.stored(name, operation.path)
    for label, other in unlike(schema, value, known, pool.constants):
        if label != "null":
            yield label, [_text(other)]
    yield "blank", [""]
    if kind in ("integer", "number"):
        yield from (("one", ["1"]), ("five", ["5"]))


def _headers(request: Request, operation: Operation) -> list[Iterator[Change]]:
    def changes(name: str) -> Iterator[Change]:
        rest = tuple(pair for pair in request.headers if pair[0] != name)
        if rest != request.headers:
            yield f"header.{name}.dropped", replace(request, headers=rest)
        for label, text in (("wrong", "strop"), ("blank", ""), ("zero", "0")):
            yield f"header.{name}.{label}", replace(request, headers=(*rest, (name, text)))

    names = (on_the_wire(p["name"].lower()) for p in operation.parameters("header"))
    return [changes(name) for name in names if not CREDENTIALS.fullmatch(name)]


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
