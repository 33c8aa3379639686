"""Databases on a MySQL or MariaDB server: copied beside the user's own, compared, put back, dropped.

Runs where a server's program is installed; the server is the test's own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop.cell import RowChange
from strop.problem import Problem
from strop.world import mysql, mysql_state, owner
from strop.world.address import Address
from strop.world.databases import Databases, Originals
from strop.world.mysql import ask
from strop.world.mysql_state import MysqlState
from strop.world.process import Child, run
from strop.world.rows import Busy

pymysql = pytest.importorskip("pymysql")

USER = "users_own"
SCHEMA = r"""
create table author (id integer auto_increment primary key, name varchar(40) not null)
create table book (id integer auto_increment primary key, title varchar(40), price decimal(8, 2), author integer not null, raw varbinary(9), weight float, shouted varchar(40) as (upper(title)) stored, foreign key (author) references author (id))
create table `odd ``name` (a integer, b text)
create table audit (text varchar(40))
create table canary (sings text)
insert into author (name) values ('ann'), ('bob')
insert into book (title, price, author, raw, weight) values ('one', 1.5, 1, x'00ff', 0.1), ('two', 2, 2, null, 3.3), ('three', 3, 1, '', 1e30)
insert into `odd ``name` values (1, 'tab\tline\nback'), (1, 'tab\tline\nback'), (2, null)
insert into canary values ('still')
create view titles as select title from book
create trigger noted after insert on author for each row insert into audit values (new.name)
"""  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Address]:
    program, maker = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if program is None or maker is None:
        pytest.skip("no MariaDB is installed")
    user = "nobody" if os.geteuid() == 0 else ""
    with tempfile.TemporaryDirectory(prefix="strop-test-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        Path(folder).chmod(0o711)
        if user:
            shutil.chown(data, user)
        environ = {"PATH": os.environ["PATH"]}
        made = run(
            [maker, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"],
            data, environ, 60, user=user,
        )  # fmt: skip
        assert made.status == 0, made.out + made.err
        address = Address(str(data / "socket"), 0, "root", "", "")
        options = [f"--datadir={data}", f"--socket={address.host}", "--skip-networking"]
        child = Child([program, "--no-defaults", *options], data, environ, user=user)
        until = time.monotonic() + 60
        while not Path(address.host).exists() and time.monotonic() < until:
            time.sleep(0.05)
        yield address
        child.end()


@pytest.fixture(scope="module")
def user(server: Address) -> Address:
    """The user's own database, with a canary row."""
    with mysql.connect(server) as control:
        ask(control, f"create database {USER} character set latin1")
        ask(control, f"use {USER}")
        for statement in SCHEMA.strip().splitlines():
            ask(control, statement)
    return server.at(USER)


@pytest.fixture
def state(user: Address) -> Iterator[MysqlState]:
    scratch = MysqlState(mysql.create(user, USER))
    scratch.keep()
    yield scratch
    scratch.close()
    mysql.drop(scratch.address)


def query(address: Address, *statements: str) -> list[tuple[object, ...]]:
    with mysql.connect(address) as database:
        return [ask(database, statement) for statement in statements][-1]


def row(table: str, kind: str, **values: str) -> RowChange:
    return RowChange(table, kind, tuple(values.items()))


def test_a_copy_has_everything_and_what_happens_in_it_does_not_reach_the_original(
    user: Address, state: MysqlState
) -> None:
    assert state.sizes() == {"audit": 0, "author": 2, "book": 3, "canary": 1, "odd `name": 3}
    assert query(state.address, "select title from titles order by 1") == [("one",), ("three",), ("two",)]
    assert query(state.address, "select @@collation_database") == query(user, "select @@collation_database")
    query(state.address, "drop table canary", "delete from book", "insert into author (name) values ('x')")
    assert query(user, "select sings from canary") == [("still",)]
    assert query(user, "select count(*) from book") == [("3",)]
    assert query(state.address, "select * from audit") == [("x",)]


def test_changes_are_told_with_their_values_and_undone(state: MysqlState) -> None:
    assert state.changes() == ()
    query(state.address, "update book set title = 'ONE' where id = 1", "delete from book where id = 3")
    query(state.address, "insert into author (name) values ('cy')")
    query(state.address, "delete from `odd ``name` where a = 1 limit 1")
    told = state.changes()
    assert row("author", "added", id="3", name="cy") in told
    assert row("audit", "added", text="cy") in told
    assert [(c.kind, dict(c.values)["title"]) for c in told if c.table == "book"] == [
        ("added", "ONE"), ("removed", "one"), ("removed", "three"),
    ]  # fmt: skip
    assert [(c.kind, c.values[0]) for c in told if "odd" in c.table] == [("removed", ("a", "1"))]
    state.restore()
    assert state.changes() == ()
    assert query(state.address, "select weight = cast(1e30 as float) from book where id = 3") == [("1",)]
    assert query(state.address, "select count(*) from audit") == [("0",)]
    assert query(state.address, "select hex(raw), title from book where id = 1") == [("00FF", "one")]


