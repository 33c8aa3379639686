"""Which change is meant by `main..HEAD`? Two commits, the second perhaps made of what is not committed yet."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from msgspec import Struct

from strop.problem import EXIT_USAGE, Problem
from strop.world import git
from strop.world.changes import find_commit, fork_point, main_branch
from strop.world.folder import Folder

IDENTITY = re.compile(r"[0-9a-f]{40}")
WORKING_TREE = "the working tree"


class Range(Struct, frozen=True):
    """A change: the commit it starts from, and the commit it leads to ("" for the working tree as it is)."""

    base: str
    changed: str
    base_name: str
    changed_name: str


def find_range(repo: Path, folder: Path, text: str, committed: bool = False) -> Range:
    """The change that a text names: `A..B`, `A` (up to what is in the folder now), or nothing (since the main branch).

    It starts where both sides part, as a pull request does: what else happened on A since is not part of it.
    `committed` leaves out what is not committed yet.
    Raises Problem R506 where there is no such commit, R509 where nothing changed.
    """
    first, dots, last = text.partition("...") if "..." in text else text.partition("..")
    working = not dots and not committed and bool(git.dirty(repo, folder))
    name = first or ("HEAD" if dots else main_branch(repo) or "HEAD")
    end = last or "HEAD"
    start, tip = _commit(repo, name), _commit(repo, end)
    base = fork_point(repo, start, tip) or start
    if base == tip and not working:
        message = f"nothing differs between {name} and {end}"
        do = "name another range, as in strop prove HEAD~1..HEAD, or change something"
        raise Problem("R509", message, do=do, status=EXIT_USAGE)
    same = (
        _called(name, base) if base == start else f"{base[:8]}, where {_short(name)} and {_short(end)} part"
    )
    if working:
        return Range(base, "", same, WORKING_TREE)
    return Range(base, tip, same, _called(end, tip))


def _called(name: str, commit: str) -> str:
    """A commit as people name it, and its id; the id alone where that is its name."""
    return commit[:8] if commit.startswith(name) else f"{name} {commit[:8]}"


def _short(name: str) -> str:
    return name[:8] if IDENTITY.fullmatch(name) else name


def _commit(repo: Path, name: str) -> str:
    found = find_commit(repo, name)
    if found is None:
        do = "git log names commits; a shallow clone needs git fetch first"
        raise Problem("R506", f"there is no commit {name}", do=do, status=EXIT_USAGE)
    return found


def take_changed(folder: Folder, change: Range) -> str:
    """The revision, in the world's clone, that the change leads to; of a working tree a commit is made there."""
    if change.changed:
        return change.changed
    repo, target = Path(folder.target.repo), folder.target
    commit, _ = git.head(repo)
    tree = folder.base / "changed"
    git.add_worktree(folder.clone, tree, commit)
    names = git.dirty(repo, Path(target.root))
    for name in names:
        _copy(repo / name, tree / name)
    revision = git.commit(tree, names, "what is not committed yet", "")
    git.remove_worktree(folder.clone, tree)
    return revision


def _copy(source: Path, place: Path) -> None:
    place.unlink(missing_ok=True)
    if source.is_symlink() or source.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, place, follow_symlinks=False)
