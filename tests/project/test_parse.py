"""A file that can't be parsed is named and the rest is read; syntax newer than this Python is read too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from strop.project.parse import parse_file, parse_text
from tests.project.example import called, read


def test_a_syntax_error_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "good.py": "def a():\n    b()\n\ndef b(): ...\n",
            "broken.py": "def a(:\n",
            "deep/merge.py": "x = 1\n<<<<<<< HEAD\n",
        },
    )
    assert called(source, "a") == ["b"]
    assert [file for file, _ in source.unread] == ["broken.py", "deep/merge.py"]
    assert source.unread[1][1].startswith("line 2: ")


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.py").write_bytes(b"name = '\xe9\xff'\n")
    assert "utf-8" in parse_file(tmp_path, tmp_path / "latin.py").reason


def test_a_file_with_null_bytes_is_named() -> None:
    assert parse_text("x.py", "a = 1\0").reason


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "w.py").write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    parsed = parse_file(tmp_path, tmp_path / "w.py")
    assert parsed.tree is not None
    assert [node.lineno for node in parsed.tree.body] == [1, 2]


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("try:\n    pass\nexcept A, B:\n    pass", "try:\n    pass\nexcept (A, B):\n    pass"),
        ("try:\n    pass\nexcept* A, B.c:\n    pass", "try:\n    pass\nexcept* (A, B.c):\n    pass"),
        ("type Ids = list[int]", "Ids = list[int]"),
        ("type Pair[T] = tuple[T, T]", "Pair = tuple[T, T]"),
        ("def first[T](x: list[T]) -> T: ...", "def first(x: list[T]) -> T: ..."),
        ("async def first[T: dict[str, int]](x: T): ...", "async def first(x: T): ..."),
        ("class Repo[T, U](Base[T]): ...", "class Repo(Base[T]): ..."),
        ("class Repo[T]: ...", "class Repo: ..."),
    ],
)
def test_newer_syntax_keeps_its_lines(newer: str, older: str) -> None:
    """The parser of this Python may take it as it is; then the tree has the newer nodes."""
    parsed = parse_text("x.py", f"a = 1\n{newer}\nb = 2\n")
    assert parsed.tree is not None, parsed.reason
    assert [n.lineno for n in parsed.tree.body if isinstance(n, ast.Assign)][-1] == newer.count("\n") + 3
    if "\n" + "\n".join(parsed.lines[1:-2]) != "\n" + newer:
        assert ast.dump(parsed.tree) == ast.dump(ast.parse(f"a = 1\n{older}\nb = 2\n"))


def test_generic_classes_of_the_new_syntax_have_methods(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            class Order:
                def total(self): ...

            class Repo[T]:
                def get(self) -> T: ...

            def use(repo: Repo[Order]):
                try:
                    repo.get()
                except KeyError, ValueError:
                    Order().total()
            """
        },
    )
    assert source.unread == ()
    assert set(called(source, "use")) == {"Repo.get", "Order.total"}


def test_a_warning_of_the_target_is_not_ours() -> None:
    assert parse_text("x.py", 'pattern = "\\d"\n').tree is not None
