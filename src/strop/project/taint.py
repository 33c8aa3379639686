"""Which dangerous calls are given what a request says, over how many functions, and from which routes?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from strop.project.asked import identifier
from strop.project.flow import CODE, Flow, Passing
from strop.project.given import Contents, Given, harms
from strop.project.mark import Mark
from strop.project.origins import bare
from strop.project.project import Project
from strop.project.route import Parameter, Route
from strop.project.shared import shared
from strop.project.sinks import SINKS, Danger
from strop.span import Span, Step

_DEEPEST = 10  # calls from a handler
# What may come from where: one segment of a path has no slash, a header can't be set by a link.
_WHOLE_PATH = ":path}"


class Leak(Struct, frozen=True):
    """A dangerous call that gets the value, by these calls; `part` is the attribute or field of the value."""

    danger: Danger
    function: str
    call: Passing
    span: Span
    part: str = ""
    path: tuple[Step, ...] = ()


class Tainted(Struct, frozen=True):
    """One dangerous call with everything that a request sends there."""

    danger: Danger
    function: str
    name: str  # of the call
    span: Span
    source: str  # 'the query parameter "next"', of the shortest way
    routes: tuple[str, ...]
    chain: tuple[Step, ...]


class _Done(Struct):
    """What following a value through one function has shown."""

    leaks: list[Leak] = field(default_factory=list)
    result: tuple[Given, int] | None = None  # what the function returns of it, and how much (`Sink.least`)


class _Way(Struct):
    """A dangerous call on the way from one route."""

    leak: Leak
    source: str
    route: str
    start: tuple[Step, ...]


def tainted(project: Project) -> tuple[Tainted, ...]:
    """Every dangerous call that a route's request reaches, in the order of the files; computed once a project."""
    return shared(project, _tainted)


def _tainted(project: Project) -> tuple[Tainted, ...]:
    return tuple(_Solver(project).solve())


