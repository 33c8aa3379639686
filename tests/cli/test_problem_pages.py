"""Every problem that the source raises has a page, and no page is left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import strop
from strop.actions.explain import ExplainRequest, explain, problem_pages

CODE = re.compile(r"\b[TWMRE][0-9]{3}\b")
PARTS = ("**What it means.**", "**Usual causes.**", "**What to do.**")


def test_every_raised_code_has_a_page_and_every_page_a_code() -> None:
    source = Path(strop.__file__).parent
    raised = {code for path in source.rglob("*.py") for code in codes_in(path)}
    assert raised == {page.code for page in problem_pages()}


def test_every_page_says_what_why_and_what_to_do() -> None:
    for page in problem_pages():
        assert [part for part in PARTS if part not in page.text] == [], page.code
        assert page.title, page.code


def test_a_rule_is_found_by_code_and_by_name() -> None:
    (by_code,) = explain(ExplainRequest("db001"))
    assert explain(ExplainRequest("lazy-load")) == (by_code,)
    assert by_code.examples


def codes_in(path: Path) -> Iterator[str]:
    """Codes in strings that are no docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield from CODE.findall(node.value)
