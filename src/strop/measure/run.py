"""Saved runs: evidence that is readable without the target."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import msgspec

from strop.evidence import SCHEMA, Evidence
from strop.problem import EXIT_USAGE, Problem

FOLDER = ".strop"


def save(root: Path, evidence: Evidence) -> tuple[Evidence, Path]:
    """Write a run below `root` and return it with its id (from its content), and its folder.

    Raises Problem R501 when the disk refuses.
    """
    data = msgspec.json.encode(replace(evidence, run=""))
    identified = replace(evidence, run=hashlib.sha256(data).hexdigest()[:8])
    folder = root / FOLDER / "runs" / identified.run
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (root / FOLDER / ".gitignore").write_text("*\n")
        part = folder / "evidence.part"
        part.write_bytes(msgspec.json.encode(identified))
        part.replace(folder / "evidence.json")
    except OSError as error:
        message = f"the run can't be saved in {folder}: {error.strerror}"
        raise Problem("R501", message, do="free some space", retry="same", status=EXIT_USAGE) from error
    return identified, folder


def saved(root: Path) -> tuple[Path, ...]:
    """The folders of saved runs, the newest first."""
    folders = [path.parent for path in (root / FOLDER / "runs").glob("*/evidence.json")]
    return tuple(sorted(folders, key=lambda folder: (-folder.stat().st_mtime_ns, folder.name)))


def load(root: Path, run: str) -> Evidence:
    """The run whose id begins with `run` ("" or "last": the newest).

    Raises Problem R502 when there is none or more than one, R503 when it was written by another
    version of strop or is damaged.
    """
    folders = saved(root)
    found = [f for f in folders if f.name.startswith(run)] if run not in ("", "last") else list(folders[:1])
    if len(found) != 1:
        message = f"{'more than one' if found else 'no'} run {run or ''} under {root / FOLDER}".replace(
            "  ", " "
        )
        raise Problem("R502", message, do="strop runs lists them; strop measure makes one", status=EXIT_USAGE)
    data = (found[0] / "evidence.json").read_bytes()
    try:
        evidence = msgspec.json.decode(data, type=Evidence)
    except msgspec.DecodeError as error:
        raise Problem(
            "R503", f"run {found[0].name} can't be read: {error}", do="measure again", status=EXIT_USAGE
        ) from None
    if evidence.schema != SCHEMA:
        message = f"run {found[0].name} has schema {evidence.schema}, this strop reads {SCHEMA}"
        raise Problem("R503", message, do="measure again", status=EXIT_USAGE)
    return evidence
