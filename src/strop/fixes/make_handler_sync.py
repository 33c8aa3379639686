"""Turn an `async def` that never awaits into a `def`, which FastAPI runs in the thread pool.

Answers ASY001, ASY002 and ASY003 for route handlers and dependencies that block the event loop or have
nothing to await. FastAPI gives the same arguments and treats the result the same way.

Left alone: functions that somebody else calls or awaits, generators, WebSocket handlers, functions with
decorators of their own, and whatever uses an AsyncSession, the loop, sets a context variable, or changes
state that requests share, since threads would race for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from strop.finding import Finding
from strop.fixes import regression_test
from strop.fixes.callsite import find_site
from strop.fixes.code import Code, own_nodes
from strop.fixes.draft import Draft
from strop.fixes.references import must_be_called_by_the_framework
from strop.fixes.served import must_be_plain, named_function, role_of
from strop.fixes.splice import Splice
from strop.fixes.threads import must_bear_a_thread, sessions
from strop.fixes.unfit import Unfit
from strop.fixes.wording import subject, why
from strop.patch import Patch, Proposal
from strop.project.project import Project

NAME = "make_handler_sync"
ANSWERS = ("ASY001", "ASY002", "ASY003")


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch or one proposal."""
    if shared := finding.fact("shared"):
        raise Unfit(f"two threads would set {shared} at once")
    draft = Draft(project, read)
    code, function = _function(project, finding, draft)
    _must_not_await(code, function)
    role = role_of(project, code, function)
    if role not in ("handler", "dependency"):
        raise Unfit(f"{function.name.value} is no handler or dependency of a route")
    must_be_plain(function)
    bound = sessions(project, draft, code, function)
    if bound:
        raise Unfit(
            f"{function.name.value} gets the AsyncSession {sorted(bound)[0]}, which belongs to the loop"
        )
    must_be_called_by_the_framework(project, draft, code, function)
    must_bear_a_thread(project, draft, code, function)
    start = code.start(function)
    draft.change(code, Splice(start, code.data.index(b"def", start), ""))
    tests, note = regression_test.for_function(project, read, code, function, is_async=False)
    said = f"FastAPI runs {function.name.value} in the thread pool, where it holds up nobody else."
    title = subject(f"Run {function.name.value} in the thread pool")
    yield Patch(NAME, "def", finding.id, title, why(finding, said, note), draft.edits(), tests=tests)


def _function(project: Project, finding: Finding, draft: Draft) -> tuple[Code, cst.FunctionDef]:
    if finding.code != "ASY003":
        site = find_site(project, finding, draft)
        return site.code, site.function
    return named_function(project, draft, finding)


def _must_not_await(code: Code, function: cst.FunctionDef) -> None:
    name = function.name.value
    if function.asynchronous is None:
        raise Unfit(f"{name} is a plain def already")
    for node in own_nodes(function):
        if isinstance(node, cst.Await):
            raise Unfit(f"{name} awaits")
        if isinstance(node, cst.For | cst.With | cst.CompFor) and node.asynchronous is not None:
            raise Unfit(f"{name} has an async for or async with")
        if isinstance(node, cst.Yield):
            raise Unfit(f"{name} is an async generator")
