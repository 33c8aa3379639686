"""What does a loop go over: the rows of a query, a list that the request brought, or what nothing tells the size of?

While a file is read each loop gets a mark with the lines of the calls that its turns come from; with the whole
project at hand it is seen which of them ask the database.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

from strop.project.body import Body
from strop.project.function import Call, Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.shared import shared
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.asking import lists_keys
from strop.rules.endpoint import endpoint
from strop.rules.led import calls_below, leads
from strop.rules.loading import load_of
from strop.rules.syntax import FunctionNode, function_node

Origin = Literal["rows", "request", "given", ""]
_DEEPEST = 8
_WRAPPERS = frozenset(
    {"enumerate", "sorted", "reversed", "list", "tuple", "set", "zip", "iter", "cast", "dict"}
)
_SECOND = frozenset({"filter", "map"})  # what they go over is their second argument
_FILLS = frozenset({"append", "add", "extend", "update", "insert", "setdefault"})
_LISTS = regex(r"\b([Ll]ist|[Ss]equence|[Ss]et|[Ii]terable|[Cc]ollection|tuple)\[")
_HANDFUL = regex(
    r"(^|_)(providers?|settings?|configs?|configurations?|plugins?|integrations?|roles?|permissions?|scopes?|admins?|administrators?|owners?"
    r"|features?|flags?|langs?|languages?|locales?|kinds?|types?|levels?|channels?|hosts?|backends?|handlers?|hooks?|adapters?|drivers?|engines?"
    r"|steps?|stages?|phases?|fields?|columns?|parts?|defaults?)$"
)


class _Trail(Struct):
    """What an expression was made from."""

    body: Body
    lines: set[int] = field(default_factory=set)  # of calls whose results it is or holds
    given: set[str] = field(default_factory=set)  # names in it: parameters among them
    one: bool = False  # a statement that gives one row
    few: bool = False  # a statement with a small limit
    seen: set[int] = field(default_factory=set)

    def follow(self, expr: ast.expr, depth: int = _DEEPEST) -> None:
        if not depth or id(expr) in self.seen:
            return
        self.seen.add(id(expr))
        match expr:
            case ast.Name():
                self._name(expr, depth)
            case ast.Call():
                self._call(expr, depth)
            case ast.Await(value=inner) | ast.Subscript(value=inner) | ast.Starred(value=inner):
                self.follow(inner, depth)
            case ast.Attribute(value=inner):
                self.follow(inner, depth - 1)
            case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
                self.follow(one, depth - 1)
                self.follow(other, depth - 1)
            case ast.BoolOp(values=values):
                for value in values:
                    self.follow(value, depth - 1)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self.follow(expr.generators[0].iter, depth - 1)

    def _call(self, call: ast.Call, depth: int) -> None:
        name = last_name(call.func)
        if isinstance(call.func, ast.Name) and name in _WRAPPERS | _SECOND:
            for argument in call.args[1:2] if name in _SECOND else call.args:
                self.follow(argument, depth - 1)
            return
        load = load_of(self.body, call)
        if load is not None:
            self.one = self.one or not load.many
            self.few = self.few or any(_is_few(self.body, c) for c in load.statement.calls("limit"))
            self.lines.add(load.executed.lineno)
        self.lines.add(call.lineno)
        if isinstance(call.func, ast.Attribute):
            self.follow(call.func.value, depth - 1)

    def _name(self, name: ast.Name, depth: int) -> None:
        self.given.add(name.id)
        for binding in self.body.bindings(name):
            if binding.how == "value" and binding.expr is not None:
                self.follow(binding.expr, depth - 1)
        for loop in self._filling(name.id):
            self.follow(loop.iter, depth - 1)

    def _filling(self, name: str) -> Iterator[ast.For | ast.AsyncFor]:
        """The loops that put something into what a name stands for."""
        for call in self.body.calls(*_FILLS):
            if isinstance(call.func, ast.Attribute) and _is_named(call.func.value, name):
                yield from self._loops(call)
        for assigned in self.body.of(ast.Assign):
            if any(isinstance(t, ast.Subscript) and _is_named(t.value, name) for t in assigned.targets):
                yield from self._loops(assigned)

    def _loops(self, node: ast.AST) -> Iterator[ast.For | ast.AsyncFor]:
        loop = self.body.loop(node)
        if isinstance(loop, ast.For | ast.AsyncFor):
            yield loop


def _is_named(expr: ast.expr, name: str) -> bool:
    return isinstance(expr, ast.Name) and expr.id == name


def _is_few(body: Body, limit: ast.Call) -> bool:
    given = limit.args[0] if limit.args else None
    most = body.constant(given)
    if most is None and isinstance(given, ast.Name):
        most = _usual(body, given.id)
    return isinstance(most, int) and most <= 10


def _usual(body: Body, name: str) -> object:
    """What a parameter of a route is where the client leaves it out."""
    route = endpoint(body)
    given = {each.name: each.default for each in route.arguments()} if route is not None else {}
    default = given.get(name)
    return default.value if isinstance(default, ast.Constant) else None


def note(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for each loop and comprehension, with what its turns come from."""
    for loop in (*body.of(ast.For), *body.of(ast.AsyncFor)):
        yield _mark(body, rule, loop, loop.target, loop.iter)  # type: ignore[attr-defined]  # both are loops
    for inner in body.of(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp):
        last = inner.generators[-1]  # type: ignore[attr-defined]
        yield _mark(body, rule, inner, last.target, last.iter)


