"""Let the database count rows that are loaded only to be counted.

Answers DB006: `len((await session.scalars(select(A).where(c))).all())` becomes
`(await session.execute(select(func.count()).select_from(A).where(c))).scalar_one()`, also where the result or
the rows have a name that nothing else uses, and `len(session.query(A).all())` becomes
`session.query(A).count()`. Statements with more than conditions are counted as a subquery.

Left alone: rows that are used for anything else, `unique()` or a legacy query over a join (rows that Python
drops would be counted), locks, and statements that are not built in sight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst
from msgspec import Struct

from strop.finding import Finding
from strop.fixes import regression_test
from strop.fixes.arguments import STEP
from strop.fixes.chain import methods
from strop.fixes.code import Code, called_name, dotted
from strop.fixes.draft import Draft
from strop.fixes.fetched import Fetched, assignment_of, execution, fetched, unchain, uses
from strop.fixes.imports import spell
from strop.fixes.query import Query, trace
from strop.fixes.splice import Splice, splice
from strop.fixes.unfit import Unfit
from strop.fixes.wording import subject, why
from strop.patch import Patch, Proposal
from strop.project.project import Project
from strop.sql.statement import read_statement

NAME = "count_in_database"
ANSWERS = ("DB006",)
CONDITIONS = {"where", "filter", "filter_by"}
DROPPED = {"order_by", "options"}
JOINS = {"join", "outerjoin", "join_from", "outerjoin_from", "select_from"}
NEVER = {"with_for_update", "yield_per", "from_statement", "union", "union_all", "with_only_columns"}
LEGACY = CONDITIONS | DROPPED | {"limit", "offset"}


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch or one proposal."""
    draft = Draft(project, read)
    code = draft.code(finding.span.file)
    function = code.function_at(finding.span.line)
    if function is None:
        raise Unfit(f"there is no function at {finding.span}")
    lengths = [c for c in code.nodes(cst.Call, function) if called_name(c) == "len" and len(c.args) == 1]
    found = [change for c in lengths if (change := _change(draft, code, function, c)) is not None]
    near = [c for c in found if finding.span.line in c.lines] or found
    if len(near) != 1:
        raise Unfit(f"{len(near)} places near {finding.span} count rows that are loaded for nothing else")
    near[0].make()
    tests, note = regression_test.for_rows(project, finding, read)
    said = f"The database counts, and one row comes back instead of all, in {code.qualname(function)}."
    table = read_statement(finding.fact("statement")).table or "rows"
    where = code.qualname(function)
    title = subject(f"Count {table} in the database in {where}", f"Count {table} in the database")
    yield Patch(NAME, "func.count", finding.id, title, why(finding, said, note), draft.edits(), tests=tests)


class Change(Struct, frozen=True):
    """A change that can be made, and the lines that it belongs to."""

    lines: frozenset[int]
    make: Callable[[], None]


def _change(draft: Draft, code: Code, function: cst.FunctionDef, length: cst.Call) -> Change | None:
    """How to count without the rows; None if the call counts something else."""
    counted = length.args[0].value
    if isinstance(counted, cst.Name):
        assign = next(
            (a for a in code.nodes(cst.Assign, function) if dotted(a.targets[0].target) == counted.value),
            None,
        )
        if assign is None or fetched(assign.value) is None:
            return None
        return Change(
            _lines(code, length, assign), lambda: _named_rows(draft, code, function, length, counted.value)
        )
    if fetched(counted) is not None:
        return Change(_lines(code, length), lambda: _inline(draft, code, length))
    if _legacy(counted) is not None:
        return Change(_lines(code, length), lambda: _legacy_count(draft, code, length))
    inner = unchain(counted)
    if inner and isinstance(inner[0], cst.Name):
        name = inner[0].value
        assign = next(
            (a for a in code.nodes(cst.Assign, function) if dotted(a.targets[0].target) == name), None
        )
        if assign is not None and execution(assign.value) is not None:
            return Change(
                _lines(code, length, assign), lambda: _named_result(draft, code, function, length, name)
            )
    return None


def _lines(code: Code, *nodes: cst.CSTNode) -> frozenset[int]:
    return frozenset(line for n in nodes for line in range(code.line(n), code.last_line(n) + 1))


