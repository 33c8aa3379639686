"""The keys of a Redis server of our own, and the state that they are put back to between requests.

The server counts what changes, so a request that writes nothing costs one question. Times to live are compared as
they were set: the server's clock goes on while a request runs, so of all that one may have been the roundest is taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from strop.cell import RowChange
from strop.world.redis_server import Client, RedisServer

TABLE = "redis:"  # before the name of a key, where differences name a table
ROUND = (86_400_000, 3_600_000, 60_000, 10_000, 5_000, 1_000, 100, 10)  # ms
LONGEST = 4000  # characters of a value that are kept; of a longer one its hash tells as much
COUNT = 1000
START = 10_000  # ms before which nothing was written that is there when the application has started

Key = tuple[int, bytes]  # number of the database, name


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: how the server writes it down, when it ends (ms from now, 0: never), its type and value as text."""

    dump: bytes
    life: int
    kind: str
    text: str

    @property
    def told(self) -> tuple[tuple[str, str], ...]:
        """What of it is compared."""
        life = (("life", f"{self.life / 1000:g} s"),) if self.life else ()
        return (("type", self.kind), *life, ("value", self.text))


class RedisState:
    """The content of one server."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._clients: dict[int, Client] = {}  # by the number of the database
        self._kept: dict[Key, Entry] = {}
        self._began = 0  # when the state was put back, ms of the server's clock
        self._dirty = -1

    def keep(self) -> None:
        """Remember the present keys."""
        self._began = self._now() - START
        self._kept = self._read()
        self._begin()

    def changes(self) -> tuple[RowChange, ...]:
        """Keys that differ from the kept ones: a removed and an added row for one whose value changed."""
        if self._changed() == self._dirty:
            return ()
        return tuple(sorted(self._told()))

    def restore(self) -> None:
        """Put the keys back, and the time that those have which end."""
        if self._changed() != self._dirty:
            now = self._read()
            for number, name in now.keys() - self._kept.keys():
                self._at(number).delete(name)
            for (number, name), entry in self._kept.items():
                if now.get((number, name)) != entry:
                    self._at(number).restore(name, entry.life, entry.dump, replace=True)
        self._begin()

    def _begin(self) -> None:
        """Give the kept keys that end their whole time again."""
        self._began = self._now()
        for (number, name), entry in self._kept.items():
            if entry.life and not self._at(number).pexpire(name, entry.life):
                self._at(number).restore(name, entry.life, entry.dump, replace=True)
        self._dirty = self._changed()

    def is_held(self) -> bool:
        """A server without transactions that last."""
        return False

    def sizes(self) -> dict[str, int]:
        """Keys are no rows of a table."""
        return {}

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Keys have none."""
        return {}

    def sample(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """Keys have no columns."""
        return ()

    def busiest(self, table: str, column: str) -> str:
        """Keys have no columns."""
        return ""

    def latest(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """Keys are no rows."""
        return ()

    def row(self, table: str, column: str, value: str) -> dict[str, Any]:
        """Keys are no rows."""
        return {}

    def execute(self, statements: Sequence[str]) -> None:
        """Statements are for databases of tables."""

    def close(self) -> None:
        """End the server."""
        for client in self._clients.values():
            client.close()
        self._server.close()

    def _told(self) -> Iterator[RowChange]:
        now = self._read()
        for key in {*now, *self._kept}:
            before, after = self._kept.get(key), now.get(key)
            if before is not None and after is not None and before.told == after.told:
                continue
            if before is not None:
                yield RowChange(_table(key), "removed", before.told)
            if after is not None:
                yield RowChange(_table(key), "added", after.told)

    def _read(self) -> dict[Key, Entry]:
        found: dict[Key, Entry] = {}
        spaces: dict[str, Any] = self._at(0).info("keyspace")
        for number in sorted(int(name.removeprefix("db")) for name in spaces):
            client = self._at(number)
            names = list(client.scan_iter(count=COUNT))
            asked = client.pipeline(transaction=False)
            for name in names:
                asked.dump(name)
                asked.pttl(name)
                asked.type(name)
            answers = asked.execute()
            kinds = [kind.decode() for kind in answers[2::3]]
            texts = _texts(client, list(zip(names, kinds, strict=True)))
            passed = self._now() - self._began
            for name, dump, left, kind, text in zip(
                names, answers[::3], answers[1::3], kinds, texts, strict=True
            ):
                if dump is not None:
                    kept = self._kept.get((number, name))
                    life = _life(left, passed, kept.life if kept is not None else 0)
                    found[number, name] = Entry(dump, life, kind, text)
        return found

    def _at(self, number: int) -> Client:
        if number not in self._clients:
            self._clients[number] = self._server.connect(number)
        return self._clients[number]

    def _now(self) -> int:
        seconds, micros = self._at(0).time()
        return int(seconds) * 1000 + int(micros) // 1000

    def _changed(self) -> int:
        return int(self._at(0).info("persistence")["rdb_changes_since_last_save"])


def _life(left: int, passed: int, kept: int) -> int:
    """The time that a key was given (ms), of which `left` is left after at most `passed`: what it had, or the roundest."""
    if left < 0:
        return 0
    if left <= kept <= left + passed + 1:
        return kept
    for unit in ROUND:
        up = -(-left // unit) * unit
        if up <= left + passed + 1:
            return up
    return left


def _table(key: Key) -> str:
    number, name = key
    text = "_".join(name.decode(errors="backslashreplace").split())
    return f"{TABLE}{f'{number}:' if number else ''}{text}"


def _texts(client: Client, named: Sequence[tuple[bytes, str]]) -> list[str]:
    """The values of keys as texts in which only what a client can rely on has an order."""
    asked = client.pipeline(transaction=False)
    for name, kind in named:
        if kind == "string":
            asked.get(name)
        elif kind == "hash":
            asked.hgetall(name)
        elif kind == "list":
            asked.lrange(name, 0, -1)
        elif kind == "set":
            asked.smembers(name)
        elif kind == "zset":
            asked.zrange(name, 0, -1, withscores=True)
        elif kind == "stream":
            asked.xrange(name)
        else:
            asked.dump(name)
    values = zip(named, asked.execute(), strict=True)
    return [_short(_text({*value} if kind == "set" else value)) for (_, kind), value in values]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, dict):
        return str(sorted((_text(name), _text(each)) for name, each in value.items()))
    if isinstance(value, set):
        return str(sorted(map(_text, value)))
    if isinstance(value, list):
        entries = [each[1] if _is_entry(each) else each for each in value]  # the id of an entry is a time
        return str([_text(each) for each in entries])
    if isinstance(value, tuple):
        return str(tuple(map(_text, value)))
    return str(value)


def _is_entry(each: Any) -> bool:
    return isinstance(each, tuple) and len(each) == 2 and isinstance(each[1], dict)


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{len(text)} characters, SHA-256 {hashlib.sha256(text.encode()).hexdigest()}"
