from __future__ import annotations

import json
import socket
import sqlite3
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.probe_drive.process import Oracle
from tests.probe_drive.process_code import run_code

START = """
    from strop.probe import ask, servers, sqlite_files
    ask.install({socket!r}); servers.install(); sqlite_files.install(redirect=True)
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    path = tmp_path / "clone.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (name TEXT)")
        connection.execute("INSERT INTO t VALUES ('clone')")
    connection.close()
    return path


@pytest.fixture
def oracle(clone: Path) -> Iterator[Oracle]:
    def answer(question: dict[str, Any]) -> dict[str, Any]:
        if question["ask"] == "sqlite":
            return {"path": str(clone)}
        if question["host"] == "forbidden":
            return {"refuse": "forbidden is not local"}
        return {**question, "host": "127.0.0.1", "port": str(listener.port), "database": "clone"}

    listener = _Listener()
    oracle = Oracle(answer)
    oracle.listener = listener  # type: ignore[attr-defined]
    yield oracle
    oracle.close()
    listener.close()


class _Listener:
    """Counts connections and hangs up at once."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.count = 0
        self._open = True
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while self._open:
            connection, _ = self._socket.accept()
            self.count += 1
            connection.close()

    def close(self) -> None:
        self._open = False
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._socket.close()


@pytest.mark.parametrize(
    "opened",
    [
        "sqlite3.connect('data.db')",
        "sqlite3.dbapi2.connect(b'data.db')",
        "sqlite3.connect(pathlib.Path('data.db'))",
        "sqlite3.connect(database=str(pathlib.Path('data.db').absolute()))",
        "sqlite3.connect('file:data.db?mode=ro', uri=True)",
        "sqlite3.connect(f'file:{pathlib.Path.cwd()}/data.db?mode=ro&cache=private', uri=True)",
        "sqlite3.connect(f'file://localhost{pathlib.Path.cwd()}/data.db', uri=True)",
        "sqlalchemy.create_engine('sqlite:///data.db').raw_connection()",
    ],
)
def test_a_file_is_replaced_by_the_answer(opened: str, oracle: Oracle, tmp_path: Path) -> None:
    result = run_code(
        START.format(socket=oracle.path)
        + f"""
    import sqlite3, sqlite3.dbapi2, pathlib, sqlalchemy
    connection = {opened}
    result = connection.cursor().execute("SELECT name FROM t").fetchall()
    connection.close()
    """,
        tmp_path,
    )
    assert result == [["clone"]]
    assert oracle.questions == [{"ask": "sqlite", "path": str(tmp_path / "data.db")}]
    assert not (tmp_path / "data.db").exists()


def test_aiosqlite_is_redirected_too(oracle: Oracle, tmp_path: Path) -> None:
    result = run_code(
        START.format(socket=oracle.path)
        + """
    import asyncio, aiosqlite
    async def read():
        async with aiosqlite.connect("data.db") as connection:
            async with connection.execute("SELECT name FROM t") as cursor:
                return await cursor.fetchall()
    result = asyncio.run(read())
    """,
        tmp_path,
    )
    assert result == [["clone"]]
    assert not (tmp_path / "data.db").exists()


def test_a_question_is_asked_once_and_memory_not_at_all(oracle: Oracle, tmp_path: Path) -> None:
    run_code(
        START.format(socket=oracle.path)
        + """
    import sqlite3
    for name in ("data.db", "data.db", ":memory:", ""):
        sqlite3.connect(name).close()
    sqlite3.connect("file::memory:?cache=shared", uri=True).close()
    sqlite3.connect("file:x?mode=memory", uri=True).close()
    result = True
    """,
        tmp_path,
    )
    assert len(oracle.questions) == 1


def test_a_file_opened_around_connect_is_refused(oracle: Oracle, tmp_path: Path) -> None:
    result = run_code(
        START.format(socket=oracle.path)
        + """
    import sqlite3
    try:
        sqlite3.Connection("data.db")
    except ConnectionRefusedError as error:
        result = str(error)
    """,
        tmp_path,
    )
    assert "data.db" in result
    assert not (tmp_path / "data.db").exists()


