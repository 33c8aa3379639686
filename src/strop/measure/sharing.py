"""Equal statements and places of many exchanges, kept once: a run repeats a few of them tens of thousands of times."""

from __future__ import annotations

import sys
from functools import lru_cache

from msgspec.structs import replace

from strop.evidence import Exchange
from strop.span import Span


def share(exchange: Exchange) -> Exchange:
    """The same exchange; what its queries have in common with those before takes no room again."""
    queries = tuple(
        replace(
            query,
            statement=sys.intern(query.statement),
            span=query.span and _first(query.span),
            stack=tuple(map(_first, query.stack)),
        )
        for query in exchange.queries
    )
    return replace(exchange, queries=queries)


@lru_cache(maxsize=1 << 16)
def _first(span: Span) -> Span:
    """The first span that was equal to this one."""
    return span
