"""The command line in a process of its own, on a folder that must be the same afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MARK = "STILL_RUNNING_FOR"  # in the environment of everything that the command starts
LIMIT = 240.0  # seconds, on a machine that is busy


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it printed, with what changes from run to run taken out."""

    status: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit status {self.status}\n--- output\n{self.out}--- errors\n{self.err}"


@dataclass
class Bench:
    """A folder for the application and one for temporary files, and what was there before."""

    home: Path
    temporary: Path
    environ: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "strop", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PYTEST", "COV"))}
        environ |= {"TMPDIR": str(self.temporary), "NO_COLOR": "1", "COLUMNS": "110", MARK: self.mark}
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.home,
            env=environ | self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> Ended:
        return self.end(self.start(*arguments))

    def end(self, process: subprocess.Popen[str]) -> Ended:
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"the command hangs:\n{out}\n{err}") from None
        return Ended(process.returncode, self._scrub(out), self._scrub(err))

    def _scrub(self, text: str) -> str:
        text = text.replace(str(self.home), "HOME").replace(str(self.temporary), "TMP")
        text = text.replace(sys.executable, "PYTHON").replace(sys.prefix, "PREFIX")
        text = re.sub(r"\[ *\d+\.\ds\]", "[TIME]", text)
        text = re.sub(r"strop-[a-z0-9_]{8}", "strop-RANDOM", text)
        text = re.sub(r"runs/[0-9a-f]{8}", "runs/RUN", text)
        return "".join(f"{line.rstrip()}\n" for line in text.splitlines())

    def processes(self) -> list[str]:
        """Command lines of what the command started and that still runs."""
        wanted = f"{MARK}={self.mark}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdigit() and wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found


def photograph(folder: Path) -> dict[str, str]:
    """Every file below a folder (.git too) by its content; what strop writes on purpose is left out."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".strop" not in path.relative_to(folder).parts
    }


@contextlib.contextmanager
def untouched(home: Path, temporary: Path, environ: Mapping[str, str] | None = None) -> Iterator[Bench]:
    """A bench whose folder must be the same afterwards, with no process and no temporary file left."""
    temporary.mkdir(exist_ok=True)
    bench = Bench(home, temporary, dict(environ or {}))
    before = photograph(home)
    yield bench
    until = time.monotonic() + 10  # what was ended may need a moment to be gone
    while bench.processes() and time.monotonic() < until:
        time.sleep(0.1)
    assert bench.processes() == []
    assert list(temporary.iterdir()) == []
    assert photograph(home) == before
