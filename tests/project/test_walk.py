"""Trees are walked as `ast` walks them, without what it gives for the reading and storing of names."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import strop
from strop.project.walk import children, walk

FILES = sorted(Path(strop.__file__).parent.rglob("*.py"))[::9]
TEXT = """
match order:
    case {"lines": [first, *rest], **more} if first:
        pass
    case Order(total=0 | None as total):
        pass
global_names = [f"{each!r:>{width}}" for each in rest if (width := len(each))]
async def later(a, /, b=1, *c: int, d=2, **e):
    global counted
    async with a as b, c:
        await d
"""


def is_context(node: ast.AST) -> bool:
    return isinstance(node, ast.expr_context)


@pytest.mark.parametrize("text", [TEXT, *(file.read_text("utf-8") for file in FILES)])
def test_the_same_nodes_in_the_same_order(text: str) -> None:
    tree = ast.parse(text)
    ours, theirs = list(walk(tree)), [n for n in ast.walk(tree) if not is_context(n)]
    assert [id(node) for node in ours] == [id(node) for node in theirs]
    for node in ours:
        below = [id(n) for n in ast.iter_child_nodes(node) if not is_context(n)]
        assert [id(n) for n in children(node)] == below


@pytest.mark.skipif(not hasattr(ast, "TypeAlias"), reason="newer syntax")
def test_the_name_of_a_type_is_a_node() -> None:
    alias = ast.parse("type Ids[T] = list[T]").body[0]
    assert [type(n).__name__ for n in children(alias)] == ["Name", "TypeVar", "Subscript"]
