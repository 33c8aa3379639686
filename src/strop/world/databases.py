"""Which clone stands for which database of the application, in one instance of a world."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from strop.cell import RowChange
from strop.problem import Problem
from strop.world import mysql, mysql_state, postgres, postgres_state, sqlite
from strop.world.address import Address, answers
from strop.world.ask import Answer, Question
from strop.world.beside import print_of
from strop.world.own_server import OwnServer
from strop.world.postgres_print import UNKNOWN, print_database
from strop.world.redis_server import RedisServer
from strop.world.redis_state import RedisState

LOCAL = frozenset({"", "127.0.0.1", "localhost", "::1", "0.0.0.0"})


class State(Protocol):
    """A database that can be put back to how it was."""

    def keep(self) -> None:
        """Remember the present state."""

    def changes(self) -> tuple[RowChange, ...]:
        """Rows that differ from the kept state."""

    def restore(self) -> None:
        """Put the kept state back."""

    def is_held(self) -> bool:
        """Whether a connection left a transaction open that writes."""

    def sizes(self) -> dict[str, int]:
        """Rows of each table in the kept state."""

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Columns of each table in the kept state, by the name that differences give it."""

    def sample(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """Values of a column, spread over its rows."""

    def busiest(self, table: str, column: str) -> str:
        """The value that most rows share."""

    def latest(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """Values of the rows that lie last."""

    def row(self, table: str, column: str, value: str) -> dict[str, Any]:
        """A row of the kept state in which the column has this value; empty without one."""

    def execute(self, statements: Sequence[str]) -> None:
        """Change the schema of the clone."""

    def close(self) -> None:
        """Let go of it."""


class Original(Struct, frozen=True):
    """A database of the user's that an application asked for outside its folder, and a print of what was in it.

    `place` is a file's path, or host, port and database of a server; the print is "" where there is nothing, and "?"
    where nobody can tell.
    """

    place: str
    print: str


class Originals:
    """The user's databases, each copied once, at the first question, into a pristine state.

    Every instance starts from the pristine copy, so a database that changes while strop runs gives
    the same evidence, and the user's own is opened once, for reading.
    """

    def __init__(self, folder: Path, allow_remote: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self._allow = LOCAL | set(allow_remote)
        self._lock = threading.Lock()
        self._files: dict[Path, Path | None] = {}
        self._servers: dict[tuple[str, int, str], Address] = {}
        self._layouts: dict[tuple[str, int, str], postgres_state.Layout] = {}
        self._mysql: dict[Address, Address] = {}
        self._embedded: OwnServer | None = None
        self._prints: dict[Path, str] = {}

    def known(self) -> tuple[Original, ...]:
        """Every database that was asked for, as it was when it was copied."""
        with self._lock:
            files = [Original(str(path), told) for path, told in self._prints.items()]
            servers = [
                Original(f"{host}:{port}/{database}", print_database(pristine))
                for (host, port, database), pristine in self._servers.items()
            ]
            others = [Original(f"{each.host}:{each.port}/{each.database}", UNKNOWN) for each in self._mysql]
        return tuple(sorted((*files, *servers, *others), key=lambda original: original.place))

    def file(self, path: Path) -> Path | None:
        """The pristine copy of a SQLite file, None when there is no such file."""
        with self._lock:
            if path not in self._files:
                kept = self.folder / "pristine" / f"{_key(path)}-{path.name}"
                found = path.is_file() and path.stat().st_size > 0
                self._prints[path] = print_of(path)
                if found:
                    sqlite.copy(path, kept)
                self._files[path] = kept if found else None
            return self._files[path]

    def server(self, asked: Address) -> tuple[Address, postgres_state.Layout]:
        """The pristine copy of a database on a server, and how its rows lie; an empty one where it does not exist yet.

        Raises Problem W313 for a server that is not on this machine and was not named on purpose.
        """
        self._check(asked)
        key = (asked.host, asked.port, asked.database)
        with self._lock:
            if key not in self._servers:
                server = asked if answers(asked) else self._own(asked)
                postgres.drop_left(server)
                known = postgres.exists(server, asked.database)
                made = postgres.create(server, asked.database if known else "")
                with contextlib.closing(postgres_state.PostgresState(made)) as state:
                    self._servers[key] = made
                    state.keep()
                    self._layouts[key] = state.layout
            return self._servers[key], self._layouts[key]

    def mysql(self, asked: Address) -> Address:
        """The pristine copy of a database on a MySQL server; an empty one where it does not exist yet.

        Raises Problem W313 as `server` does, W317 where none answers: there is no such server of our own.
        """
        self._check(asked)
        with self._lock:
            if asked not in self._mysql:
                mysql.drop_left(asked)
                self._mysql[asked] = mysql.create(asked, asked.database)
            return self._mysql[asked]

    def _check(self, asked: Address) -> None:
        if not asked.host.startswith("/") and asked.host not in self._allow:
            raise Problem(
                "W313",
                f"the application connects to a database on {asked.host}, which is another machine",
                do=f'point it to a local one, or name it on purpose: [tool.strop] allow_remote = ["{asked.host}"]',
            )

    def close(self) -> None:
        """Drop every scratch database and stop the server of our own."""
        with self._lock:
            for address in self._servers.values():
                if self._embedded is None:
                    postgres.drop(address)
            self._servers.clear()
            for address in self._mysql.values():
                mysql.drop(address)
            self._mysql.clear()
            if self._embedded is not None:
                self._embedded.close()
                self._embedded = None

    def _own(self, asked: Address) -> Address:
        if self._embedded is None:
            self._embedded = OwnServer(self.folder / "postgres")
        return replace(self._embedded.address(), database=asked.database)


class Databases:
    """The clones of one instance: answers the probe's questions, keeps and restores states."""

    def __init__(
        self,
        originals: Originals,
        folder: Path,
        tree: Path,
        home: Path,
        temporary: Path,
        backwards: bool = False,
        beside: Path | None = None,
    ) -> None:
        """`tree` is the instance's copy of the project and `home` the user's own folder; what lay `beside` the code
        came with the tree.

        `backwards`: rows on servers lie in reverse order.
        """
        self._originals = originals
        self._folder = folder
        self._tree = tree
        self._home = home
        self._temporary = temporary
        self._states: dict[str, State] = {}
        self._paths: dict[Path, Path] = {}
        self._servers: dict[tuple[str, int, str], Address] = {}
        self._mysql: dict[Address, Address] = {}
        self._redis: dict[str, RedisServer] = {}
        self._keeping = False
        self._backwards = backwards
        self._beside = beside
        self.refusals: list[Problem] = []

    def answer(self, question: Question) -> Answer:
        """The answer to one question of the probe."""
        try:
            if question.get("ask") == "sqlite":
                return {"path": str(self._file(Path(str(question["path"]))))}
            if question.get("ask") == "redis":
                return self._on_redis(question)
            return self._server(question)
        except Problem as problem:
            self.refusals.append(problem)
            return {"refuse": problem.message}

    def keep(self) -> None:
        """Remember every database as it is now."""
        self._keeping = True
        for state in self._states.values():
            state.keep()

    def restore(self) -> None:
        """Put every database back."""
        for state in self._states.values():
            state.restore()

    def changes(self) -> tuple[RowChange, ...]:
        """Rows that differ from the kept state, over all databases."""
        return tuple(change for _, state in sorted(self._states.items()) for change in state.changes())

    def is_held(self) -> bool:
        """Whether the application left a transaction open that writes, in any of them."""
        return any(state.is_held() for state in self._states.values())

    def sizes(self) -> dict[str, int]:
        """Rows of each table in the kept states."""
        return {name: rows for state in self._states.values() for name, rows in state.sizes().items()}

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Columns of each table in the kept states."""
        return {name: found for state in self._states.values() for name, found in state.columns().items()}

    def sample(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """At most `count` values of a column in whichever database has it, spread over its rows."""
        samples = (state.sample(table, column, count) for state in self._states.values())
        return next(filter(None, samples), ())

    def busiest(self, table: str, column: str) -> str:
        """The value that most rows of the table share, "" without one."""
        return next(filter(None, (state.busiest(table, column) for state in self._states.values())), "")

    def latest(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """Values of a column in the rows that lie last, at most `count`, in whichever database has it."""
        found = (state.latest(table, column, count) for state in self._states.values())
        return next(filter(None, found), ())

    def row(self, table: str, column: str, value: str) -> dict[str, Any]:
        """A row, by its columns, in which the column has this value, in whichever database has it; empty without one."""
        return next(filter(None, (state.row(table, column, value) for state in self._states.values())), {})

    def execute(self, statements: Sequence[str]) -> None:
        """Run statements on every clone that the application has opened; one that doesn't fit a clone is left out there."""
        for state in self._states.values():
            state.execute(statements)

    def sqlite_files(self) -> tuple[Path, ...]:
        """The clones of SQLite files that the application has opened, largest first."""
        files = [
            s.path for s in self._states.values() if isinstance(s, sqlite.SqliteState) and s.path.exists()
        ]
        return tuple(sorted(files, key=lambda path: -path.stat().st_size))

    def is_mysql(self) -> bool:
        """Whether the application has opened a database on a MySQL or MariaDB server."""
        return bool(self._mysql)

    def servers(self) -> tuple[Address, ...]:
        """The scratch databases on PostgreSQL servers."""
        return tuple(self._servers.values())

    def close(self) -> None:
        """Drop the scratch databases on servers; files go with the world's folder."""
        for state in self._states.values():
            state.close()
        for address in self._servers.values():
            postgres.drop(address)
        for address in self._mysql.values():
            mysql.drop(address)
        self._servers.clear()
        self._mysql.clear()
        self._states.clear()

    def _file(self, asked: Path) -> Path:
        path = Path(os.path.normpath(asked))
        if path in self._paths:
            return self._paths[path]
        if path.is_relative_to(self._temporary):
            clone = path  # made by the run itself
        elif path.is_relative_to(self._tree):
            clone = path
            inside = path.relative_to(self._tree)
            if (
                self._beside is None or not (self._beside / inside).exists()
            ):  # else the application removed it
                self._bring(self._home / inside, clone)
        else:
            clone = self._folder / "databases" / f"{_key(path)}-{path.name}"
            self._bring(path, clone)
        self._paths[path] = clone
        kept = self._folder / "kept" / f"{_key(path)}-{path.name}"
        self._add(str(path), sqlite.SqliteState(clone, kept))
        return clone

    def _add(self, name: str, state: State) -> None:
        """A database that is opened after the others were kept starts from what it is now."""
        if self._keeping:
            state.keep()
        self._states[name] = state

    def _bring(self, original: Path, clone: Path) -> None:
        clone.parent.mkdir(parents=True, exist_ok=True)
        pristine = None if clone.exists() else self._originals.file(original)
        if pristine is not None:
            sqlite.copy(pristine, clone)

    def _server(self, question: Question) -> Answer:
        dialect = str(question.get("dialect", ""))
        if dialect.startswith("postgres"):
            clone = self._postgres(_address(question, 5432, "postgres"))
        elif dialect in ("mysql", "mariadb"):
            clone = self._on_mysql(_address(question, 3306, ""))
        else:
            message = f"strop can't yet make a safe copy of a {dialect} database"
            do = "run the application on SQLite, PostgreSQL or MySQL for strop"
            raise Problem("W314", message, do=do)
        return {
            "host": clone.host,
            "port": clone.port,
            "user": clone.user,
            "password": clone.password,
            "database": clone.database,
        }

    def _on_redis(self, question: Question) -> Answer:
        """The socket of a server of our own, which is empty at first. Without one the connection is refused, which many
        applications live with: that alone stops nothing.
        """
        name = str(question.get("path") or f"{question.get('host')}:{question.get('port')}")
        if name not in self._redis:
            folder = self._folder / f"redis{len(self._redis)}"
            try:
                self._redis[name] = RedisServer(folder, self._folder.parent)
            except Problem as problem:
                return {"refuse": problem.message}
            self._add(f"redis {name}", RedisState(self._redis[name]))
        return {"path": str(self._redis[name].path)}

    def _postgres(self, asked: Address) -> Address:
        key = (asked.host, asked.port, asked.database)
        if key not in self._servers:
            pristine, layout = self._originals.server(asked)
            self._servers[key] = postgres.create(pristine, pristine.database)
            state = postgres_state.PostgresState(self._servers[key], layout)
            if self._backwards:
                state.turn()
            self._add(f"{asked.database}@{asked.host}", state)
        return self._servers[key]

    def _on_mysql(self, asked: Address) -> Address:
        if asked not in self._mysql:
            pristine = self._originals.mysql(asked)
            self._mysql[asked] = mysql.create(pristine, pristine.database)
            self._add(f"{asked.database}@{asked.host}", mysql_state.MysqlState(self._mysql[asked]))
        return self._mysql[asked]


def _address(question: Question, port: int, database: str) -> Address:
    user = str(question.get("user") or "")
    return Address(
        host=str(question.get("host") or ""),
        port=int(str(question.get("port") or port)),
        user=user,
        password=str(question.get("password") or ""),
        database=str(question.get("database") or (database and (user or database))),
    )


def _key(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:10]