class _Solver:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.finder = shared(project, identifier)
        self.flows: dict[str, Flow | None] = {}
        self.named = self.finder.ids
        self.done: dict[tuple[str, str, Given], _Done] = {}
        self.families: dict[tuple[str, str], list[str]] = {}
        self.called: dict[tuple[str, int, str], list[Flow]] = {}
        self.mentioned: dict[str, frozenset[str]] = {}
        self.contents = Contents(project, self.finder)

    def solve(self) -> Iterator[Tainted]:
        ways: dict[tuple[str, str, int], list[_Way]] = {}
        for route in self.project.imported.routes:
            for way in self._route(route) if route.kind != "mount" else ():
                ways.setdefault((way.leak.danger, way.leak.function, way.leak.call.line), []).append(way)
        seen: set[tuple[str, str, str]] = set()
        for key in sorted(ways):
            best = min(ways[key], key=lambda w: (len(w.leak.path), w.route, w.source))
            leak = best.leak
            cause = (leak.danger, leak.function, best.source)
            if cause in seen:  # what is opened and then sent is one path
                continue
            seen.add(cause)
            chain = (*best.start, *leak.path, Step(leak.call.text, leak.span))
            routes = tuple(sorted({w.route for w in ways[key]}))
            yield Tainted(leak.danger, leak.function, leak.call.name, leak.span, best.source, routes, chain)

    # One route

    def _route(self, route: Route) -> Iterator[_Way]:
        handler = self.finder.function(route.name, route.span)
        place = handler.span if handler is not None else route.span
        start = (Step(route.key, place or Span("", 0)),)
        waiting = [(*self._owner(route, p, handler.id if handler else ""), p) for p in route.parameters]
        seen: set[tuple[str, str]] = set()
        while waiting:
            function, name, given, parameter = waiting.pop()
            if not function or given is None or (function, name) in seen:
                continue
            seen.add((function, name))
            done = self.follow(function, name, given, 0)
            for leak in done.leaks:
                if may_come(leak, parameter.place, route):
                    yield _Way(leak, source_of(parameter, leak, given), route.key, start)
            if done.result is not None:
                waiting.extend(
                    (*to, done.result[0], parameter)
                    for to in self._receivers(route, function, handler.id if handler else "")
                )
        yield from self._own_reads(route, start, handler.id if handler else "")

    def _owner(self, route: Route, parameter: Parameter, handler: str) -> tuple[str, str, Given | None]:
        function = handler
        if parameter.owner and parameter.owner != route.name:
            found = self.finder.function(parameter.owner, None)
            function = found.id if found is not None else ""
        return function, parameter.name, self.contents.given(parameter)

    def _receivers(self, route: Route, function: str, handler: str) -> Iterator[tuple[str, str]]:
        """The parameters that get what a dependency returns."""
        for dependency in route.dependencies:
            found = self.finder.function(dependency.name, dependency.span)
            if found is None or found.id != function or not dependency.parameter:
                continue
            parent = self.finder.function(dependency.parent, None) if dependency.parent else None
            yield (parent.id if parent is not None else handler), dependency.parameter

    def _own_reads(self, route: Route, start: tuple[Step, ...], handler: str) -> Iterator[_Way]:
        """What the handler and its dependencies read from the request object themselves, and those they call."""
        found = {d.name: self.finder.function(d.name, d.span) for d in route.dependencies}
        for function in {handler, *(f.id for f in found.values() if f is not None)} - {""}:
            for base, place in _READ.items():
                for leak in self.follow(function, base, Given("any"), 0).leaks:
                    if may_come(leak, place, route):
                        name = leak.part.partition(".")[0]
                        what = (
                            f'the {_PLACES[place]} "{name}"'
                            if name and place != "body"
                            else f"the {_PLACES[place]}"
                        )
                        yield _Way(leak, what, route.key, start)

    # One value through functions

    def follow(self, function: str, base: str, given: Given, depth: int) -> _Done:
        """Where a value goes from one function on: "url" for a parameter, "@query" for what it reads itself."""
        key = (function, base, given)
        if key not in self.done:
            self.done[key] = _Done()  # a cycle ends here
            flow = self.flow(function)
            if flow is not None and depth < _DEEPEST and base in self.mentions(flow):
                self.done[key] = _Walk(self, flow, base, given, depth).done()
        return self.done[key]

    def flow(self, function: str) -> Flow | None:
        if function not in self.flows:
            mark = self.mark(function)
            self.flows[function] = Flow.of(mark) if mark is not None else None
        return self.flows[function]

    def mark(self, function: str) -> Mark | None:
        """What was noted of what a function does with its parameters."""
        return next(reversed(self.project.source.marks.within(CODE, function)), None)

    def mentions(self, flow: Flow) -> frozenset[str]:
        """All that a function may be given and does something with: most values end where they come in."""
        if flow.function not in self.mentioned:
            self.mentioned[flow.function] = frozenset(_mentioned(flow))
        return self.mentioned[flow.function]

    def targets(self, flow: Flow, call: Passing) -> list[Flow]:
        """The functions that a call runs, implementations of an abstract one too."""
        key = (flow.function, call.line, call.name)
        if key not in self.called:
            self.called[key] = self._targets(flow, call)
        return self.called[key]

    def _targets(self, flow: Flow, call: Passing) -> list[Flow]:
        last = call.name.rpartition(".")[2]
        function = self.project.source.functions.get(flow.function)
        found = {
            c.target
            for c in (function.calls if function is not None else ())
            if c.target and c.span.line == call.line and c.name.rpartition(".")[2] == last
        } or {self.named.get(call.name, "")}
        return [f for f in map(self.flow, sorted(found)) if f is not None]

    def family(self, function: str, attribute: str) -> list[str]:
        """The other functions of a class, its bases and its subclasses that read an attribute of the instance."""
        owner = function.rpartition(".")[0]
        key = (owner, attribute)
        if key not in self.families:
            here = self.project.source.classes.get(owner)
            related = {owner, *(here.bases if here is not None else ())}
            related.update(self.finder.below.get(owner, ()))
            methods = {m.id for c in related for m in self.finder.methods.get(c, ())} - {function}
            self.families[key] = sorted(
                m
                for m in methods
                if (mark := self.mark(m)) is not None and f"self.{attribute}" in _text(mark.facts)
            )
        return self.families[key]


