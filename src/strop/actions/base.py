"""The base of a proof: run now, or known from an earlier proof of another change of the same commit."""

from __future__ import annotations

import time
from pathlib import Path

from strop.actions.control import control
from strop.event import Listener
from strop.measure.observe import Workload, observe
from strop.measure.perturb import MARK
from strop.proof.base_kept import KeptBase, Known, keep_base
from strop.proof.base_key import key_of
from strop.proof.base_store import forget, read_kept, write_kept
from strop.proof.schema import Schema
from strop.proof.short import first_difference, witnesses
from strop.proof.worlds import observe_second
from strop.target import Target
from strop.verdict import Behaviour, Verdict
from strop.world.instance import World
from strop.world.postgres_print import UNKNOWN


class Outdated(Exception):
    """What was kept of a base is not what it answers now; the message says where."""


def observe_base(world: World, workload: Workload, listener: Listener) -> Known:
    """Run the base in both worlds; raises what `observe` raises."""
    seen = observe(world, workload, listener)
    base, suites = control(world, seen, listener)
    base.second = observe_second(base, seen.served, listener)
    return Known(seen, base, suites, seen.served.instance.databases.columns())


class BaseStore:
    """What is kept of one base below the target's root. Nothing, where the user says so or asks for single requests, and
    nothing of a recording: its requests carry the sessions of people.
    """

    def __init__(self, target: Target, workload: Workload, used: bool) -> None:
        self._root = Path(target.root)
        used = used and not workload.cells and workload.har is None
        self._key = key_of(target, workload) if used else ""

    def read(self) -> KeptBase | None:
        """The evidence of this base under these conditions, if there is any."""
        return read_kept(self._root, self._key) if self._key else None

    def write(self, known: Known) -> None:
        """Keep it for the next change; not where it rests on a database whose content nobody can tell."""
        if not self._key:
            return
        kept = keep_base(self._key, time.time(), known)
        if all(original.print != UNKNOWN for original in kept.originals):
            write_kept(self._root, kept)

    def forget(self) -> None:
        """Remove what turned out not to hold."""
        if self._key:
            forget(self._root, self._key)


def outdated(known: Known, kept: KeptBase, judged: Verdict) -> str:
    """Why the kept evidence is not that of the base as it is now; "" where it is.

    Databases outside the folder must hold what they held; and where the change is called different, the base is
    run after all, and asked the same.
    """
    base, now = known.base, {o.place: o.print for o in known.base.world.originals.known()}
    other = next((o.place for o in kept.originals if now.get(o.place, o.print) != o.print), "")
    if other:
        return f"{other} holds other data"
    doubted = [d for d in judged.differences if MARK not in d.cell]  # gate 4 ran the base itself
    if judged.behaviour is not Behaviour.DIFFERENT or not doubted:
        return ""
    return first_difference(base, "base", Schema(), known.suites, witnesses(doubted))
