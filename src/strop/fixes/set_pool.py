"""Give an engine as many connections as there are threads that can ask for one.

Answers DB009: `create_engine(url)` gets `pool_size=`, the number of the thread pool's threads (40 unless the
application changed it). Requests of `def` handlers then never wait for a connection that another waiting
thread holds. Answers stay the same; the database server must allow that many connections.

Left alone: pools without a size (NullPool, StaticPool, SingletonThreadPool), sizes that are computed, and
engines whose arguments are not in sight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from strop.finding import Finding
from strop.fixes import regression_test
from strop.fixes.arguments import append, keyword
from strop.fixes.code import Code, called_name, dotted
from strop.fixes.draft import Draft
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit
from strop.fixes.wording import subject, why
from strop.patch import Patch, Proposal
from strop.project.project import Project

NAME = "set_pool"
ANSWERS = ("DB009",)
MAKERS = {"create_engine", "create_async_engine"}
SIZELESS = {"NullPool", "StaticPool", "SingletonThreadPool", "AssertionPool"}


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch or one proposal."""
    size = max(_number(finding, "pool_size"), _number(finding, "thread_limit"))
    if not size:
        raise Unfit("the finding does not say how many connections are needed")
    pools = {e.pool for e in project.imported.engines if e.span and e.span.file == finding.span.file}
    draft = Draft(project, read)
    code = draft.code(finding.span.file)
    call = _maker(code, finding.span.line)
    if keyword(call, "poolclass") is None and pools and pools <= SIZELESS:
        raise Unfit(f"{sorted(pools)[0]} has no size")
    draft.change(code, *_sized(code, call, size))
    tests, note = regression_test.for_pool(project, read, code, call, size)
    said = (
        f"pool_size={size}: every thread finds a connection. The server must allow {size} for each process."
    )
    title = subject(f"Give the engine of {code.file} {size} connections")
    yield Patch(NAME, "pool_size", finding.id, title, why(finding, said, note), draft.edits(), tests=tests)


def _number(finding: Finding, fact: str) -> int:
    text = finding.fact(fact)
    return int(text) if text.isdigit() else 0


def _maker(code: Code, line: int) -> cst.Call:
    makers = [c for c in code.nodes(cst.Call) if called_name(c) in MAKERS]
    here = [c for c in makers if code.line(c) <= line <= code.last_line(c)]
    found = here or makers
    if len(found) != 1:
        raise Unfit(f"{code.file} makes {len(found)} engines at line {line}")
    return found[0]


def _sized(code: Code, call: cst.Call, size: int) -> tuple[Splice, ...]:
    if any(argument.star for argument in call.args):
        raise Unfit("the arguments of the engine are not all in sight")
    for name in ("poolclass", "pool", "creator"):
        there = keyword(call, name)
        if there is not None and dotted(there.value).rpartition(".")[2] not in (
            "QueuePool",
            "AsyncAdaptedQueuePool",
        ):
            raise Unfit(f"the engine has {name}={code.source(there.value)}")
    there = keyword(call, "pool_size")
    if there is None:
        return append(code, call, f"pool_size={size}")
    if not isinstance(there.value, cst.Integer):
        raise Unfit(f"pool_size={code.source(there.value)} is not a plain number")
    if int(there.value.value) >= size:
        raise Unfit(f"the pool has {there.value.value} connections already")
    return (Splice(code.start(there.value), code.end(there.value), str(size)),)
