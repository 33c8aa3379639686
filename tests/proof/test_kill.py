"""Changes of behaviour that a careless fix could make are all told apart; changes that only move code are not.

Changes that show at different routes share a candidate: each must be told at its own route and place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from strop.verdict import Difference
from tests.proof.observed import Seen, Swap, all_differences, patch, seen, swap

MODELS = "app/models.py"
LIST, ONE, STATS, ME = "GET /books", "GET /books/{book_id}", "GET /stats", "GET /me"
ADD, CHANGE, REMOVE = "POST /books", "PATCH /books/{book_id}", "DELETE /books/{book_id}"
LOGIN = "POST /login"
EVERYWHERE = ""

ORDER = "order_by(Book.title, Book.id)"
AUDIT = '    db.add(Audit(text=f"{user.name} added {given.title}"))\n'
LOCATION = '    response.headers["location"] = f"/books/{book.id}"\n'
PRICE = "    book.price = given.price\n"
NOT_YOURS = '    if book.author_id != user.id:\n        raise HTTPException(403, "not yours")\n'
SELECT_LIST = "select(Book).where(Book.hidden.is_(False))"
VISIBLE = """    book = db.get(Book, book_id)
    if book is None or book.hidden:
        raise HTTPException(404, "no such book")
    return shown(book)
"""
IMPORT = "from sqlalchemy.orm import Session as Database"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the ledger, the route at which it shows, and the place where it must be told."""

    route: str
    place: str
    swaps: tuple[Swap, ...] = field(repr=False)


def change(route: str, place: str, *swaps: Swap) -> Change:
    return Change(route, place, swaps)


MUTANTS = {
    "lost filter": change(LIST, "header x-total", swap(SELECT_LIST, "select(Book)")),
    "lost optional filter": change(LIST, "header x-total", swap("query.where(Book.author_id == author_id)", "query")),
    "limit off by one": change(LIST, "body $", swap(".limit(limit))", ".limit(limit + 1))")),
    "offset ignored": change(LIST, "body $", swap(".offset(offset)", "")),
    "other sort": change(LIST, "body $", swap(ORDER, "order_by(Book.id)")),
    "descending": change(LIST, "body $", swap(ORDER, "order_by(Book.title.desc(), Book.id)")),
    "changed default": change(LIST, "body $", swap("] = 20", "] = 10")),
    "another count": change(LIST, "header x-total", swap("str(total)", "str(min(total, limit))")),
    "a reading request writes": change(
        LIST, "rows audit added", swap("    return [shown", '    db.add(Audit(text="read"))\n    db.commit()\n    return [shown')
    ),
    "wrong error status": change(ONE, "status", swap(VISIBLE, VISIBLE.replace("404", "400"))),
    "wrong error text": change(CHANGE, "body $.detail", swap('403, "not yours"', '403, "not your book"')),
    "hidden row shown": change(ONE, "status", swap("book is None or book.hidden", "book is None")),
    "unhandled absence": change(ONE, "exception", swap("if book is None or book.hidden", "if book.hidden")),
    "wrong status": change(ADD, "status", swap("status_code=201", "status_code=200")),
    "lost commit of an insert": change(
        ADD, "rows audit", swap("    db.commit()\n" + LOCATION, "    db.flush()\n" + LOCATION)
    ),
    "missing header": change(ADD, "header location", swap(LOCATION, "")),
    "extra row": change(ADD, "rows audit added", swap(AUDIT, AUDIT + AUDIT)),
    "lost row": change(ADD, "rows audit added", swap(AUDIT, "")),
    "other value written": change(ADD, "rows audit added", swap("{user.name} added", "{user.id} added")),
    "lost commit of an update": change(CHANGE, "rows books", swap(PRICE + "    db.commit()", PRICE + "    db.flush()")),
    "rounded on the way in": change(CHANGE, "body $.price", swap("given.price\n    db", "round(given.price, 2)\n    db")),
    "lost permission check": change(CHANGE, "status", swap(NOT_YOURS, "")),
    "lost owner in a condition": change(REMOVE, "status", swap(" or book.author_id != user.id", "")),
    "row kept": change(REMOVE, "rows books removed", swap("    db.delete(book)\n", "")),
    "float instead of int": change(
        STATS, "body $.books", swap('"books": db.scalar(select(func.count(Book.id)))', '"books": 1.0 * db.scalar(select(func.count(Book.id)))')
    ),
    "rounding": change(STATS, "body $.average", swap("round(average, 2)", "round(average, 3)")),
    "other tie": change(STATS, "body $.best", swap("Book.sold.desc(), Book.id)", "Book.sold.desc(), Book.id.desc())")),
    "aggregate over less": change(
        STATS, "body $.sold", swap("select(func.sum(Book.sold))", "select(func.sum(Book.sold)).where(Book.hidden.is_(False))")
    ),
    "null left out": change(STATS, "contract", swap('@app.get("/stats")', '@app.get("/stats", response_model_exclude_none=True)')),
    "text instead of int": change(ME, "body $.id", swap('{"id": user.id', '{"id": str(user.id)')),
    "key order": change(ME, "body $", swap('{"id": user.id, "name": user.name,', '{"name": user.name, "id": user.id,')),
    "relationship filtered": change(
        ME, "body $.books",
        swap('order_by="Book.id"', 'order_by="Book.id", primaryjoin="and_(Book.author_id == Author.id, Book.hidden == False)"', MODELS),
    ),
    "lost password check": change(LOGIN, "status", swap(' or given.password != "secret"', "")),
    "swapped fields": change(EVERYWHERE, "body $[0].title", swap("title=book.title, price", "title=book.author.name, price")),
    "missing challenge": change(EVERYWHERE, "header www-authenticate", swap(', headers={"www-authenticate": "Bearer"}', "")),
    "lost login": change(EVERYWHERE, "status", swap('raise HTTPException(401, "log in", headers', "found = db.get(Author, 1)\n        dict(headers")),
}  # fmt: skip


