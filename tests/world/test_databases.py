"""Which file an application gets instead of the one it asked for: never the user's own, always the same one."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from strop.cell import RowChange
from strop.world.databases import Databases, Originals
from tests import ledger
from tests.world.photograph import photograph


@dataclass
class Place:
    """The user's folder, and instances of a world that stands for it."""

    base: Path
    originals: Originals = field(init=False)
    made: list[Databases] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.originals = Originals(self.base / "originals")
        for folder in (self.home, self.base / "tmp"):
            folder.mkdir()

    @property
    def home(self) -> Path:
        return self.base / "home"

    def instance(self) -> tuple[Databases, Path]:
        """A new instance and its tree."""
        name = f"i{len(self.made)}"
        tree = self.base / name / "tree"
        tree.mkdir(parents=True)
        made = Databases(self.originals, self.base / name, tree, self.home, self.base / "tmp")
        self.made.append(made)
        return made, tree


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def fill(path: Path, *names: str, mode: str = "delete") -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute(f"pragma journal_mode = {mode}")
    database.execute("create table item (id integer primary key, name text)")
    database.executemany("insert into item (name) values (?)", [(name,) for name in names])
    return database


def names(path: Path) -> list[str]:
    with sqlite3.connect(path) as database:
        found = [name for (name,) in database.execute("select name from item order by id")]
    database.close()
    return found


