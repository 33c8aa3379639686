"""Gate 8 on an async ledger: races that a change brings are told, neutral edits and races of the base are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from strop.event import ignore
from strop.problem import Problem
from strop.proof.branch import prove_branch
from strop.proof.interleaved import Interleaved, serve_interleaved
from strop.proof.perturbed import Perturbing
from strop.proof.schema import Schema
from strop.world import git
from tests import ledger
from tests.proof.observed import Seen, Swap, seen, swap

ASYNC = """

import asyncio

counter = asyncio.Lock()
asking: list[str] = []
FOUND: dict[int, str] = {}


async def price_of(book_id: int) -> float:
    await asyncio.sleep(0)
    with Session() as db:
        return db.get(Book, book_id).price


async def title_of(book_id: int) -> str:
    await asyncio.sleep(0)
    with Session() as db:
        return db.get(Book, book_id).title


async def whoever(authorization: Annotated[str, Header()] = "") -> str:
    token = authorization.removeprefix("Bearer ")
    await asyncio.sleep(0)
    with Session() as db:
        found = db.scalar(select(Author).where(Author.token == token))
    if found is None:
        raise HTTPException(401, "log in")
    return found.name


async def sold_of(book_id: int) -> int:
    with Session() as db:
        return db.get(Book, book_id).sold


@app.post("/books/{book_id}/sale")
async def sell(book_id: int, name: Annotated[str, Depends(whoever)]) -> dict[str, int | str]:
    async with counter:
        sold = await sold_of(book_id)
        await asyncio.sleep(0)
        with Session() as db:
            db.get(Book, book_id).sold = sold + 1
            db.commit()
    return {"sold": sold + 1, "by": name}


@app.get("/books/{book_id}/label")
async def label(book_id: int, name: Annotated[str, Depends(whoever)]) -> dict[str, float | str]:
    price = await price_of(book_id)
    title = await title_of(book_id)
    return {"title": title, "price": price, "for": name}


@app.get("/range/label")
async def span() -> list[float]:
    first = await price_of(1)
    last = await price_of(2)
    return [first, last]


@app.post("/racy/{book_id}")
async def racy(book_id: int) -> int:
    sold = await sold_of(book_id)
    await asyncio.sleep(0)
    with Session() as db:
        db.get(Book, book_id).sold = sold + 2
        db.commit()
    return sold + 2
"""
FILES = {**ledger.FILES, "app/main.py": ledger.MAIN + ASYNC}

RACES = {
    "a lock removed": swap(
        "    async with counter:\n        sold = await", "    if True:\n        sold = await"
    ),
    "checked before the lock": swap(
        "    async with counter:\n        sold = await sold_of(book_id)\n",
        "    sold = await sold_of(book_id)\n    async with counter:\n",
    ),
    "the subject in the module": swap(
        'token = authorization.removeprefix("Bearer ")\n    await asyncio.sleep(0)\n',
        'asking[:] = [authorization.removeprefix("Bearer ")]\n    await asyncio.sleep(0)\n    token = asking[0]\n',
    ),
    "a lock that is not given back": swap(
        "    async with counter:\n        sold = await sold_of(book_id)\n",
        "    if counter.locked():\n        await counter.acquire()\n    async with counter:\n"
        "        sold = await sold_of(book_id)\n",
    ),
}
NEUTRAL = {
    "gathered": swap(
        "    price = await price_of(book_id)\n    title = await title_of(book_id)\n",
        "    price, title = await asyncio.gather(price_of(book_id), title_of(book_id))\n",
    ),
    "awaited in another order": swap(
        "    first = await price_of(1)\n    last = await price_of(2)\n",
        "    last = await price_of(2)\n    first = await price_of(1)\n",
    ),
    "async where it was not": swap("def who(user: Me)", "async def who(user: Me)"),
    "answered outside the lock": swap(
        '            db.commit()\n    return {"sold": sold + 1, "by": name}\n',
        '            db.commit()\n        now = sold + 1\n    return {"sold": now, "by": name}\n',
    ),
    "racy before and after": swap("    return sold + 2\n", "    now = sold + 2\n    return now\n"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with seen(tmp_path_factory.mktemp("interleaved") / "ledger", FILES) as opened:
        touched = ("/sale", "/label", "/racy", "/me")
        cells = tuple(c for c in opened.base.cells if any(name in c.route for name in touched))
        others = Perturbing(opened.observation, opened.base).identities
        opened.base = replace(opened.base, cells=cells, others=others)
        yield opened


def at_once(made: Seen, *changes: Swap | str) -> Interleaved:
    """What gate 8 says of these changes; texts name the only pairs that are served."""
    root = made.world.folder.tree()
    text = FILES["app/main.py"]
    for _, old, new in (each for each in changes if not isinstance(each, str)):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (root / "app/main.py").write_text(text)
    revision = git.commit(root, ["app/main.py"], "Change something", "")
    only = [each for each in changes if isinstance(each, str)]
    made.world.folder.remove(root)
    proof = prove_branch(made.base, revision, Schema(), None, ignore)
    try:
        assert proof.holds, "one at a time nobody can tell"
        return serve_interleaved(made.base, proof, ignore, only)
    finally:
        proof.served.instance.close()
        made.world.folder.remove(proof.root)


@pytest.mark.parametrize("name", RACES)
def test_a_race_that_a_change_brings_is_told(made: Seen, name: str) -> None:
    found = at_once(made, RACES[name])
    assert found.differences, found
    assert all("~turns." in difference.cell for difference in found.differences)


def test_one_order_shows_the_race_again(made: Seen) -> None:
    found = at_once(made, RACES["a lock removed"]).differences
    again = at_once(made, RACES["a lock removed"], found[0].cell).differences
    assert {(d.path, d.after) for d in again} & {(d.path, d.after) for d in found}


def test_neutral_edits_are_not_told(made: Seen) -> None:
    found = at_once(made, *NEUTRAL.values())
    assert found.pairs
    assert found.orders > found.pairs * 2, "held at several places"
    assert not found.differences


def test_what_shares_nothing_is_not_served_at_once(made: Seen) -> None:
    change = swap(
        'raise HTTPException(404, "no such book")\n    return',
        'raise HTTPException(404, "no such " + "book")\n    return',
    )
    assert at_once(made, change).pairs == 0


def test_a_pair_that_nobody_made_is_a_mistake_of_the_user(made: Seen) -> None:
    with pytest.raises(Problem) as caught:
        at_once(made, RACES["a lock removed"], "c0001+c9999~turns.0")
    assert caught.value.code == "M405"