def loading(how: str) -> Change:
    option = swap("query.order_by", f"query.options({how}(Book.author)).order_by")
    return change(LIST, "", option, swap(IMPORT, f"{IMPORT}\nfrom sqlalchemy.orm import {how}"))


NEUTRAL = {
    "formatting": change(ADD, "", swap(AUDIT, AUDIT.replace("db.add(Audit(", "db.add(  # kept\n        Audit("))),
    "renamed local": change(
        LIST, "", swap("    books = db.scalars", "    page = db.scalars"), swap("for book in books]", "for book in page]")
    ),
    "extracted helper": change(
        ONE, "",
        swap(
            VISIBLE,
            "    return shown(visible(db, book_id))\n\n\ndef visible(db: Database, book_id: int) -> Book:\n"
            + VISIBLE.replace("return shown(book)", "return book"),
        ),
    ),
    "selectinload": loading("selectinload"),
    "joinedload": loading("joinedload"),
    "eager by default": change(
        EVERYWHERE, "", swap('relationship(back_populates="books")', 'relationship(back_populates="books", lazy="joined")', MODELS)
    ),
    "def instead of async def": change(STATS, "", swap("async def stats", "def stats")),
    "turned condition": change(STATS, "", swap("best.title if best else None", "None if best is None else best.title")),
    "async def instead of def": change(ME, "", swap("def who(", "async def who(")),
    "counted in the database": change(
        ME, "",
        swap("def who(user: Me)", "def who(user: Me, db: Db)"),
        swap("len(user.books)", "db.scalar(select(func.count(Book.id)).where(Book.author_id == user.id))"),
    ),
    "index declared": change(CHANGE, "", swap('ForeignKey("authors.id"))', 'ForeignKey("authors.id"), index=True)', MODELS)),
    "dependency without a thread": change(ADD, "", swap("def me(db: Db", "async def me(db: Db")),
    "work in a thread": change(
        STATS, "",
        swap("    best = db.scalar(", "    best = await to_thread(db.scalar, "),
        swap("from typing import Annotated", "from asyncio import to_thread\nfrom typing import Annotated"),
    ),
    "larger pool": change(
        CHANGE, "", swap('create_engine("sqlite:///ledger.db")', 'create_engine("sqlite:///ledger.db", pool_size=40)', MODELS)
    ),
    "fetched in one query": change(
        LIST, "",
        swap(
            "    return [shown(book) for book in books]",
            "    wanted = {book.author_id for book in books}\n"
            "    found = {one.id: one for one in db.scalars(select(Author).where(Author.id.in_(wanted)))}\n"
            "    assert len(found) == len(wanted)\n"
            "    return [shown(book) for book in books]",
        ),
    ),
    "built once": change(
        ONE, "",
        swap("def shown(book", "@lru_cache\ndef query_of_authors():\n    return select(Author.name)\n\n\ndef shown(book"),
        swap("author=book.author.name", "author=book._sa_instance_state.session.scalar(query_of_authors().where(Author.id == book.author_id))"),
        swap("from fastapi import Depends", "from functools import lru_cache\n\nfrom fastapi import Depends"),
    ),
    "merged conditions": change(LOGIN, "", swap("found is None or given", "not found or given")),
}  # fmt: skip


def shared(changes: Mapping[str, Change]) -> dict[str, tuple[str, ...]]:
    """Candidates: for each change the names of those that it shares one with, at most one a route."""
    groups: list[list[str]] = []
    for name, one in changes.items():
        fitting = (
            g for g in groups if one.route and all(changes[n].route not in (one.route, EVERYWHERE) for n in g)
        )
        group = next(fitting, None)
        if group is None:
            groups.append(group := [])
        group.append(name)
    return {name: tuple(group) for group in groups for name in group}


Told = Callable[[Mapping[str, Change], str], tuple[Difference, ...]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    known: dict[tuple[str, ...], tuple[Difference, ...]] = {}
    with seen(tmp_path_factory.mktemp("kill") / "ledger") as made:

        def tell(changes: Mapping[str, Change], name: str) -> tuple[Difference, ...]:
            group = shared(changes)[name]
            if group not in known:
                known[group] = _tell(made, changes, group)
            return known[group]

        assert made.base.relaxed.paths == frozenset(), "the ledger must be like itself"
        yield tell


def _tell(made: Seen, changes: Mapping[str, Change], group: tuple[str, ...]) -> tuple[Difference, ...]:
    return all_differences(made, patch(*(s for name in group for s in changes[name].swaps)))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_change_of_behaviour_is_different(told: Told, name: str) -> None:
    wanted = MUTANTS[name]
    found = [d for d in told(MUTANTS, name) if wanted.route in ("", d.route)]
    assert any(d.path.startswith(wanted.place) for d in found), found or "survived"


@pytest.mark.parametrize("name", NEUTRAL)
def test_a_neutral_edit_is_identical(told: Told, name: str) -> None:
    assert told(NEUTRAL, name) == ()
