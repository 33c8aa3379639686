"""Mistakes are made where a change was made, each of a kind that a request could tell, and run as other code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from strop.proof.mutants import Made, make_mutants
from strop.proof.same_code import code_key

HEAD = "def handler(db, rows, limit, log):\n"


def made(folder: Path, body: str, *lines: int, most: int = 50) -> Made:
    """The mutants of a function's body at these of its lines (the first is 2), or at all."""
    text = HEAD + "".join(f"    {line}\n" for line in body.splitlines())
    (folder / "app.py").write_text(text)
    return make_mutants(folder, {"app.py": lines or range(2, 40)}, most)


def told(folder: Path, body: str, *lines: int) -> list[tuple[str, str]]:
    return [(m.operator, m.diff) for m in made(folder, body, *lines).mutants]


@pytest.mark.parametrize(
    ("body", "operator", "diff"),
    [
        ("return limit < 3", "comparison off by one", "limit < 3 -> (limit <= 3)"),
        ("return limit < 3", "comparison flipped", "limit < 3 -> (limit >= 3)"),
        ("return limit in rows", "comparison flipped", "limit in rows -> (limit not in rows)"),
        ("return limit and rows", "and/or exchanged", "limit and rows -> (limit or rows)"),
        ("return limit and rows", "condition dropped", "limit and rows -> rows"),
        ("return not limit", "negation dropped", "not limit -> limit"),
        ("if limit:\n    rows.x = 1", "condition negated", "limit -> (not limit)"),
        ("return limit * 2", "arithmetic", "limit * 2 -> (limit // 2)"),
        ("return limit * 2", "constant changed", "2 -> 3"),
        ("return True", "constant changed", "True -> False"),
        ("return db(limit=limit)", "argument limit dropped", "db(limit=limit) -> db()"),
        ("return rows", "nothing returned", "return rows -> return None"),
        ("return [r for r in rows]", "nothing returned", "return [r for r in rows] -> return []"),
        ("rows.x = 1", "statement removed", "rows.x = 1 -> pass"),
        ("db.commit()", "commit removed", "db.commit() -> pass"),
        ("raise KeyError(limit)", "raise removed", "raise KeyError(limit) -> pass"),
        ("return db.where(limit)", "where removed", "db.where(limit) -> db"),
        ("return db.order_by(limit, rows)", "last argument dropped", "db.order_by(limit, rows) -> db.order_by(limit)"),
        ("return f'{limit}'", "text emptied", "f'{limit}' -> ''"),
    ],
)  # fmt: skip
def test_each_kind_of_mistake(tmp_path: Path, body: str, operator: str, diff: str) -> None:
    assert (operator, diff) in told(tmp_path, body)


@pytest.mark.parametrize(
    "body",
    [
        "'''Say it'''",
        "log.info('served %s', limit + 1)",
        "print(limit < 3)",
        "return_: int",
        "import json",
        "assert limit < 3",
        "found = db.scalar(rows.limit(1))",
        "found = db.options(rows(1, 2))",
        "found = db(timeout=3, pool_size=4)",
    ],
)
def test_nothing_is_made_that_no_request_could_tell(tmp_path: Path, body: str) -> None:
    assert told(tmp_path, body) == []


def test_what_runs_as_the_same_code_is_left_out(tmp_path: Path) -> None:
    found = made(tmp_path, "return 0 if not not limit else 1\nreturn 2")
    assert found.equivalent  # after a return nothing runs
    assert not [m for m in found.mutants if m.span.line == 3]


def test_only_what_was_edited_is_changed(tmp_path: Path) -> None:
    body = "a = limit < 1\nb = limit < 2\nc = db(\n    first=limit < 3,\n    second=limit < 4,\n)"
    assert {m.span.line for m in made(tmp_path, body, 3).mutants} == {3}
    inner = {diff for _, diff in told(tmp_path, body, 5) if "limit < 4" in diff}
    assert not inner  # the other line of the same call was not edited


def test_mistakes_are_spread_over_the_statements(tmp_path: Path) -> None:
    body = "\n".join(f"rows.a{n} = limit < {n} and db > {n}" for n in range(20))
    found = made(tmp_path, body, most=5).mutants
    lines = sorted(m.span.line for m in found)
    assert len(found) == 5
    assert lines == sorted(set(lines))
    assert lines[-1] - lines[0] >= 12
    assert found == made(tmp_path, body, most=5).mutants


def test_a_mutant_is_a_whole_file_that_compiles(tmp_path: Path) -> None:
    body = "größe = 'ä' if limit < 3 else 'ö' + str(rows)\nreturn db.where(größe == 'ü').limit(limit)"
    found = made(tmp_path, body).mutants
    assert len(found) > 8
    for mutant in found:
        ast.parse(mutant.edit.after)
        assert mutant.edit.after.startswith(HEAD)
        assert mutant.inside


def test_windows_line_endings_stay(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(b"def f(a):\r\n    b = a\r\n    return b < 3\r\n")
    found = make_mutants(tmp_path, {"app.py": [3]}, 9).mutants
    assert found[0].edit.after.count("\r\n") == 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = 1", "x  =  1  # one", True),
        ("def f():\n    '''a'''\n    return 1", "def f():\n    '''b'''\n    return 1", True),
        ("def f():\n    return 1\n    return 2", "def f():\n    return 1\n    return 3", True),
        ("x = 60 * 60", "x = 3600", True),
        ("x = 1", "x = 1.0", False),
        ("x = 1", "x = True", False),
        ("x = {1, 2} == y", "x = {1, 3} == y", False),
        ("x = y in {'a', 'b'}", "x = y in {'b', 'a'}", True),
        ("def f(a, b): return a", "def f(a, b): return b", False),
        ("lambda: 1", "lambda: 2", False),
    ],
)
def test_same_code(one: str, other: str, same: bool) -> None:
    assert (code_key(one) == code_key(other)) is same
