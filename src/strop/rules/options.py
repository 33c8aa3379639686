"""Which ways are there to remove a cause? One to three options a code, the smallest change first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from strop.finding import Finding
from strop.plan import Option
from strop.rules.wording import number, time

_THREAD = Option(
    "hand the call to the thread pool",
    "wrap_blocking_call",
    expected="the loop is free while the call waits",
    risk="the call runs beside others: what it shares must be safe for threads",
)
_SYNC = Option(
    "def in place of async def",
    "make_handler_sync",
    expected="FastAPI runs the whole handler in a thread",
    risk="the handler runs beside others: what it shares must be safe for threads",
)
_ASYNC_LIBRARY = Option(
    "an asynchronous library in its place",
    complexity="medium",
    risk="medium",
    expected="no thread and no wait on the loop",
)


def _load(finding: Finding) -> tuple[Option, ...]:
    key = finding.fact("relationship")
    fewer = f"{number(finding.cost.queries)} statements a request less"
    at_query = Option(f"selectinload({key}) where the owners are loaded", "load_relationship", expected=fewer)
    join = Option(f"joinedload({key}) where the owners are loaded", "load_relationship", expected=fewer)
    model = Option(
        f'lazy="selectin" for {key} in the model',
        "load_relationship",
        risk="medium: every other statement that loads the owners loads it too",
        expected=fewer,
    )
    return (at_query, model) if finding.fact("uselist") == "true" else (at_query, join, model)


def _multiplied(finding: Finding) -> tuple[Option, ...]:
    fewer = f"{number(finding.cost.rows)} rows a request less"
    return (
        Option("selectinload where the owners are loaded", "load_relationship", expected=fewer),
        Option(
            'lazy="selectin" in the model',
            "load_relationship",
            risk="low: the same collections, by statements of their own, wherever they are loaded",
            expected=fewer,
        ),
    )


def _index(finding: Finding) -> tuple[Option, ...]:
    columns = f"{finding.fact('table')} ({finding.fact('columns')})"
    return (
        Option(
            f"an index on {columns}, in the model and as a migration",
            "add_index",
            risk="low: each write to the table keeps one index more",
            expected=f"{finding.fact('rows') or 'all'} rows no longer scanned",
        ),
    )


def _limit(finding: Finding) -> tuple[Option, ...]:
    table = finding.fact("table")
    return (
        Option(
            "limit and offset with a default page and an enforced maximum",
            complexity="low",
            risk="medium",
            compatibility="breaking",
            expected=f"a page in place of {finding.fact('rows')} rows of {table}",
        ),
        Option(
            "keyset pagination (rows after the last id seen)",
            complexity="medium",
            risk="medium",
            compatibility="breaking",
            expected="every page costs the same, however far down the list",
        ),
        Option(
            "leave the answer whole and stream it",
            complexity="medium",
            risk="low",
            compatibility="compatible",
            expected="the same bytes, flat memory, a first byte at once",
        ),
    )


def _commit(finding: Finding) -> tuple[Option, ...]:
    return (
        Option(
            "one commit after the loop",
            risk="medium: a row that fails takes the others with it",
            compatibility="breaking",
            expected="one transaction in place of one a row",
        ),
        Option(
            "a savepoint for each row and one commit after the loop",
            complexity="medium",
            risk="low",
            compatibility="compatible",
            expected="one transaction; a row that fails is left out alone",
        ),
    )


def _held(finding: Finding) -> tuple[Option, ...]:
    return (
        Option(
            "ask the other service before the first statement",
            risk="low: when the row does not exist the service was asked in vain",
            compatibility="compatible",
            expected="no connection is idle while the service answers",
        ),
        Option(
            "end the transaction before the call",
            risk="medium: what was read can change meanwhile",
            compatibility="compatible",
            expected="no connection is idle while the service answers",
        ),
    )


def _gather(finding: Finding) -> tuple[Option, ...]:
    return (
        Option(
            "asyncio.gather or a TaskGroup for the independent calls",
            risk="medium: both are made even when the first one fails",
            compatibility="compatible",
            expected=f"{time(finding.cost.total)} less over the run"
            if finding.cost.total
            else "the longest alone",
        ),
    )


def _one(option: Option) -> Callable[[Finding], tuple[Option, ...]]:
    return lambda _: (option,)


_OPTIONS: Mapping[str, Callable[[Finding], tuple[Option, ...]]] = {
    "ASY001": lambda _: (_THREAD, _SYNC, _ASYNC_LIBRARY),
    "ASY002": lambda _: (_THREAD, _SYNC),
    "ASY003": lambda f: (_THREAD if f.fact("shared") else _SYNC,),
    "ASY004": _one(
        Option(
            "async def in place of def",
            "make_dependency_async",
            expected="a hop to the thread pool less each time",
        )
    ),
    "ASY005": _gather,
    "DB001": _load,
    "DB002": _one(
        Option(
            "one statement for all keys before the loop",
            "batch_query",
            complexity="medium",
            expected="one statement in place of one a turn",
        )
    ),
    "DB003": _multiplied,
    "DB004": _one(
        Option(
            "leave the loader option out where nobody reads the relationship",
            risk="medium: a reader that no request of the run reached would load lazily",
            expected="a statement and its rows less",
        )
    ),
    "DB005": _index,
    "DB006": _one(
        Option(
            "select(func.count()) with the same conditions",
            "count_in_database",
            expected="one row in place of all",
        )
    ),
    "DB007": _commit,
    "DB008": _limit,
    "DB009": _one(
        Option(
            "pool_size as high as the threads, no overflow",
            "set_pool",
            risk="low: workers x pool_size must stay below the server's max_connections",
            expected="no thread waits for a connection",
        )
    ),
    "DB010": _held,
    "RUN001": _one(
        Option(
            "build it once for the process",
            "build_once",
            risk="low: it must be safe to share, and is closed at shutdown",
            expected="what building takes, for each request",
        )
    ),
    "MID001": _one(
        Option(
            "a pure ASGI middleware in its place",
            complexity="medium",
            risk="medium: streaming, background tasks and context variables behave as without it",
            expected="a task and a stream less for each request",
        )
    ),
}


def options(finding: Finding) -> tuple[Option, ...]:
    """One to three ways to remove the cause; for a code of somebody's own the finding's solution alone."""
    made = _OPTIONS.get(finding.code)
    return made(finding) if made is not None else (Option(finding.solution),)
