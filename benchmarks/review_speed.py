"""What does `strop review` cost beside ruff, in one run? CPU of all processes, and the memory that they hold at once.

    python benchmarks/review_speed.py FOLDER [FOLDER ...] [--rounds 5] [--file FOLDER=PATH]

Each folder is copied first. `ruff check --isolated --no-cache` (its default rules, cold) is the reference; a second
series of the same runs is the A/A control: how far its ratio is from 1 is what the ratios are worth. Cold is without
a cache, unchanged with one that holds, the edits are of one file in the middle of the project: a body, a signature.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

RUFF = ("check", "--isolated", "--no-cache", "--quiet", "--exit-zero")
STROP = ("review", "--static", "--all", "--format", "json")
_DEF = re.compile(r"^( +)(?:async )?def \w+\([^()]*\)[^:\n]*:\n", re.M)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU (user and system), seconds on the clock, and the largest memory in MB that its processes held at once."""

    cpu: float
    wall: float
    memory: float


def run(command: list[str], folder: Path) -> Cost:
    """Run a program and all that it starts."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # as it is installed
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    highest = [0]
    watching = threading.Thread(target=_watch, args=(process, highest))
    watching.start()
    process.wait()
    watching.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, time.monotonic() - began, highest[0] / 1024)


def _watch(process: subprocess.Popen[bytes], highest: list[int]) -> None:
    while process.poll() is None:
        highest[0] = max(highest[0], sum(_held(pid) for pid in _family(process.pid)))
        time.sleep(0.03)


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))
    except OSError:
        return


def _held(pid: int) -> int:
    """What a process holds, in kB: of pages that several hold, its share (those of a fork would count twice else)."""
    try:
        shares = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss: +(\d+)", shares, re.M)[1])  # type: ignore[index]
    except (OSError, TypeError):
        return 0


def edit_body(text: str) -> str:
    """A statement more in the function in the middle."""
    found = list(_DEF.finditer(text))
    match = found[len(found) // 2]
    return f"{text[: match.end()]}{match[1]}    len('{time.monotonic_ns()}')\n{text[match.end() :]}"


def edit_signature(text: str) -> str:
    """A parameter more in the function in the middle."""
    found = list(_DEF.finditer(text))
    match = found[len(found) // 2]
    close = text.index(")", match.start())
    comma = "" if text[close - 1] in "(," else ", "
    return f"{text[:close]}{comma}more_{time.monotonic_ns()}=None{text[close:]}"


def middle(folder: Path) -> Path:
    """A file of the project that others import, neither small nor large: the most imported of the upper half in size."""
    files = [p for p in folder.rglob("*.py") if not {"tests", "migrations", "node_modules"} & set(p.parts)]
    files = [p for p in files if len(_DEF.findall(p.read_text("utf-8", "replace"))) > 3]
    sized = sorted(files, key=lambda p: p.stat().st_size)
    return sized[len(sized) * 3 // 4]


def measure(folder: Path, rounds: int, file: Path) -> None:
    """Print the table of one project."""
    ruff = [shutil.which("ruff", path=str(Path(sys.executable).parent)) or "ruff", *RUFF, "."]
    strop = [str(Path(sys.executable).parent / "strop"), *STROP]
    original = file.read_text("utf-8")

    def change(make: Callable[[str], str]) -> None:
        file.write_text(make(original), "utf-8")

    def cold() -> None:
        shutil.rmtree(folder / ".strop", ignore_errors=True)

    def nothing() -> None: ...

    series: dict[str, tuple[list[str], Callable[[], None]]] = {
        "ruff": (ruff, nothing),
        "ruff again (A/A)": (ruff, nothing),
        "strop cold": (strop, cold),
        "strop --no-cache": ([*strop, "--no-cache"], nothing),
        "strop unchanged": (strop, nothing),
        "strop after a body edit": (strop, lambda: change(edit_body)),
        "strop after a signature edit": (strop, lambda: change(edit_signature)),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in series}
    for _ in range(rounds):
        file.write_text(original, "utf-8")
        for name, (command, prepare) in series.items():
            prepare()
            costs[name].append(run(command, folder))
    file.write_text(original, "utf-8")
    base = statistics.median(c.cpu for c in costs["ruff"])
    print(f"\n{folder.name} ({_lines(folder):,} lines; edited {file.relative_to(folder)})")
    print(f"{'':30}{'CPU s':>8}{'ratio':>8}{'wall s':>8}{'MB':>8}")
    for name, each in costs.items():
        cpu = statistics.median(c.cpu for c in each)
        wall = statistics.median(c.wall for c in each)
        print(f"{name:30}{cpu:8.2f}{cpu / base:8.1f}{wall:8.2f}{max(c.memory for c in each):8.0f}")


def _lines(folder: Path) -> int:
    return sum(p.read_bytes().count(b"\n") for p in folder.rglob("*.py") if p.is_file())


def main() -> None:
    """Measure each folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--file", action="append", default=[], help="NAME=PATH: the file to edit in that folder"
    )
    options = parser.parse_args()
    chosen = dict(each.split("=", 1) for each in options.file)
    for folder in options.folders:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / folder.resolve().name
            ignored = shutil.ignore_patterns(".git", "node_modules", ".strop", ".venv")
            shutil.copytree(folder, copy, symlinks=True, ignore=ignored)
            subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
            measure(
                copy, options.rounds, copy / chosen[folder.name] if folder.name in chosen else middle(copy)
            )


if __name__ == "__main__":
    main()
