"""Ask once for all keys before a loop, instead of once for each in it.

Answers DB002, where the loop looks up one row by a unique key: `session.get(Model, x.key)` or
`session.scalar(select(Model).where(Model.key == x.key))` as a statement of its own in the loop, or a helper
of the project that does only that and computes from the row. One `select ... in_(keys)` before the loop
fills a dictionary that the loop reads; a helper gets a twin for many keys beside it. Missing rows stay None,
the order of the loop stays, and keys that are not bounded are asked for 500 at a time.

Left alone: loops that use the session otherwise (what they write could change what they read), lookups
behind a condition, keys that are not unique or are text, statements with more than conditions, loops over
something that can be iterated only once, and comprehensions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst
from msgspec import Struct

from strop.finding import Finding
from strop.fixes import regression_test
from strop.fixes.code import Code, called_name, dotted, walk
from strop.fixes.draft import Draft
from strop.fixes.files import module_name
from strop.fixes.imports import say
from strop.fixes.lookup import Lookup, names_in, read_lookup, table_of
from strop.fixes.splice import Splice
from strop.fixes.twin import Helper, add_twin, read_helper
from strop.fixes.unfit import Unfit
from strop.fixes.wording import subject, why
from strop.patch import Patch, Proposal
from strop.project.project import Project

NAME = "batch_query"
ANSWERS = ("DB002",)
SIZED = (
    "Sequence",
    "list",
    "tuple",
    "set",
    "frozenset",
    "dict",
    "Collection",
    "List",
    "Tuple",
    "Set",
    "Dict",
)
CHUNK = 500


class Loop(Struct, frozen=True):
    """A loop, the statement in it that looks something up, and the function around both."""

    code: Code
    node: cst.For
    function: cst.FunctionDef
    lookup: cst.Assign


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch or one proposal."""
    draft = Draft(project, read)
    loop = _loop(draft, finding)
    call = _called(loop.lookup.value)
    found = _function(project, draft, loop.code, call) if call is not None else None
    if found is not None and call is not None:
        _ask_helper(project, draft, loop, call, read_helper(project, *found))
    else:
        _ask_directly(project, draft, loop, read_lookup(project, loop.code, loop.lookup.value))
    tests, note = regression_test.for_queries(project, finding, read)
    name = loop.code.qualname(loop.function)
    said = f"{name} asks once for all keys before the loop; the loop reads a dictionary."
    title = subject(f"Ask once for what the loop in {name} looks up")
    yield Patch(NAME, "in_", finding.id, title, why(finding, said, note), draft.edits(), tests=tests)


def _loop(draft: Draft, finding: Finding) -> Loop:
    file, line = finding.fact("loop_file") or finding.span.file, finding.fact("loop_line")
    if not line:
        raise Unfit("the source does not show which loop repeats it")
    code = draft.code(file)
    loops = [f for f in code.nodes(cst.For) if line.isdigit() and code.line(f) == int(line)]
    if len(loops) != 1 or loops[0].asynchronous is not None:
        raise Unfit(f"there is no plain for loop at {file}:{line}")
    function = code.around(loops[0], cst.FunctionDef)
    if function is None:
        raise Unfit("the loop is not in a function")
    places = {(s.file, s.line) for s in (finding.span, *(step.span for step in finding.chain))}
    statements = loops[0].body.body
    for at, statement in enumerate(statements):
        if not isinstance(statement, cst.SimpleStatementLine):
            raise Unfit("the loop decides something before it asks")
        part = statement.body[0]
        lines = range(code.line(statement), code.last_line(statement) + 1)
        asks = isinstance(part, cst.Assign) and _called(part.value) is not None
        if asks and isinstance(part, cst.Assign) and (any((file, n) in places for n in lines) or at == 0):
            return Loop(code, loops[0], function, part)
    raise Unfit("what the loop asks for is not a statement of its own")


def _called(value: cst.BaseExpression) -> cst.Call | None:
    node = value.expression if isinstance(value, cst.Await) else value
    return node if isinstance(node, cst.Call) else None


# --- the loop's side


