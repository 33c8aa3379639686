from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from strop.evidence import Block, Exchange, Phase, Query, RouteCost
from strop.report.code import covers, read_diff, read_excerpt
from strop.report.comparison import METRICS, RouteChange, compare_routes
from strop.report.excerpt import Excerpt
from strop.report.slope import NARROW, WIDE, Layout, draw_slopes, shorten, spread
from strop.report.waterfall import SIZES, Served, Size, brief, draw_waterfall, pick, repeated
from tests.report.sample import RESULT
from tests.report.shop_run import orders_exchange

QUERIES = METRICS[0]


def cost(route: str, queries: float) -> RouteCost:
    return RouteCost(route, 1, queries, int(queries), 0, 0, 0, 0, 0, 0, 0, 0, 0.1)


AMOUNTS = st.floats(0, 1e9, allow_nan=False).map(lambda n: n if n == 0 or n > 1e-3 else 0)


@pytest.mark.parametrize("layout", [WIDE, NARROW], ids=lambda layout: layout.name)
@given(pairs=st.lists(st.tuples(AMOUNTS, AMOUNTS), max_size=80))
def test_lines_stay_inside_and_keep_the_order_of_values(
    layout: Layout, pairs: list[tuple[float, float]]
) -> None:
    changes = [RouteChange(cost(f"GET /{n}", a), cost(f"GET /{n}", b)) for n, (a, b) in enumerate(pairs)]
    chart = draw_slopes(changes, QUERIES, layout)
    if chart is None:
        assert not any(a or b for a, b in pairs[:60])
        return
    before = {change.route: change.before.queries for change in changes}
    assert all(0 <= y <= layout.height for s in chart.slopes for y in (s.y_before, s.y_after))
    ordered = sorted(chart.slopes, key=lambda slope: -before[slope.route])
    heights = [slope.y_before for slope in ordered]
    assert heights == sorted(heights)


def test_a_log_scale_gives_equal_factors_equal_lengths() -> None:
    changes = [RouteChange(cost(f"GET /{n}", 10.0**n), cost(f"GET /{n}", 1.0)) for n in range(4)]
    chart = draw_slopes(changes, QUERIES, WIDE)
    assert chart
    heights = sorted(slope.y_before for slope in chart.slopes)
    steps = [b - a for a, b in pairwise(heights)]
    assert max(steps) - min(steps) < 0.5


def test_a_metric_that_was_not_measured_has_no_chart() -> None:
    result = replace(RESULT, base=replace(RESULT.base, latencies=()))
    assert draw_slopes(compare_routes(result), METRICS[3], WIDE) is None


def test_worse_and_unchanged_routes_are_told_apart() -> None:
    changes = [
        RouteChange(cost("GET /better", 10), cost("GET /better", 2)),
        RouteChange(cost("GET /same", 100), cost("GET /same", 103)),
        RouteChange(cost("GET /worse", 3), cost("GET /worse", 9)),
    ]
    chart = draw_slopes(changes, QUERIES, WIDE)
    assert chart
    assert {slope.route: slope.kind for slope in chart.slopes} == {
        "GET /better": "better",
        "GET /same": "same",
        "GET /worse": "worse",
    }
    assert "1 lower, 1 higher, 1 within a factor of 1.05" in chart.description


@given(st.lists(st.floats(30, 370), max_size=12).map(sorted))
def test_labels_never_overlap(anchors: list[float]) -> None:
    placed = spread(anchors, 17.0, 390.0)
    assert len(placed) == len(anchors)
    assert all(b - a >= 16.8 for a, b in pairwise(placed))
    assert all(y <= 390 for y in placed)


@given(st.text(min_size=1), st.integers(8, 60))
def test_shortened_text_fits(text: str, chars: int) -> None:
    assert len(shorten(text, chars)) <= max(chars, 0)


def test_parameters_of_a_path_go_first() -> None:
    assert shorten("GET /customers/{customer_id}/orders", 25) == "GET /customers/{…}/orders"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
def test_both_servings_share_one_time_scale(size: Size) -> None:
    served = Served(orders_exchange(final=False), orders_exchange(final=True))
    picture = draw_waterfall(served, size)
    before, after = picture.bands
    lengths = [band.end - size.left for band in (before, after)]
    expected = served.before.duration / served.after.duration
    assert lengths[0] / lengths[1] == pytest.approx(expected, rel=0.02)
    for band in picture.bands:
        for lane in band.lanes:
            assert all(size.left <= bar.x and bar.x + bar.width <= size.right + 1.6 for bar in lane.bars)
    assert picture.height > after.lanes[-1].y


def test_the_request_that_gained_most_is_picked_without_its_secrets() -> None:
    served = pick(RESULT)
    assert served
    assert served.route == "GET /orders"
    assert "canary" not in served.before.path


def test_no_pair_of_servings_no_picture() -> None:
    assert pick(replace(RESULT, final=None)) is None
    assert pick(replace(RESULT, base=replace(RESULT.base, exchanges=()))) is None


def test_blocks_lie_where_they_happened_or_say_that_it_is_not_known() -> None:
    exchange = Exchange(
        "c", "GET /", "GET", "/", 200, 1_000, 10, blocks=(Block(100, 90, ()), Block(200, 90, (), "", 500))
    )
    picture = draw_waterfall(Served(exchange, exchange), SIZES[0])
    lane = picture.bands[0].lanes[-1]
    unknown, known = lane.bars
    assert "when is not known" in unknown.title
    middle = (SIZES[0].left + SIZES[0].right) / 2
    assert known.x == pytest.approx(middle, abs=1)


