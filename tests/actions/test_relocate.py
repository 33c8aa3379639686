"""Where a line of the base is after edits: found again exactly, and never on a line that is another one's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from strop.actions.relocate import Moved
from strop.finding import Finding
from strop.project.route import Route
from strop.span import Span, Step

FILE = "app/main.py"
Edit = tuple[str, int]  # what is done at the line of this number


def moved(before: Mapping[str, str], after: Mapping[str, str]) -> Moved:
    def read(files: Mapping[str, str], name: str) -> str:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    return Moved(lambda name: read(before, name), lambda name: read(after, name))


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Distinct lines, and the same with some taken out, changed, or others put before them."""
    before = [f"line {n}" for n in range(draw(st.integers(1, 25)))]
    after: list[str] = []
    for n, line in enumerate(before):
        what = draw(st.sampled_from(["keep", "keep", "keep", "remove", "change", "insert"]))
        if what == "insert":
            after += [f"new {n}.{k}" for k in range(draw(st.integers(1, 4)))]
        if what != "remove":
            after.append(f"changed {n}" if what == "change" else line)
    return before, after


@given(edited())
def test_a_line_that_is_still_there_is_found(texts: tuple[list[str], list[str]]) -> None:
    before, after = texts
    places = moved({FILE: "\n".join(before)}, {FILE: "\n".join(after)})
    for number, line in enumerate(before, 1):
        if line in after:
            assert after[places.line(FILE, number) - 1] == line


@given(edited())
def test_lines_keep_their_order_and_one_that_is_gone_is_none_that_stood_above(
    texts: tuple[list[str], list[str]],
) -> None:
    before, after = texts
    places = moved({FILE: "\n".join(before)}, {FILE: "\n".join(after)})
    above = 0
    for number, line in enumerate(before, 1):
        found = places.line(FILE, number)
        assert found > above or line not in after
        if line in after:
            above = found


@given(
    st.lists(st.sampled_from(["a", "b", "", "    )"]), max_size=20),
    st.lists(st.sampled_from(["a", "b", "", "x"]), max_size=4),
)
def test_what_is_put_above_moves_every_line_by_as_much(before: list[str], new: list[str]) -> None:
    """Also where lines are equal to each other, as brackets and empty ones are."""
    end = [*before, "the end"]
    after = ["the begin", *new, *end]
    places = moved({FILE: "\n".join(["the begin", *end])}, {FILE: "\n".join(after)})
    assert after[places.line(FILE, len(end) + 1) - 1] == "the end"
    for number, line in enumerate(end, 2):
        found = places.line(FILE, number)
        assert 1 <= found <= len(after)
        if len(new) == 0:
            assert after[found - 1] == line


def finding(**facts: str) -> Finding:
    span = Span(FILE, 2, "show", 3)
    chain = (Step("show", span), Step("load", Span("app/other.py", 1)))
    return Finding(
        "DB001", "lazy-load", "db", "warning", 1.0, "measured", span, ("GET /",), "", "", "",
        chain=chain, facts=tuple(sorted(facts.items())),
    )  # fmt: skip


def test_a_finding_with_all_its_places() -> None:
    before = {FILE: "a\nb\nc\nd\n", "app/other.py": "x\ny\n"}
    after = {FILE: "a\nnew\nb\nc\nd\n", "app/other.py": "new\nnew\nx\ny\n"}
    old = finding(parent_line="2", parent_file="app/other.py", loop_line="4", relationship="A.b", kind="2")
    new = moved(before, after).finding(old)
    assert new.span == Span(FILE, 3, "show", 4)
    assert [step.span.line for step in new.chain] == [3, 3]
    assert (new.fact("parent_line"), new.fact("loop_line"), new.fact("kind")) == ("4", "5", "2")
    assert new.id == old.id
    assert moved(before, before).finding(old) == old


def test_places_inside_other_values_move_too() -> None:
    places = moved({FILE: "a\nb\n"}, {FILE: "new\na\nb\n"})
    routes = (Route("GET", "/", "app.main:show", Span(FILE, 2, "show"), True),)
    (found,) = places.everything(routes)
    assert found.span == Span(FILE, 3, "show")
    assert found.path == "/"


def test_a_file_that_can_not_be_read_moves_nothing() -> None:
    places = moved({}, {FILE: "a\n"})
    assert places.line(FILE, 7) == 7
    assert places.span(Span("", 0)) == Span("", 0)
    assert Moved(lambda name: Path("/nowhere").joinpath(name).read_text(), lambda name: "").line(FILE, 3) == 3