class _Walk:
    """One value in one function."""

    def __init__(self, solver: _Solver, flow: Flow, base: str, given: Given, depth: int) -> None:
        self.solver = solver
        self.flow = flow
        self.base = base
        self.given = given
        self.depth = depth
        self.results: dict[int, tuple[Given, int]] = {}
        self.guarded = set(flow.guarded)
        self.leaks: list[Leak] = []

    def done(self) -> _Done:
        for call in self.flow.calls:
            if call.name not in SINKS:
                self._refused(call)
        for call in self.flow.calls:
            if call.name in SINKS:
                self._sink(call)
            else:
                self._pass(call)
        for attribute, tokens in self.flow.sets:
            self._keep(attribute, tokens)
        return _Done(self.leaks, self._best(self.flow.returns))

    def value(self, token: str, trusting: bool = True) -> tuple[Given, int, str] | None:
        """What of the value an origin is, how much of the text (`Sink.least`), and which part; None for other origins,
        and, `trusting`, for what the function tests: a test by a slow pattern is what is slow.
        """
        much, name = 2 if token.startswith("^") else 0 if token.startswith("~") else 1, bare(token)
        if name.startswith("="):
            found = self.results.get(int(name[1:]))
            return (
                (found[0], min(much, found[1]), "")
                if found is not None and not (trusting and name in self.guarded)
                else None
            )
        if name != self.base and not name.startswith(f"{self.base}."):
            return None
        if trusting and any(name == g or name.startswith(f"{g}.") for g in self.guarded):
            return None
        rest = name[len(self.base) + 1 :]
        given = self.solver.contents.part(self.given, rest)
        return (given, much, rest) if given is not None else None

    def _best(self, tokens: Iterable[str]) -> tuple[Given, int] | None:
        found = [v for v in map(self.value, tokens) if v is not None]
        return max(((v[0], v[1]) for v in found), key=lambda v: v[1], default=None)

    def _refused(self, call: Passing) -> None:
        """A function that tests its argument has tested it for its caller."""
        for place, tokens in call.arguments:
            for target in self.solver.targets(self.flow, call) if place != "." else ():
                if _parameter(target, place) in target.guarded:
                    self.guarded |= set(map(bare, tokens))

    def _sink(self, call: Passing) -> None:
        sink = SINKS[call.name]
        for place, tokens in call.arguments:
            for token in tokens if place in sink.parts else ():
                found = self.value(token, trusting=sink.danger != "slow")
                if found is not None and harms(sink.danger, found[0]) and found[1] >= sink.least:
                    span = self.flow.step(call).span
                    self.leaks.append(Leak(sink.danger, self.flow.function, call, span, found[2]))

    def _pass(self, call: Passing) -> None:
        for target in self.solver.targets(self.flow, call):
            for place, tokens in call.arguments:
                name = _parameter(target, place)
                for token in tokens if name else ():
                    found = self.value(token)
                    if found is not None:
                        self._go(call, target, name, found)

    def _go(self, call: Passing, target: Flow, name: str, found: tuple[Given, int, str]) -> None:
        given, much, part = found
        below = self.solver.follow(target.function, name, given, self.depth + 1)
        for leak in below.leaks:
            if much >= SINKS[leak.call.name].least:
                whole = ".".join(filter(None, (part, leak.part)))
                self.leaks.append(replace(leak, part=whole, path=(self.flow.step(call), *leak.path)))
        if call.number >= 0 and below.result is not None:
            self.results[call.number] = (below.result[0], min(much, below.result[1]))

    def _keep(self, attribute: str, tokens: tuple[str, ...]) -> None:
        found = self._best(tokens)
        if found is None or self.base == f"self.{attribute}":
            return
        for function in self.solver.family(self.flow.function, attribute):
            for leak in self.solver.follow(function, f"self.{attribute}", found[0], self.depth + 1).leaks:
                if found[1] >= SINKS[leak.call.name].least:
                    span = self.solver.project.source.functions[function].span
                    step = Step(f"reads self.{attribute}", span)
                    self.leaks.append(replace(leak, part="", path=(step, *leak.path)))


_READ = {
    "@query": "query",
    "@header": "header",
    "@cookie": "cookie",
    "@json": "body",
    "@form": "form",
    "@body": "body",
}
_PLACES = {
    "query": "query parameter", "header": "header", "cookie": "cookie", "body": "body", "form": "form field",
    "path": "path parameter", "file": "upload",
}  # fmt: skip


def may_come(leak: Leak, place: str, route: Route) -> bool:
    """Whether a value from there can do harm: one segment of a path has no slash, a link sets no header."""
    if place == "path" and leak.danger in ("path", "url", "redirect"):
        return _WHOLE_PATH in route.path
    if leak.danger == "html":
        return place not in ("header", "cookie") and route.method in ("GET", "POST")
    if leak.danger == "redirect":
        return place in ("query", "form") or (
            place != "header" and place != "cookie" and route.method == "GET"
        )
    return True


def source_of(parameter: Parameter, leak: Leak, given: Given) -> str:
    """The part of a request that is passed on, in words."""
    if given.kind == "upload":
        return (
            f'the file name of the upload "{parameter.name}"'
            if leak.danger == "path"
            else f'the upload "{parameter.name}"'
        )
    if given.kind == "model" and leak.part:
        return f'the {"body" if parameter.place == "body" else parameter.place} field "{leak.part}"'
    what = "body field" if parameter.place == "body" else _PLACES[parameter.place]
    return f'the {what} "{parameter.name}"'


def _parameter(target: Flow, place: str) -> str:
    if place.isdigit():
        return target.parameters[int(place)] if int(place) < len(target.parameters) else ""
    return place if place in target.parameters else ""


def _mentioned(flow: Flow) -> Iterator[str]:
    """The names of the origins in a function, each with what it is an attribute of."""
    tokens = [t for call in flow.calls for _, given in call.arguments for t in given]
    tokens += [t for _, given in flow.sets for t in given]
    for name in {bare(token) for token in (*tokens, *flow.returns)}:
        parts = name.split(".")
        yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _text(facts: tuple[tuple[str, str], ...]) -> str:
    return " ".join(value for _, value in facts)