def test_an_empty_request_can_be_drawn() -> None:
    exchange = Exchange("c", "GET /", "GET", "/", 204, 0, 0)
    assert draw_waterfall(Served(exchange, exchange), SIZES[1]).height > 0


@given(
    st.lists(st.tuples(st.integers(-50, 10**7), st.integers(0, 10**7)), max_size=20),
    st.integers(0, 10**6),
)
def test_bars_that_outlive_the_request_are_clipped(stretches: list[tuple[int, int]], duration: int) -> None:
    queries = tuple(Query("SELECT 1", max(start, 0), spent, 1, None) for start, spent in stretches)
    phases = tuple(Phase("handler", "a:b", max(start, 0), spent, True, 70) for start, spent in stretches)
    exchange = Exchange("c", "GET /", "GET", "/", 200, duration, 1, phases=phases, queries=queries)
    for size in SIZES:
        for band in draw_waterfall(Served(exchange, exchange), size).bands:
            for lane in band.lanes:
                assert all(size.left <= bar.x <= size.right for bar in lane.bars)
                assert all(bar.x + bar.width <= size.right + 1.6 for bar in lane.bars)


def test_statements_are_counted_with_their_cause() -> None:
    lazy, first = repeated(orders_exchange(final=False))
    assert (lazy.times, lazy.rows) == (200, 1_200)
    assert lazy.cause == "lazy load of Order.items, shop/schemas.py:41"
    assert first.times == 1


DIFF = """\
diff --git a/shop/a.py b/shop/a.py
--- a/shop/a.py
+++ b/shop/a.py
@@ -10,4 +10,5 @@ def f():
 same
--- not a header
+++ neither
+added
 end
"""


def test_a_diff_is_numbered_on_both_sides() -> None:
    diff = read_diff(DIFF)
    assert [(line.kind, line.old, line.new) for line in diff.lines] == [
        ("file", 0, 0),
        ("hunk", 0, 0),
        ("same", 10, 10),
        ("remove", 11, 0),
        ("add", 0, 11),
        ("add", 0, 12),
        ("same", 12, 13),
    ]
    assert (diff.added, diff.removed, diff.hidden) == (2, 1, 0)


def test_what_differs_inside_a_line_is_marked() -> None:
    diff = read_diff(RESULT.changes[0].diff)
    added = next(line for line in diff.lines if line.kind == "add")
    assert [piece.text for piece in added.pieces if piece.kind] == [".options(selectinload(Order.items))"]


@given(st.text(), st.text())
def test_no_character_of_a_diff_is_lost(before: str, after: str) -> None:
    one, other = (" ".join(text.split()) for text in (before, after))
    diff = read_diff(f"@@ -1,1 +1,1 @@\n-{one}\n+{other}\n")
    shown = {line.kind: "".join(piece.text for piece in line.pieces) for line in diff.lines}
    if len(one) < 200 and len(other) < 200:
        assert (shown["remove"], shown["add"]) == (one, other)


@given(st.lists(st.text().map(lambda text: " ".join(text.split())), min_size=1, max_size=8))
def test_no_line_of_source_is_lost(lines: list[str]) -> None:
    shown = read_excerpt(Excerpt("a.py", 5, tuple(lines), (6,)))
    assert ["".join(piece.text for piece in line.pieces) for line in shown] == lines
    assert [line.number for line in shown] == list(range(5, 5 + len(lines)))
    assert [line.number for line in shown if line.marked] == ([6] if len(lines) > 1 else [])


def test_of_many_columns_the_first_is_named() -> None:
    columns = ", ".join(f"orders.c{n}" for n in range(20))
    nested = (
        f"SELECT (SELECT max(a, b) FROM t) AS x, {columns} FROM orders WHERE id IN (__[POSTCOMPILE_id_1])"
    )
    assert brief(nested) == "SELECT (SELECT max(a, b) FROM t) AS x … 20 more FROM orders WHERE id IN (…)"
    assert brief("SELECT  a,\n b FROM t") == "SELECT a, b FROM t"
    assert brief("INSERT INTO t (a, b) VALUES (?, ?)") == "INSERT INTO t (a, b) VALUES (?, ?)"


def test_a_stall_does_not_outlast_its_request() -> None:
    exchange = orders_exchange(final=False)
    late = replace(exchange, blocks=(Block(exchange.duration * 2, 0, (), start=exchange.duration // 2),))
    band = draw_waterfall(Served(late, late), SIZES[0]).bands[0]
    bar = band.lanes[-1].bars[0]
    assert bar.x + bar.width <= band.end + 0.2


def test_a_diff_shows_the_wanted_files_and_knows_what_it_covers() -> None:
    text = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n-x = 1\n+x = 2\n y = 3\n--- /dev/null\n+++ b/t.py\n@@ -0,0 +1 @@\n+z\n"
    assert [line.kind for line in read_diff(text, lambda file: file == "t.py").lines] == [
        "file",
        "hunk",
        "add",
    ]
    assert covers(text, Excerpt("a.py", 1, ("x = 1",), (1, 2)))
    assert not covers(text, Excerpt("a.py", 1, ("x = 1",), (3,)))
    assert not covers(text, Excerpt("b.py", 1, ("x = 1",), (1,)))
