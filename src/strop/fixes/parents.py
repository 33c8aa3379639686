"""Which query loads the parents of a relationship."""

from __future__ import annotations

import libcst as cst

from strop.finding import Finding
from strop.fixes.code import Code, called_name
from strop.fixes.draft import Draft
from strop.fixes.query import FromParameter, Query, find_query, trace
from strop.fixes.unfit import Unfit
from strop.project.project import Project


def parent_query(project: Project, finding: Finding, draft: Draft, owners: tuple[str, ...]) -> Query:
    """The query that the finding's facts point to, or the only one on its way that selects an owner."""
    file, line = finding.fact("parent_file"), finding.fact("parent_line")
    if not file or not line.isdigit():
        return _on_the_way(finding, draft, owners)
    code = draft.code(file)
    try:
        return find_query(code, int(line))
    except FromParameter as passed:
        return _passed_in(project, finding, draft, code, passed)


def _passed_in(project: Project, finding: Finding, draft: Draft, code: Code, passed: FromParameter) -> Query:
    """The statement that the only caller on the finding's routes passes to a function that executes it."""
    target = f"{code.file}:{code.qualname(passed.function)}"
    found: list[Query] = []
    for function in project.source.functions.values():
        reached = {reach.route for reach in project.reaches.get(function.id, ())}
        if finding.routes and reached and not reached & set(finding.routes):
            continue
        for call in function.calls:
            if call.target == target:
                found += _argument_query(draft.code(call.span.file), call.span.line, passed)
    places = {(q.code.file, q.code.start(q.base)): q for q in found}
    if len(places) != 1:
        raise Unfit(f"the statement is a parameter of {target}, which {len(places)} callers fill")
    return next(iter(places.values()))


def _argument_query(code: Code, line: int, passed: FromParameter) -> list[Query]:
    name = passed.function.name.value
    for call in code.nodes(cst.Call):
        if called_name(call) == name and code.line(call) <= line <= code.last_line(call):
            for index, argument in enumerate(call.args):
                word = argument.keyword.value if argument.keyword else ""
                if word == passed.name or (not word and index == passed.index):
                    return [trace(code, argument.value)]
    return []


def _on_the_way(finding: Finding, draft: Draft, owners: tuple[str, ...]) -> Query:
    found: dict[tuple[str, int], Query] = {}
    for span in (finding.span, *(step.span for step in finding.chain)):
        code = draft.code(span.file)
        function = code.function_at(span.line)
        for call in code.nodes(cst.Call, function) if function else ():
            if called_name(call) in ("select", "query", "get"):
                try:
                    query = trace(code, call)
                except Unfit:
                    continue
                if set(owners) & set(query.names):
                    found[code.file, code.start(query.base)] = query
    if len(found) != 1:
        raise Unfit("it was not seen which query loads the parents")
    return next(iter(found.values()))
