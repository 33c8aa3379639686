"""What is different from the last reading? Told by the keys under which rules look at a project (`asked.py`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.msgpack import Encoder
from msgspec.structs import replace

from strop.project.cache import digest
from strop.project.derive import Derived
from strop.project.function import Call, Class, Function
from strop.project.functions import done_by, mentioned_by, named_by
from strop.project.project import Imported
from strop.project.shipped.values import Shipped
from strop.span import Span

_encoder = Encoder(order="deterministic")
_NOWHERE = Span("", 0)
_OF_ALL = tuple(f"source {name}" for name in ("lines", "resolved", "unresolved", "unread", "linked"))
_SERVES = ("routes", "middleware", "lifespan", "lifespans")  # of the application: what decides about ways


class Changes(Struct, frozen=True):
    """The keys of what is different; `since` and `now` are prints of all that was read, then and now: of the files, and
    of what decides how they are read.
    """

    since: str  # "" when nothing was read before
    now: str
    keys: frozenset[str] = frozenset()


class Prints(Struct, frozen=True, array_like=True):
    """Prints of what all files together say: it may change where none of the changed files is looked at."""

    application: dict[str, str]  # by field
    shipped: dict[str, str]
    linked: dict[
        str, tuple[str, str, bool]
    ]  # of which other files decide: all, what leads where, also what it calls?


def prints_of(
    application: Imported, shipped: Shipped, functions: Mapping[str, Function], linked: Mapping[str, bool]
) -> Prints:
    """The prints of a project; `linked` are the functions of which other files decide."""
    told = {id: (_print(functions[id]), _print(_shape(functions[id])), calls) for id, calls in linked.items()}
    return Prints(_fields(application), _fields(shipped), told)


def _fields(value: Struct) -> dict[str, str]:
    return {name: _print(getattr(value, name)) for name in value.__struct_fields__}


def _print(value: object) -> str:
    try:
        return digest(_encoder.encode(value))
    except (UnicodeEncodeError, OverflowError):  # half of a surrogate pair, a number of more than 64 bits
        return digest(repr(value).encode(errors="surrogatepass"))


def differences(before: Prints, now: Prints, changed: Collection[str]) -> Iterator[str]:
    """The keys of what all files together say otherwise; `changed` are those of what single files do."""
    for name, told in now.application.items():
        if before.application.get(name) != told:
            yield f"application {name}"
            if name in _SERVES:
                yield "ways"
    for name, told in now.shipped.items():
        if before.shipped.get(name) != told:
            yield f"shipped {name}"
    for id in before.linked.keys() | now.linked.keys():
        old, new = before.linked.get(id), now.linked.get(id)
        if old != new:
            yield from _linked(id, old, new, f"function {id}" in changed)


_Linked = tuple[str, str, bool] | None


def _linked(id: str, before: _Linked, now: _Linked, told: bool) -> Iterator[str]:
    """Of a function of which other files decide; `told` is whether what its own file says is different as well: then
    that tells who is concerned, unless what it calls was decided elsewhere.
    """
    yield from ("functions", f"functions {id.partition(':')[0]}", f"function {id}")
    if before is None or now is None or before[1] != now[1]:
        yield "ways"
    if not told or any(each is None or each[2] for each in (before, now)):
        yield "links"


def changed(file: str, before: Derived | None, now: Derived | None) -> Iterator[str]:
    """The keys of what one file says otherwise."""
    yield from _OF_ALL
    if before is None or now is None or (before.module, before.reason) != (now.module, now.reason):
        yield from ("modules", "ways")
    yield from _functions(
        file, _by_id(before.functions if before else ()), _by_id(now.functions if now else ())
    )
    classes = [{c.id: c for c in (each.classes if each else ())} for each in (before, now)]
    if classes[0] != classes[1]:
        yield "classes"
        yield from (
            f"class {id}" for id in {*classes[0], *classes[1]} if classes[0].get(id) != classes[1].get(id)
        )
        if [*map(_class_shape, classes[0].values())] != [*map(_class_shape, classes[1].values())]:
            yield "ways"
    yield from _declared(before, now)
    old, new = (set(each.marks if each else ()) for each in (before, now))
    for mark in old ^ new:
        yield from ("marks", f"marks {mark.rule}", f"mark {mark.rule} {mark.function}")
    places = [{(mark.rule, mark.function) for mark in each} for each in (old, new)]
    yield from (f"marked {rule}" for rule, _ in places[0] ^ places[1])


def _declared(before: Derived | None, now: Derived | None) -> Iterator[str]:
    """Of what a file declares of the application."""
    old, new = (each.declarations if each else None for each in (before, now))
    if old != new:
        yield from (f"declared {each.module}" for each in (old, new) if each is not None)
        if old is None or new is None or replace(old, body=(), main=()) != replace(new, body=(), main=()):
            yield "declared"  # not only what it says, but what it is and imports
    if (before.stored if before else None) != (now.stored if now else None):
        yield "stored"


def _by_id(functions: Iterable[Function]) -> dict[str, Function]:
    return {function.id: function for function in functions}


def _functions(file: str, before: dict[str, Function], now: dict[str, Function]) -> Iterator[str]:
    different = [id for id in before.keys() | now.keys() if before.get(id) != now.get(id)]
    if different or list(before) != list(now):
        yield from ("functions", f"functions {file}")
    if list(map(_shape, before.values())) != list(map(_shape, now.values())):
        yield "ways"
    for id in different:
        both = [each[id] for each in (before, now) if id in each]
        yield from (f"function {id}", f"function {file}:{both[0].span.symbol}")  # which several may have
        yield from {f"doing {word}" for function in both for word in done_by(function)}
        for target in {call.target for function in both for call in function.calls if call.target}:
            yield f"callers {target}"
        if len(both) < 2 or named_by(both[0]) != named_by(both[1]):
            yield f"names {id}"
        words = [mentioned_by(function) for function in both]
        yield from (f"mention {word}" for word in words[0] ^ (words[1] if len(words) > 1 else set()))


def _shape(function: Function) -> Function:
    """What a function leads to, wherever it stands and whatever else it does."""
    calls = tuple(_leads(call) for call in function.calls if call.target)
    return replace(
        function, span=replace(function.span, line=0, end_line=0), calls=calls, parameters=(), awaits=0
    )


def _leads(call: Call) -> Call:
    return replace(call, span=_NOWHERE, text="", name="", loop=0, awaited=False, effect=None)


def _class_shape(each: Class) -> Class:
    return replace(each, span=replace(each.span, line=0, end_line=0), members=())
