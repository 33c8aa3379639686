"""A file that can't be parsed is named and the rest is read; syntax newer than this Python is read too."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from strop.project.body import segment
from strop.project.parse import parse_file, parse_text
from strop.project.read import read_project
from tests.project.example import called, read, write


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
    if not _is_taken(newer):
        assert ast.dump(parsed.tree) == ast.dump(ast.parse(f"a = 1\n{older}\nb = 2\n"))


def _is_taken(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize(
    ("newer", "texts"),
    [
        ("try: pass\nexcept  A.b(1), B : f(2)", ["A.b(1)", "f(2)"]),
        ("try:\n    pass\nexcept A, B:  # why, not\n    f(2)", ["f(2)"]),
        ("try:\n    pass\nexcept* A, (B, g(1)):\n    f(2)", ["g(1)", "f(2)"]),
        (
            "def f[\n    T: int = str,  # (\n\n    *U,\n](a: T, b=g(1)) -> h(2):\n    k(3)",
            ["g(1)", "h(2)", "k(3)"],
        ),
        ("class A[T = int](g(1)): x = h(2)", ["g(1)", "h(2)"]),
        ("type A[\n  T\n] = list[T, g(1)]\ntype(1)", ["g(1)", "type(1)"]),
        ("x = f'é {d['k']} {', '.join(y)!r:>{w['a']}} {{}}' + g(1)", ["', '.join(y)", "g(1)"]),
        ("x = f'{\n  a[g('b')]  # so }\n  + h(2)\n}' + k(3)", ["g('b')", "h(2)", "k(3)"]),
        ('x = f"""a\nb {g("""x""")}\n{h(2)}""" + k(3)', ['g("""x""")', "h(2)", "k(3)"]),
        ("x = f'{'\\n'.join(f'{g('a')}')}'", ["'\\n'.join(f'{g('a')}')", "g('a')"]),
        ("x = f'{f'{f'{f'{g(1)}'}'}'}'", ["g(1)"]),
        ("x = t'a {b}' + g(t'{c['d']}')", ["g(t'{c['d']}')"]),
        ("lazy import a.b\nlazy from c import (d,\n e)\nlazy = g(1)", ["g(1)"]),
        ("x = [*g(y) for y in z]\nu = {**d for d in h(1)}", ["g(y)", "h(1)"]),
    ],
)
def test_newer_syntax_keeps_its_places(newer: str, texts: list[str]) -> None:
    parsed = parse_text("x.py", f"a = 1\n{newer}\nb = 2\n")
    assert parsed.tree is not None, parsed.reason
    calls = {segment(parsed.lines, node) for node in ast.walk(parsed.tree) if isinstance(node, ast.Call)}
    assert calls == set(texts)
    assert parsed.tree.body[-1].lineno == newer.count("\n") + 3


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("x = 'a' f'b{c['d']}e' f'{g}' f'{{'", "x = 'a' f'b{c[\"d\"]}e' f'{g}' f'{{'"),
        ("x = f'{h['i']!r:>{j['k']}}{{\\n'", 'x = f\'{h["i"]!r:>{j["k"]}}{{\\n\''),
        ("x = f'{h['i'] = }'", "x = f'h[\\'i\\'] = {h[\"i\"]!r}'"),
        ("x = rf'\\d{h['i']}\\''", "x = rf'\\d{h[\"i\"]}\\''"),
    ],
)
def test_fields_of_newer_strings_are_in_the_tree(newer: str, older: str) -> None:
    parsed = parse_text("x.py", newer)
    assert parsed.tree is not None, parsed.reason
    assert ast.unparse(parsed.tree) == ast.unparse(ast.parse(older))


def test_a_mistake_beside_newer_syntax_is_named_with_its_line() -> None:
    parsed = parse_text("x.py", "try:\n    pass\nexcept A, B:\n    pass\ndef f(:\n    pass\n")
    assert parsed.tree is None
    assert parsed.reason.startswith("line 5: ")


def test_a_string_without_end_is_named() -> None:
    assert parse_text("x.py", "a = 1\nx = f'{a['\n").reason.startswith("line 2: ")


@pytest.mark.parametrize("text", ["x = 1\n" * 1_000_000, "\n" * 300_000])
def test_a_very_large_file_is_set_aside(text: str, tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(text)
    assert parse_file(tmp_path, tmp_path / "made.py").reason.startswith("too large: ")


def test_links_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    (tmp_path / "loop.py").symlink_to("loop.py")
    (tmp_path / "gone.py").symlink_to("nowhere")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "up").symlink_to("..")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "piped.py").symlink_to("pipe")
    source = read(tmp_path, {"good.py": "x = 1\n"})
    assert [file for file, _ in source.unread] == ["gone.py", "loop.py"]


@pytest.mark.parametrize("cache", [False, True])
def test_a_name_that_is_no_text_is_named(tmp_path: Path, cache: bool) -> None:
    (tmp_path / "caf\udce9.py").write_text("x = 1\n")
    assert [file for file, _ in read_project(tmp_path, cache=cache).source.unread] == ["caf\\udce9.py"]


@pytest.mark.parametrize(
    "deep",
    [
        "v = a" + ".b()" * 400,
        "v = " + "a + " * 800 + "a",
        "if a: pass\n" + "elif b: pass\n" * 900,
        "v = " + "(" * 900,
    ],
)
@pytest.mark.parametrize("cache", [False, True])
def test_what_is_too_deep_is_set_aside_alone(deep: str, cache: bool, tmp_path: Path) -> None:
    main = "from deep import v\n\ndef f():\n    return g(v)\n\ndef g(x): ...\n"
    write(tmp_path, {"deep.py": deep + "\n", "main.py": main})
    for _ in range(2):
        source = read_project(tmp_path, cache=cache).source
        assert [file for file, _ in source.unread] == ["deep.py"]
        assert source.unread[0][1]
        assert called(source, "f") == ["g"]


def test_an_empty_folder_is_a_project(tmp_path: Path) -> None:
    assert read_project(tmp_path).source.unread == ()


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
