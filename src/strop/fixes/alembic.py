"""The project's Alembic revisions: where they lie, what the newest is, and what a new file is called."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

from msgspec import Struct

from strop.fixes.draft import Draft
from strop.fixes.files import files
from strop.fixes.unfit import Unfit
from strop.project.parse import parse_text
from strop.project.project import Project
from strop.project.shipped.revisions import Revision, heads, read_revision


class History(Struct, frozen=True):
    """All revisions of one versions folder."""

    folder: str
    revisions: tuple[Revision, ...]

    @property
    def head(self) -> Revision:
        """The newest revision; Unfit unless there is exactly one."""
        newest = heads(self.revisions)
        if len(newest) != 1:
            names = ", ".join(sorted(r.id for r in newest)) or "none"
            raise Unfit(f"Alembic has {len(newest)} heads ({names}): merge them first")
        return newest[0]


def read_history(project: Project, draft: Draft) -> History | None:
    """The revisions of the project; None without Alembic or before its first revision."""
    folders = [
        PurePosixPath(file).parent / "versions"
        for file in files(project, "env.py")
        if PurePosixPath(file).name == "env.py" and "alembic" in draft.text(file)
    ]
    found = []
    for folder in folders:
        names = [f for f in files(project) if PurePosixPath(f).parent == folder]
        revisions = [r for name in names if (r := _revision(draft, name)) is not None]
        if revisions:
            found.append(History(folder.as_posix(), tuple(revisions)))
    if len(found) > 1:
        raise Unfit(f"there are {len(found)} folders of Alembic revisions")
    return found[0] if found else None


def _revision(draft: Draft, file: str) -> Revision | None:
    parsed = parse_text(file, draft.text(file))
    return read_revision(file, parsed.tree) if parsed.tree is not None else None


def next_id(history: History, content: str) -> str:
    """The id of a revision after the head: the next number where ids are numbers, else a digest."""
    head = history.head.id
    if re.fullmatch(r"\d{2,6}", head) and all(r.id.isdigit() for r in history.revisions):
        return str(int(head) + 1).zfill(len(head))
    return hashlib.sha256(f"{head}\0{content}".encode()).hexdigest()[:12]


def next_file(history: History, id_: str, slug: str) -> str:
    """The path of the new revision, beside the others."""
    return f"{history.folder}/{id_}_{slug}.py"
