"""Which relationships does the source read of rows that were loaded without them?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec import Struct

from strop.project.body import Body
from strop.project.function import Class
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Route
from strop.project.spelling import last_name
from strop.project.table import Relationship
from strop.project.walk import walk
from strop.regex import regex
from strop.rules.loading import Load, Statement, load_of, options_of
from strop.rules.sessions import served_by
from strop.span import Span

WORDS = frozenset({"select", "query", "for", "scalars", "execute", "return"})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CLASSES = regex(r"[\w.]+:[\w.]+")
_DEEPEST = 3  # models in models that are followed


class Read(Struct, frozen=True):
    """One relationship that is read of each of several rows, or of one, and the statement that loaded them."""

    relationship: Relationship
    place: Span  # of the statement
    function: str  # that has the statement or the loop
    reader: str  # what reads it: a line of the source, or a response model
    many: bool
    is_async: bool
    routes: frozenset[str] = frozenset()  # only of these routes; empty for all that reach the function


def note(body: Body, rule: str) -> Iterator[Mark]:
    """Loops over loaded rows with the attributes they read, and loads that a function returns."""
    for loop in (*body.of(ast.For), *body.of(ast.AsyncFor)):
        yield from _loop(body, rule, loop.target, loop.iter, loop.body)  # type: ignore[attr-defined]  # both are loops
    for inner in body.of(*_COMPREHENSIONS):
        generators: list[ast.comprehension] = inner.generators  # type: ignore[attr-defined]  # all have them
        parts = [getattr(inner, name, None) for name in ("elt", "key", "value")]
        tests = [test for g in generators for test in g.ifs]
        given = [p for p in (*parts, *tests) if p is not None]
        yield from _loop(body, rule, generators[0].target, generators[0].iter, given)
    for result in body.of(ast.Return):
        load = load_of(body, result.value) if result.value is not None else None
        if load is not None:
            yield from _facts(body, rule, load, kind="returned")
        elif result.value is not None and (target := _called(body, result.value)):
            yield body.mark(rule, result, kind="passes", target=target)


def _loop(
    body: Body, rule: str, target: ast.expr, over: ast.expr, inside: list[ast.expr] | list[ast.stmt]
) -> Iterator[Mark]:
    if not isinstance(target, ast.Name):
        return
    reads = {
        node.attr: node.lineno
        for part in inside
        for node in walk(part)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == target.id
        if isinstance(node.ctx, ast.Load)
    }
    if not reads:
        return
    load = load_of(body, over)
    if load is not None and load.many:
        yield from _facts(body, rule, load, kind="loop", reads=",".join(reads))
    elif load is None and (called := _called(body, over)):
        yield body.mark(rule, over, kind="loop over", target=called, reads=",".join(reads))


def _called(body: Body, expr: ast.expr) -> str:
    """The id of the project's function whose result an expression is."""
    value = body.value(expr) if isinstance(expr, ast.Name) else expr
    value = value.value if isinstance(value, ast.Await) else value
    ref = body.ref(value.func) if isinstance(value, ast.Call) else None
    node = body.types.found.functions.get(ref.name) if ref is not None and ref.kind == "function" else None
    return node.id if node is not None else ""


def _facts(body: Body, rule: str, load: Load, **facts: object) -> Iterator[Mark]:
    options, complete = options_of(body, load.statement)
    whole = len(load.statement.entities) == 1 and not load.statement.columns
    if not whole or not complete:
        return
    yield body.mark(
        rule,
        load.executed,
        entity=load.statement.entities[0].rpartition(".")[2],
        loaded=",".join(o.key for o in options),
        by=",".join(sorted(_equal(load.statement))),
        many=load.many,
        is_async=body.is_awaited(load.executed),
        **facts,
    )


def _equal(statement: Statement) -> set[str]:
    """The names of the columns that the statement compares with one value."""
    return {
        last_name(node.left)
        for call in statement.calls("where", "filter")
        for given in call.args
        for node in ast.walk(given)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq)
    } | {keyword.arg or "" for call in statement.calls("filter_by") for keyword in call.keywords}


def _is_shared(relationship: Relationship, mark: Mark) -> bool:
    """Whether all rows have the same object there: the statement chose them by its key, so it is loaded once."""
    keys = {f"{relationship.name}_id", f"{relationship.name}_uuid"}
    return not relationship.uselist and bool(keys & set(mark.fact("by").split(",")))


