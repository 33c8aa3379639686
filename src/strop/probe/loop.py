"""Which request made the event loop stand still, for how long, and on which line?

A thread looks every few milliseconds whether the task it saw last time is still in the same step, and
samples the stack only then. Where the loop has a Python selector a step ends when the loop selects
again; elsewhere (uvloop) when it answers a ping. An idle loop runs no task, so it is never suspected.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import Counter
from contextvars import Context
from time import clock_gettime_ns, pthread_getcpuclockid
from types import FrameType
from typing import Any

from . import hooks
from .frames import OWN, Place, kinds, stack
from .record import Entry, Record, current
from .ticks import perf_counter_ns

TICK = 0.009  # seconds between two looks: two fall into the shortest block, and each takes the GIL
_HALF = int(TICK * 5e8)  # ns: half the time between two looks
LATE = 8_000_000  # ns after which a step is sampled
LONG = 20_000_000  # ns from which a step is a block
_MOST = 50  # samples of one block

_watch: _Watch | None = None


class _Step:
    """One step of a task that may take too long."""

    __slots__ = ("base", "done", "epoch", "on_time", "record", "samples", "start", "task")

    def __init__(self, task: Any, epoch: int, start: int, base: tuple[int, int]) -> None:
        self.task = task
        self.epoch = epoch
        self.start = start
        self.base = (
            base  # CPU time of the thread, and its wait for a processor, when the step was not seen yet
        )
        self.samples: list[tuple[tuple[int, ...], list[Place], str]] = []
        self.record: Record | None = None
        self.on_time = False  # the watching thread itself was not delayed
        self.done = False


class _Watch:
    """The state that the loop's thread and the watching thread share."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self.epoch = 0
        self.since = 0  # when the loop last came back from its selector
        self.step: _Step | None = None
        self._gate = threading.Lock()
        self._gate.acquire()
        self._thread: threading.Thread | None = None
        self._ident = 0
        self._clock = 0
        self._delays = -1
        self._looked = 0
        self._base = (0, 0)
        self._selector: Any = getattr(loop, "_selector", None)

    def start(self) -> None:
        """Begin on the loop's own thread, as soon as it runs."""
        if self._selector is not None:
            _mark(self, self._selector)
        self.loop.call_soon_threadsafe(self._enter)

    def start_here(self) -> None:
        """Begin at once: the caller is on the loop's own thread, in a step that may be the whole request."""
        if self._selector is not None:
            _mark(self, self._selector)
        self._enter()
        self.begin_step()

    def begin_step(self) -> None:
        """Count what the loop's thread does from now as a step of its own."""
        self.epoch += 1
        self.since = perf_counter_ns()

    def stop(self) -> None:
        """End the watching thread and unmark the selector."""
        if self._selector is not None:
            vars(self._selector).pop("select", None)
        self._gate.release()
        if self._thread is not None:
            self._thread.join()
        if self._delays >= 0:
            os.close(self._delays)

    def _enter(self) -> None:
        self._ident = threading.get_ident()
        self._clock = pthread_getcpuclockid(self._ident)
        try:
            self._delays = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
        except OSError:
            self._delays = -1
        self._thread = threading.Thread(target=self._run, name="strop-loop-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._looked = perf_counter_ns()
        self._base = self._used()
        while not self._gate.acquire(timeout=TICK):
            if self.loop.is_closed():
                return  # its thread may have ended, and that has no clock any more
            try:
                self._look()
            except Exception:
                if not self.loop.is_closed():
                    hooks.failures["loop"] += 1

    def _used(self) -> tuple[int, int]:
        """CPU time of the loop's thread, and how long it has waited for a processor, in ns."""
        delay = 0
        if self._delays >= 0:
            delay = int(os.pread(self._delays, 96, 0).split()[1])
        return clock_gettime_ns(self._clock), delay

    def _look(self) -> None:
        now = perf_counter_ns()
        gap = now - self._looked
        task, epoch, step = asyncio.current_task(self.loop), self.epoch, self.step
        if step is not None and (step.task is not task or step.epoch != epoch):
            self.settle(step, now)
            step = None
        if task is None:
            self.step = None
        else:
            if step is None:
                # Without a selector to tell, the step began some time after the last look.
                start = max(self._looked, self.since) if self._selector else self._looked + _HALF
                step = self.step = _Step(task, epoch, start, self._base)
                if self._selector is None:
                    self.loop.call_soon_threadsafe(self._answer, step)
            elif gap < 3 * TICK * 1e9:
                step.on_time = True
            if now - step.start >= LATE and not step.done:
                self._sample(step)
        self._looked = now
        self._base = self._used()

    def _answer(self, step: _Step) -> None:
        self.epoch += 1
        self.settle(step, perf_counter_ns())

    def _sample(self, step: _Step) -> None:
        frame = sys._current_frames().get(self._ident)
        if frame is None or len(step.samples) >= _MOST:
            return
        record = step.record or _record_of(step.task, frame)
        places = stack(frame, here=False)
        step.samples.append((tuple(map(id, places)), places, _library(frame)))
        step.record = record  # last: the loop's thread may settle a step with a record, and it needs a sample

    def settle(self, step: _Step, end: int) -> None:
        """Report a step that has ended, if it was a block; from either thread."""
        if step.done:
            return
        step.done = True
        record, duration = step.record, end - step.start
        if record is None or duration < LONG:
            return
        cpu, delay = (after - before for after, before in zip(self._used(), step.base, strict=True))
        waited = duration - delay
        if waited < LONG * 0.9 or not (step.on_time or cpu * 2 >= waited):
            return  # the machine or another thread kept the loop from running
        record.add("blocks", _block(step, record, waited, min(cpu, waited)))


def _block(step: _Step, record: Record, duration: int, cpu: int) -> Entry:
    most = Counter(key for key, _, _ in step.samples).most_common(1)[0][0]
    places, name = next((places, name) for key, places, name in step.samples if key == most)
    if not places and record.queries and record.queries[-1]["span"]:
        places = [record.queries[-1]["span"]]  # rows of an async session are loaded in a child greenlet
    return {"duration": duration // 1000, "cpu": cpu // 1000, "stack": places, "name": name}


def _library(frame: FrameType) -> str:
    """The callable that runs, where it is not the application's own."""
    if frame.f_code.co_filename.startswith(OWN) or kinds[frame.f_code.co_filename]:
        return ""
    return f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_qualname}"


def _record_of(task: Any, frame: FrameType | None) -> Record | None:
    """The record in whose context a task of another thread runs."""
    context: Context | None = None
    if hasattr(task, "get_context"):
        context = task.get_context()
    else:  # before Python 3.12: the handle that runs knows it, and so does a hook of the probe
        while frame is not None:
            if frame.f_code is asyncio.Handle._run.__code__:
                context = frame.f_locals["self"]._context
                break
            if frame.f_code.co_filename.startswith(OWN):
                record = frame.f_locals.get("record")
                if isinstance(record, Record):
                    return record
            frame = frame.f_back
    return None if context is None else context.get(current)


def _mark(watch: _Watch, selector: Any) -> None:
    """Note when the loop goes to its selector and when it comes back."""
    original = selector.select

    def select(timeout: float | None = None) -> Any:
        step = watch.step
        if step is not None and step.samples:
            watch.settle(step, perf_counter_ns())
        watch.epoch += 1
        try:
            return original(timeout)
        finally:
            watch.since = perf_counter_ns()

    selector.select = select


def start(loop: Any) -> None:
    """Watch this loop."""
    global _watch
    stop()
    _watch = _Watch(loop)
    _watch.start()


def follow(loop: Any) -> None:
    """Watch this loop, on which a request begins now: what the same step did before is not the request's.

    For processes in which loops come and go, as in a suite of tests: each test, or each request, has its own.
    """
    global _watch
    watch = _watch
    if watch is not None and watch.loop is loop:
        watch.begin_step()
        return
    stop()
    _watch = _Watch(loop)
    _watch.start_here()


def stop() -> None:
    """Watch no loop any more."""
    global _watch
    watch, _watch = _watch, None
    if watch is not None:
        watch.stop()


def settle(record: Record) -> None:
    """Report the block in which a request ends now: its own step is not over yet."""
    if _watch is not None:
        step = _watch.step
        if step is not None and step.record is record:
            _watch.settle(step, perf_counter_ns())
