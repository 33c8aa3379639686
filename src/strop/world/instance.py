"""One running copy of the application: a tree, its databases, and the probe that serves or reports."""

from __future__ import annotations

import contextlib
import json
import os
import select
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

import strop.probe
from strop.probe.patience import Patience
from strop.problem import Problem
from strop.target import Target
from strop.world.ask import AskSocket
from strop.world.brought import Brought
from strop.world.databases import Databases, Originals
from strop.world.folder import Folder
from strop.world.instructions import SLOWER, InstructionCount
from strop.world.memory import memory_size
from strop.world.process import Child, Completed, end_all, ending, run
from strop.world.scratch import scratch

CLOCK = 1_790_000_000.0  # 2026-09-21T14:13:20Z, the frozen moment of a world, unless it has one of its own
SEED = "strop"
OTHER_HASHES = "1"  # PYTHONHASHSEED of an instance in which order is turned around
REQUEST_LIMIT = 60.0  # seconds a request may take before its process counts as hanging
MEMORY = memory_size() * 3 // 4  # bytes of data that a process of the application may have
PROBE = Path(strop.probe.__file__).parent

Mode = Literal["inspect", "serve", "suite", "http"]


class Conditions(Struct, frozen=True):
    """The world in which an instance runs; None for the clock or the seed means the real one. `counted`: its
    instructions can be counted, which makes it a hundred times as slow.
    """

    clock: float | None = CLOCK
    seed: str | None = SEED
    record: bool = True
    watch: Mapping[str, Sequence[int]] = field(default_factory=dict)
    counted: bool = False


class Gone(Exception):
    """The instance ended or stopped answering; `tail` is what it printed last."""

    def __init__(self, message: str, tail: str) -> None:
        super().__init__(message)
        self.tail = tail


class World:
    """The safe copy of what a target touches; make one with `open_world`."""

    def __init__(self, target: Target, base: Path) -> None:
        self.target = target
        self.base = base
        self.folder = Folder(base, target)
        self.replies = _write_replies(base, target)
        self.originals = Originals(base / "originals", target.allow_remote)
        self._instances: list[Instance] = []
        self._number = 0
        self._lock = threading.Lock()
        self.clock = CLOCK  # at which its applications start; that of the recording, where there is one
        self.brought = Brought((), {})  # migrations of the change that is proved
        self.one_place = threading.Lock()  # held by whoever uses the place of `at_one_place`

    def instance(self, root: Path, name: str = "", backwards: bool = False) -> Instance:
        """A copy of the application in `root`, with databases of its own.

        `backwards`: rows come in reverse where a query fixes no order, and sets of texts in another order.
        """
        with self._lock:
            self._number += 1
            made = Instance(self, root, self.base / (name or f"i{self._number}"), backwards)
            self._instances.append(made)
        return made

    def close(self) -> None:
        """End every instance and drop every scratch database, also when one of them fails to go."""
        with contextlib.ExitStack() as stack:
            stack.callback(self.originals.close)
            for instance in self._instances:
                stack.callback(instance.close)


@contextlib.contextmanager
def open_world(target: Target, place: str = "") -> Iterator[World]:
    """A world in a scratch folder (called `place` if that is free); afterwards no process, database or file of it is left."""
    with scratch(place) as base, ending():
        world = World(target, base)
        try:
            yield world
        except BaseException:
            end_all(lasting=False)  # nobody may wait for a program any more
            raise
        finally:
            world.close()