def write(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute(statement)
    database.close()


def asked(made: Databases, path: Path | str) -> Path:
    return Path(str(made.answer({"ask": "sqlite", "path": str(path)})["path"]))


def test_a_file_elsewhere_is_cloned_once_for_each_instance(place: Place) -> None:
    fill(place.base / "elsewhere" / "my.db", "canary").close()
    before = photograph(place.base / "elsewhere")
    (one, _), (two, _) = place.instance(), place.instance()
    first = asked(one, place.base / "elsewhere" / "my.db")
    assert asked(one, place.base / "elsewhere" / ".." / "elsewhere" / "my.db") == first
    second = asked(two, place.base / "elsewhere" / "my.db")
    assert len({first, second, place.base / "elsewhere" / "my.db"}) == 3
    write(first, "delete from item")
    assert (names(first), names(second)) == ([], ["canary"])
    assert photograph(place.base / "elsewhere") == before


def test_a_relative_path_that_was_made_absolute_in_the_tree_is_the_users_file(place: Place) -> None:
    """The working directory is the tree, where a database that git ignores may be missing."""
    fill(place.home / "data" / "my.db", "canary").close()
    made, tree = place.instance()
    assert asked(made, tree / "data" / "my.db") == tree / "data" / "my.db"
    assert names(tree / "data" / "my.db") == ["canary"]


def test_what_the_tree_has_already_is_kept(place: Place) -> None:
    fill(place.home / "my.db", "of the user").close()
    made, tree = place.instance()
    fill(tree / "my.db", "brought along").close()
    assert names(asked(made, tree / "my.db")) == ["brought along"]


def test_a_file_that_the_application_removed_stays_removed(tmp_path: Path) -> None:
    """It came with the tree: a second one would hide the mistake."""
    home, tree, beside = (tmp_path / name for name in ("home", "tree", "beside"))
    for folder in (home, beside):
        folder.mkdir()
        ledger.fill(folder / "ledger.db")
    made = Databases(
        Originals(tmp_path / "originals"), tmp_path / "i", tree, home, tmp_path / "tmp", beside=beside
    )
    answer = made.answer({"ask": "sqlite", "path": str(tree / "ledger.db")})
    assert answer == {"path": str(tree / "ledger.db")}
    assert not (tree / "ledger.db").exists()


def test_an_absolute_path_into_the_users_folder_leads_to_a_clone(place: Place) -> None:
    fill(place.home / "my.db", "canary").close()
    made, _ = place.instance()
    clone = asked(made, place.home / "my.db")
    assert not clone.is_relative_to(place.home)
    write(clone, "delete from item")
    assert names(place.home / "my.db") == ["canary"]


def test_a_file_that_does_not_exist_is_made_in_the_world_alone(place: Place) -> None:
    made, tree = place.instance()
    (place.home / "empty.db").touch()
    for path in (place.home / "new" / "my.db", place.home / "empty.db", tree / "fresh.db"):
        clone = asked(made, path)
        assert clone.parent.is_dir()
        fill(clone, "new").close()
    assert sorted(p.name for p in place.home.iterdir()) == ["empty.db"]
    assert (place.home / "empty.db").stat().st_size == 0


def test_files_of_the_run_itself_stay_where_they_are(place: Place) -> None:
    made, _ = place.instance()
    assert asked(made, place.base / "tmp" / "a.db") == place.base / "tmp" / "a.db"


def test_two_files_of_one_name_are_two_clones(place: Place) -> None:
    for folder in ("a", "b"):
        fill(place.base / folder / "my.db", folder).close()
    made, _ = place.instance()
    clones = [asked(made, place.base / folder / "my.db") for folder in ("a", "b")]
    assert [names(clone) for clone in clones] == [["a"], ["b"]]
    made.keep()
    write(clones[1], "delete from item")
    write(clones[0], "insert into item (name) values ('more')")
    assert [change.kind for change in made.changes()] == ["added", "removed"]
    made.restore()
    assert [names(clone) for clone in clones] == [["a"], ["b"]]


def test_every_instance_starts_from_the_same_state_although_the_users_database_goes_on(place: Place) -> None:
    path = place.home / "my.db"
    database = fill(path, "first", mode="wal")
    (one, tree), (two, other) = place.instance(), place.instance()
    assert names(asked(one, tree / "my.db")) == ["first"]
    database.execute("insert into item (name) values ('while strop runs')")
    assert names(asked(two, other / "my.db")) == ["first"]
    database.close()


def test_a_log_that_is_not_yet_written_back_belongs_to_the_database(place: Place) -> None:
    path = place.home / "my.db"
    database = fill(path, "in the file", mode="wal")
    database.execute("pragma wal_autocheckpoint = 0")
    database.execute("insert into item (name) values ('in the log')")
    before = photograph(place.home)
    made, tree = place.instance()
    assert names(asked(made, tree / "my.db")) == ["in the file", "in the log"]
    after = photograph(place.home)
    assert {n: after[n] for n in ("my.db", "my.db-wal")} == {n: before[n] for n in ("my.db", "my.db-wal")}
    assert after.keys() == before.keys()
    database.close()


def test_a_database_that_is_opened_late_is_restored_too(place: Place) -> None:
    fill(place.home / "a.db", "a").close()
    fill(place.home / "b.db", "b").close()
    made, tree = place.instance()
    asked(made, tree / "a.db")
    made.keep()
    late = asked(made, tree / "b.db")
    write(late, "insert into item (name) values ('more')")
    assert made.changes() == (RowChange("item", "added", (("id", "2"), ("name", "'more'"))),)
    made.restore()
    assert names(late) == ["b"]


def test_what_the_databases_hold(place: Place) -> None:
    fill(place.home / "a.db", "x", "x", "y").close()
    with sqlite3.connect(place.home / "b.db") as other:
        other.execute("create table author (id integer, name text)")
    other.close()
    made, tree = place.instance()
    for name in ("a.db", "b.db"):
        asked(made, tree / name)
    made.keep()
    assert made.sizes() == {"item": 3, "author": 0}
    assert [made.sample("item", "id", count) for count in (1, 2, 3, 9)] == [
        ("1",),
        ("1", "2"),
        ("1", "2", "3"),
        ("1", "2", "3"),
    ]
    assert made.busiest("item", "name") == "x"
    assert made.latest("item", "id", 2) == ("3", "2")
    assert made.row("item", "id", "3") == {"id": 3, "name": "y"}
    assert made.row("item", "id", "4") == made.row("item", "nothing", "1") == {}
    assert made.busiest("author", "name") == made.busiest("nothing", "x") == ""
    assert made.sqlite_files()[0] == tree / "a.db"
    assert made.servers() == ()


def test_a_statement_runs_where_it_fits(place: Place) -> None:
    fill(place.home / "a.db", "x").close()
    made, tree = place.instance()
    a, b = asked(made, tree / "a.db"), asked(made, tree / "b.db")
    made.execute(['create index if not exists "ix" on "item" ("name")'])
    for path, count in ((a, 1), (b, 0)):
        with sqlite3.connect(path) as database:
            assert database.execute("select count(*) from sqlite_master where name = 'ix'").fetchone() == (
                count,
            )
        database.close()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_transaction_that_is_left_open_is_seen_when_it_writes(place: Place, mode: str) -> None:
    fill(place.home / "a.db", "x", mode=mode).close()
    made, tree = place.instance()
    application = sqlite3.connect(asked(made, tree / "a.db"), isolation_level=None)
    made.keep()
    assert not made.is_held()
    application.execute("begin")
    application.execute("select * from item").fetchall()
    assert not made.is_held()
    application.execute("update item set name = 'y'")
    assert made.is_held()
    application.execute("rollback")
    assert not made.is_held()
    assert made.changes() == ()
    application.close()
