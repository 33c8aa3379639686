"""Saved runs: evidence that is readable without the target."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from strop.evidence import SCHEMA, Evidence, RouteCost
from strop.plan import Plan
from strop.problem import EXIT_USAGE, Problem

FOLDER = ".strop"
EVIDENCE, PLAN = "evidence.json", "plan.json"

T = TypeVar("T")


class Summary(Struct, frozen=True):
    """What a list of runs says of one, read without its single exchanges."""

    schema: int
    run: str
    app: str
    dialect: str
    source: str
    reached: tuple[str, ...]
    missed: tuple[str, ...]
    routes: tuple[RouteCost, ...]

    @property
    def requests(self) -> int:
        """How many requests the run served."""
        return sum(route.requests for route in self.routes)


class _Version(Struct, frozen=True):
    schema: int


def save(root: Path, evidence: Evidence) -> tuple[Evidence, Path]:
    """Write a run below `root` and return it with its id (from its content), and its folder.

    A run that has its id already is written again under it. Raises Problem R501 when the disk refuses.
    """
    data = msgspec.json.encode(replace(evidence, run=""))
    identified = replace(evidence, run=evidence.run or hashlib.sha256(data).hexdigest()[:8])
    folder = root / FOLDER / "runs" / identified.run
    _write(folder, EVIDENCE, msgspec.json.encode(identified))
    return identified, folder


def save_plan(folder: Path, plan: Plan) -> None:
    """Write what the rules said of a run beside its evidence. Raises Problem R501 when the disk refuses."""
    _write(folder, PLAN, msgspec.json.encode(plan))


def nearest(folder: Path) -> Path:
    """The folder whose runs are meant: `folder`, or the nearest above it that has saved runs.

    Raises Problem T100 when there is no such folder.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        do = "give the folder that strop measured"
        raise Problem("T100", f"{folder} {what}", do=do, status=EXIT_USAGE)
    root = folder.resolve()
    return next((f for f in (root, *root.parents) if (f / FOLDER / "runs").is_dir()), root)


def update(folder: Path, evidence: Evidence) -> None:
    """Write a run anew that has learned more since it was saved; it keeps its id. Raises Problem R501."""
    _write(folder, EVIDENCE, msgspec.json.encode(evidence))


def saved(root: Path) -> tuple[Path, ...]:
    """The folders of saved runs, the newest first."""
    folders = [path.parent for path in (root / FOLDER / "runs").glob(f"*/{EVIDENCE}")]
    return tuple(sorted(folders, key=lambda folder: (-(folder / EVIDENCE).stat().st_mtime_ns, folder.name)))


def choose(root: Path, run: str) -> Path:
    """The folder of the run whose id begins with `run` ("" or "last": the newest).

    Raises Problem R502 when there is none or more than one.
    """
    folders = saved(root)
    found = [f for f in folders if f.name.startswith(run)] if run not in ("", "last") else list(folders[:1])
    if len(found) == 1:
        return found[0]
    if not folders:
        message, do = f"no run is saved in {root / FOLDER}", "make one: strop measure, or strop optimize"
    elif found:
        message, do = f"{len(found)} runs begin with {run}", "give more of the id: strop runs lists them"
    else:
        message, do = f"no run begins with {run}", "strop runs lists them"
    raise Problem("R502", message, where=tuple(f.name for f in found), do=do, status=EXIT_USAGE)


def load(root: Path, run: str) -> Evidence:
    """The run whose id begins with `run` ("" or "last": the newest).

    Raises Problem R502 when there is none or more than one, R503 when it was written by another
    version of strop or is damaged.
    """
    return _checked(choose(root, run), Evidence)


def summarize(folder: Path) -> Summary:
    """What a list says of the run in `folder`. Raises Problem R503."""
    return _checked(folder, Summary)


def load_plan(folder: Path) -> Plan:
    """What the rules said of the run in `folder`.

    Raises Problem R503 when it is missing, damaged or of another version.
    """
    _check_version(folder)
    return _read(folder, PLAN, Plan)


def _checked(folder: Path, kind: type[T]) -> T:
    _check_version(folder)
    return _read(folder, EVIDENCE, kind)


def _check_version(folder: Path) -> None:
    if _read(folder, EVIDENCE, _Version).schema != SCHEMA:
        raise _unreadable(folder, "another version of strop wrote it")


def _read(folder: Path, name: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode((folder / name).read_bytes(), type=kind)
    except OSError as error:
        raise _unreadable(folder, f"{name}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise _unreadable(folder, f"{name}: {error}") from None


def _unreadable(folder: Path, why: str) -> Problem:
    do = "measure again: strop measure"
    return Problem("R503", f"run {folder.name} can't be read: {why}", do=do, status=EXIT_USAGE)


def _write(folder: Path, name: str, data: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder.parent.parent / ".gitignore").write_text("*\n")
        part = (folder / name).with_suffix(".part")
        part.write_bytes(data)
        part.replace(folder / name)
    except OSError as error:
        message = f"the run can't be saved in {folder}: {error.strerror}"
        raise Problem("R501", message, do=_advice(error), retry="same", status=EXIT_USAGE) from error


def _advice(error: OSError) -> str:
    return (
        "free some space"
        if error.errno in (28, 122)
        else "let strop write there: it keeps its runs in that folder"
    )