def test_the_next_number_is_put_back_even_where_no_row_changed(state: MysqlState) -> None:
    for _ in range(3):
        query(state.address, "insert into author (name) values ('x')")
        assert query(state.address, "select max(id) from author") == [("3",)]
        state.restore()
    query(
        state.address,
        "begin",
        "insert into author (name) values ('x')",
        "rollback",
        "insert into canary values ('y')",
    )
    state.restore()
    query(state.address, "insert into author (name) values ('x')")
    assert query(state.address, "select max(id) from author") == [("3",)]


def test_reading_costs_no_comparison(state: MysqlState, monkeypatch: pytest.MonkeyPatch) -> None:
    query(state.address, "select count(*) from book")
    monkeypatch.setattr(mysql_state, "_sums", lambda *_: pytest.fail("compared"))
    assert state.changes() == ()
    state.restore()


def test_a_transaction_that_is_left_open_is_seen_and_told_as_busy(
    state: MysqlState, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mysql.connect(state.address) as application:
        ask(application, "begin")
        ask(application, "update book set price = 1")
        query(state.address, "insert into canary values ('x')", "commit")
        query(state.address, "insert into canary values ('x')")
        assert state.is_held()
        query(state.address, "set global innodb_lock_wait_timeout = 1")
        ask(state._database(), "set session lock_wait_timeout = 1")
        state._counters["book"] = "99"
        with pytest.raises(Busy):
            state.restore()
        ask(application, "rollback")
    state._counters["book"] = "4"
    time.sleep(mysql_state.STALE)
    assert not state.is_held()
    state.restore()
    assert state.changes() == ()


def test_values_of_a_column(state: MysqlState) -> None:
    assert state.busiest("book", "author") == "1"
    assert state.busiest("book", "nothing") == state.busiest("nothing", "id") == ""
    assert state.sample("book", "id", 2) == ("1", "3")
    assert state.sample("author", "name", 4) == ("ann", "bob")
    assert state.latest("book", "id", 1) == ("3",)
    assert state.row("author", "name", "ann")["name"] == "ann"
    assert state.row("author", "name", "eve") == {}


def test_only_what_strop_made_is_dropped(user: Address) -> None:
    with pytest.raises(ValueError, match="not a scratch database"):
        mysql.drop(user)
    assert query(user, "select sings from canary") == [("still",)]


def test_who_may_make_no_database_is_told_what_to_ask_for(user: Address) -> None:
    query(user, "create user shop@localhost", f"grant all on {USER}.* to shop@localhost")
    with pytest.raises(Problem) as caught:
        mysql.create(Address(user.host, 0, "shop", "", USER), USER)
    assert caught.value.code == "W318"
    assert caught.value.do.endswith(r"grant all on `strop\_%`.* to 'shop'@'localhost'")


def test_each_instance_gets_a_database_of_its_own_and_all_are_dropped(user: Address, tmp_path: Path) -> None:
    at_first = query(user, "show databases")
    originals = Originals(tmp_path / "originals")
    made = [
        Databases(originals, tmp_path / n, tmp_path / "t", tmp_path / "h", tmp_path / "tmp") for n in "ab"
    ]
    question: dict[str, object] = {
        "ask": "server", "dialect": "mysql", "host": user.host, "port": None, "user": "root", "password": "",
        "database": USER,
    }  # fmt: skip
    answers = [each.answer(question) for each in made]
    assert len({str(answer["database"]) for answer in answers}) == 2
    assert made[0].answer(question) == answers[0]
    made[0].keep()
    query(user.at(str(answers[0]["database"])), "delete from canary")
    assert query(user.at(str(answers[1]["database"])), "select * from canary") == [("still",)]
    assert [change.table for change in made[0].changes()] == ["canary"]
    for each in made:
        each.close()
    originals.close()
    assert query(user, "show databases") == at_first


def test_what_a_killed_command_left_goes_at_the_next_ones_first_look(
    user: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    *parts, began = owner.mine().split(":")
    with monkeypatch.context() as patched:
        patched.setattr(mysql, "RUN", "strop_killed")
        patched.setattr(owner, "mine", lambda: ":".join((*parts, str(int(began) - 1))))
        left = mysql.create(user, USER)
    mine = mysql.create(user, USER)
    mysql.drop_left(user)
    there = {name for (name,) in query(user, "show databases")}
    assert not {left.database, "strop_killed"} & there
    assert {mine.database, mysql.RUN, USER} <= there
    mysql.drop(mine)
    assert mysql.RUN not in {name for (name,) in query(user, "show databases")}
