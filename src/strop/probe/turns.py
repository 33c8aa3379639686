"""Who goes on when several requests are served at once? One at a time, and a plan says when another takes over.

The loop's own order hangs on how long databases and threads take. Here the steps of a request's tasks are held
until it is that request's turn; what belongs to nobody (sockets, timers, results of threads) runs as it comes.
Threads hand over before each statement and each watched line. A request that waits for another one gives its turn
away after a moment, so nobody waits for ever because of the plan.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from . import randomness
from .standing import standing

STALL = (
    0.01  # seconds without anything to do, after which a request that waits for a lock gives its turn away
)
SLOW = 0.15  # seconds after which one does that waits for a database or a thread: perhaps for a lock there
PAUSE = 0.2  # seconds that a thread is held while nobody goes on: the others wait for it
TICK = 0.002
SWITCH = 0.15  # how often a drawn plan hands over
MOST = 400  # steps that are told of a request

turn: ContextVar[Client | None] = ContextVar("strop_turn", default=None)


@dataclass(eq=False)
class Client:
    """One of the requests."""

    number: int
    own: random.Random  # what the system gives it by chance
    chance: Any = None  # the other generators as it left them, while it is not its turn
    ready: deque[asyncio.Handle] = field(default_factory=deque)
    trace: list[str] = field(default_factory=list)  # where it stood after each step
    within: dict[asyncio.Task[Any], bool] = field(
        default_factory=dict
    )  # its tasks, whether each waits for a lock
    held: int = 0  # threads of its that wait for its turn
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Who begins, and after which steps of whom the next one takes over; with a seed that is drawn."""

    order: tuple[int, ...]
    holds: frozenset[tuple[int, int]] = frozenset()  # (client, steps)
    seed: int | None = None

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Plan:
        """Read a plan from a command."""
        holds = frozenset((int(client), int(steps)) for client, steps in raw.get("holds") or ())
        return cls(tuple(raw["order"]), holds, raw.get("seed"))


class Turns:
    """The requests of one crowd on `loop`."""

    def __init__(self, loop: Any, clients: Sequence[Client], plan: Plan) -> None:
        self._loop = loop
        self._clients = [clients[number] for number in plan.order]
        self._plan = plan
        self._draw = None if plan.seed is None else random.Random(plan.seed)
        self._current: Client | None = None
        self._changed = threading.Condition()
        self._thread = threading.get_ident()
        self._last = time.monotonic()  # when somebody last went on
        self._original: Callable[[], None] = loop._run_once
        self._only_others = False  # a cancellation that waits for a step calls itself again and again

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Let the plan rule the loop."""
        global _now
        self._loop._run_once = self._run_once
        _now = self
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Let everybody go on as it comes."""
        global _now
        _now = None
        self._loop.__dict__.pop("_run_once", None)
        with self._changed:
            for client in self._clients:
                client.is_done = True
                self._loop._ready.extend(client.ready)
                client.ready.clear()
            self._changed.notify_all()

    def end(self, client: Client) -> None:
        """A request is over; what it left behind runs as it comes."""
        with self._changed:
            client.is_done = True
            self._loop._ready.extend(client.ready)
            client.ready.clear()

    def step_of_thread(self, client: Client, place: str) -> None:
        """A thread of a request is about to do something that others could see: wait for its turn."""
        if client.is_done or threading.get_ident() == self._thread:
            return
        with self._changed:
            self._wait(client)
            self._count(client, f"thread {place}")
            self._wait(client)
            self._last = time.monotonic()

    def _wait(self, client: Client) -> None:
        client.held += 1
        while self._current is not client and not client.is_done:
            self._loop.call_soon_threadsafe(_nothing)
            self._changed.wait(TICK)
            if time.monotonic() - self._last > PAUSE:
                self._turn_to(client)
        client.held -= 1

    def _run_once(self) -> None:
        self._sort()
        self._only_others = bool(self._loop._ready) and not self._only_others
        handle = None if self._only_others else self._next()
        if handle is None:
            if not self._loop._ready:
                self._loop.call_later(TICK, _nothing)
            self._original()
            return
        client, task = handle._context.get(turn), handle._callback.__self__  # type: ignore[attr-defined]
        self._loop._ready.append(handle)
        self._original()
        with self._changed:
            self._last = time.monotonic()
            client.within.pop(task, None)
            place = ""
            if not task.done():
                place, client.within[task] = standing(task)
            if not client.is_done:
                self._count(client, place)

    def _sort(self) -> None:
        """Hold the steps of the requests; leave what belongs to nobody."""
        ready = self._loop._ready
        for _ in range(len(ready)):
            handle = ready.popleft()
            client = _owner(handle)
            if client is None or client.is_done:
                ready.append(handle)
            else:
                client.ready.append(handle)

    def _next(self) -> asyncio.Handle | None:
        with self._changed:
            current = self._current
            if current is None or current.is_done:
                current = self._turn_to(next((c for c in self._clients if not c.is_done), None))
            if current is None:
                return None
            patience = STALL if all(current.within.values()) else SLOW
            if not current.ready and time.monotonic() - self._last > patience:
                able = [c for c in self._after(current) if c.ready or c.held]
                current = self._turn_to(able[0]) if able else current
            return self._take(current) if current is not None and current.ready else None

    def _take(self, client: Client) -> asyncio.Handle:
        """Its next step; a drawn plan also draws among its own tasks."""
        if self._draw is not None:
            client.ready.rotate(-self._draw.randrange(len(client.ready)))
        return client.ready.popleft()

    def _count(self, client: Client, place: str) -> None:
        """A request has made a step: does the next one take over?"""
        client.trace.append(place)
        others = self._after(client)
        if not others or self._current is not client:
            return
        if (client.number, len(client.trace)) in self._plan.holds:
            self._turn_to(others[0])
        elif self._draw is not None and self._draw.random() < SWITCH:
            self._turn_to(self._draw.choice(others))

    def _after(self, client: Client) -> list[Client]:
        """The others that are not done, beginning with the one behind this one."""
        at = self._clients.index(client)
        return [each for each in (*self._clients[at + 1 :], *self._clients[:at]) if not each.is_done]

    def _turn_to(self, client: Client | None) -> Client | None:
        if client is not self._current:
            if self._current is not None:
                self._current.chance = randomness.state()
            if client is not None:
                randomness.restore(client.chance)
            self._current = client
            self._last = time.monotonic()
            self._changed.notify_all()
        return client


_now: Turns | None = None


def passed(place: Callable[[], str]) -> None:
    """Whatever runs now is about to do something that others could see; `place` says where."""
    turns = _now
    if turns is None:
        return
    client = turn.get()
    if client is not None:
        turns.step_of_thread(client, place())


def _owner(handle: asyncio.Handle) -> Client | None:
    """Whose step this is; None for anything but a step of a task of a request."""
    if not isinstance(getattr(handle._callback, "__self__", None), asyncio.Task):  # type: ignore[attr-defined]
        return None
    client: Client | None = handle._context.get(turn)  # type: ignore[attr-defined]
    return client


def _nothing() -> None:
    """Wake the loop."""
