"""Regression tests in the project's own style: red before the fix, green after it."""

from __future__ import annotations

import re
from collections.abc import Callable

import libcst as cst

from strop.finding import Finding
from strop.fixes.code import Code
from strop.fixes.suite import Suite, free_name, read_suite
from strop.patch import Edit
from strop.project.project import Project
from strop.project.table import Table

Read = Callable[[str], str]
Test = tuple[tuple[Edit, ...], str]  # the new file, or none and a sentence that says why
NO_SUITE = "No test comes with this: the project has no pytest files to write one beside."


def for_queries(project: Project, finding: Finding, read: Read) -> Test:
    """A test that counts the statements of a route, and a sentence on it where there is none."""
    return (), ""


def for_index(project: Project, read: Read, table: Table, columns: tuple[str, ...]) -> Test:
    """A test that the model declares an index which begins with the columns."""
    module, _, name = table.model.partition(":")
    if not name:
        return (), "No test comes with this: the table has no mapped class to look at."
    body = (
        f"from {module} import {name}\n\n\n"
        f"def test_{word(table.name)}_is_indexed_by_{word('_'.join(columns))}(){{returns}}:\n"
        f"    indexes = [[column.name for column in index.columns] for index in {name}.__table__.indexes]\n"
        f"    assert any(columns[:{len(columns)}] == {list_of(columns)} for columns in indexes)\n"
    )
    return _written(project, read, f"{word(table.name)}_index", body)


def for_thread(project: Project, finding: Finding, read: Read, code: Code, call: cst.Call) -> Test:
    """A test that a call runs outside the loop's thread."""
    return (), ""


def for_function(
    project: Project, read: Read, code: Code, function: cst.FunctionDef, *, is_async: bool
) -> Test:
    """A test that a function is, or is not, a coroutine function."""
    return (), ""


def for_rows(project: Project, finding: Finding, read: Read) -> Test:
    """A test that counts the rows that a route fetches."""
    return (), ""


def for_pool(project: Project, read: Read, code: Code, call: cst.Call, size: int) -> Test:
    """A test that the engine's pool has a size."""
    return (), ""


def for_identity(project: Project, read: Read, code: Code, function: cst.FunctionDef) -> Test:
    """A test that two calls of a function give the same object."""
    return (), ""


def for_new_function(project: Project, read: Read, code: Code, name: str) -> Test:
    """A test that two calls of a function that the patch adds give the same object."""
    return (), ""


def for_absence(project: Project, read: Read, code: Code, function: cst.FunctionDef, call: cst.Call) -> Test:
    """A test that a module no longer builds what it built."""
    return (), ""


def _written(project: Project, read: Read, subject: str, body: str) -> Test:
    suite = read_suite(project, read)
    return ((_edit(suite, subject, body),), "") if suite else ((), NO_SUITE)


def _edit(suite: Suite, subject: str, body: str) -> Edit:
    return Edit(free_name(suite, subject), None, body.replace("{returns}", suite.returns))


def word(text: str) -> str:
    """The text as part of a Python name."""
    return re.sub(r"\W+", "_", text).strip("_").lower() or "it"


def list_of(texts: tuple[str, ...]) -> str:
    """A list display with double quotes."""
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"