def _ask_directly(project: Project, draft: Draft, loop: Loop, lookup: Lookup) -> None:
    code = loop.code
    _must_be_pure(loop, lookup.session, lookup.key)
    if any(names_in(cst.parse_expression(other)) & _bound(loop) for other in lookup.others):
        raise Unfit("a further condition depends on the loop")
    select = lookup.select or say(draft, code, "sqlalchemy", "select", ("sqlmodel",))
    table = table_of(project, lookup.column.rpartition(".")[0])
    kind = table.name.rpartition(".")[2] if lookup.whole else lookup.what.rpartition(".")[2]
    found = _free(loop, f"{kind}_by_{lookup.attribute}")
    hoisted, rows, bounded = _rows(project, draft, loop)
    keys = f"{code.source(lookup.key)} for {_target(loop)} in {rows}"
    one = _free(loop, "row")
    pair = f"{one}.{lookup.attribute}: {one} for {one}" if lookup.whole else "key: value for key, value"
    result = _free(loop, "result")
    if bounded:
        made = [
            f"{result} = {lookup.many(select, '{' + keys + '}')}",
            f"{found} = {{{pair} in {result}}}",
        ]
    else:
        every = _free(loop, "keys")
        part = lookup.many(select, f"{every}[start : start + {CHUNK}]")
        made = [
            f"{every} = list(dict.fromkeys({keys}))",
            f"{found} = {{}}",
            f"for start in range(0, len({every}), {CHUNK}):",
            f"    {result} = {part}",
            f"    {found} |= {{{pair} in {result}}}",
        ]
    _write(draft, loop, [*hoisted, *made], rows)
    value = loop.lookup.value
    draft.change(
        code,
        Splice(_outer_start(code, value), _outer_end(code, value), f"{found}.get({code.source(lookup.key)})"),
    )


def _must_be_pure(loop: Loop, session: str, key: cst.BaseExpression) -> None:
    """Unfit if the loop does anything else with the session, or the key is not known before it."""
    first = session.split(".")[0]
    inside = set(walk(loop.lookup))
    for node in walk(loop.node.body):
        if (
            isinstance(node, cst.Name)
            and node.value == first
            and node not in inside
            and not _is_attribute(loop.code, node)
        ):
            raise Unfit(f"the loop uses {session} for more than this lookup")
        if isinstance(node, cst.Await) and node not in inside:
            raise Unfit("the loop awaits something else")
    targets = {n.value for n in walk(loop.node.target) if isinstance(n, cst.Name)}
    bound = _bound(loop) - targets
    used = names_in(key)
    if used & bound:
        raise Unfit(f"the key depends on {sorted(used & bound)[0]}, which the loop computes")
    if not used & targets:
        raise Unfit("the key does not depend on the loop")
    if any(isinstance(node, cst.Call | cst.Await | cst.NamedExpr) for node in walk(key)):
        raise Unfit("the key is computed by a call")


def _bound(loop: Loop) -> set[str]:
    """The names that the loop binds."""
    names = {n.value for n in walk(loop.node.target) if isinstance(n, cst.Name)}
    for node in walk(loop.node.body):
        if isinstance(node, cst.AssignTarget | cst.AnnAssign | cst.AugAssign | cst.For | cst.NamedExpr):
            names |= {n.value for n in walk(node.target) if isinstance(n, cst.Name)}
    return names


def _is_attribute(code: Code, node: cst.Name) -> bool:
    parent = code.parent(node)
    return isinstance(parent, cst.Attribute) and parent.attr is node


def _rows(project: Project, draft: Draft, loop: Loop) -> tuple[list[str], str, bool]:
    """Lines that keep what is iterated, its name, and whether there can't be very many."""
    code, node = loop.code, loop.node.iter
    source = code.source(node)
    if isinstance(node, cst.Attribute) and dotted(node):
        lists = {r.name for r in project.imported.relationships if r.uselist}
        if node.attr.value in lists:
            return [], source, True
        raise Unfit(f"{source} may be iterable only once")
    if isinstance(node, cst.Name):
        if not _is_sized(code, loop.function, node.value):
            raise Unfit(f"{source} may be iterable only once")
        return [], source, False
    call = _called(node)
    if call is None or dotted(call.func).rpartition(".")[2] in ("enumerate", "zip", "range", "map", "filter"):
        raise Unfit(f"the loop goes over {source[:40]}, which would have to be evaluated twice")
    name = _free(loop, "rows")
    sized, bounded = _result(project, draft, code, call)
    bounded = bounded or "limit" in source
    return [f"{name} = {source}" if sized else f"{name} = list({source})"], name, bounded


