"""Is the text of an exception worth hiding? That depends on its class, or on what the calls in its `try` lead to."""

from __future__ import annotations

from collections.abc import Mapping

from strop.project.function import Call
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.led import below
from strop.rules.unfailing import may_fail

_DATABASE = frozenset({"queries", "commits"})
_NO_SQL = ("pymongo.", "motor.", "redis.", "elasticsearch.", "opensearchpy.", "beanie.", "odmantic.")
_WORDLESS = ("MultipleResultsFound", "NoResultFound", "DoesNotExist")  # a constant text without a statement
_DRIVERS = (  # whose texts have statements, values, addresses or keys in them
    *(
        "sqlalchemy.",
        "sqlmodel.",
        "asyncpg.",
        "psycopg",
        "pymysql.",
        "MySQLdb.",
        "sqlite3.",
        "aiosqlite.",
        "pymongo.",
    ),
    *(
        "motor.",
        "redis.",
        "botocore.",
        "boto3.",
        "google.",
        "azure.",
        "elasticsearch.",
        "opensearchpy.",
        "kafka.",
        "jose.",
    ),
    *(
        "clickhouse_connect.",
        "neo4j.",
        "tortoise.",
        "peewee.",
        "django.",
        "ldap3.",
        "paramiko.",
        "subprocess.",
    ),
)


def is_telling(
    project: Project, mark: Mark, spoken: Mapping[str, set[str]], sure: frozenset[str] = frozenset()
) -> bool:
    """Whether it may be a statement with its values or a traceback, and no text that the project raises to be read.

    `spoken` has the exceptions of Python that each function raises with a text of its own, `sure` the functions that can't fail.
    """
    if mark.fact("trace"):
        return True
    if mark.fact("root"):
        return False
    calls = _tried(project, mark)
    if not mark.fact("broad"):
        named = mark.fact("caught").split(" or ")
        return any(n.startswith(_DRIVERS) and not n.endswith(_WORDLESS) for n in named)
    taken = set(mark.fact("taken").split(","))
    if not any(may_fail(project, c, sure) for c in calls):
        return False
    return any(_comes_to_sql(project, c) for c in calls) and not any(
        _is_spoken_below(project, c, spoken, taken) for c in calls
    )


def _comes_to_sql(project: Project, call: Call) -> bool:
    """Whether a call leads to statements of SQL: an exception about one has the statement and its values in it."""
    functions = (project.source.functions[function] for function in below(project, call))
    found = (each.effect for each in (call, *(c for f in functions for c in f.calls)))
    return any(e is not None and e.kind in _DATABASE and not e.name.startswith(_NO_SQL) for e in found)


def _is_spoken_below(project: Project, call: Call, spoken: Mapping[str, set[str]], taken: set[str]) -> bool:
    """Whether the called function raises a text of its own that nobody takes before; or, one further down, a bare `Exception`."""
    if spoken.get(call.target, set()) - taken:
        return True
    function = project.source.functions.get(call.target)
    return function is not None and any("Exception" in spoken.get(c.target, ()) for c in function.calls)


def _tried(project: Project, mark: Mark) -> list[Call]:
    """The calls in the `try`."""
    function = project.source.functions.get(mark.function)
    lines = range(int(mark.fact("first") or 0), int(mark.fact("last") or 0) + 1)
    return [c for c in function.calls if c.span.line in lines] if function is not None else []
