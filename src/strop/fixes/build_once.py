"""Build settings, clients and engines once instead of for every request.

Answers RUN001. A function that only builds and returns gets `functools.lru_cache` ("cached-factory"); an
object that is built inside a handler without arguments moves to such a function in the same module
("cached-function"); an engine that a handler makes and disposes of gives way to the module-level engine of
the same address ("shared-engine").

A client that a `with` closes after each use is closed after the `yield` of the application's lifespan instead
("lifespan").

What is built must be the same each time: a changed environment then needs a restart. Left alone: factories
of unhashable arguments, generators, objects that somebody changes or closes in another way, and clients where
the application has no lifespan that could close them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import libcst as cst
from msgspec import Struct

from strop.finding import Finding
from strop.fixes import regression_test
from strop.fixes.code import Code, called_name, dotted, own_nodes, walk
from strop.fixes.draft import Draft
from strop.fixes.fetched import uses
from strop.fixes.files import files, module_name
from strop.fixes.imports import imported_names, resolve, retire, spell
from strop.fixes.lifespan import CLOSING, close_at_the_end, keep_open
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit
from strop.fixes.wording import subject, why
from strop.patch import Patch, Proposal
from strop.project.project import Project

NAME = "build_once"
ANSWERS = ("RUN001",)
HASHABLE = {"str", "int", "bool", "float", "bytes", "None", "UUID", "date", "Path", "Optional"}
CLOSES = {"close", "aclose", "dispose", "shutdown", "disconnect"}
MAKERS = {"create_engine", "create_async_engine"}


class Building(Struct, frozen=True):
    """The call that builds, the function that it is in, and what the fix works with."""

    project: Project
    finding: Finding
    read: Callable[[str], str]
    draft: Draft
    code: Code
    function: cst.FunctionDef
    call: cst.Call


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch or one proposal."""
    draft = Draft(project, read)
    code = draft.code(finding.span.file)
    call = _built(code, finding)
    function = code.around(call, cst.FunctionDef)
    if function is None:
        raise Unfit("it is built when the module is imported: once")
    if isinstance(code.parent(call), cst.Await):
        raise Unfit(f"{code.source(call)[:50]} is awaited: what it makes can't be kept for another request")
    it = Building(project, finding, read, draft, code, function, call)
    if called_name(call) in MAKERS and not _returns(function, call):
        yield _shared_engine(it)
    elif _returns(function, call):
        yield _cached_factory(it)
    else:
        yield _cached_function(it)


def _built(code: Code, finding: Finding) -> cst.Call:
    """The call that builds, on the finding's line; the fact `name` tells several apart."""
    name = re.split(r"[.:]", finding.fact("name"))[-1]
    line = finding.span.line
    calls = [c for c in code.nodes(cst.Call) if code.line(c) <= line <= code.last_line(c)]
    scope = code.function_at(line)
    inside = list(code.nodes(cst.Call, scope.body)) if scope else []
    for among in (calls, inside):
        found = [c for c in among if name and resolve(code, c.func).rpartition(".")[2] == name]
        if len(found) == 1:
            return found[0]
    if len(calls) == 1:
        return calls[0]
    raise Unfit(f"it was not seen what is built at {finding.span}")


def _returns(function: cst.FunctionDef, call: cst.Call) -> bool:
    """Whether the function does nothing but build and return."""
    lines = [line for line in function.body.body if not _is_docstring(line)]
    if len(lines) != 1 or not isinstance(lines[0], cst.SimpleStatementLine):
        return False
    part = lines[0].body[0]
    return isinstance(part, cst.Return) and part.value is call


def _is_docstring(line: cst.CSTNode) -> bool:
    part = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
    return isinstance(part, cst.Expr) and isinstance(part.value, cst.SimpleString)


# --- a function that only builds


def _cached_factory(it: Building) -> Patch:
    code, function, call, draft = it.code, it.function, it.call, it.draft
    name = function.name.value
    if function.asynchronous is not None:
        raise Unfit(f"{name} is async: a cache would keep its coroutine")
    if function.decorators or code.qualname(function) != name:
        raise Unfit(f"{name} is decorated, or no function of its module")
    if any(isinstance(node, cst.Await | cst.Yield) for node in own_nodes(function)):
        raise Unfit(f"{name} is a generator")
    for parameter in (p for p in walk(function.params) if isinstance(p, cst.Param)):
        said = code.source(parameter.annotation.annotation) if parameter.annotation else ""
        words = set(re.findall(r"\w+", said))
        if parameter.star or not words or not words <= HASHABLE:
            raise Unfit(
                f"the argument {parameter.name.value} of {name} may not be hashable, or differ each time"
            )
    built = code.source(call.func)
    blocks = _closing_blocks(it.project, draft, code, name)
    for there, block in blocks:
        draft.change(there, *keep_open(there, block, there.source(block.items[0].item)))
    if blocks:
        close_at_the_end(it.project, draft, module_name(code.file), name, _closable(code, call))
    _must_not_change(it.project, draft, call)
    cache = spell(code, "functools", "lru_cache")
    start = code.line_start(code.start(function))
    draft.change(
        code, *cache.splices, Splice(start, start, f"{code.indent_at(start)}@{cache.text}{code.newline}")
    )
    tests, note = regression_test.for_identity(it.project, it.read, code, name, _samples(code, function))
    said = f"{name} keeps the {built} that it built first{_until(blocks)}; a changed environment needs a restart."
    title = subject(f"Build {built} once in {name}")
    option = "lifespan" if blocks else "cached-factory"
    return Patch(NAME, option, it.finding.id, title, why(it.finding, said, note), draft.edits(), tests=tests)