def _mark(body: Body, rule: str, loop: ast.AST, target: ast.expr, over: ast.expr) -> Mark:
    trail = _Trail(body)
    trail.follow(over)
    return body.mark(
        rule,
        loop,
        kind="over",
        lines=",".join(map(str, sorted(trail.lines))),
        given=",".join(sorted(trail.given & _lists(body))),
        small=trail.one or trail.few or _is_handful(target, over),
    )


def _lists(body: Body) -> set[str]:
    """The parameters of a function that say they are lists, and the bodies of requests that may hold some."""
    if not isinstance(body.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    given = body.node.args
    every = (*given.posonlyargs, *given.args, *given.kwonlyargs)
    return {a.arg for a in every if a.annotation is not None and _LISTS.search(ast.unparse(a.annotation))}


def _is_handful(target: ast.expr, over: ast.expr) -> bool:
    """Whether the words say that there are a handful: `for provider in providers`."""
    names = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)} | {last_name(over)}
    return any(_HANDFUL.search(name.lower()) for name in names)


class Over(Struct, frozen=True):
    """Where the turns of one loop come from, its lines, and whether there are a handful."""

    origin: Origin
    lines: range
    small: bool


def over(project: Project, rule: str, function: Function, loop: int) -> Over | None:
    """What was noted of the loop that begins on a line of a function."""
    found = _marks(project, rule).get((function.span.file, loop))
    if found is None:
        return None
    lines = range(found.span.line, max(found.span.end_line, found.span.line) + 1)
    return Over(_origin(project, function, found, lines), lines, bool(found.fact("small")))


def _origin(project: Project, function: Function, mark: Mark, turns: range) -> Origin:
    told = {int(line) for line in mark.fact("lines").split(",") if line}
    if any(c.span.line in told and _gives_rows(project, c) for c in function.calls):
        return "rows"
    if not mark.fact("given"):
        return ""
    if _serves(project, function):
        return "request"
    return "given" if any(_are_given_rows(project, function, mark.fact("given").split(","))) else ""


def _are_given_rows(project: Project, function: Function, names: list[str]) -> Iterator[bool]:
    """For each caller of a function, whether it passes rows of a query, or a list that it was given, by these names."""
    for caller in project.source.functions.values():
        calls = [c for c in caller.calls if c.target == function.id]
        node = function_node(project, caller) if calls else None
        for passed in _passed(node, calls, function, names) if node is not None else ():
            lines = set(_made_on(node, passed)) if node is not None else set()
            yield any(c.span.line in lines and _gives_rows(project, c) for c in caller.calls)


def _passed(
    node: FunctionNode, calls: list[Call], function: Function, names: list[str]
) -> Iterator[ast.expr]:
    """What the calls of a function pass by these names."""
    own = [name for name in function.parameters if name not in ("self", "cls")]
    lines = {(c.span.line, c.span.end_line or c.span.line) for c in calls}
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and (each.lineno, each.end_lineno) in lines:
            yield from (value for name, value in zip(own, each.args, strict=False) if name in names)
            yield from (k.value for k in each.keywords if k.arg in names)


def _made_on(node: FunctionNode, expr: ast.expr) -> Iterator[int]:
    """The lines of calls that an expression holds, or whose result the name that it is was assigned."""
    yield from (each.lineno for each in ast.walk(expr) if isinstance(each, ast.Call))
    for each in ast.walk(node):
        if isinstance(each, ast.Assign) and isinstance(expr, ast.Name):
            names = {n.id for target in each.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
            if expr.id in names:
                yield from (n.lineno for n in ast.walk(each.value) if isinstance(n, ast.Call))


def _gives_rows(project: Project, call: Call) -> bool:
    if lists_keys(call) or "queries" in leads(project, call):
        return True
    return any(map(lists_keys, calls_below(project, call)))


def _serves(project: Project, function: Function) -> bool:
    return any(
        route.span is not None
        and route.span.file == function.span.file
        and function.id == f"{route.span.file}:{route.name.partition(':')[2]}"
        for route in project.imported.routes
    )


def _marks(project: Project, rule: str) -> dict[tuple[str, int], Mark]:
    """The marks of all loops by file and line."""
    known = shared(project, _Loops).of
    if rule not in known:
        every = (
            m for m in shared(project, _Loops).project.source.marks.get(rule, ()) if m.fact("kind") == "over"
        )
        known[rule] = {(m.span.file, m.span.line): m for m in every}
    return known[rule]


class _Loops:
    """The marks of one project's loops, by the rule that left them."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.of: dict[str, dict[tuple[str, int], Mark]] = {}