def _inline(draft: Draft, code: Code, length: cst.Call) -> None:
    found = fetched(length.args[0].value)
    assert found is not None
    ends = _unwrapped(code, length, found)
    plain = [*_count_statement(draft, code, found.call, found.steps), *ends]
    if _fits(code, length, plain) or not found.awaited or not found.executed.lpar:
        draft.change(code, *plain)
        return
    indent = code.indent_at(code.start(length))
    inner, outer = code.newline + indent + STEP, code.newline + indent
    start, end = code.start(found.executed), code.end(found.executed)
    wrapped = [*plain, Splice(start, start, inner), Splice(end, end, outer)]
    if not _fits(code, length, wrapped):
        gaps = (inner + STEP, inner)
        wrapped = [*_count_statement(draft, code, found.call, found.steps, gaps), *ends, *wrapped[-2:]]
    draft.change(code, *wrapped)


def _fits(code: Code, node: cst.CSTNode, changes: list[Splice]) -> bool:
    """Whether the node's statement keeps to the line length; one of several lines is not touched."""
    line = code.statement(node)
    if line is None or code.line(line) != code.last_line(line):
        return True
    start, end = code.line_start(code.start(line)), code.line_end(code.start(line))
    inside = [Splice(c.start - start, c.end - start, c.text) for c in changes]
    made = splice(code.data[start:end], inside).decode()
    return max(map(len, made.splitlines())) <= code.limit


def _unwrapped(code: Code, length: cst.Call, found: Fetched) -> tuple[Splice, ...]:
    """`len((await x).all())` without `len(` and with another end; a long line is broken."""
    executed, end = found.executed, code.end(length)
    opened = _before_parentheses(code, executed)
    closed = _behind_parentheses(code, executed)
    last = ".one()" if called_name(found.call) == "exec" else ".scalar_one()"
    return Splice(code.start(length), opened, ""), Splice(closed, end, last)


def _before_parentheses(code: Code, node: cst.BaseExpression) -> int:
    at = code.start(node)
    for _ in node.lpar:
        at = code.data.rindex(b"(", 0, at)
    return at


def _behind_parentheses(code: Code, node: cst.BaseExpression) -> int:
    at = code.end(node)
    for _ in node.rpar:
        at = code.data.index(b")", at) + 1
    return at


def _named_rows(draft: Draft, code: Code, function: cst.FunctionDef, length: cst.Call, name: str) -> None:
    """`rows = (await x).all()`, then only `len(rows)`: the name holds the number."""
    assign = assignment_of(code, function, name)
    found = fetched(assign.value)
    assert found is not None
    new = name if name.endswith("count") else f"{name}_count"
    if new != name and uses(code, function, new):
        raise Unfit(f"{new} is a name that the function uses already")
    for use in uses(code, function, name):
        call = code.around(use, cst.Call)
        if use is assign.targets[0].target:
            draft.change(code, Splice(code.start(use), code.end(use), new))
        elif call is not None and called_name(call) == "len" and call.args[0].value is use:
            draft.change(code, Splice(code.start(call), code.end(call), new))
        else:
            raise Unfit(f"{name} is used for more than its length")
    draft.change(code, *_count_statement(draft, code, found.call, found.steps))
    end = _behind_parentheses(code, found.executed)
    last = ".one()" if called_name(found.call) == "exec" else ".scalar_one()"
    draft.change(code, Splice(end, code.end(found.whole), last))


def _named_result(draft: Draft, code: Code, function: cst.FunctionDef, length: cst.Call, name: str) -> None:
    """`result = await session.execute(s)`, then only `len(result.all())`."""
    assign = assignment_of(code, function, name)
    inner = unchain(length.args[0].value)
    call = execution(assign.value)
    assert inner is not None
    assert call is not None
    if len(uses(code, function, name)) != 2:
        raise Unfit(f"{name} is used for more than its length")
    draft.change(code, *_count_statement(draft, code, call, inner[1]))
    last = "one" if called_name(call) == "exec" else "scalar_one"
    draft.change(code, Splice(code.start(length), code.end(length), f"{name}.{last}()"))