def _until(blocks: Sequence[object]) -> str:
    return " until the application ends" if blocks else ""


def _closable(code: Code, call: cst.Call) -> str:
    """The class of a client that can be kept open; Unfit for another one."""
    built = resolve(code, call.func)
    if built not in CLOSING:
        raise Unfit(f"it is closed after use, and how to close a {built} at the end is not known")
    return built


def _samples(code: Code, function: cst.FunctionDef) -> tuple[str, ...]:
    """An argument for every parameter without a default, for a test."""
    kinds = {"str": '"a"', "int": "1", "bool": "True", "float": "1.0", "bytes": 'b"a"'}
    asked = [p for p in function.params.params if p.default is None]
    return tuple(
        kinds.get(code.source(p.annotation.annotation) if p.annotation else "", "None") for p in asked
    )


def _closing_blocks(
    project: Project, draft: Draft, code: Code, name: str
) -> tuple[tuple[Code, cst.With], ...]:
    """The `with` blocks that close what the function returns; Unfit if it is closed in another way."""
    found = []
    for file in files(project):
        if name not in draft.text(file):
            continue
        there = draft.code(file)
        for call in there.nodes(cst.Call):
            if called_name(call) != name:
                continue
            parent = there.parent(call)
            block = there.parent(parent) if isinstance(parent, cst.WithItem) else None
            if isinstance(block, cst.With):
                if call.args:
                    raise Unfit(f"{file}:{there.line(call)} closes one of several that {name} returns")
                found.append((there, block))
            if isinstance(parent, cst.Attribute) and parent.attr.value in CLOSES:
                raise Unfit(f"{file}:{there.line(call)} closes what {name} returns")
            scope = there.around(call, cst.FunctionDef)
            if isinstance(parent, cst.Assign) and scope is not None:
                _must_not_close(there, scope, dotted(parent.targets[0].target))
    return tuple(found)


def _must_not_close(code: Code, function: cst.FunctionDef, name: str) -> None:
    for node in uses(code, function, name):
        parent = code.parent(node)
        if isinstance(parent, cst.WithItem) or (
            isinstance(parent, cst.Attribute) and parent.attr.value in CLOSES
        ):
            raise Unfit(f"{code.qualname(function)} closes {name} after use: the lifespan has to, once")


def _must_not_change(project: Project, draft: Draft, call: cst.Call) -> None:
    """Unfit if somebody assigns to a field of the class that is built."""
    name = called_name(call)
    words = {"settings", "config", *re.findall(r"[a-z0-9]+", re.sub(r"([A-Z])", r"_\1", name).lower())}
    for file in files(project):
        for target in draft.code(file).nodes(cst.AssignTarget) if "." in draft.text(file) else ():
            if isinstance(target.target, cst.Attribute):
                base = dotted(target.target.value).rpartition(".")[2]
                if base in words and "test" not in file:
                    line = draft.code(file).line(target)
                    raise Unfit(
                        f"{file}:{line} changes {base}.{target.target.attr.value}, which would be shared"
                    )


# --- an object that a handler builds for itself


def _cached_function(it: Building) -> Patch:
    code, function, call, draft = it.code, it.function, it.call, it.draft
    built = code.source(call.func)
    if any(isinstance(node, cst.Name) for argument in call.args for node in walk(argument.value)):
        raise Unfit(f"the arguments of {built} are not constants")
    parent = code.parent(call)
    block = code.parent(parent) if isinstance(parent, cst.WithItem) else None
    if isinstance(parent, cst.Assign):
        _must_not_close(code, function, dotted(parent.targets[0].target))
    elif isinstance(parent, cst.Attribute) and parent.attr.value in CLOSES:
        raise Unfit(f"the {built} is closed after use")
    _must_not_change(it.project, draft, call)
    name = "_" + re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", built.rpartition(".")[2]).lower()
    if any(node.value == name for node in code.nodes(cst.Name)):
        raise Unfit(f"{code.file} uses the name {name} already")
    cache = spell(code, "functools", "lru_cache")
    outer = [up for up in code.ancestors(call) if isinstance(up, cst.FunctionDef | cst.ClassDef)][-1]
    at = code.line_start(min(code.start(node) for node in (outer, *outer.decorators)))
    new = code.newline
    text = f"@{cache.text}\ndef {name}() -> {built}:\n    return {code.source(call)}\n\n\n".replace("\n", new)
    use: tuple[Splice, ...] = (Splice(code.start(call), code.end(call), f"{name}()"),)
    if isinstance(block, cst.With):
        use = keep_open(code, block, f"{name}()")
        close_at_the_end(it.project, draft, module_name(code.file), name, _closable(code, call))
    draft.change(code, *cache.splices, Splice(at, at, text), *use)
    closed = (block,) if block is not None else ()
    said = f"{name} keeps the {built} that it built first{_until(closed)}; a changed environment needs a restart."
    title = subject(f"Build {built} once for {code.qualname(function)}")
    edits = draft.edits()
    tests, note = regression_test.for_identity(it.project, it.read, code, name)
    option = "lifespan" if closed else "cached-function"
    return Patch(NAME, option, it.finding.id, title, why(it.finding, said, note), edits, tests=tests)


