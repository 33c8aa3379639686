from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.project.project import Project
from strop.project.source import read_source
from strop.rules.syntax import counted_lines, goes_over_fields, is_batched, is_bounded
from strop.span import Span
from tests.rules import made

SOURCE = """\
STATUSES = ("open", "paid")
ROWS = load()

def loops(rows, size):
    for a in ("x", "y"): pass
    for b in STATUSES: pass
    for c in range(3): pass
    for d in enumerate(["x"]): pass
    for e in rows: pass
    for f in ROWS: pass
    for g in range(len(rows)): pass
    for h in range(0, len(rows), 500): pass
    for i in batched(rows, 50): pass
    for j in [*rows]: pass
    for k in rows.items(): pass
    l = [x for x in rows]

def counts(session, statement):
    total = len(session.scalars(statement).all())
    result = session.execute(statement)
    other = len(result.all())
    rows = session.scalars(statement).all()
    if len(rows) > 3:
        total += len(rows)
    used = session.scalars(statement).all()
    names = [u.name for u in used]
    return total, len(used), other, names, len("word"), len([1].copy())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.py").write_text(SOURCE)
    (tmp_path / "new.py").write_text("def f(:\n")
    return tmp_path


def project_in(folder: Path) -> Project:
    return replace(made.project(), root=str(folder))


@pytest.mark.parametrize(
    ("line", "bounded", "batched", "fields"),
    [
        (5, True, False, False),
        (6, True, False, False),
        (7, True, False, False),
        (8, True, False, False),
        (9, False, False, False),
        (10, False, False, False),
        (11, False, False, False),
        (12, False, True, False),
        (13, False, True, False),
        (14, False, False, False),
        (15, False, False, True),
        (16, False, False, False),
        (99, False, False, False),
    ],
)
def test_which_loops_grow_with_data(
    folder: Path, line: int, bounded: bool, batched: bool, fields: bool
) -> None:
    project, loop = project_in(folder), Span("m.py", line)
    found = (is_bounded(project, loop), is_batched(project, loop), goes_over_fields(project, loop))
    assert found == (bounded, batched, fields)


def test_rows_that_are_only_counted(folder: Path) -> None:
    counts = read_source(folder, (".",)).functions["m.py:counts"]
    lines = {line for span in counted_lines(project_in(folder), counts) for line in span}
    assert lines == {19, 20, 21, 22}


@pytest.mark.parametrize("file", ["new.py", "missing.py"])
def test_what_cant_be_read_says_nothing(folder: Path, file: str) -> None:
    assert not is_bounded(project_in(folder), Span(file, 1))
