"""How long does `strop --help` take, and which imports does it spend that time on?

python benchmarks/help_time.py [--most 0.2]

Ends with 1 when the fastest of eleven starts takes more than `--most` seconds: what the machine does besides is not counted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

STARTS, SHOWN = 11, 8
COMMAND = ("-c", "import sys; sys.argv = ['strop', '--help']; from strop.faces.cli import main; main()")


def main() -> int:
    """Start the command line again and again and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--most", type=float, default=0.2, help="seconds (default: 0.2)")
    most: float = parser.parse_args().most
    took = min(_start() for _ in range(STARTS))
    print(f"strop --help: fastest of {STARTS} starts {took * 1000:.0f} ms, at most {most * 1000:.0f} ms")
    for microseconds, name in _imports()[:SHOWN]:
        print(f"  {microseconds / 1000:6.1f} ms  {name}")
    return 1 if took > most else 0


def _start() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *COMMAND], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _imports() -> list[tuple[int, str]]:
    """Modules by the time that importing each took without what it imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *COMMAND], check=True, capture_output=True, text=True
    )
    rows = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines()[1:]]
    return sorted(((int(own), name.strip()) for own, _, name in rows if own.strip().isdigit()), reverse=True)


if __name__ == "__main__":
    sys.exit(main())