def lazy_reads(project: Project, rule: str) -> Iterator[Read]:
    """Relationships with `lazy="select"` that are read of rows whose statement doesn't load them."""
    marks = project.source.marks.get(rule, ())
    lazy = {r.key: r for r in project.imported.relationships if r.lazy == "select"}
    returned: dict[str, list[Mark]] = {}
    passes: dict[str, str] = {}
    for mark in marks:
        if mark.fact("kind") == "returned":
            returned.setdefault(mark.function, []).append(mark)
        elif mark.fact("kind") == "passes":
            passes[mark.function] = mark.fact("target")
    for mark in marks:
        if mark.fact("kind") == "loop":
            yield from _read(lazy, mark, mark.fact("reads").split(","), mark.function)
        elif mark.fact("kind") == "loop over":
            found = returned.get(mark.fact("target"), [])
            if len(found) == 1 and found[0].fact("many"):
                yield from _read(lazy, found[0], mark.fact("reads").split(","), mark.function)
    for route in project.imported.routes:
        yield from _answered(project, lazy, returned, passes, route)


def _read(lazy: dict[str, Relationship], mark: Mark, attributes: list[str], function: str) -> Iterator[Read]:
    loaded = mark.fact("loaded").split(",")
    for attribute in attributes:
        relationship = lazy.get(f"{mark.fact('entity')}.{attribute}")
        if relationship is None or _is_shared(relationship, mark):
            continue
        if relationship.key not in loaded:
            is_async = bool(mark.fact("is_async"))
            yield Read(relationship, mark.span, function, f"the loop in {mark.span.symbol}", True, is_async)


def _answered(
    project: Project,
    lazy: dict[str, Relationship],
    returned: dict[str, list[Mark]],
    passes: dict[str, str],
    route: Route,
) -> Iterator[Read]:
    """What the response model of a route reads of the rows that its handler returns."""
    if route.span is None or not route.response_model:
        return
    model = _model(project, route.response_model)
    function = f"{route.span.file}:{route.name.partition(':')[2]}"
    if model is None or not served_by(project, function):
        return
    target = function
    for _ in range(_DEEPEST):
        if target in returned or target not in passes:
            break
        target = passes[target]
    loads = returned.get(target, [])
    if len(loads) != 1:
        return
    (mark,) = loads
    many = bool(mark.fact("many")) and route.response_model.startswith(("list[", "Sequence[", "collections."))
    loaded = frozenset(mark.fact("loaded").split(","))
    for relationship in _wanted(project, lazy, model, mark.fact("entity"), loaded, _DEEPEST):
        if f"{mark.fact('entity')}.{relationship.name}" == relationship.key and _is_shared(
            relationship, mark
        ):
            continue
        name = model.name.rpartition(".")[2]
        is_async = bool(mark.fact("is_async"))
        yield Read(
            relationship,
            mark.span,
            function,
            f"the response model {name}",
            many,
            is_async,
            frozenset({route.key}),
        )


def _model(project: Project, text: str) -> Class | None:
    """The class of the project in a response model: "list[shop.schemas:OrderOut]"."""
    for name in _CLASSES.findall(text):
        module, _, qualname = name.partition(":")
        found = project.source.classes.get(f"{project.source.modules.get(module, '')}:{qualname}")
        if found is not None:
            return found
    return None


def _wanted(
    project: Project,
    lazy: dict[str, Relationship],
    model: Class,
    entity: str,
    loaded: frozenset[str],
    depth: int,
) -> Iterator[Relationship]:
    """The lazy relationships of an entity that fields of a model are filled from, and those of what they hold."""
    by_key = {r.key: r for r in project.imported.relationships}
    own = model.name.rpartition(".")[
        2
    ]  # a mapped class of SQLModel answers with its columns, never its relationships
    for name, classes in model.fields:
        known = by_key.get(f"{entity}.{name}")
        if known is None or not classes or f"{own}.{name}" in by_key:
            continue
        if known.key in lazy and known.key not in loaded:
            yield known
        inner = project.source.classes.get(classes[0])
        if inner is not None and depth > 1 and inner.id != model.id:
            yield from _wanted(project, lazy, inner, known.target, loaded, depth - 1)
