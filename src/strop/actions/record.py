"""`strop record`: a developer's own server, whose requests become a workload."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

import strop.record
from strop.measure.run import FOLDER
from strop.problem import EXIT_USAGE, Problem
from strop.record.archive import Archive, Foreign
from strop.target import Target
from strop.world.folder import PLACE
from strop.world.process import attend, run

SHIM = Path(strop.record.__file__).parent / "shim"


class RecordRequest(Struct, frozen=True):
    """Which application to serve, with which options of uvicorn's, and where the recording goes."""

    target: Target
    options: tuple[str, ...] = ()
    output: Path | None = None


class RecordedTraffic(Struct, frozen=True):
    """What a recording holds: requests by route ("" for those that no route served)."""

    path: Path
    routes: tuple[tuple[str, int], ...]
    status: int = 0  # of the server, where it ended by itself

    @property
    def requests(self) -> int:
        """How many requests there are."""
        return sum(count for _, count in self.routes)

    @property
    def served(self) -> int:
        """How many routes served them."""
        return sum(bool(route) for route, _ in self.routes)


class _Entry(msgspec.Struct):
    route: str = msgspec.field(name="_route", default="")


class _Log(msgspec.Struct):
    entries: list[_Entry]


class _Har(msgspec.Struct):
    log: _Log


def place_of_recording(request: RecordRequest, moment: datetime) -> Path:
    """Where the requests will be written, made now and readable by its owner alone.

    Raises Problem M406 where that can't be.
    """
    folder = Path(request.target.root) / FOLDER / "recordings"
    path = (request.output or folder / f"{moment:%Y-%m-%dT%H-%M-%S}.har").absolute()
    try:
        Archive(path)
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    except (Foreign, OSError) as error:
        message = f"nothing can be recorded in {path}: {getattr(error, 'strerror', None) or error}"
        raise Problem("M406", message, do="name another file: --output FILE", status=EXIT_USAGE) from None
    return path


def record(request: RecordRequest, path: Path) -> RecordedTraffic:
    """Serve the application with uvicorn in this terminal until somebody ends it; strop itself writes to `path` alone.

    Raises Problem M407 where the application's environment has no uvicorn.
    """
    target = request.target
    root = Path(target.root)
    environ = _environ(target, path)
    if run([target.python, "-c", "import uvicorn"], root, environ, 60).status != 0:
        message = f"{target.python} has no uvicorn, with which strop would serve the application"
        do = "install it there, or wrap the application yourself: strop.record.Recorder(app, PATH)"
        raise Problem("M407", message, do=do, status=EXIT_USAGE)
    command = [target.python, "-m", "uvicorn", "strop_recorded:app", *request.options]
    status = attend(command, root, environ)
    return RecordedTraffic(path, _routes(path), status)


def _environ(target: Target, path: Path) -> dict[str, str]:
    """The developer's own environment, what the settings add for the application, and the recorder."""
    root = Path(target.root)
    environ = dict(os.environ)
    environ["PATH"] = f"{Path(target.python).parent}{os.pathsep}{environ.get('PATH', '')}"
    environ |= {name: value.replace(PLACE, str(root)) for name, value in target.environ}
    folders = [str(SHIM), *(str((root / each).resolve()) for each in target.sources)]
    environ["PYTHONPATH"] = os.pathsep.join([*folders, *filter(None, [environ.get("PYTHONPATH", "")])])
    asked = {"app": target.app, "factory": target.factory, "path": str(path)}
    return environ | {"STROP_RECORD": json.dumps(asked)}


def _routes(path: Path) -> tuple[tuple[str, int], ...]:
    try:
        entries: Sequence[_Entry] = msgspec.json.decode(path.read_bytes(), type=_Har).log.entries
    except (OSError, msgspec.DecodeError):
        return ()
    return tuple(sorted(Counter(entry.route for entry in entries).items()))
