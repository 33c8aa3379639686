"""The project's Alembic revisions: where they lie, what the newest is, and what a new file is called."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import libcst as cst

from strop.fixes.code import text_of
from strop.fixes.draft import Draft
from strop.fixes.files import files
from strop.fixes.unfit import Unfit
from strop.project.project import Project


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision file."""

    file: str
    id: str
    down: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class History:
    """All revisions of one versions folder."""

    folder: str
    revisions: tuple[Revision, ...]

    @property
    def head(self) -> Revision:
        """The newest revision; Unfit unless there is exactly one."""
        older = {down for revision in self.revisions for down in revision.down}
        heads = [revision for revision in self.revisions if revision.id not in older]
        if len(heads) != 1:
            names = ", ".join(sorted(r.id for r in heads)) or "none"
            raise Unfit(f"Alembic has {len(heads)} heads ({names}): merge them first")
        return heads[0]


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
    code = draft.code(file)
    values: dict[str, cst.BaseExpression] = {}
    for line in code.module.body:
        for part in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(part, cst.Assign) and isinstance(part.targets[0].target, cst.Name):
                values[part.targets[0].target.value] = part.value
            elif isinstance(part, cst.AnnAssign) and isinstance(part.target, cst.Name) and part.value:
                values[part.target.value] = part.value
    id_ = text_of(values.get("revision"))
    return Revision(file, id_, _texts(values.get("down_revision"))) if id_ else None


def _texts(value: cst.BaseExpression | None) -> tuple[str, ...]:
    if isinstance(value, cst.Tuple | cst.List):
        return tuple(text for element in value.elements if (text := text_of(element.value)))
    text = text_of(value)
    return (text,) if text else ()


def next_id(history: History, content: str) -> str:
    """The id of a revision after the head: the next number where ids are numbers, else a digest."""
    head = history.head.id
    if re.fullmatch(r"\d{2,6}", head) and all(r.id.isdigit() for r in history.revisions):
        return str(int(head) + 1).zfill(len(head))
    return hashlib.sha256(f"{head}\0{content}".encode()).hexdigest()[:12]


def next_file(history: History, id_: str, slug: str) -> str:
    """The path of the new revision, beside the others."""
    return f"{history.folder}/{id_}_{slug}.py"