SERVERS = {
    "psycopg": """
import psycopg
psycopg.connect("postgresql://u:p@{host}:6000/app?sslmode=require")
""",
    "psycopg keywords": """
import psycopg
psycopg.connect(host="{host}", port=6000, user="u", password="p", dbname="app")
""",
    "psycopg async": """
import asyncio, psycopg
asyncio.run(psycopg.AsyncConnection.connect("host={host} port=6000 user=u password=p dbname=app"))
""",
    "asyncpg": """
import asyncio, asyncpg
asyncio.run(asyncpg.connect("postgresql://u:p@{host}:6000/app", timeout=5))
""",
    "asyncpg pool": """
import asyncio, asyncpg
async def pool():
    async with asyncpg.create_pool(host="{host}", port=6000, user="u", password="p", database="app"):
        pass
asyncio.run(pool())
""",
    "sqlalchemy": """
import sqlalchemy
sqlalchemy.create_engine("postgresql+psycopg://u:p@{host}:6000/app").connect()
""",
    "sqlalchemy async": """
import asyncio, sqlalchemy.ext.asyncio
async def go():
    engine = sqlalchemy.ext.asyncio.create_async_engine("postgresql+asyncpg://u:p@{host}:6000/app")
    async with engine.connect():
        pass
asyncio.run(go())
""",
}


def _connect(code: str, host: str, oracle: Oracle, tmp_path: Path) -> str:
    body = textwrap.indent(code.format(host=host), " " * 8)
    result = run_code(
        START.format(socket=oracle.path)
        + f"""
    import warnings
    warnings.simplefilter("ignore")
    result = "connected"
    try:
{body}
    except Exception as error:
        result = f"{{type(error).__name__}}: {{error}}"
    """,
        tmp_path,
    )
    assert isinstance(result, str)
    return result


@pytest.mark.parametrize("driver", SERVERS)
def test_a_server_is_replaced_by_the_answer(driver: str, oracle: Oracle, tmp_path: Path) -> None:
    answer = _connect(SERVERS[driver], "db.example.com", oracle, tmp_path)
    listener: _Listener = oracle.listener  # type: ignore[attr-defined]
    assert listener.count > 0, answer
    question = {"ask": "server", "dialect": "postgresql", "host": "db.example.com", "port": "6000"}
    assert [json.dumps(each, sort_keys=True) for each in oracle.questions] == [
        json.dumps({**question, "user": "u", "password": "p", "database": "app"}, sort_keys=True)
    ]


@pytest.mark.parametrize("driver", SERVERS)
def test_a_refused_server_is_not_reached(driver: str, oracle: Oracle, tmp_path: Path) -> None:
    answer = _connect(SERVERS[driver], "forbidden", oracle, tmp_path)
    assert "forbidden is not local" in answer
    listener: _Listener = oracle.listener  # type: ignore[attr-defined]
    assert listener.count == 0


def test_libpq_takes_what_is_missing_from_its_variables(oracle: Oracle, tmp_path: Path) -> None:
    code = "import os, psycopg\nos.environ['PGHOST'] = 'from.env'\npsycopg.connect('dbname=app')"
    _connect(code, "", oracle, tmp_path)
    assert oracle.questions[0]["host"] == "from.env"
    assert oracle.questions[0]["database"] == "app"


@pytest.mark.parametrize("module", ["pymysql", "aiomysql", "MySQLdb"])
def test_mysql_drivers_are_asked_for(module: str, oracle: Oracle, tmp_path: Path) -> None:
    """No MySQL here: a class with the drivers' signature stands for them."""
    package = tmp_path / module
    package.mkdir()
    (package / "__init__.py").write_text("")
    name = "connection" if module == "aiomysql" else "connections"
    (package / f"{name}.py").write_text(
        "class Connection:\n"
        "    def __init__(self, host=None, user=None, password='', database=None, port=0, **more):\n"
        "        self.seen = [host, port, user, database, more]\n"
    )
    result = run_code(
        START.format(socket=oracle.path)
        + f"""
    from {module}.{name} import Connection
    result = Connection("db.example.com", "u", db="app", charset="utf8").seen
    """,
        tmp_path,
    )
    listener: _Listener = oracle.listener  # type: ignore[attr-defined]
    assert result == ["127.0.0.1", listener.port, "u", None, {"charset": "utf8", "db": "clone"}]
