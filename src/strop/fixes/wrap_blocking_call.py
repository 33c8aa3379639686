"""Hand a blocking call to the thread pool, so that the event loop serves others meanwhile.

Answers ASY001 (a call that waits) and ASY002 (a call that computes for long) on the event loop:
`x = f(a)` becomes `x = await run_in_threadpool(f, a)` in the nearest `async def` on the way from the route
to the call; where sync helpers lie between, the call of the outermost helper is handed over. Arguments are
evaluated where they were, exceptions and results are the same.

Left alone: calls in lambdas, generator expressions and with-items, calls whose result does its work later
(generators, open files), whatever touches an AsyncSession, the loop, context variables that are set, or
state that requests share, since threads would race for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from strop.finding import Finding
from strop.fixes import regression_test
from strop.fixes.arguments import STEP, keyword
from strop.fixes.callsite import Site, find_site
from strop.fixes.code import Code, called_name, dotted, walk
from strop.fixes.draft import Draft
from strop.fixes.imports import resolve, spell
from strop.fixes.splice import Splice
from strop.fixes.threads import must_bear_a_thread, sessions
from strop.fixes.unfit import Unfit
from strop.fixes.wording import subject, why
from strop.patch import Patch, Proposal
from strop.project.project import Project

NAME = "wrap_blocking_call"
ANSWERS = ("ASY001", "ASY002")
# Their results wait or work when they are used, which would be on the loop again.
LATER = {
    "open",
    "urlopen",
    "walk",
    "scandir",
    "iterdir",
    "glob",
    "rglob",
    "iglob",
    "Popen",
    "connect",
    "next",
    "map",
}
SESSION_WORK = {"execute", "scalars", "query", "stream"}


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch or one proposal."""
    draft = Draft(project, read)
    site = find_site(project, finding, draft)
    _must_be_a_value(site)
    _must_leave_the_loop(project, draft, site)
    spelling = spell(site.code, "fastapi.concurrency", "run_in_threadpool", ("starlette.concurrency",))
    draft.change(site.code, *spelling.splices, *_wrapped(site.code, site.call, spelling.text))
    called = site.code.source(site.call.func)
    tests, note = regression_test.for_thread(project, finding, read, site.code, site.call)
    said = (
        f"{called} runs in the thread pool, so {site.code.qualname(site.function)} no longer holds the loop."
    )
    title = subject(f"Run {called} in the thread pool")
    yield Patch(
        NAME, "run_in_threadpool", finding.id, title, why(finding, said, note), draft.edits(), tests=tests
    )


def _must_be_a_value(site: Site) -> None:
    """Refuse calls that can't become an awaited value where they stand."""
    name, parent = called_name(site.call), site.code.parent(site.call)
    if isinstance(parent, cst.Await):
        raise Unfit(f"{name} is awaited: what blocks is inside it")
    if isinstance(parent, cst.WithItem):
        raise Unfit(f"what {name} returns is used as a context manager")
    if name in LATER:
        raise Unfit(f"what {name} returns does its work later, where it is used")
    if not dotted(site.call.func) and not isinstance(site.call.func, cst.Attribute):
        raise Unfit("what is called is computed")
    if keyword(site.call, "func") is not None:
        raise Unfit("an argument is named func, as that of run_in_threadpool is")
    if any(isinstance(node, cst.Yield | cst.NamedExpr) for node in walk(site.call)):
        raise Unfit("the arguments yield or assign")


def _must_leave_the_loop(project: Project, draft: Draft, site: Site) -> None:
    bound = sessions(project, draft, site.code, site.function)
    used = {node.value for node in walk(site.call) if isinstance(node, cst.Name)}
    if used & bound:
        raise Unfit(f"the call uses the AsyncSession {sorted(used & bound)[0]}, which belongs to the loop")
    if called_name(site.call) in SESSION_WORK and site.known is not None and not site.known.target:
        raise Unfit("rows are fetched after the call, on the loop again: the whole function must move")
    name = resolve(site.code, site.call.func)
    if name.startswith(("asyncio.", "anyio.")):
        raise Unfit(f"{name} belongs to the event loop")
    target = _target(project, draft, site)
    if target is None:
        return
    code, function = target
    if function.asynchronous is not None:
        raise Unfit(f"{called_name(site.call)} is async itself")
    if any(isinstance(node, cst.Yield) for node in walk(function.body)):
        raise Unfit(f"{called_name(site.call)} is a generator: it works where it is iterated")
    must_bear_a_thread(project, draft, code, function)


def _target(project: Project, draft: Draft, site: Site) -> tuple[Code, cst.FunctionDef] | None:
    """The project's function that is called, as far as the model or the same file tells."""
    if site.known is not None and site.known.target:
        file, _, qualname = site.known.target.partition(":")
        found = draft.code(file).function(qualname)
        return (draft.code(file), found) if found else None
    if isinstance(site.call.func, cst.Name):
        found = site.code.function(site.call.func.value)
        return (site.code, found) if found else None
    return None


def _wrapped(code: Code, call: cst.Call, runner: str) -> tuple[Splice, ...]:
    start, end, behind = code.start(call), code.end(call), code.end(call.func)
    opening = code.data.index(b"(", behind) + 1
    left, right = ("(", ")") if _needs_parentheses(code, call) else ("", "")
    begin, closing = f"{left}await {runner}(", Splice(end, end, right)
    if not call.args:
        return Splice(start, start, begin), Splice(behind, end - 1, ""), closing
    first = call.args[0]
    if code.line(first) != code.line_at(opening - 1):
        gap = code.newline + code.indent_at(code.start(first))
        return Splice(start, start, begin + gap), Splice(behind, opening, ","), closing
    line = code.data[code.line_start(start) : code.line_end(start)].decode()
    one_line = code.line(call) == code.last_line(call)
    if not one_line or len(line) + len(begin) + len(right) + 1 <= code.limit:
        return Splice(start, start, begin), Splice(behind, opening, ", "), closing
    indent = code.indent_at(start)
    gap, back = code.newline + indent + STEP, code.newline + indent
    return (
        Splice(start, start, begin + gap),
        Splice(behind, opening, ", "),
        Splice(code.end(call.args[-1]), end - 1, back),
        closing,
    )


def _needs_parentheses(code: Code, call: cst.Call) -> bool:
    """Whether something binds to the call that must not bind to the await."""
    parent = code.parent(call)
    if call.lpar:
        return False
    if isinstance(parent, cst.Attribute | cst.Subscript):
        return parent.value is call
    return isinstance(parent, cst.Call) and parent.func is call
