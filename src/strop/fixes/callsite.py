"""From a finding to the call in the user's source that runs on the event loop."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst
from msgspec import Struct

from strop.finding import Finding
from strop.fixes.code import Code, called_name
from strop.fixes.draft import Draft
from strop.fixes.unfit import Unfit
from strop.project.function import Call
from strop.project.project import Project
from strop.span import Span


class Site(Struct, frozen=True):
    """A call, the function whose body it is in, and what the project model knows of it."""

    code: Code
    call: cst.Call
    function: cst.FunctionDef
    known: Call | None


def find_site(project: Project, finding: Finding, draft: Draft) -> Site:
    """The innermost call on the finding's way that an `async def` makes itself."""
    for text, span in _way(finding):
        code = draft.code(span.file)
        for call in _calls(code, span.line, text):
            function = scope_of(code, call)
            if function is None:
                raise Unfit("the call is made when the module is imported")
            if function.asynchronous is not None:
                return Site(code, call, function, _known(project, span, called_name(call)))
            break
    raise Unfit("it was not seen which async function makes the call")


def _way(finding: Finding) -> Iterator[tuple[str, Span]]:
    """What is called and where, innermost first."""
    steps = [(step.text, step.span) for step in reversed(finding.chain)]
    if not any(span.file == finding.span.file and span.line == finding.span.line for _, span in steps):
        yield finding.fact("call"), finding.span
    for number, (text, span) in enumerate(steps):
        if number == 0 and span.line == finding.span.line and finding.fact("call"):
            yield finding.fact("call"), span
        yield text, span


def _calls(code: Code, line: int, text: str) -> list[cst.Call]:
    """The calls on a line of what a text names, the widest first."""
    name = re.split(r"[.\s]", text.partition("(")[0].strip())[-1]
    calls = [c for c in code.nodes(cst.Call) if code.line(c) <= line <= code.last_line(c)]
    named = [c for c in calls if called_name(c) == name]
    return sorted(named, key=lambda c: (abs(code.line(c) - line), code.start(c) - code.end(c)))


def _known(project: Project, span: Span, name: str) -> Call | None:
    for function in project.source.functions.values():
        for call in function.calls if function.span.file == span.file else ():
            if call.span.line == span.line and call.name.rpartition(".")[2] == name:
                return call
    return None


def scope_of(code: Code, node: cst.CSTNode) -> cst.FunctionDef | None:
    """The function that evaluates a node itself; Unfit where an await could not stand beside it."""
    inner = node
    for up in code.ancestors(node):
        if isinstance(up, cst.Lambda):
            raise Unfit("the call is in a lambda")
        if isinstance(up, cst.GeneratorExp):
            raise Unfit("the call is in a generator expression")
        if isinstance(up, cst.ClassDef) and inner is up.body:
            raise Unfit("the call is in the body of a class")
        if isinstance(up, cst.FunctionDef) and inner is up.body:
            return up
        inner = up
    return None
