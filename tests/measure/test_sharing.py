"""Equal statements and places of exchanges are one object, and nothing else changes."""

from __future__ import annotations

import msgspec

from strop.evidence import Exchange, Query
from strop.measure.sharing import share
from strop.span import Span

HERE = Span("app/main.py", 5, "show")
MADE = Exchange(
    "c1",
    "GET /",
    "GET",
    "/",
    200,
    1,
    1,
    queries=(Query("select 1", 0, 1, 2, HERE, stack=(HERE,)), Query("x", 0, 1, 2, None)),
)


def read() -> Exchange:
    return msgspec.json.decode(msgspec.json.encode(MADE), type=Exchange)


def test_what_two_exchanges_have_in_common_is_kept_once() -> None:
    one, other = share(read()), share(read())
    assert one == other == MADE
    assert one.queries[0].statement is other.queries[0].statement
    assert (
        one.queries[0].span is other.queries[0].span is one.queries[0].stack[0] is other.queries[0].stack[0]
    )
