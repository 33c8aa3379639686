"""The instructions that a process executes, counted by valgrind's callgrind where that is installed.

Counts of one process are the same again to some hundredths of a per cent, whatever else the machine does; a clock's figures
differ by several. Callgrind: Weidendorfer, Kowarschik and Trinitis, "A tool suite for simulation based analysis of memory
access behavior" (2004).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from strop.problem import EXIT_USAGE, Problem
from strop.world.process import run

SLOWER = 100  # times as long a process may take under valgrind
PROGRAMS = ("valgrind", "vgdb")
LIMIT = 60.0  # seconds for a word with a process that is busy


def check_valgrind() -> None:
    """Raises Problem W322 where valgrind is not installed."""
    if not all(map(shutil.which, PROGRAMS)):
        raise Problem(
            "W322",
            "valgrind is not installed, and nothing else here counts instructions",
            do="install it (apt install valgrind), or leave --instructions out: CPU time is compared in any case",
            status=EXIT_USAGE,
        )


class InstructionCount:
    """Counts what one process executes from `begin` on; what it needs lies in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reads = 0
        folder.mkdir(exist_ok=True)

    def around(self, command: Sequence[str]) -> list[str]:
        """The command that runs `command` so that it can be counted; until `begin` it is only slow."""
        return [
            "valgrind",
            "--tool=callgrind",
            "--instr-atstart=no",
            f"--vgdb-prefix={self._folder / 'vgdb'}",
            f"--callgrind-out-file={self._folder / 'counts.%p'}",
            *command,
        ]

    def begin(self, pid: int) -> None:
        """Count from now on."""
        self._tell(pid, "instrumentation", "on")

    def read(self, pid: int) -> int:
        """How many instructions all threads executed since the last time, or since `begin`."""
        self._tell(pid, "dump")
        self._reads += 1
        written = self._folder / f"counts.{pid}.{self._reads}"
        found = re.search(r"^(?:summary|totals): (\d+)", written.read_text(), re.MULTILINE)
        written.unlink()
        return int(found[1]) if found else 0

    def _tell(self, pid: int, *words: str) -> None:
        said = run(
            ["vgdb", f"--vgdb-prefix={self._folder / 'vgdb'}", f"--pid={pid}", *words],
            self._folder,
            None,
            LIMIT,
        )
        if said.status != 0:
            raise Problem(
                "W323", f"valgrind did not answer: {said.err.strip()[-200:]}", do="leave --instructions out"
            )
