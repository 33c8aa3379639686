"""Where in the project's code is what the run saw? Views of the project that several rules need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from strop.project.function import Call, Context, Function, Reach
from strop.project.project import Project
from strop.project.route import Route
from strop.project.table import Relationship, Table
from strop.regex import regex
from strop.span import Span, Step

_INSIDE = regex(r"(\.<locals>)?\.<(listcomp|setcomp|dictcomp|genexpr|lambda)>$")


_FURTHEST = 1  # calls between a loop and what it is said to repeat
_ONCE = ("once", "startup", "import")


class Loop(Struct, frozen=True):
    """A loop of the project, and the call in it that leads to what repeats."""

    span: Span
    call: Call
    function: Function


def function_at(project: Project, span: Span | None) -> Function | None:
    """The function around a place, by its symbol or else by its line."""
    if span is None:
        return None
    symbol = span.symbol
    while (shorter := _INSIDE.sub("", symbol)) != symbol:
        symbol = shorter
    named = project.source.functions.get(f"{span.file}:{symbol}")
    if named is not None and named.span.line <= span.line <= max(named.span.end_line, named.span.line):
        return named
    around = [
        f for f in project.source.functions.within(span.file) if f.span.line <= span.line <= f.span.end_line
    ]
    return max(around, key=lambda f: f.span.line, default=named)


def head(function: Function) -> Span:
    """Where a function begins: the place of what is said of all of it."""
    return Span(function.span.file, function.span.line, function.span.symbol)


def calls_at(function: Function, line: int) -> list[Call]:
    """The calls that stand on a line (or around it, when they go over several)."""
    return [c for c in function.calls if c.span.line <= line <= max(c.span.end_line, c.span.line)]


def handler(project: Project, route: Route) -> Function | None:
    """The project's function that serves a route."""
    if route.span is None:
        return None
    named = project.source.functions.get(f"{route.span.file}:{route.name.partition(':')[2]}")
    return named or function_at(project, route.span)


def function_id(name: str, span: Span | None) -> str:
    """The id of the function behind "module:qualname" that lies at a place; "" for library code."""
    return f"{span.file}:{name.partition(':')[2]}" if span is not None else ""


def is_once(project: Project, span: Span | None) -> bool:
    """Whether what stands there runs once and is kept: memoised, at start-up, or at import."""
    function = function_at(project, span)
    if function is None:
        return False
    ways = project.reaches.get(function.id, ())
    return function.memoised or (bool(ways) and all(w.context in _ONCE for w in ways))


def loops(project: Project, frames: Iterable[Span]) -> Iterator[Loop]:
    """The loops around a stack of frames (innermost first), innermost first."""
    for frame in frames:
        function = function_at(project, frame)
        if function is None:
            continue
        inside = [c for c in calls_at(function, frame.line) if c.loop]
        if inside:
            call = min(inside, key=lambda c: c.span.end_line - c.span.line)
            yield Loop(Span(frame.file, call.loop, function.span.symbol), call, function)


def loops_on_way(project: Project, function: Function, call: Call, way: Reach) -> Iterator[Loop]:
    """The loops around a call, in its function or in the one that calls it, innermost first.

    A loop further away is too weak a reason without a run: what lies between may leave it early.
    """
    if call.loop:
        yield Loop(Span(function.span.file, call.loop, function.span.symbol), call, function)
    for step in way.chain[: -_FURTHEST - 1 : -1]:
        caller = function_at(project, step.span)
        for one in calls_at(caller, step.span.line) if caller is not None else ():
            if one.loop and one.text == step.text and caller is not None:
                yield Loop(Span(step.span.file, one.loop, caller.span.symbol), one, caller)


def steps(frames: Iterable[Span], project: Project) -> tuple[Step, ...]:
    """A stack (innermost first) as a chain of calls from the outermost on."""
    chain = []
    for frame in frames:
        function = function_at(project, frame)
        calls = calls_at(function, frame.line) if function is not None else []
        text = max((c.text for c in calls), key=len, default=frame.symbol)
        chain.append(Step(text, frame))
    return tuple(reversed(chain))


def reaches(project: Project, function: str, contexts: Iterable[Context]) -> list[Reach]:
    """The ways from routes to a function in one of these contexts, the shortest first."""
    wanted = set(contexts)
    found = [r for r in project.reaches.get(function, ()) if r.context in wanted and r.route]
    return sorted(found, key=lambda r: (r.length, r.route))


def tables_of(project: Project, owner: str, module: str = "") -> list[Table]:
    """The tables that a class of this name maps; with its module when two classes share the name."""
    named = (t for t in project.imported.tables if t.model.endswith(owner))  # most are left out by this alone
    found = [t for t in named if t.model.rpartition(":")[2].rpartition(".")[2] == owner]
    same = [t for t in found if module and t.model.partition(":")[0] == module]
    return same or found


def table_of(project: Project, relationship: Relationship) -> tuple[Table | None, Table | None]:
    """The owner's and the target's table of a relationship."""
    owner = next(iter(tables_of(project, relationship.owner, relationship.module)), None)
    target = next(iter(tables_of(project, relationship.target, relationship.module)), None)
    return owner, target
