"""Turn a `def` dependency that only computes into `async def`, which spares a trip through the thread pool.

Answers ASY004. FastAPI calls a `def` dependency in a thread and an `async def` one in place; a dependency
that only computes needs no thread. A generator dependency becomes an async generator.

Left alone: dependencies that somebody calls other than through Depends (tests that override them are fine),
classes, decorated functions, generators that `yield from` or return a value, and what waits, computes for
long or queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from strop.finding import Finding
from strop.fixes import regression_test
from strop.fixes.code import Code, own_nodes
from strop.fixes.draft import Draft
from strop.fixes.imports import resolve, swap
from strop.fixes.references import must_be_called_by_the_framework
from strop.fixes.served import named_function, role_of
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit
from strop.fixes.wording import subject, why
from strop.patch import Patch, Proposal
from strop.project.project import Project

NAME = "make_dependency_async"
ANSWERS = ("ASY004",)
HEAVY = {"blocks", "burns", "queries", "commits", "calls", "builds"}
GENERATORS = {"Iterator": "AsyncIterator", "Iterable": "AsyncIterable", "Generator": "AsyncGenerator"}


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch or one proposal."""
    draft = Draft(project, read)
    code, function = named_function(project, draft, finding)
    name = function.name.value
    if function.asynchronous is not None:
        raise Unfit(f"{name} is async already")
    if function.decorators:
        raise Unfit(f"{name} has a decorator that may call it")
    if "dependency" not in role_of(project, code, function):
        raise Unfit(f"{name} is no dependency of a route")
    _must_not_wait(project, code, function)
    _must_be_translatable(code, function)
    must_be_called_by_the_framework(project, draft, code, function)
    start = code.start(function)
    draft.change(code, Splice(start, start, "async "), *_annotation(code, function))
    tests, note = regression_test.for_function(project, read, code, function, is_async=True)
    said = f"{name} only computes: called on the loop it needs no thread, of which there are 40."
    title = subject(f"Call {name} on the loop")
    yield Patch(NAME, "async def", finding.id, title, why(finding, said, note), draft.edits(), tests=tests)


def _must_not_wait(project: Project, code: Code, function: cst.FunctionDef) -> None:
    waiting, seen = [f"{code.file}:{code.qualname(function)}"], set()
    while waiting:
        known = project.source.functions.get(waiting.pop())
        if known is None or known.id in seen:
            continue
        seen.add(known.id)
        for call in known.calls:
            if call.effect is not None and call.effect.kind in HEAVY and not known.memoised:
                raise Unfit(f"{function.name.value} {call.effect.kind} ({call.effect.name})")
            if call.target and not call.off_loop:
                waiting.append(call.target)


def _must_be_translatable(code: Code, function: cst.FunctionDef) -> None:
    nodes = list(own_nodes(function))
    name = function.name.value
    if not any(isinstance(node, cst.Yield) for node in nodes):
        return
    if any(isinstance(node, cst.From) and isinstance(code.parent(node), cst.Yield) for node in nodes):
        raise Unfit(f"{name} has a yield from, which an async generator can't have")
    if any(isinstance(node, cst.Return) and node.value is not None for node in nodes):
        raise Unfit(f"{name} returns a value, which an async generator can't")


def _annotation(code: Code, function: cst.FunctionDef) -> tuple[Splice, ...]:
    """`Iterator[X]` of a generator becomes `AsyncIterator[X]`, its import follows."""
    if function.returns is None or not any(isinstance(node, cst.Yield) for node in own_nodes(function)):
        return ()
    said = function.returns.annotation
    word = said.value if isinstance(said, cst.Subscript) else None
    if not isinstance(said, cst.Subscript) or not isinstance(word, cst.Name) or word.value not in GENERATORS:
        raise Unfit(f"the annotation {code.source(said)} of a generator is not understood")
    module, _, name = resolve(code, word).rpartition(".")
    new = GENERATORS[name]
    changes = [*swap(code, module, name, new, 1), Splice(code.start(word), code.end(word), new)]
    if name == "Generator" and len(said.slice) == 3:
        changes.append(Splice(code.end(said.slice[1].slice), code.end(said.slice[2].slice), ""))
    return tuple(changes)
