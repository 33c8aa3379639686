"""Two worlds: an order that nobody fixed is let pass, one that somebody lost is told, on SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from strop.event import ignore
from strop.measure.observe import Workload, observe
from strop.proof.branch import BranchProof, prove_branch, verdict
from strop.proof.judge import Base
from strop.proof.relax import relax
from strop.proof.schema import Schema
from strop.proof.worlds import MOMENT, ORDER, compare_worlds, observe_second
from strop.target import Target
from strop.verdict import Behaviour
from strop.world import git, postgres
from strop.world.instance import CLOCK, open_world
from strop.world.postgres import Address
from tests import ledger

SHELF = f"""

@app.get("/shelf")
def shelf(db: Db) -> list[dict[str, object]]:
    authors = db.scalars(select(Author).order_by(Author.id)).all()
    return [
        {{"name": author.name, "books": [[book.title, book.price] for book in author.books]}} for author in authors
    ]


@app.get("/ranks")
def ranks(db: Db) -> list[int]:
    return list(db.scalars(select(Book.id).order_by(Book.price)))


@app.get("/minute")
def minute() -> int:
    return int(time.time()) // 60


@app.get("/ticket")
def ticket(db: Db) -> list[int]:
    if time.time() > {CLOCK:.0f} + 60:
        raise HTTPException(401, "expired")
    return list(db.scalars(select(Author.id).order_by(Author.id)))


@app.get("/gone")
def gone() -> bool:
    if time.time() > {CLOCK:.0f} + 60:
        os._exit(1)
    return True
"""
MAIN = ledger.MAIN.replace("from typing", "import os\nimport time\nfrom typing", 1) + SHELF
MODELS = "import os\n\n" + ledger.MODELS.replace(', order_by="Book.id"', "").replace(
    '"sqlite:///ledger.db"', 'os.environ.get("LEDGER", "sqlite:///ledger.db")'
)
FILES = {**ledger.FILES, "app/main.py": MAIN, "app/models.py": MODELS}
BOOKS = "for book in author.books]"
BY_TITLE = "for book in sorted(author.books, key=lambda b: (b.title, -b.id))]"

TABLES = """
create table authors (id serial primary key, name text not null, token text not null);
create table books (id serial primary key, title text not null, price float not null, sold integer not null,
  hidden boolean not null, author_id integer not null references authors (id));
create table audit (id serial primary key, text text not null);
insert into authors (name, token) values ('ann', 'token-1'), ('bob', 'token-2'), ('cy', 'token-3');
insert into books (title, price, sold, hidden, author_id)
  select 'Book ' || n * 7 % 10, 3.333 * (n % 5 + 1), n * 3 % 11, n % 6 = 4, (n + 2) % 3 + 1 from generate_series(1, 30) n;
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def base(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, own_server: Address
) -> Iterator[Base]:
    """The ledger with an unordered collection, ties, a clock and a ticket that expires, in both worlds."""
    target = ledger.target(ledger.make(tmp_path_factory.mktemp("worlds") / "ledger", FILES))
    with contextlib.ExitStack() as stack:
        if request.param == "postgresql":
            target = stack.enter_context(on_server(target, own_server))
        world = stack.enter_context(open_world(target))
        seen = observe(world, Workload(suite=False))
        relaxed = relax(seen.one.values(), seen.two.values())
        made = Base(world, seen.root, seen.project.imported, seen.cells, seen.one, seen.two, relaxed)
        assert not relaxed.paths
        made.second = observe_second(made, seen.served, ignore)
        yield made


@contextlib.contextmanager
def on_server(target: Target, server: Address) -> Iterator[Target]:
    with postgres.connect(server) as control:
        control.execute("create database worlds")
    with postgres.connect(server.at("worlds")) as database:
        database.execute(TABLES.encode())
    url = f"postgresql+psycopg://{server.user}@/worlds?host={server.host}&port={server.port}"
    yield replace(target, environ=(("LEDGER", url),))
    with postgres.connect(server) as control:
        control.execute("drop database worlds with (force)")


def proved(base: Base, *swaps: tuple[str, str]) -> BranchProof:
    """A change through gates 1, 3 and 6."""
    tree = base.world.folder.tree()
    text = (tree / "app/main.py").read_text()
    for old, new in swaps:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tree / "app/main.py").write_text(text)
    proof = prove_branch(base, git.commit(tree, ["app/main.py"], "change", ""), Schema(), None, ignore)
    if proof.holds:
        compare_worlds(base, proof, Schema(), ignore)
    proof.served.instance.close()
    return proof


def test_what_the_base_leaves_open(base: Base) -> None:
    assert base.second is not None
    open_ones = {route: set(places) for route, places in base.second.places.items()}
    assert open_ones == {"GET /shelf": {"body $[].books"}, "GET /ranks": {"body $"}}
    kept = {cell.request.path for cell in base.second.cells.values() if not cell.shift}
    assert kept == {"/ticket"}  # it expires
    served = {cell.request.path for cell in base.cells}
    assert served - {cell.request.path for cell in base.second.cells.values()} == {
        "/gone"
    }  # nothing to compare with


def test_an_order_that_nobody_fixed_may_change(base: Base) -> None:
    proof = proved(base, (BOOKS, BY_TITLE))
    judged = verdict(base, proof, ())
    assert [(gate.number, gate.passed) for gate in proof.gates] == [(1, True), (3, True), (6, True)]
    assert judged.behaviour is Behaviour.UNSPECIFIED
    assert judged.relaxed == ("GET /shelf  body $[].books: order not fixed by the query",)


def test_what_stands_in_an_unordered_collection_may_not_nor_may_more_than_ties(base: Base) -> None:
    rounded = ("[book.title, book.price] " + BOOKS, "[book.title, round(book.price, 1)] " + BY_TITLE)
    proof = proved(base, rounded, ("select(Book.id).order_by(Book.price)", "select(Book.id)"))
    first = {d.route: d for d in reversed(proof.differences)}
    shelf = first["GET /shelf"]
    assert verdict(base, proof, ()).behaviour is Behaviour.DIFFERENT
    assert (shelf.path, shelf.before, shelf.after) == ("body $[0].books[0][1]", "6.666", "6.7")
    assert first["GET /ranks"].kind == "order"


def test_what_the_first_world_hides_is_told(base: Base) -> None:
    """A lost ORDER BY on rows that lie in order, where it expires too, and a value that holds for one moment."""
    proof = proved(
        base,
        ("db.scalars(select(Author).order_by(Author.id)).all()", "db.scalars(select(Author)).all()"),
        ("select(Author.id).order_by(Author.id)", "select(Author.id)"),
        ("return int(time.time()) // 60", f"return {CLOCK // 60:.0f}"),
    )
    assert [gate.passed for gate in proof.gates] == [True, True, False]
    assert {(d.route, d.kind, d.world) for d in proof.differences} == {
        ("GET /shelf", "order", ORDER),
        ("GET /ticket", "order", ORDER),
        ("GET /minute", "value", MOMENT),
    }
