"""Which functions end with an HTTP error, of their own or of one that they call, and with which statuses?"""

from __future__ import annotations

import ast
from collections import defaultdict, deque
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.function import Call
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.answers import error_status, http_errors, is_http_error_class
from strop.rules.caught import caught_names, is_broad

RAISED = "raised-http-error"  # the key of these marks; whichever rule looks at all raises makes them
CAUGHT = "caught-http-error"  # lines below a handler that takes HTTP errors


def note_raised(body: Body) -> Iterator[Mark]:
    """The HTTP errors that leave a body, and the lines from which none leaves."""
    for call in http_errors(body):
        raised = body.parent(call)
        if isinstance(raised, ast.Raise) and raised.exc is call and not _is_caught(body, call):
            yield body.mark(RAISED, raised, status=error_status(body, call))
    for node in body.of(ast.Try):
        if any(_takes(body, handler) for handler in node.handlers):
            yield body.mark(CAUGHT, node, first=node.body[0].lineno, last=node.body[-1].end_lineno)


def _is_caught(body: Body, call: ast.Call) -> bool:
    inside: ast.AST = call
    for node in body.around(call):
        if isinstance(node, ast.Try) and inside in node.body and any(_takes(body, h) for h in node.handlers):
            return True
        inside = node
    return False


def _takes(body: Body, handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches an HTTP error and doesn't raise it again."""
    if any(isinstance(n, ast.Raise) and n.exc is None for n in ast.walk(handler)):
        return False
    names = caught_names(body, handler)
    return is_broad(body, handler) or any(is_http_error_class(body, name) for name in names)


def raising(project: Project, deepest: int = 99) -> dict[str, frozenset[int]]:
    """The statuses (0: can't be told) that calling each function may end with, itself or so many calls below."""
    caught: dict[str, list[range]] = defaultdict(list)
    for mark in project.source.marks.get(CAUGHT, ()):
        caught[mark.function].append(range(int(mark.fact("first")), int(mark.fact("last")) + 1))
    found: dict[str, set[int]] = defaultdict(set)
    for mark in project.source.marks.get(RAISED, ()):
        found[mark.function].add(int(mark.fact("status") or 0))
    waiting = deque((one, 0) for one in found)
    while waiting:
        one, depth = waiting.popleft()
        for caller, call in project.source.functions.callers(one) if depth < deepest else ():
            lost = not _passes(call) or any(call.span.line in lines for lines in caught[caller.id])
            if not lost and not found[one] <= found[caller.id]:
                found[caller.id] |= found[one]
                waiting.append((caller.id, depth + 1))
    return {function: frozenset(statuses) for function, statuses in found.items()}


def _passes(call: Call) -> bool:
    return not call.background