class Instance:
    """One copy of the application with databases of its own; at most one child runs at a time."""

    def __init__(self, world: World, root: Path, place: Path, backwards: bool = False) -> None:
        self.world = world
        self.root = root
        self.place = place
        self.backwards = backwards
        self.temporary = place / "tmp"
        self.temporary.mkdir(parents=True)
        home = Path(world.target.root)
        self.databases = Databases(
            world.originals, place, root, home, self.temporary, backwards, world.folder.beside
        )
        self._ask = AskSocket(place / "ask", self.databases.answer)
        self._child: Child | None = None
        self._pipes: tuple[int, int] | None = None
        self._buffer = b""
        self._count: InstructionCount | None = None

    def report(self, mode: Mode, conditions: Conditions, limit: float, **more: Any) -> Completed:
        """Run the probe to its end in a mode that writes a file; the file is `self.out`."""
        command, environ = self._prepare(mode, conditions, more)
        return run(command, self.root, environ, limit)

    @property
    def out(self) -> Path:
        """Where the probe writes what it found."""
        return self.place / "out.json"

    def start(self, mode: Mode, conditions: Conditions, **more: Any) -> dict[str, Any]:
        """Start a child that answers commands; returns its first message ("ready" or "failed")."""
        to_child, our_input = os.pipe()
        our_output, from_child = os.pipe()
        command, environ = self._prepare(mode, conditions, {**more, "input": to_child, "output": from_child})
        self._count = InstructionCount(self.place / "count") if conditions.counted else None
        command = self._count.around(command) if self._count else command
        try:
            self._child = Child(command, self.root, environ, (to_child, from_child))
        finally:
            os.close(to_child)
            os.close(from_child)
        self._pipes = (our_output, our_input)
        self._buffer = b""
        return self.ask({"do": "start"}, self.world.target.time_limit)

    def ask(self, command: dict[str, Any], limit: float = REQUEST_LIMIT) -> dict[str, Any]:
        """Send one command and wait for its answer; raises Gone when the child ends or `limit` seconds pass."""
        assert self._pipes is not None
        limit *= SLOWER if self._count else 1
        try:
            _write(self._pipes[1], json.dumps(command).encode() + b"\n")
        except BrokenPipeError:
            raise self._gone("the application's process ended") from None
        answer: dict[str, Any] = json.loads(self._line(limit))
        return answer

    def begin_count(self) -> None:
        """Count the child's instructions from now on; it was started with `counted`."""
        assert self._count is not None
        assert self._child is not None
        self._count.begin(self._child.pid)

    def counted(self) -> int:
        """How many instructions the child has executed since it was asked last."""
        assert self._count is not None
        assert self._child is not None
        return self._count.read(self._child.pid)

    def stop(self) -> None:
        """Ask the child to shut down, then make sure."""
        if self._child is None:
            return
        if self._child.status() is None:
            with contextlib.suppress(Gone, ValueError):
                self.ask({"do": "stop"}, 5)
        self._end()

    def run(self, command: Sequence[str], limit: float) -> Completed:
        """Run another program of the target (alembic) in this instance, guarded as the application is."""
        _, environ = self._prepare("serve", Conditions(clock=None, seed=None, record=False), {})
        return run(command, self.root, environ, limit)

    def close(self) -> None:
        """End the child, forget the databases."""
        with contextlib.ExitStack() as stack:
            stack.callback(self.databases.close)
            stack.callback(self._ask.close)
            self._end()

    def printed(self) -> str:
        """What the child printed last."""
        return self._child.tail() if self._child else ""

    def _prepare(
        self, mode: Mode, conditions: Conditions, more: dict[str, Any]
    ) -> tuple[list[str], dict[str, str]]:
        target = self.world.target
        config = {
            "mode": mode,
            "root": str(self.root),
            "sources": list(target.sources),
            "app": target.app,
            "factory": target.factory,
            "out": str(self.out),
            "ask": str(self._ask.path),
            "clock": self.world.clock if conditions.clock == CLOCK else conditions.clock,
            "seed": conditions.seed,
            "record": conditions.record,
            "backwards": self.backwards,
            "watch": {file: list(lines) for file, lines in conditions.watch.items()},
            "memory": MEMORY,
            "outbound": self.world.replies,
            "bytecode": str(self.world.base / "bytecode"),
            "protect": sorted({target.root, target.repo or target.root}),
            **more,
        }
        path = self.place / f"{mode}.json"
        path.write_text(json.dumps(config))
        environ = self.world.folder.environ(self.root, self.temporary)
        if self.backwards:
            environ["PYTHONHASHSEED"] = OTHER_HASHES
        environ |= {"STROP_PROBE_CONFIG": str(path), "PYTHONPATH": str(PROBE / "descend")}
        return [target.python, str(PROBE / "__main__.py"), str(path)], environ

    def _line(self, limit: float) -> bytes:
        assert self._pipes is not None
        patience = Patience(limit, self._child.pid if self._child else "self")
        while b"\n" not in self._buffer:
            left = patience.left()
            ready, _, _ = select.select([self._pipes[0]], [], [], left)
            if not ready and left:
                continue
            if not ready:
                raise self._gone(f"the application did not answer within {limit:.0f} s")
            part = os.read(self._pipes[0], 1 << 20)
            if not part:
                raise self._gone("the application's process ended")
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _gone(self, message: str) -> Gone:
        tail = ""
        if self._child is not None:
            status = self._child.wait(0.5)
            tail = self._child.tail()
            if status is not None:
                message += f" (exit status {status})"
        self._end()
        return Gone(message, tail)

    def _end(self) -> None:
        if self._child is not None:
            self._child.end(0.5)
            self._child = None
        if self._pipes is not None:
            for descriptor in self._pipes:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
            self._pipes = None


def _write_replies(base: Path, target: Target) -> str:
    """The file in which the probe finds what other services answer; "" without answers."""
    if not target.outbound:
        return ""
    path = base / "outbound.json"
    path.write_bytes(msgspec.json.encode(target.outbound))
    return str(path)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def refusal(instance: Instance) -> Problem | None:
    """The first database that the world refused, if any: the cause behind many failures to start."""
    return instance.databases.refusals[0] if instance.databases.refusals else None
