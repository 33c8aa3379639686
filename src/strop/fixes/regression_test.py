"""Regression tests in the project's own style: red before the fix, green after it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable

import libcst as cst
from msgspec import Struct

from strop.finding import Finding
from strop.fixes.code import Code, called_name, dotted, own_nodes
from strop.fixes.draft import line_limit, own_modules
from strop.fixes.files import module_name
from strop.fixes.fit import fit
from strop.fixes.imports import imported_names
from strop.fixes.known_request import KnownRequest, find_request
from strop.fixes.suite import Suite, free_name, read_suite
from strop.patch import Edit
from strop.project.project import Project
from strop.project.table import Table

Read = Callable[[str], str]
Test = tuple[tuple[Edit, ...], str]  # the new file, or none and a sentence that says why
NO_SUITE = "No test comes with this: the project has no pytest files to write one beside."
NO_REQUEST = "No test comes with this: no test of the project asks for {} in a way that can be repeated."


class Page(Struct, frozen=True):
    """A test file in the making."""

    subject: str  # part of its name
    says: str  # its docstring
    name: str  # of the test function, without "test_"
    imports: tuple[str, ...]
    before: tuple[str, ...] = ()  # lines of the test before the request
    around: str = ""  # "with ...:" that the request stands in
    after: tuple[str, ...] = ()
    fixtures: tuple[str, ...] = ()
    head: str = ""  # functions that the test uses


# --- tests that ask for a route

RECORDED = '''@contextmanager
def recorded(){returns}:
    """The statements that are executed meanwhile."""
    statements = []

    def record(connection, cursor, statement, parameters, context, executemany):
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)
'''
RECORDING = (
    "from contextlib import contextmanager",
    "from sqlalchemy import event",
    "from sqlalchemy.engine import Engine",
)


def for_queries(project: Project, finding: Finding, read: Read) -> Test:
    """A test that a route does not send a statement for every row, or join collections with each other."""
    keys = re.split(r"[,;\s]+", finding.fact("relationships") or finding.fact("relationship"))
    tables = tuple(filter(None, (_table_of(project, key) for key in keys)))
    tables = tables or tuple(filter(None, (table_in(finding.fact("statement")),)))
    if not tables:
        return (), "No test comes with this: it is not known which tables the statements are about."
    if finding.code == "DB003":
        check: tuple[str, ...] = (
            f"joins = {list_of(tuple(f'JOIN {table}' for table in tables))}",
            "assert not [s for s in statements if all(join in s for join in joins)]",
        )
        claim = Claim("rows", "multiplies_no_rows", f"does not join {' with '.join(tables)}", check)
    else:
        check = (
            f'asked = [statement for statement in statements if "{tables[0]}" in statement]',
            "assert len(asked) == len(set(asked))",
        )
        name = word(tables[0])
        says = f"asks for {tables[0]} once, not for every row"
        claim = Claim(f"{name}_statements", f"asks_for_{name}_once", says, check)
    return _on_route(project, finding, read, claim)


def for_rows(project: Project, finding: Finding, read: Read) -> Test:
    """A test that the database counts."""
    table = table_in(finding.fact("statement"))
    if not table:
        return (), "No test comes with this: it is not known which table is counted."
    check = (f'assert [s for s in statements if "count(*)" in s.lower() and "{table}" in s]',)
    name = word(table)
    claim = Claim(f"{name}_count", f"counts_{name}", f"counts {table} in the database", check)
    return _on_route(project, finding, read, claim)


def for_thread(project: Project, finding: Finding, read: Read, code: Code, call: cst.Call) -> Test:
    """A test that a call runs outside the event loop."""
    name = dotted(call.func)
    first = name.split(".")[0]
    if not name or not (first in imported_names(code) or code.function(name)):
        return (), "No test comes with this: what blocks is a method of an object that a test can't replace."
    module = module_name(code.file)
    head = (
        "def on_loop(){returns}:\n    try:\n        asyncio.get_running_loop()\n"
        "    except RuntimeError:\n        return False\n    return True\n"
    ).replace("{returns}", "{returns_bool}")
    before = (
        f"original, calls = {module}.{name}, []",
        "",
        "def watched(*args, **kwargs):",
        "    calls.append(on_loop())",
        "    return original(*args, **kwargs)",
        "",
        f'monkeypatch.setattr("{module}.{name}", watched)',
    )
    return _asked(
        project,
        finding,
        read,
        lambda route: Page(
            f"{word(route)}_thread",
            f"{route} runs {name} in a thread, not on the event loop.",
            f"{word(route)}_runs_{word(called_name(call))}_in_a_thread",
            ("import asyncio", f"import {module}"),
            before,
            after=("assert calls", "assert not any(calls)"),
            fixtures=("monkeypatch",),
            head=head,
        ),
    )


def for_shared_engine(
    project: Project, finding: Finding, read: Read, engine: tuple[str, str], is_async: bool
) -> Test:
    """A test that a route uses no engine but the shared one."""
    module, name = engine
    head = RECORDED.replace("statements", "engines").replace("append(statement)", "append(connection.engine)")
    shared = f"{name}.sync_engine" if is_async else name
    return _asked(
        project,
        finding,
        read,
        lambda route: Page(
            f"{word(route)}_engine",
            f"{route} uses the engine of the application.",
            f"{word(route)}_uses_the_shared_engine",
            (*RECORDING, f"from {module} import {name}"),
            around="with recorded() as engines:",
            after=("assert engines", f"assert all(used is {shared} for used in engines)"),
            head=head.replace(
                "The engines that are executed", "The engines of the statements that are executed"
            ),
        ),
    )


class Claim(Struct, frozen=True):
    """What a test says of the statements that a route sends."""

    subject: str  # part of the file's name
    name: str  # part of the test's name
    says: str
    check: tuple[str, ...]  # lines that look at `statements`


def _on_route(project: Project, finding: Finding, read: Read, claim: Claim) -> Test:
    return _asked(
        project,
        finding,
        read,
        lambda route: Page(
            f"{word(route)}_{claim.subject}",
            f"{route} {claim.says}.",
            f"{word(route)}_{claim.name}",
            RECORDING,
            around="with recorded() as statements:",
            after=claim.check,
            head=RECORDED,
        ),
    )


def _asked(project: Project, finding: Finding, read: Read, page: Callable[[str], Page]) -> Test:
    """The page for the first of the finding's routes that the suite asks for."""
    suite = read_suite(project, read)
    if suite is None:
        return (), NO_SUITE
    for route in finding.routes:
        request = find_request(suite, route)
        if request is not None:
            known = project.route(route)
            return (_edit(project, read, suite, page(route), request, known.status if known else 200),), ""
    return (), NO_REQUEST.format(" or ".join(finding.routes[:2]) or "the route")


