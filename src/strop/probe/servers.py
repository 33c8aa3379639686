"""Which database server does a connection reach: the answer to a question, whatever the driver.

Every driver's own way to connect is replaced when it is imported; SQLAlchemy's `DefaultDialect.connect`
covers drivers that are not known here.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from .ask import ask
from .late import when_imported

_Names = dict[str, tuple[str, ...]]  # our key -> the driver's names for it, the preferred one first

_LIBPQ: _Names = {
    "host": ("host",), "port": ("port",), "user": ("user",), "password": ("password",),
    "database": ("dbname", "database"),
}  # fmt: skip
_MYSQL: _Names = {
    "host": ("host",), "port": ("port",), "user": ("user",), "password": ("password", "passwd"),
    "database": ("database", "db"),
}  # fmt: skip
_ANY: _Names = {
    "host": ("host", "server", "hostname"), "port": ("port",), "user": ("user", "username"),
    "password": ("password", "passwd"), "database": ("database", "dbname", "db"),
}  # fmt: skip

_NO_TLS = {"sslmode": "disable"}

_answered: set[tuple[str, str, str]] = set()  # host, port, database that came from an answer: not asked again


def install() -> None:
    """Replace what connects, in every driver that is or will be imported."""
    when_imported("psycopg", _patch_psycopg)
    when_imported("psycopg2", _patch_psycopg2)
    when_imported("asyncpg.connect_utils", _patch_asyncpg)
    for name in ("pymysql.connections", "MySQLdb.connections"):
        when_imported(name, _patch_mysql_class)
    when_imported("aiomysql.connection", _patch_mysql_class)
    when_imported("sqlalchemy.engine.default", _patch_sqlalchemy)


def where_to(dialect: str, given: dict[str, Any]) -> dict[str, Any] | None:
    """The values to use instead of `given` (host, port, user, password, database), None to leave them.

    Raises ConnectionRefusedError when strop refuses the server.
    """
    values = {key: None if given.get(key) is None else str(given[key]) for key in _ANY}
    if _place(values) in _answered:
        return None
    answer = ask({"ask": "server", "dialect": dialect, **values})
    chosen = {key: answer.get(key, values[key]) for key in _ANY}
    _answered.add(_place(chosen))
    if chosen["port"] is not None:
        chosen["port"] = int(chosen["port"])
    return chosen


def _place(values: dict[str, Any]) -> tuple[str, str, str]:
    return str(values["host"]), str(values["port"]), str(values["database"])


def _redirect(
    dialect: str, names: _Names, known: dict[str, Any], kwargs: dict[str, Any], plain: dict[str, Any]
) -> dict[str, Any]:
    """`kwargs` of a driver's connect with the answer; `known` is what a DSN or the environment says.

    `plain` turns TLS off in the driver's words: it is added when the host changes, for a clone is local.
    """
    given = dict(known)
    for key, spellings in names.items():
        for spelling in spellings:
            if kwargs.get(spelling) is not None:
                given[key] = kwargs[spelling]
    chosen = where_to(dialect, given)
    if chosen is None:
        return kwargs
    changed = {
        name: value for name, value in kwargs.items() if not any(name in each for each in names.values())
    }
    for key, spellings in names.items():
        if chosen[key] is not None:
            changed[next((name for name in spellings if name in kwargs), spellings[0])] = chosen[key]
    return changed if str(given.get("host")) == str(chosen["host"]) else changed | plain


def _libpq_known(dsn: dict[str, Any]) -> dict[str, Any]:
    """What libpq would use: the DSN, then its environment variables."""
    known = {key: os.environ.get(f"PG{key.upper()}") for key in _LIBPQ}
    for key, spellings in _LIBPQ.items():
        for spelling in spellings:
            known[key] = dsn.get(spelling) or known[key]
    known["host"] = known["host"] or dsn.get("hostaddr") or os.environ.get("PGHOSTADDR")
    return known


def _patch_psycopg(module: ModuleType) -> None:
    def patch(cls: Any) -> None:
        original = cls.connect.__func__

        def arguments(conninfo: str, kwargs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
            dsn = module.conninfo.conninfo_to_dict(conninfo)
            changed = _redirect("postgresql", _LIBPQ, _libpq_known(dsn), kwargs, _NO_TLS)
            if changed is not kwargs:
                kept = {key: value for key, value in dsn.items() if key not in ("hostaddr", "service")}
                conninfo = module.conninfo.make_conninfo("", **kept)
            return conninfo, changed

        if inspect.iscoroutinefunction(original):

            async def connect_async(cls: Any, /, conninfo: str = "", **kwargs: Any) -> Any:
                conninfo, kwargs = arguments(conninfo, kwargs)
                return await original(cls, conninfo, **kwargs)

            cls.connect = classmethod(connect_async)
            return

        def connect(cls: Any, /, conninfo: str = "", **kwargs: Any) -> Any:
            conninfo, kwargs = arguments(conninfo, kwargs)
            return original(cls, conninfo, **kwargs)

        cls.connect = classmethod(connect)

    patch(module.Connection)
    patch(module.AsyncConnection)
    module.connect = module.Connection.connect  # type: ignore[attr-defined]


def _patch_psycopg2(module: ModuleType) -> None:
    original = module.connect

    def connect(
        dsn: str | None = None, connection_factory: Any = None, cursor_factory: Any = None, **kwargs: Any
    ) -> Any:
        known = _libpq_known(module.extensions.parse_dsn(dsn) if dsn else {})
        changed = _redirect("postgresql", _LIBPQ, known, kwargs, _NO_TLS)
        return original(dsn, connection_factory, cursor_factory, **changed)

    module.connect = connect  # type: ignore[attr-defined]


def _patch_asyncpg(module: ModuleType) -> None:
    original = module._parse_connect_arguments
    names = {**_LIBPQ, "database": ("database",)}

    def parse(*, dsn: str | None = None, **kwargs: Any) -> Any:
        url = urlsplit(dsn or "")
        of_dsn = {
            "host": url.hostname, "port": url.port, "user": url.username, "password": url.password,
            "dbname": url.path.lstrip("/"),
        }  # fmt: skip
        changed = _redirect("postgresql", names, _libpq_known(of_dsn), kwargs, {"ssl": False})
        return original(dsn=dsn, **{**dict.fromkeys(set(kwargs) - set(changed)), **changed})

    module._parse_connect_arguments = parse  # type: ignore[attr-defined]


def _patch_mysql_class(module: ModuleType) -> None:
    """pymysql, MySQLdb and aiomysql: the connection's constructor takes everything by name."""
    cls = module.Connection
    original: Callable[..., None] = cls.__init__
    known = inspect.signature(original).parameters.values()
    positions = [each.name for each in known if each.kind is each.POSITIONAL_OR_KEYWORD][1:]

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        named = dict(zip(positions, args, strict=False)) | kwargs
        path = named.get("unix_socket")
        changed = _redirect("mysql", _MYSQL, {"host": path} if path else {}, named, {})
        if changed is not named:
            changed.pop("unix_socket", None)
            if str(changed.get("host")).startswith("/"):
                changed |= {"host": "localhost", "unix_socket": changed["host"]}
        original(self, **changed)

    cls.__init__ = init


def _patch_sqlalchemy(module: ModuleType) -> None:
    """Drivers that are not known above are asked for where SQLAlchemy connects."""
    original = module.DefaultDialect.connect
    known = {"psycopg", "psycopg2", "asyncpg", "pymysql", "mysqldb", "aiomysql", "pysqlite", "aiosqlite"}

    def connect(self: Any, *cargs: Any, **cparams: Any) -> Any:
        if self.driver not in known and self.name != "sqlite":
            cparams = _redirect(self.name, _ANY, {}, cparams, {})
        return original(self, *cargs, **cparams)

    module.DefaultDialect.connect = connect
