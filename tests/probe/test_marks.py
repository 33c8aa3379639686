"""Marks in the source: nothing but the marks changes, and they run where the line does."""

from __future__ import annotations

import ast
import asyncio
import builtins
import dataclasses
import email
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from strop.probe.marks import MARK, Mark, mark

SOURCE = '''
import functools

def wrapped(function):
    @functools.wraps(function)
    def inner(value):
        return function(value)
    return inner

class Shop:
    """A class."""

    limit = 3

    @wrapped
    def price(
        value,
    ):
        """A text.

        Of three lines.
        """
        total = (
            value
            + 1
        )
        if total > 5:
            total -= 1
        elif total > 3:
            total -= 2
        else:

            total -= 3
        try:
            total / (total - 2)
        except ZeroDivisionError:
            total = 9
        finally:
            total += 1
        match total:
            case 10:
                total = 0
            case _:
                # nothing
                pass
        return total

def silent():
    """Only a text."""
'''


def marked(source: str, watched: set[int]) -> tuple[ast.Module, list[Mark]]:
    tree, found = ast.parse(source), []

    def number(mark: Mark) -> int:
        found.append(mark)
        return len(found) - 1

    mark(tree, watched, number)
    return tree, found


def is_mark(node: object) -> bool:
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith(MARK)


def without_marks(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(node, name, [each for each in value if not is_mark(each)])
    return ast.dump(tree, include_attributes=True)


def files(*modules: ModuleType) -> Iterator[Path]:
    for module in modules:
        yield from sorted(Path(module.__file__ or "").parent.glob("[a-z]*.py"))


@pytest.mark.parametrize(
    "path", [Path(dataclasses.__file__), *files(asyncio, email, json)], ids=lambda p: p.name
)
def test_only_marks_are_added(path: Path) -> None:
    source = path.read_text()
    tree, found = marked(source, set(range(1, source.count("\n") + 2)))
    compile(tree, str(path), "exec", dont_inherit=True)
    assert all(each.lines for each in found)
    assert without_marks(tree) == ast.dump(ast.parse(source), include_attributes=True)


def run(watched: set[int], argument: int) -> list[tuple[str, tuple[int, ...]]]:
    tree, found = marked(SOURCE, watched)
    seen: list[int] = []
    setattr(builtins, MARK, seen.append)
    names: dict[str, Any] = {}
    try:
        exec(compile(tree, "shop.py", "exec", dont_inherit=True), names)
        names["Shop"].price(argument)
        names["silent"]()
    finally:
        delattr(builtins, MARK)
    assert names["Shop"].price.__doc__.startswith("A text.")
    assert names["silent"].__doc__ == "Only a text."
    return [(found[n].symbol, found[n].lines) for n in seen]


def line(text: str) -> int:
    return next(n for n, each in enumerate(SOURCE.split("\n"), 1) if text in each)


@pytest.mark.parametrize(
    ("text", "runs_with"),
    [
        ("def price", {1, 3, 9}),
        ("        value,", {1, 3, 9}),
        ("Of three lines", {1, 3, 9}),
        ("            + 1", {1, 3, 9}),
        ("if total > 5", {1, 3, 9}),
        ("total -= 1", {9}),
        ("elif total > 3", {1, 3}),
        ("total -= 2", {3}),
        ("total -= 3", {1}),
        ("total / (total - 2)", {1, 3, 9}),
        ("except ZeroDivisionError", {3}),
        ("total = 9", {3}),
        ("total += 1", {1, 3, 9}),
        ("match total", {1, 3, 9}),
        ("case 10", {3, 9}),
        ("total = 0", {3, 9}),
        ("# nothing", {1}),
        ("return total", {1, 3, 9}),
    ],
)
def test_a_mark_runs_where_its_line_does(text: str, runs_with: set[int]) -> None:
    number = line(text)
    for argument in (1, 3, 9):
        expected = [("Shop.price", (number,))] if argument in runs_with else []
        assert run({number}, argument) == expected, argument


def test_symbols_are_qualified_and_lines_of_a_statement_share_a_mark() -> None:
    inner, silent = line("return function(value)"), line("def silent")
    assert run({inner, silent}, 9) == [("wrapped.<locals>.inner", (inner,)), ("silent", (silent,))]
    both = {line("total = ("), line("            + 1")}
    assert run(both, 9) == [("Shop.price", tuple(sorted(both)))]


def test_what_runs_at_import_is_not_marked() -> None:
    assert marked(SOURCE, {line("import functools"), line("limit = 3"), line("A class.")})[1] == []
