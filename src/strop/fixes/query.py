"""Where a statement is built, from the line that executes it."""

from __future__ import annotations

from typing import Literal

import libcst as cst
from msgspec import Struct

from strop.fixes.code import Code, called_name, dotted
from strop.fixes.imports import resolve
from strop.fixes.unfit import Unfit

Kind = Literal["select", "query", "get"]
EXECUTES = {"execute", "scalars", "scalar", "stream", "stream_scalars", "exec", "get", "get_one"}
FETCHES = {"all", "first", "one", "one_or_none", "scalar", "get", "count", "unique", "yield_per"}
STEPS = 20  # how often a name may stand for another statement before it is called a maze


class Query(Struct, frozen=True):
    """A statement's beginning: `select(Order)`, `session.query(Order)` or `session.get(Order, id)`.

    `chain` is the whole expression that begins with it, method by method; `entities` are what it selects.
    """

    code: Code
    kind: Kind
    base: cst.Call
    chain: cst.BaseExpression
    entities: tuple[cst.BaseExpression, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The entities' class names, "" where one is not a plain name."""
        return tuple(resolve(self.code, entity).rpartition(".")[2] for entity in self.entities)


class FromParameter(Unfit):
    """The statement is a parameter of the function that executes it."""

    def __init__(self, function: cst.FunctionDef, name: str, index: int) -> None:
        super().__init__(f"the statement is the parameter {name} of {function.name.value}")
        self.function = function
        self.name = name
        self.index = index  # among the positional arguments of a call, self and cls not counted


def find_query(code: Code, line: int) -> Query:
    """The statement that is executed on a line; Unfit if it is not plainly one."""
    return trace(code, executed(code, line), through=True)


def executed(code: Code, line: int) -> cst.BaseExpression:
    """The statement (or session.get call) that the line executes: the argument of execute, scalars, ..."""
    here = [c for c in code.nodes(cst.Call) if code.line(c) <= line <= code.last_line(c)]
    calls = [c for c in here if called_name(c) in EXECUTES and isinstance(c.func, cst.Attribute)]
    runs = [c for c in calls if _statement_of(code, c) is not None]
    if not runs:
        runs = _multi_line(code, line)
    for call in sorted(runs, key=lambda c: code.end(c) - code.start(c)):
        found = _statement_of(code, call)
        if found is not None:
            return found
    for call in here:
        if called_name(call) in FETCHES and isinstance(call.func, cst.Attribute):
            return call.func.value
    raise Unfit(f"no statement is executed on {code.file}:{line}")


def _multi_line(code: Code, line: int) -> list[cst.Call]:
    """Executing calls of the statement around the line: tracebacks name one line of several."""
    lines = [s for s in code.nodes(cst.SimpleStatementLine) if code.line(s) <= line <= code.last_line(s)]
    calls = [c for s in lines for c in code.nodes(cst.Call, s)]
    return [c for c in calls if called_name(c) in EXECUTES and _statement_of(code, c) is not None]


def _statement_of(code: Code, call: cst.Call) -> cst.BaseExpression | None:
    if called_name(call) in ("get", "get_one"):
        return call if _is_session_get(code, call) else None
    if not call.args or call.args[0].star:
        return None
    return call.args[0].value


def _is_session_get(code: Code, call: cst.Call) -> bool:
    """`session.get(Model, key)`: two arguments and a class, or dict.get and requests.get would do."""
    if len([a for a in call.args if a.keyword is None]) != 2 or not isinstance(call.func, cst.Attribute):
        return False
    holder = dotted(call.func.value).rpartition(".")[2].lower()
    name = resolve(code, call.args[0].value).rpartition(".")[2]
    return bool(name[:1].isupper()) and ("session" in holder or holder in ("db", "s"))


def trace(code: Code, expression: cst.BaseExpression, *, through: bool = False) -> Query:
    """The beginning of a statement: through chained methods, await and the names of one function.

    With `through`, also the only select that is an argument of the function that makes the statement.
    """
    for _ in range(STEPS):
        base = chain_base(expression)
        if isinstance(base, cst.Call):
            inner = _passed(code, base) if through else []
            if len(inner) == 1:
                expression = inner[0]
                continue
            return _begin(code, base, expression)
        if not isinstance(base, cst.Name):
            break
        expression = assigned(code, base)
    raise Unfit("the statement is not built where it can be followed")


def _passed(code: Code, call: cst.Call) -> list[cst.BaseExpression]:
    """Arguments that begin with a select."""
    bases = [(a.value, chain_base(a.value)) for a in call.args if not _begins(call)]
    return [v for v, base in bases if isinstance(base, cst.Call) and called_name(base) == "select"]


def chain_base(node: cst.BaseExpression) -> cst.BaseExpression:
    """What a chain of method calls begins with: `select(A)` of `select(A).where(...).limit(1)`."""
    while True:
        if isinstance(node, cst.Await):
            node = node.expression
        elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and not _begins(node):
            node = node.func.value
        else:
            return node


def _begins(call: cst.Call) -> bool:
    name, holder = called_name(call), call.func.value if isinstance(call.func, cst.Attribute) else None
    if name == "select":
        return isinstance(holder, cst.Name)  # sa.select; `x().select()` goes on
    if name == "query":
        return bool(dotted(holder))
    return name in ("get", "get_one") and len(call.args) >= 2 and bool(dotted(holder))


def _begin(code: Code, base: cst.Call, expression: cst.BaseExpression) -> Query:
    name = called_name(base)
    entities = tuple(a.value for a in base.args if a.keyword is None and not a.star)
    if name == "select" and (isinstance(base.func, cst.Attribute) or _is_select(code)):
        return Query(code, "select", base, expression, entities)
    if name == "query" and isinstance(base.func, cst.Attribute):
        return Query(code, "query", base, expression, entities)
    if name in ("get", "get_one") and _is_session_get(code, base):
        return Query(code, "get", base, base, entities[:1])
    raise Unfit(f"the statement begins with {code.source(base)[:40]}, which is not a select of a class")


def _is_select(code: Code) -> bool:
    return resolve(code, cst.Name("select")).startswith(("sqlalchemy", "sqlmodel"))


def assigned(code: Code, name: cst.Name) -> cst.BaseExpression:
    """The value that begins a name's life in its function: the one that does not build on the name itself."""
    function = code.around(name, cst.FunctionDef)
    if function is None:
        raise Unfit(f"{name.value} is not assigned in a function")
    values = []
    for node in code.nodes(cst.Assign, function):
        if any(isinstance(t.target, cst.Name) and t.target.value == name.value for t in node.targets):
            values.append(node.value)
    for annotated in code.nodes(cst.AnnAssign, function):
        if (
            isinstance(annotated.target, cst.Name)
            and annotated.target.value == name.value
            and annotated.value
        ):
            values.append(annotated.value)
    first = [v for v in values if not _builds_on(v, name.value)]
    if not first:
        _parameter(function, name.value)
    if len(first) != 1:
        many = "in several places" if first else "outside the function"
        raise Unfit(f"the statement {name.value} is made {many}")
    return first[0]


def _builds_on(value: cst.BaseExpression, name: str) -> bool:
    base = chain_base(value)
    if isinstance(base, cst.Name):
        return base.value == name
    return isinstance(base, cst.Call) and any(
        isinstance(a.value, cst.Name) and a.value.value == name for a in base.args
    )


def _parameter(function: cst.FunctionDef, name: str) -> None:
    """Raise FromParameter if the function has one of this name."""
    every = (*function.params.posonly_params, *function.params.params)
    names = [p.name.value for p in every]
    bound = 1 if names[:1] in (["self"], ["cls"]) else 0
    for index, parameter in enumerate((*names, *(p.name.value for p in function.params.kwonly_params))):
        if parameter == name:
            raise FromParameter(function, name, index - bound if index < len(names) else -1)