def _is_sized(code: Code, function: cst.FunctionDef, name: str) -> bool:
    for parameter in walk(function.params):
        if isinstance(parameter, cst.Param) and parameter.name.value == name and parameter.annotation:
            said = code.source(parameter.annotation.annotation)
            return said.startswith(SIZED)
    values = [a.value for a in code.nodes(cst.Assign, function) if dotted(a.targets[0].target) == name]
    return bool(values) and all(
        isinstance(v, cst.List | cst.ListComp | cst.Tuple | cst.Dict | cst.Set)
        or (isinstance(v, cst.Call) and called_name(v) in ("all", "list", "sorted", "tuple", "fetchall"))
        for v in values
    )


def _result(project: Project, draft: Draft, code: Code, call: cst.Call) -> tuple[bool, bool]:
    """Whether what a call gives is a list or alike, and whether a limit bounds it."""
    if called_name(call) in ("all", "fetchall", "list", "sorted"):
        return True, False
    found = _function(project, draft, code, call)
    if found is None:
        return False, False
    there, function = found
    said = there.source(function.returns.annotation) if function.returns else ""
    return said.startswith(SIZED), ".limit(" in there.source(function)


def _function(
    project: Project, draft: Draft, code: Code, call: cst.Call
) -> tuple[Code, cst.FunctionDef] | None:
    """The project's function that a call calls."""
    for function in project.source.functions.values():
        for known in function.calls if function.span.file == code.file else ():
            same = known.name.rpartition(".")[2] == called_name(call)
            if known.target and same and code.line(call) <= known.span.line <= code.last_line(call):
                file, _, qualname = known.target.partition(":")
                there = draft.code(file)
                found = there.function(qualname)
                return (there, found) if found is not None else None
    return None


def _target(loop: Loop) -> str:
    return loop.code.source(loop.node.target)


def _free(loop: Loop, name: str) -> str:
    """The name, or one like it that the function does not use."""
    used = {n.value for n in walk(loop.function) if isinstance(n, cst.Name)}
    return next(n for n in (name, f"all_{name}", f"{name}_here", f"{name}_before_loop") if n not in used)


def _write(draft: Draft, loop: Loop, lines: list[str], rows: str) -> None:
    """Put lines before the loop, which then goes over `rows`."""
    code = loop.code
    start = code.line_start(code.start(loop.node))
    indent = code.indent_at(code.start(loop.node))
    draft.change(code, Splice(start, start, "".join(f"{indent}{line}{code.newline}" for line in lines)))
    node = loop.node.iter
    if code.source(node) != rows:
        draft.change(code, Splice(_outer_start(code, node), _outer_end(code, node), rows))


def _outer_start(code: Code, node: cst.BaseExpression) -> int:
    at = code.start(node)
    for _ in node.lpar:
        at = code.data.rindex(b"(", 0, at)
    return at


def _outer_end(code: Code, node: cst.BaseExpression) -> int:
    at = code.end(node)
    for _ in node.rpar:
        at = code.data.index(b")", at) + 1
    return at


def _ask_helper(project: Project, draft: Draft, loop: Loop, call: cst.Call, helper: Helper) -> None:
    if len(call.args) != 2 or any(a.keyword or a.star for a in call.args):
        raise Unfit("the helper is not called with a session and a key")
    session, key = dotted(call.args[0].value), call.args[1].value
    _must_be_pure(loop, session, key)
    code, name = loop.code, f"{helper.function.name.value.removesuffix('_for')}_for_each"
    if helper.code.function(name) is not None:
        raise Unfit(f"{helper.code.file} has a function {name} already")
    hoisted, rows, bounded = _rows(project, draft, loop)
    if not bounded:
        raise Unfit("there may be more keys than one statement takes")
    add_twin(draft, helper, name)
    said = dotted(call.func)
    if "." in said:
        called = f"{said.rpartition('.')[0]}.{name}"
    elif helper.code.file == code.file:
        called = name
    else:
        called = say(draft, code, module_name(helper.code.file), name)
    target = dotted(loop.lookup.targets[0].target) or "found"
    found = _free(loop, f"{target}s")
    wait = "await " if isinstance(loop.lookup.value, cst.Await) else ""
    keys = f"{{{code.source(key)} for {_target(loop)} in {rows}}}"
    _write(draft, loop, [*hoisted, f"{found} = {wait}{called}({session}, {keys})"], rows)
    value = loop.lookup.value
    draft.change(
        code, Splice(_outer_start(code, value), _outer_end(code, value), f"{found}[{code.source(key)}]")
    )
