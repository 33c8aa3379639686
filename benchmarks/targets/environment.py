"""What does a target need before it can be imported, and how is it run?

A virtual environment beside the clone, with the packages of the commit's date (today's packages break old
commits at import), and files that git does not see. Standard library only.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

START_SECONDS = 180.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Environment:
    """A clone of a target, and the virtual environment that stands beside it."""

    clone: Path
    venv: Path

    @property
    def python(self) -> Path:
        """The interpreter that has the target's packages."""
        return self.venv / "bin" / "python"

    def variables(self, own: Mapping[str, str]) -> dict[str, str]:
        """The variables of a process of this target: the caller's, `own`, and the environment's tools first.

        Applications call their own tools (alembic, for one) by name.
        """
        inherited = {n: v for n, v in os.environ.items() if n not in {"PYTHONHOME", "PYTHONPATH"}}
        path = f"{self.venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return {**inherited, "VIRTUAL_ENV": str(self.venv), **own, "PATH": path}


def from_arguments(question: str | None) -> Environment:
    """The environment of the clone that the command line names; made if it is not there yet."""
    arguments = argparse.ArgumentParser(description=(question or "").partition("\n")[0])
    arguments.add_argument("clone", type=Path, help="a clone with the commit checked out")
    arguments.add_argument("--python", default="3.12", help="version or path (default: 3.12)")
    given = arguments.parse_args()
    return prepare(given.clone, given.python)


def prepare(clone: Path, python: str) -> Environment:
    """An environment beside the clone, made with `uv` if it is not there yet."""
    clone = clone.resolve()
    if not (clone / ".git").exists():
        sys.exit(f"{clone} is not a git clone: clone the target first, then give its path.")
    environment = Environment(clone, clone.with_name(f"{clone.name}-venv"))
    if environment.python.exists():
        say(f"environment {environment.venv} is there already")
    else:
        execute([uv(clone), "venv", "--quiet", "--no-python-downloads", "--python", python, environment.venv])
        say(f"environment {environment.venv} made with Python {python}")
    return environment


def install(environment: Environment, *what: str, overrides: Sequence[str] = ()) -> None:
    """Install packages as they were on the day of the clone's commit.

    `overrides` are requirements that stand in for what the target itself asks for.
    """
    date = ask_git(environment.clone, "log", "-1", "--format=%cI")
    options: list[str | Path] = ["--quiet", "--python", environment.python, "--exclude-newer", date]
    if overrides:
        listed = environment.venv / "overrides.txt"
        listed.write_text("".join(f"{line}\n" for line in overrides), encoding="utf-8")
        options += ["--override", listed]
    execute([uv(environment.clone), "pip", "install", *options, *what], folder=environment.clone)
    say(f"packages as of {date}: {' '.join(what)}")


def hide(clone: Path, *patterns: str) -> None:
    """Keep files that only a benchmark needs out of `git status`."""
    excluded = clone / ask_git(clone, "rev-parse", "--git-path", "info/exclude")
    excluded.parent.mkdir(parents=True, exist_ok=True)
    lines = excluded.read_text(encoding="utf-8").splitlines() if excluded.exists() else []
    missing = [pattern for pattern in patterns if pattern not in lines]
    if missing:
        excluded.write_text("".join(f"{line}\n" for line in [*lines, *missing]), encoding="utf-8")
        say(f"hidden from git: {' '.join(missing)}")


def stub(clone: Path, inside: str, text: str) -> None:
    """A file that the target wants and that its repository does not hold."""
    file = clone / inside
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        say(f"stub {inside}")


def check_clean(clone: Path) -> None:
    """End the script if what it did shows in the clone: a tool must find it as its authors left it."""
    left = ask_git(clone, "status", "--porcelain")
    if left:
        sys.exit(f"{clone} is not clean:\n{left}")
    branch = ask_git(clone, "rev-parse", "--abbrev-ref", "HEAD")
    say(f"{clone} is clean, branch {branch}, commit {ask_git(clone, 'rev-parse', '--short=10', 'HEAD')}")


@contextlib.contextmanager
def serve(
    environment: Environment, command: Sequence[str], own: Mapping[str, str], ready: str
) -> Iterator[float]:
    """Run a server until the block ends; gives the seconds that it took to answer at the address `ready`."""
    log = environment.venv / "server.log"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [environment.python, *command],
            cwd=environment.clone,
            env=environment.variables(own),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(ready, process, log)
        yield time.monotonic() - started
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def run(
    environment: Environment, command: Sequence[str], own: Mapping[str, str], folder: Path | None = None
) -> None:
    """Run the environment's interpreter to its end; its failure ends the script."""
    variables = environment.variables(own)
    execute([environment.python, *command], folder=folder or environment.clone, variables=variables)


def announce(
    environment: Environment, command: Sequence[str], own: Mapping[str, str], folder: Path | None = None
) -> None:
    """Print, as one line that a shell takes, how the environment's interpreter is started."""
    values = "".join(f" {name}={quote(value)}" for name, value in sorted(own.items()))
    path = f"PATH={quote(str(environment.venv / 'bin'))}:$PATH"
    say(
        f"cd {quote(str(folder or environment.clone))} && env {path}{values} python {' '.join(map(quote, command))}"
    )


def say(what: str) -> None:
    """Print at once: the steps take seconds to minutes."""
    print(what, flush=True)


def uv(beside: Path) -> str | Path:
    """The `uv` of this machine, else one in an environment of its own beside the given folder."""
    found = shutil.which("uv")
    if found:
        return found
    home = beside.with_name(".uv")
    if not (home / "bin" / "uv").exists():
        execute([sys.executable, "-m", "venv", home])
        execute([home / "bin" / "pip", "install", "--quiet", "uv"])
        say(f"uv installed in {home}")
    return home / "bin" / "uv"


def execute(
    command: Sequence[str | Path], folder: Path | None = None, variables: Mapping[str, str] | None = None
) -> None:
    """Run a command to its end; its failure ends the script."""
    ended = subprocess.run(command, cwd=folder, env=variables, check=False)
    if ended.returncode != 0:
        sys.exit(f"status {ended.returncode}: {' '.join(map(str, command))}")


def ask_git(clone: Path, *question: str) -> str:
    """What git prints about the clone."""
    command = ["git", "-C", str(clone), *question]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return ended.stdout.strip()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"the server ended with status {process.returncode}; its output: {log}")
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.1)
    sys.exit(f"{address} did not answer within {START_SECONDS:.0f} s; the server's output: {log}")
