"""A helper that looks one row up and computes from it, and its twin for many keys."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from msgspec import Struct

from strop.fixes.code import Code, dotted, walk
from strop.fixes.draft import Draft
from strop.fixes.imports import say
from strop.fixes.lookup import Lookup, read_lookup
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit
from strop.project.project import Project


class Helper(Struct, frozen=True):
    """A function that looks one row up by a parameter and computes from it."""

    code: Code
    function: cst.FunctionDef
    row: str  # the name of what was looked up
    lookup: Lookup
    key: str  # the parameter
    value: str  # the expression that it returns


def read_helper(project: Project, code: Code, function: cst.FunctionDef) -> Helper:
    """What a function does; Unfit if it does more than look up by its second parameter and compute."""
    parameters = [p.name.value for p in function.params.params]
    if len(parameters) != 2 or len(function.params.params) != len(list(_all_parameters(function))):
        raise Unfit(f"{function.name.value} has more parameters than a session and a key")
    if function.decorators or code.qualname(function) != function.name.value:
        raise Unfit(f"{function.name.value} is decorated, or no function of its module")
    row, lookup, tail = _parts(project, code, function)
    key = dotted(lookup.key)
    if lookup.session != parameters[0] or key != parameters[1]:
        raise Unfit(f"{function.name.value} does not look up its second parameter with its first")
    value = _expression(code, tail)
    return Helper(code, function, row, lookup, key, value)


def _all_parameters(function: cst.FunctionDef) -> Iterator[cst.Param]:
    return (node for node in walk(function.params) if isinstance(node, cst.Param))


def _parts(
    project: Project, code: Code, function: cst.FunctionDef
) -> tuple[str, Lookup, list[cst.BaseStatement]]:
    body = [line for line in function.body.body if isinstance(line, cst.BaseStatement)]
    if function.get_docstring() is not None:
        body = body[1:]
    first = body[0].body[0] if body and isinstance(body[0], cst.SimpleStatementLine) else None
    if isinstance(first, cst.Return) and first.value is not None:
        return "row", read_lookup(project, code, first.value), []
    if isinstance(first, cst.Assign) and isinstance(first.targets[0].target, cst.Name):
        return first.targets[0].target.value, read_lookup(project, code, first.value), body[1:]
    raise Unfit(f"{function.name.value} does more than look up and compute")


def _expression(code: Code, tail: list[cst.BaseStatement]) -> str:
    """Statements that only return, as one expression; "" for the row itself."""
    if not tail:
        return ""
    first, rest = tail[0], tail[1:]
    if isinstance(first, cst.SimpleStatementLine) and isinstance(first.body[0], cst.Return) and not rest:
        value = first.body[0].value
        if value is not None and not any(isinstance(n, cst.Await) for n in walk(value)):
            return code.source(value)
    if isinstance(first, cst.If) and first.orelse is None and rest:
        inner = _expression(code, [line for line in first.body.body if isinstance(line, cst.BaseStatement)])
        other = _expression(code, rest)
        if inner and other:
            return f"{inner} if {code.source(first.test)} else {other}"
    raise Unfit("the helper does more than look up and compute")


def add_twin(draft: Draft, helper: Helper, name: str) -> None:
    """Write the same for many keys behind the helper."""
    code, function, lookup = helper.code, helper.function, helper.lookup
    collection = say(draft, code, "collections.abc", "Collection", ("typing",))
    select = lookup.select or say(draft, code, "sqlalchemy", "select", ("sqlmodel",))
    session, key = function.params.params
    key_type = code.source(key.annotation.annotation) if key.annotation else "object"
    result = code.source(function.returns.annotation) if function.returns else "object"
    rows = f"{helper.row}s"
    pair = f"{helper.row}.{lookup.attribute}: {helper.row} for {helper.row}"
    pair = pair if lookup.whole else "key: value for key, value"
    define = "async def" if function.asynchronous is not None else "def"
    lines = [
        f"{define} {name}({_parameter(code, session)}, {helper.key}s: {collection}[{key_type}]) "
        f"-> dict[{key_type}, {result}]:",
        f'    """What {function.name.value} gives for each key, with one statement."""',
        f"    result = {lookup.many(select, f'{helper.key}s')}",
        f"    {rows} = {{{pair} in result}}",
    ]
    if helper.value:
        lines += [
            "    found = {}",
            f"    for {helper.key} in {helper.key}s:",
            f"        {helper.row} = {rows}.get({helper.key})",
            f"        found[{helper.key}] = {helper.value}",
            "    return found",
        ]
    else:
        lines.append(
            f"    return {{{helper.key}: {rows}.get({helper.key}) for {helper.key} in {helper.key}s}}"
        )
    at = code.data.find(b"\n", code.end(function)) + 1
    if at == 0:
        raise Unfit(f"{code.file} ends without a newline")
    draft.change(code, Splice(at, at, "".join(f"{line}{code.newline}" for line in ["", "", *lines])))


def _parameter(code: Code, parameter: cst.Param) -> str:
    said = f": {code.source(parameter.annotation.annotation)}" if parameter.annotation else ""
    return parameter.name.value + said
