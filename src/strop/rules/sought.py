"""Was what is looked for here found before, by the same key? Then nobody comes to where it is missing."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator

from strop.project.body import Body
from strop.project.function import Call
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.walk import walk
from strop.regex import regex
from strop.rules.detours import missing

_KIND = "missed"
_GIVEN = regex(r"[(,=]\s*(\w+_(?:id|uuid|pk|slug|key))(?=\s*[,)])")  # update(payload, shop_id)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_found_before(body: Body, node: ast.AST) -> bool:
    """Whether a node stands behind `if not shop:` for what an earlier call of the same function, by the same key, has
    given: there who has none was sent away.
    """
    inside: ast.AST = node
    for each in body.around(node):
        if isinstance(each, ast.If) and inside in each.body:
            sought = _sought(body, each)
            if sought is not None:
                return any(_is_same(body, sought, other) for other in _before(body, each))
        inside = each
    return False


def _before(body: Body, branch: ast.If) -> Iterator[ast.Call]:
    """What the branches above look for, those that leave where there is nothing."""
    for other in body.of(ast.If):
        if other.lineno < branch.lineno and isinstance(other.body[-1], ast.Raise | ast.Return):
            sought = _sought(body, other)
            if sought is not None:
                yield sought


def _is_same(body: Body, sought: ast.Call, before: ast.Call) -> bool:
    """Whether both look by the same function for the same key, or for one that was made the other's."""
    if ast.unparse(sought.func) != ast.unparse(before.func):
        return False
    keys, known = _names(sought), _names(before)
    made = {name for key in keys for name in _made_of(body, key)}
    return bool(keys) and bool(known) and known <= keys | made


def _made_of(body: Body, name: str) -> Iterator[str]:
    """The names that a name was given the value of: `shop_id = wanted_id`."""
    for binding in body.scope.names.get(name, ()):
        if binding.how == "value" and isinstance(binding.expr, ast.Name):
            yield binding.expr.id


def _names(call: ast.Call) -> set[str]:
    given = [*call.args, *(k.value for k in call.keywords)]
    return {n.id for each in given for n in walk(each) if isinstance(n, ast.Name)}


def _sought(body: Body, branch: ast.If) -> ast.Call | None:
    """The call whose result `if not shop:` or `if shop is None:` asks for, set right above it."""
    name = missing(branch.test)
    block = next((b for b in _blocks(body.parent(branch) or body.node) if branch in b), [])
    above = block[block.index(branch) - 1] if name and block and block[0] is not branch else None
    match above:
        case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
            called = value.value if isinstance(value, ast.Await) else value
            return called if isinstance(called, ast.Call) else None
    return None


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def note_missed(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for a function of the project that raises where it finds nothing."""
    if isinstance(body.node, _Function):
        for branch in body.of(ast.If):
            if missing(branch.test) and isinstance(branch.body[-1], ast.Raise):
                yield body.mark(rule, branch, kind=_KIND)
                return


def missed(project: Project, rule: str) -> frozenset[str]:
    """The ids of all of them."""
    return frozenset(m.function for m in project.source.marks.get(rule, ()) if m.fact("kind") == _KIND)


def is_known(calls: tuple[Call, ...], call: Call, raising: Container[str]) -> bool:
    """Whether a call asks by a key for what it names, and one before it that raises where it finds nothing got that key."""
    keys = set(_GIVEN.findall(call.text))
    last = call.text.partition("(")[0].rpartition(".")[2]
    if len(keys) != 1 or not all(key.rpartition("_")[0] in last for key in keys):
        return False
    earlier = (c for c in calls if c.span.line < call.span.line and c.target in raising)
    return any(keys <= set(_GIVEN.findall(each.text)) for each in earlier)
