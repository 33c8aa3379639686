"""The size of a pool shows only in a crowd: more connections end the waits, and the same code gains nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from strop.fixes.write import apply
from strop.measure.serve import Served
from strop.proof.crowd import crowd_gains
from strop.proof.gain import decide, stands_out
from strop.verdict import Gain
from strop.world.instance import Conditions
from tests.proof.observed import Seen, patch, seen, swap

ENGINE = 'create_engine("sqlite:///ledger.db"'


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with seen(tmp_path_factory.mktemp("crowd")) as observed:
        yield observed


def gains(base: Seen, size: int) -> dict[str, Gain]:
    root = base.world.folder.tree()
    change = swap(ENGINE, f"{ENGINE}, pool_size={size}", "app/models.py")
    apply(root, patch(change))
    served = Served(base.world.instance(root), Conditions())
    served.start()
    cell = next(c for c in base.base.cells if c.route == "GET /books")
    try:
        found = crowd_gains(base.tip.served, served, cell, 40, ("GET /books",))
    finally:
        served.instance.close()
    return {gain.name: gain for gain in found}


def test_a_pool_for_every_thread_ends_the_waits(base: Seen) -> None:
    found = gains(base, 40)
    assert stands_out(found["waits"])
    assert found["connections"].before >= 10
    # the crowd that fills the pool may have had fewer at once than a later one
    assert found["connections"].after <= 1
    best, reason = decide("set_pool", tuple(found.values()))
    assert best is not None, reason


def test_the_same_pool_gains_nothing(base: Seen) -> None:
    # waits are wall time: a machine that is busy for one of the two crowds is not busy for the same one each time
    assert any(decide("set_pool", tuple(gains(base, 5).values()))[0] is None for _ in range(3))
