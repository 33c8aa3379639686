"""Is an answer near? One row of a database that is a file, one key of Redis, one message for a queue: a moment each."""

from __future__ import annotations

from collections.abc import Iterator

from strop.project.body import Body
from strop.project.function import Call, Effect
from strop.project.mark import Mark
from strop.project.project import Project

_FILES = frozenset(
    {"SqliteDatabase", "SqliteExtDatabase", "CSqliteExtDatabase", "SqliteQueueDatabase", "APSWDatabase"}
    | {"PooledSqliteDatabase", "PooledSqliteExtDatabase", "CySqliteDatabase"}
)  # fmt: skip
_SERVERS = frozenset(
    {"PostgresqlDatabase", "MySQLDatabase", "PostgresqlExtDatabase", "PooledPostgresqlDatabase", "PooledMySQLDatabase"}
    | {"CockroachDatabase", "MariaDBConnectorDatabase", "MySQLConnectorDatabase", "ReconnectMySQLDatabase"}
    | {"Psycopg3Database", "PooledPostgresqlExtDatabase"}
)  # fmt: skip
WORDS = _FILES | _SERVERS
_KIND = "peewee"
_ONE_ROW = frozenset(
    {"get", "get_or_none", "get_by_id", "get_or_create", "fetchone", "connect", "execute", "atomic"}
    | {"scalar", "first", "one", "one_or_none"}
)  # fmt: skip

_MEMORY = ("redis.Redis.", "redis.client.Redis.", "redis.cluster.RedisCluster.", "pymemcache.")
_LONG = frozenset(
    {"keys", "scan_iter", "hscan_iter", "sscan_iter", "zscan_iter", "flushall", "flushdb", "sort", "eval", "evalsha"}
    | {"hgetall", "smembers", "lrange", "zrange", "sinter", "sunion", "sdiff", "mget", "wait", "save", "script_load"}
    | {"blpop", "brpop", "blmove", "brpoplpush", "bzpopmin", "bzpopmax", "xread", "xreadgroup", "xrange"}
)  # fmt: skip
_ENQUEUES = frozenset({"send_task", "apply_async", "delay", "enqueue", "enqueue_call"})
_QUEUES = ("celery.", "rq.", "dramatiq.")


def databases(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for each database that peewee is given."""
    for call in body.calls(*WORDS):
        name = body.name(call.func)
        if name.startswith(("peewee.", "playhouse.")):
            yield body.mark(rule, call, kind=_KIND, file=name.rpartition(".")[2] in _FILES)


class Nearby:
    """What one project's databases are."""

    def __init__(self, project: Project, rule: str) -> None:
        made = [m for m in project.source.marks.get(rule, ()) if m.fact("kind") == _KIND]
        self._peewee = bool(made) and all(m.fact("file") for m in made)
        engines = [e for e in project.imported.engines if e.kept and not e.is_async]
        self._engines = bool(engines) and all(e.url.startswith("sqlite") for e in engines)

    def has(self, call: Call) -> bool:
        """Whether a call asks a database that is a file, as all of the project's are."""
        library = call.effect.name.partition(".")[0] if call.effect is not None else ""
        if library in ("sqlalchemy", "sqlmodel"):
            return self._engines
        return library in ("sqlite3", "duckdb") or (library == "peewee" and self._peewee)


def is_one_row(call: Call) -> bool:
    """Whether a call asks for one row, once."""
    return call.name.rpartition(".")[2] in _ONE_ROW and not call.loop


def is_brief(call: Call, effect: Effect) -> bool:
    """Whether a call asks a store in memory for one key, or gives a queue one message, and not again and again."""
    name = call.name.rpartition(".")[2]
    asks = effect.name.startswith(_MEMORY) and name not in _LONG
    return not call.loop and (asks or (effect.name.startswith(_QUEUES) and name in _ENQUEUES))
