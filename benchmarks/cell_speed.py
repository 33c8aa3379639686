"""What does a cell cost with its restore, and how long do a thousand of them take on both sides of a change?

    python benchmarks/cell_speed.py [--cells 1000] [--only shop|ledger] [--profile]

For the example backend with its rows, and for the small one of strop's tests: the recorded cells and those that gate 4
makes of them are served by one process, and then side by side by two (A/A: both are the base, so nothing may differ).
Clocks are only worth something on a quiet machine; CPU time is printed beside them, of strop and of the application.
Status 1 when the two sides differ.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from strop.actions.control import control
from strop.actions.target import open_target
from strop.cell import Cell
from strop.measure.generate import operations
from strop.measure.observe import Workload, observe
from strop.measure.perturb import Pool
from strop.measure.serve import Served
from strop.project.settings import Overrides
from strop.proof.judge import Base
from strop.proof.perturbed_choice import by_key, choose_perturbed
from strop.proof.perturbed_states import pair_of
from strop.proof.side_by_side import Comparing
from strop.target import Target
from strop.world.databases import Databases
from strop.world.instance import Instance, open_world

HERE = Path(__file__).parent


@dataclass
class Parts:
    """Where the time of cells goes, in seconds on the clock, by the call of strop's that takes it."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Time the calls while the block runs."""
        calls: tuple[tuple[type, str], ...] = (
            (Instance, "ask"),
            (Databases, "changes"),
            (Databases, "restore"),
            (Databases, "is_held"),
        )
        real = [(kind, name, getattr(kind, name)) for kind, name in calls]
        for kind, name, call in real:
            setattr(kind, name, self._timed(name, call))
        try:
            yield
        finally:
            for kind, name, call in real:
                setattr(kind, name, call)

    def _timed(self, name: str, call: Callable[..., object]) -> Callable[..., object]:
        def timed(*given: object, **named: object) -> object:
            began = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                self.spent[name] = self.spent.get(name, 0.0) + time.perf_counter() - began

        return timed


def cpu() -> float:
    """CPU seconds of this process."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def of_child(side: Served) -> float:
    """CPU seconds of a served application, its threads included."""
    child = side.instance._child
    fields = Path(f"/proc/{child.pid if child else 0}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def targets(folder: Path, only: str) -> Iterator[tuple[str, Target]]:
    """The backends, made anew."""
    given = Overrides(python=sys.executable)
    if only in ("", "ledger"):
        sys.path.insert(0, str(HERE.parent))  # the small backend lies in the tests of this repository
        from tests import ledger

        yield "ledger", open_target(ledger.make(folder / "ledger", ledger.FILES), given)
    if only in ("", "shop"):
        runpy.run_path(str(HERE.parent / "examples/demo.py"))["make_copy"](folder / "shop")
        subprocess.run(
            [sys.executable, "-m", "shop.seed"], cwd=folder / "shop", check=True, stdout=subprocess.DEVNULL
        )
        yield "shop", open_target(folder / "shop", given, head=True)


def cells_of(base: Base, served: Served, count: int) -> list[Cell]:
    """The recorded cells, what gate 4 makes of them, and then the same again until there are `count`."""
    known = by_key(operations(base.imported, served.instance.databases))
    made, _ = choose_perturbed(base.cells, base.outcomes, known, Pool((), ()), None)
    return list(islice(cycle([*base.cells, *made]), count))


def measure(name: str, target: Target, count: int, profile: bool) -> int:
    """Print the figures of one backend; returns how many cells differ between two processes of the same code."""
    with open_world(target) as world:
        seen = observe(world, Workload(suite=False))
        base, _ = control(world, seen, lambda _: None)
        cells = cells_of(base, seen.served, count)
        size = sum(path.stat().st_size for path in seen.served.instance.databases.sqlite_files())
        print(f"{name}: {len(cells)} cells, {len(base.cells)} of them recorded, database {size / 1e6:.1f} MB")
        parts, own, child = Parts(), cpu(), of_child(seen.served)
        watching = cProfile.Profile() if profile else None
        began = time.perf_counter()
        with parts.watched():
            if watching is not None:
                watching.enable()
            wrote = sum(bool(seen.served.serve(cell).rows) for cell in cells)
            if watching is not None:
                watching.disable()
        each = 1000 / len(cells)
        print(
            f"  one process: {(time.perf_counter() - began) * each:.1f} ms a cell ({wrote} write); CPU of the application"
            f" {(of_child(seen.served) - child) * each:.1f} ms, of strop {(cpu() - own) * each:.1f} ms"
        )
        print("   ", ", ".join(f"{n} {s * each:.1f} ms" for n, s in parts.spent.items()))
        if watching is not None:
            pstats.Stats(watching).sort_stats("tottime").print_stats(18)
        with pair_of(world, "base", {}) as sides:
            own, children = cpu(), sum(map(of_child, sides))
            began = time.perf_counter()
            found = Comparing(seen.again.serve, *sides, lambda _: None, seconds=600).run(cells)
            took = time.perf_counter() - began
            print(
                f"  both sides: {found.served} cells in {took:.1f} s ({took * each:.1f} ms a cell); CPU of both applications"
                f" {sum(map(of_child, sides)) - children:.1f} s, of strop {cpu() - own:.1f} s; {len(found.differences)} differ"
            )
        return len(found.differences)


def main() -> int:
    """Measure each backend."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--only", default="", choices=["", "shop", "ledger"])
    parser.add_argument("--profile", action="store_true", help="of strop's own process")
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        differ = sum(
            measure(name, target, given.cells, given.profile)
            for name, target in targets(Path(folder), given.only)
        )
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main())
