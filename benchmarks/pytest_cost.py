"""How much slower is a suite with `pytest --strop`?

Runs a suite again and again in three ways, in random order: without the option, without it once more (the
control: their difference is the noise), and with it. CPU time of all its processes is compared within a round,
so that other work on the machine weighs less; the interval is bootstrapped over rounds.

    python benchmarks/pytest_cost.py [--rounds 6] [--folder examples/shop] [--python PYTHON] [-- PYTEST-ARGUMENTS]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

SIDES = {"plain": [], "control": [], "strop": ["--strop"]}
SHOP = Path(__file__).parent.parent / "examples" / "shop"


def run(command: Sequence[str], folder: Path, compiled: str) -> float:
    """Seconds of CPU that one run of the suite takes; a run that does not pass ends the benchmark."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, "PYTHONPYCACHEPREFIX": compiled},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout[-3000:])
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def interval(ratios: Sequence[float], draw: random.Random) -> tuple[float, float, float]:
    """The median ratio with its 95 % interval."""
    resampled = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(2000))
    return statistics.median(ratios), resampled[50], resampled[1949]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--folder", type=Path, default=SHOP)
    parser.add_argument(
        "--python", default=sys.executable, help="of the environment of the suite, with strop"
    )
    parser.add_argument("pytest", nargs="*", help="arguments for pytest")
    options = parser.parse_args()
    base = [options.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options.pytest]
    draw = random.Random(7)
    rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="strop-pytest-cost-") as compiled:
        for more in SIDES.values():
            run([*base, *more], options.folder, compiled)  # compiles, warms the disk's cache
        for number in range(options.rounds):
            order = draw.sample(sorted(SIDES), k=len(SIDES))
            rounds.append({side: run([*base, *SIDES[side]], options.folder, compiled) for side in order})
            print(number + 1, {side: round(rounds[-1][side], 2) for side in SIDES}, flush=True)
    print(f"plain: {statistics.median(each['plain'] for each in rounds):.2f} s of CPU")
    for side in ("control", "strop"):
        middle, low, high = interval([each[side] / each["plain"] for each in rounds], draw)
        print(f"{side:8} {middle - 1:+.1%} [{low - 1:+.1%}, {high - 1:+.1%}]")


if __name__ == "__main__":
    main()