# --- tests that look at an object


def for_index(project: Project, read: Read, table: Table, columns: tuple[str, ...]) -> Test:
    """A test that the model declares an index which begins with the columns."""
    module, _, name = table.model.partition(":")
    if not name:
        return (), "No test comes with this: the table has no mapped class to look at."
    lines = (
        f"indexes = [[column.name for column in index.columns] for index in {name}.__table__.indexes]",
        f"assert any(names[:{len(columns)}] == {list_of(columns)} for names in indexes)",
    )
    said = word("_".join(columns))
    page = Page(
        f"{word(table.name)}_index",
        f"Searching {table.name} by {', '.join(columns)} needs an index.",
        f"{word(table.name)}_is_indexed_by_{said}",
        (f"from {module} import {name}",),
        lines,
    )
    return _looking(project, read, page)


def for_function(
    project: Project, read: Read, code: Code, function: cst.FunctionDef, *, is_async: bool
) -> Test:
    """A test that a function is, or is not, a coroutine function."""
    name, whole, module = function.name.value, code.qualname(function), module_name(code.file)
    generates = any(isinstance(node, cst.Yield) for node in own_nodes(function))
    ask = "isasyncgenfunction" if generates else "iscoroutinefunction"
    page = Page(
        f"{name}_thread",
        f"{name} {'only computes: it needs no thread' if is_async else 'blocks: it needs a thread'}.",
        f"{name}_needs_{'no' if is_async else 'a'}_thread",
        ("import inspect", f"from {module} import {whole.partition('.')[0]}"),
        (f"assert {'' if is_async else 'not '}inspect.{ask}({whole})",),
    )
    return _looking(project, read, page)


