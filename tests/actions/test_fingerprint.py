"""A finding is the same one after code around it moved, and another one when it is about something else."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from strop.actions.fingerprint import fingerprints
from strop.finding import Finding
from strop.span import Span

FUNCTIONS = ("list_orders", "add_order", "export")
STATEMENTS = ("x = fetch(1)", "for row in rows:  # each", "commit()", "return   x")


def finding(line: int, symbol: str, code: str = "DB001") -> Finding:
    return Finding(
        code, "slug", "database", "error", 0.9, "static", Span("a.py", line, symbol), (), "m", "i", "s"
    )


def make(
    bodies: Sequence[Sequence[int]], names: Sequence[str], blank: int
) -> tuple[list[str], list[Finding]]:
    """A file of functions, and a finding at each statement."""
    lines: list[str] = [""] * blank
    found = []
    for name, body in zip(names, bodies, strict=True):
        lines += [f"def {name}():", *[""] * (blank % 2)]
        for statement in body:
            lines.append(f"    {STATEMENTS[statement]}")
            found.append(finding(len(lines), name))
    return lines, found


def prints(bodies: Sequence[Sequence[int]], names: Sequence[str], blank: int) -> list[str]:
    lines, found = make(bodies, names, blank)
    known = fingerprints(found, lambda _: lines)
    return [known[one] for one in found]


BODIES = st.lists(st.lists(st.integers(0, len(STATEMENTS) - 1), max_size=5), min_size=3, max_size=3)


@given(BODIES, st.integers(0, 30), st.permutations(range(3)))
def test_moved_functions_keep_their_fingerprints(
    bodies: list[list[int]], blank: int, order: list[int]
) -> None:
    before = prints(bodies, FUNCTIONS, 0)
    after = prints([bodies[place] for place in order], [FUNCTIONS[place] for place in order], blank)
    assert sorted(before) == sorted(after)
    assert len(set(before)) == len(before)


@given(BODIES)
def test_a_renamed_neighbour_changes_nothing(bodies: list[list[int]]) -> None:
    before = prints(bodies, FUNCTIONS, 0)
    after = prints(bodies, (FUNCTIONS[0], "renamed", FUNCTIONS[2]), 0)
    first, last = len(bodies[0]), len(bodies[2])
    assert before[:first] == after[:first]
    assert before[len(before) - last :] == after[len(after) - last :]
    assert not set(before[first : len(before) - last]) & set(after)


@given(st.sampled_from(STATEMENTS), st.sampled_from(["", "  ", "\t"]), st.sampled_from(["", "  # noqa"]))
def test_spaces_and_comments_do_not_count(statement: str, indent: str, comment: str) -> None:
    one = finding(1, "f")
    bare = fingerprints([one], lambda _: [statement.partition("  #")[0]])
    assert fingerprints([one], lambda _: [f"{indent}{statement}{comment}"]) == bare


def test_another_rule_file_or_text_is_another_finding() -> None:
    one, other = finding(1, "f"), finding(1, "f", "DB002")
    assert len(set(fingerprints([one, other], lambda _: ["x"]).values())) == 2
    assert fingerprints([one], lambda _: ["x"]) != fingerprints([one], lambda _: ["y"])


def test_a_place_without_a_line_has_one_too() -> None:
    assert fingerprints([finding(0, "")], lambda _: [])
