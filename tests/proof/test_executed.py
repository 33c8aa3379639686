"""Which changed statements count as executed: whole statements, those in functions, docstrings left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.proof.executed import executed
from strop.span import Span

TEXT = '''\
"""A module."""
LIMIT = 3


class Shelf:
    size: int = 4

    def price(self, book):
        """Say it."""
        if book.sold > LIMIT:
            return round(
                book.price,
                2,
            )
        elif book.hidden:
            raise ValueError
        try:
            return self.ask()
        except KeyError:
            return None
'''


def spans(found: tuple[Span, ...]) -> list[tuple[int, int]]:
    return [(span.line, span.end_line) for span in found]


@pytest.mark.parametrize(
    ("edited", "ran", "reached", "missed", "at_import"),
    [
        ([2], [], [], [], 1),
        ([6], [], [], [], 1),
        ([1, 9], [], [], [], 0),  # docstrings
        ([8], [], [], [], 0),  # a signature is executed with the calls of its function
        ([10], [10], [(10, 10)], [], 0),
        ([12], [12], [(11, 14)], [], 0),  # a part of a statement
        ([12, 13], [], [], [(11, 14)], 0),
        ([16, 18, 20], [18], [(18, 18)], [(16, 16), (20, 20)], 0),
        ([15], [15], [(15, 15)], [], 0),
        ([21], [], [], [], 0),  # beyond the end
    ],
)
def test_statements(
    tmp_path: Path,
    edited: list[int],
    ran: list[int],
    reached: list[tuple[int, int]],
    missed: list[tuple[int, int]],
    at_import: int,
) -> None:
    (tmp_path / "shelf.py").write_text(TEXT)
    found = executed(tmp_path, {"shelf.py": edited}, {Span("shelf.py", line, "Shelf.price") for line in ran})
    assert (spans(found.reached), spans(found.missed), found.at_import) == (reached, missed, at_import)
    assert {span.symbol for span in (*found.reached, *found.missed)} <= {"Shelf.price"}


def test_files_that_are_gone_or_broken_have_no_statements(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (:\n")
    assert executed(tmp_path, {"broken.py": [1], "gone.py": [1]}, ()).statements == 0