def for_pool(project: Project, read: Read, code: Code, call: cst.Call, size: int) -> Test:
    """A test that the engine's pool has a size."""
    assign = code.parent(call)
    name = dotted(assign.targets[0].target) if isinstance(assign, cst.Assign) else ""
    if not name or code.around(call, cst.FunctionDef) is not None:
        return (), "No test comes with this: the engine is not a name of its module."
    page = Page(
        f"{word(name)}_pool",
        f"{name} has a connection for every thread.",
        f"{name}_has_a_connection_for_every_thread",
        (f"from {module_name(code.file)} import {name}",),
        (f"assert {name}.pool.size() >= {size}",),
    )
    return _looking(project, read, page)


def for_identity(
    project: Project, read: Read, code: Code, name: str, arguments: tuple[str, ...] = ()
) -> Test:
    """A test that two calls of a function give the same object."""
    call = f"{name}({', '.join(arguments)})"
    page = Page(
        f"{word(name)}_once",
        f"What {name} returns is built once.",
        f"{word(name)}_builds_once",
        (f"from {module_name(code.file)} import {name}",),
        (f"assert {call} is {call}",),
    )
    return _looking(project, read, page)


def _looking(project: Project, read: Read, page: Page) -> Test:
    suite = read_suite(project, read)
    return ((_edit(project, read, suite, page, None, 200),), "") if suite else ((), NO_SUITE)


# --- the file


def _edit(
    project: Project, read: Read, suite: Suite, page: Page, request: KnownRequest | None, status: int
) -> Edit:
    imports = {*page.imports, *(request.imports if request else ())}
    lines = [f'"""{page.says}"""', "", *_sorted_imports(project, imports), ""]
    if request and request.module_lines:
        lines += [*request.module_lines, ""]
    lines.append("")
    if page.head:
        head = page.head.replace("{returns_bool}", " -> bool" if suite.annotated else "").replace(
            "{returns}", ""
        )
        lines += [*head.rstrip("\n").split("\n"), "", ""]
    lines += _function(suite, page, request, status)
    limit = line_limit(read)
    return Edit(free_name(suite, page.subject), None, fit("\n".join(lines) + "\n", limit))


def _function(suite: Suite, page: Page, request: KnownRequest | None, status: int) -> list[str]:
    word_ = "async def" if request and request.is_async else "def"
    fixtures = [*(request.parameters if request else ()), *page.fixtures]
    body = [*(request.local_lines if request else ()), *page.before]
    if request:
        asked = f"response = {request.call}"
        body += [page.around, f"    {asked}"] if page.around else [asked]
        body.append(f"assert response.status_code == {status}")
    body += page.after
    head = f"{word_} test_{page.name}({', '.join(fixtures)}){suite.returns}:"
    decorators = request.decorators if request else ()
    return [*decorators, head, *(f"    {line}" if line else "" for line in body)]


def _sorted_imports(project: Project, imports: Iterable[str]) -> list[str]:
    """Sections of standard library, third party and own modules, each sorted."""
    own = own_modules(project) | {"tests"}
    sections: dict[int, list[str]] = {}
    for line in imports:
        first = line.split()[1].split(".")[0]
        section = 1 if first in sys.stdlib_module_names else 3 if first in own else 2
        sections.setdefault(section, []).append(line)
    lines: list[str] = []
    for section in sorted(sections):
        named = sorted(sections[section], key=lambda text: (text.startswith("from"), text))
        lines += [*([""] if lines else []), *_merged(named)]
    return lines


def _merged(lines: list[str]) -> list[str]:
    """One statement for each module."""
    names: dict[str, list[str]] = {}
    for line in lines:
        module, found, name = line.partition(" import ")
        names.setdefault(module if found else line, []).extend([name] if found else [])
    return [
        f"{module} import {', '.join(sorted(set(said)))}" if said else module
        for module, said in names.items()
    ]


def _table_of(project: Project, key: str) -> str:
    """The table that a relationship leads to."""
    known = project.relationship(key) or next(
        (r for r in project.imported.relationships if r.key == key), None
    )
    if known is None:
        return ""
    target = known.target.rpartition(".")[2]
    return next((t.name for t in project.imported.tables if t.model.rpartition(":")[2] == target), "")


def table_in(statement: str) -> str:
    """The table after the first FROM of a statement."""
    found = re.search(r'\bFROM\s+"?([\w.]+)"?', statement, re.IGNORECASE)
    return found.group(1) if found else ""


def word(text: str) -> str:
    """The text as part of a Python name."""
    return re.sub(r"\W+", "_", text).strip("_").lower() or "it"


def list_of(texts: tuple[str, ...]) -> str:
    """A list display with double quotes."""
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"
