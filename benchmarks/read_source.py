"""How long does reading a tree take, and how much memory?

python benchmarks/read_source.py PATH [SOURCE_FOLDER ...]
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from strop.project.source import read_source


def main(arguments: list[str]) -> None:
    """Read the tree once and print what it took."""
    start = time.process_time()
    source = read_source(Path(arguments[0]), tuple(arguments[1:]) or (".",))
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    calls = source.resolved + source.unresolved
    print(f"{source.lines} lines, {len(source.functions)} functions, {len(source.classes)} classes")
    print(f"{source.resolved} of {calls} calls resolved ({source.resolved / max(calls, 1):.1%})")
    print(f"{len(source.unread)} files not read")
    print(f"{seconds:.2f} s CPU, {peak} MB peak")


if __name__ == "__main__":
    main(sys.argv[1:])