# --- an engine of a handler's own


def _shared_engine(it: Building) -> Patch:
    code, function, call, draft = it.code, it.function, it.call, it.draft
    assign = code.parent(call)
    if not isinstance(assign, cst.Assign) or not isinstance(assign.targets[0].target, cst.Name):
        raise Unfit("the engine has no name in the handler")
    name = assign.targets[0].target.value
    module, shared = _module_engine(it.project, draft, code, call)
    bound = [n for n in code.nodes(cst.AssignTarget) if dotted(n.target) == name]
    if len(bound) != 1 or shared in imported_names(code):
        raise Unfit(f"{code.file} uses the name {shared} for something else")
    draft.change(code, _without_line(code, assign))
    for use in uses(code, function, name):
        statement = code.statement(use)
        if use is assign.targets[0].target:
            continue
        if statement is not None and called_name_of(statement) == "dispose":
            draft.change(code, _without_statement(code, statement))
        elif shared != name:
            draft.change(code, Splice(code.start(use), code.end(use), shared))
    draft.change(code, *spell(code, module, shared, ignoring=name).splices)
    if isinstance(call.func, cst.Name):
        draft.change(code, *retire(code, call.func.value, 1))
    said = f"{code.qualname(function)} uses the engine of {module}, whose connections are open already."
    title = subject(f"Use the engine of {module} in {code.qualname(function)}")
    tests, note = regression_test.for_shared_engine(
        it.project, it.finding, it.read, (module, shared), is_async=called_name(call) == "create_async_engine"
    )
    return Patch(
        NAME, "shared-engine", it.finding.id, title, why(it.finding, said, note), draft.edits(), tests=tests
    )


def called_name_of(statement: cst.SimpleStatementLine) -> str:
    """What a statement that is a call, awaited or not, calls."""
    part = statement.body[0]
    value = part.value if isinstance(part, cst.Expr) else None
    value = value.expression if isinstance(value, cst.Await) else value
    return called_name(value) if isinstance(value, cst.Call) else ""


def _module_engine(project: Project, draft: Draft, code: Code, call: cst.Call) -> tuple[str, str]:
    """Module and name of the engine that a module makes by the same kind of call for the same address."""
    found = []
    for file in files(project):
        if file == code.file or called_name(call) not in draft.text(file):
            continue
        there = draft.code(file)
        for line in there.module.body:
            part = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
            made = part.value if isinstance(part, cst.Assign) else None
            if isinstance(part, cst.Assign) and isinstance(made, cst.Call) and _alike(made, call):
                found.append((module_name(file), dotted(part.targets[0].target)))
    if len(found) != 1 or not _address(call) or len(call.args) != 1:
        raise Unfit(f"no module-level engine of the same address was found for {code.source(call)[:60]}")
    return found[0]


def _alike(one: cst.Call, other: cst.Call) -> bool:
    return called_name(one) == called_name(other) and _address(one) == _address(other)


def _address(call: cst.Call) -> str:
    """The last word of the URL's expression: "database_url" of `get_settings().database_url`."""
    value = call.args[0].value if call.args else None
    if isinstance(value, cst.Attribute):
        return value.attr.value
    return value.value if isinstance(value, cst.Name) and value.value.isupper() else ""


def _without_line(code: Code, node: cst.CSTNode) -> Splice:
    start = code.line_start(code.start(node))
    return Splice(start, code.data.index(b"\n", code.end(node)) + 1, "")


def _without_statement(code: Code, statement: cst.SimpleStatementLine) -> Splice:
    """Remove a statement; with its `finally` if it is alone there."""
    block = code.parent(statement)
    holder = code.parent(block) if block is not None else None
    if isinstance(block, cst.IndentedBlock) and len(block.body) == 1:
        if not isinstance(holder, cst.Finally):
            raise Unfit("the engine is disposed of in a block of its own")
        attempt = code.parent(holder)
        if not isinstance(attempt, cst.Try) or not attempt.handlers:
            raise Unfit("the engine is disposed of by a try that does nothing else")
        start = code.line_start(code.data.rindex(b"finally", 0, code.start(statement)))
        return Splice(start, code.data.index(b"\n", code.end(statement)) + 1, "")
    return _without_line(code, statement)
