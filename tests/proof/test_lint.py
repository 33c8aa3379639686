"""What a patch may not do is read from its lines, unless its kind of fix declares it."""

from __future__ import annotations

import pytest

from strop.patch import Edit, Patch
from strop.proof.lint import edited_lines, lint, runs_at_import

CODE = """\
def handler(db, user=Depends(me)):
    rows = db.scalars(select(A).where(A.x).order_by(A.y).limit(9).with_for_update())
    if not rows:
        raise HTTPException(404)
    db.commit()
    return rows
"""


def patch(
    after: str, before: str | None = CODE, file: str = "app/a.py", fix: str = "load_relationship"
) -> Patch:
    return Patch(fix, "", "F1", "t", "w", (Edit(file, before, after),))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    db.commit()\n", "", "removes a commit"),
        ("        raise HTTPException(404)\n", "        return None\n", "removes a raise"),
        ("user=Depends(me)", "user=None", "removes a dependency"),
        (".order_by(A.y)", "", "removes an order_by"),
        (".limit(9)", "", "removes a limit"),
        (".with_for_update()", "", "removes a row lock"),
        (".where(A.x)", "", "removes a filter"),
        ("    return rows", "    return sys._getframe()", "looks at its caller"),
        ("    return rows", "    return os.environ['X']", "reads the environment"),
        ("    return rows", "    return 'PYTEST_CURRENT_TEST' in x", "looks for a test or for strop"),
        ("    return rows", "    global rows", "keeps state in a module"),
        ("def handler", "@functools.lru_cache\ndef handler", "adds a cache"),
    ],
)
def test_each_is_told_with_its_file(old: str, new: str, words: str) -> None:
    assert old in CODE
    assert f"app/a.py: {words}" in lint(patch(CODE.replace(old, new)))


def test_moving_a_line_is_no_loss() -> None:
    moved = CODE.replace(
        "    db.commit()\n    return rows", "    if rows:\n        db.commit()\n    return rows"
    )
    assert lint(patch(moved)) == ()


def test_what_a_fix_declares_is_allowed_to_it_alone() -> None:
    cached = CODE.replace("def handler", "@lru_cache\ndef handler")
    assert lint(patch(cached, fix="build_once")) == ()
    assert lint(patch(cached, fix="batch_query")) == ("app/a.py: adds a cache",)


@pytest.mark.parametrize("file", ["tests/test_a.py", "app/test/a.py", "conftest.py", "app/conftest.py"])
def test_tests_are_not_touched(file: str) -> None:
    assert lint(patch("x = 1\n", "x = 2\n", file)) == (f"{file}: touches a test",)


def test_a_module_whose_name_only_begins_so_is_no_test() -> None:
    assert lint(patch("x = 1\n", "x = 2\n", "app/testing_tools.py")) == ()


def test_edited_lines() -> None:
    after = CODE.replace("    db.commit()\n", "    db.flush()\n    db.commit()\n").replace("9", "8")
    assert edited_lines(patch(after).edits) == {"app/a.py": [2, 5]}
    assert edited_lines(patch(CODE.replace("    db.commit()\n", "")).edits) == {"app/a.py": [4, 5]}
    assert edited_lines(patch("a\nb\n", None, "new.txt").edits) == {"new.txt": [1, 2]}
    assert edited_lines(patch(CODE).edits) == {}


@pytest.mark.parametrize(
    ("old", "new", "at_import"),
    [
        ("    return rows", "    return list(rows)", False),
        ("def handler", "import os\n\n\ndef handler", False),
        ("def handler", "LIMIT = 3\n\n\ndef handler", True),
        ("def handler", "# said\ndef handler", True),
    ],
)
def test_lines_that_run_when_the_application_starts(old: str, new: str, at_import: bool) -> None:
    assert runs_at_import(patch(CODE.replace(old, new))) is at_import