def _count_statement(
    draft: Draft, code: Code, call: cst.Call, steps: tuple[str, ...], gaps: tuple[str, str] = ("", "")
) -> list[Splice]:
    """What makes an executed statement count its own rows; `gaps` go around the statement."""
    statement = call.args[0].value
    query = trace(code, statement)
    if query.kind != "select":
        raise Unfit("the statement is not a select")
    names = _methods_of(code, query, statement)
    never = [name for name in names if name in NEVER]
    if never:
        raise Unfit(f"{never[0]} makes the statement more than a list of rows")
    if "unique" in steps and set(names) & JOINS:
        raise Unfit("unique() may drop rows of the join that the database would count")
    function = spell(code, "sqlalchemy", "func", ("sqlmodel", "sqlalchemy.sql", "sqlalchemy.sql.expression"))
    draft.change(code, *function.splices)
    counted = f"{code.source(query.base.func)}({function.text}.count()).select_from("
    simple = _starts_here(code, query, statement) and set(names) <= CONDITIONS | DROPPED
    if simple and _entity(code, query):
        changes = list(_in_place(code, query, f"{counted}{_entity(code, query)})"))
    else:
        inner = (
            ".order_by(None).subquery()" if "order_by" in names and "limit" not in names else ".subquery()"
        )
        start, end = _before_parentheses(code, statement), _behind_parentheses(code, statement)
        changes = [Splice(start, start, gaps[0] + counted), Splice(end, end, f"{inner}){gaps[1]}")]
    if called_name(call) == "scalars" and isinstance(call.func, cst.Attribute):
        changes.append(Splice(code.start(call.func.attr), code.end(call.func.attr), "execute"))
    return changes


def _starts_here(code: Code, query: Query, statement: cst.BaseExpression) -> bool:
    return code.start(statement) <= code.start(query.base) < code.end(statement)


def _methods_of(code: Code, query: Query, statement: cst.BaseExpression) -> list[str]:
    """The methods that build the statement, in all statements of the function that build it."""
    names = [called_name(call) for call in methods(code, query.base)]
    names += [called_name(c) for c in code.nodes(cst.Call, statement) if isinstance(c.func, cst.Attribute)]
    function = code.around(statement, cst.FunctionDef)
    base = statement
    while isinstance(base, cst.Call) and isinstance(base.func, cst.Attribute):
        base = base.func.value
    if isinstance(base, cst.Name) and function is not None:
        for assign in code.nodes(cst.Assign, function):
            if dotted(assign.targets[0].target) == base.value:
                names += [called_name(c) for c in code.nodes(cst.Call, assign.value)]
    if not _starts_here(code, query, statement):
        return names
    return [called_name(call) for call in methods(code, query.base)]


def _entity(code: Code, query: Query) -> str:
    """What the only column or class selected belongs to: "Order" of `Order` and `Order.id`."""
    if len(query.entities) != 1 or len(query.base.args) != 1:
        return ""
    text = dotted(query.entities[0])
    words = text.split(".")
    if not text or words[-1][:1].isupper():
        return text
    return ".".join(words[:-1]) if len(words) > 1 and words[-2][:1].isupper() else ""


def _in_place(code: Code, query: Query, counted: str) -> Iterator[Splice]:
    """The select itself becomes the count; orders and loader options fall away."""
    yield Splice(code.start(query.base), code.end(query.base), counted)
    before: cst.CSTNode = query.base
    for call in methods(code, query.base):
        if called_name(call) in DROPPED:
            yield Splice(code.end(before), code.end(call), "")
        before = call


def _legacy(node: cst.BaseExpression) -> cst.Call | None:
    """The `.all()` of `session.query(A).filter(...).all()`."""
    if not isinstance(node, cst.Call) or called_name(node) != "all" or node.args:
        return None
    inner = node.func.value if isinstance(node.func, cst.Attribute) else None
    while isinstance(inner, cst.Call) and isinstance(inner.func, cst.Attribute):
        if called_name(inner) == "query":
            return node
        inner = inner.func.value
    return None


def _legacy_count(draft: Draft, code: Code, length: cst.Call) -> None:
    whole = length.args[0].value
    query = trace(code, whole)
    names = [called_name(call) for call in methods(code, query.base)][:-1]
    odd = [name for name in names if name not in LEGACY]
    if query.kind != "query" or len(query.entities) != 1 or odd:
        raise Unfit(f"the query's {odd[0] if odd else 'rows'} may not count as Python does")
    assert isinstance(whole, cst.Call)
    assert isinstance(whole.func, cst.Attribute)
    word = whole.func.attr
    draft.change(
        code,
        Splice(code.start(length), _before_parentheses(code, whole), ""),
        Splice(code.start(word), code.end(word), "count"),
        Splice(_behind_parentheses(code, whole), code.end(length), ""),
    )
