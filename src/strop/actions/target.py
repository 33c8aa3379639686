"""The target of a verb: found, and completed with what git says."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from strop.problem import EXIT_USAGE, Problem
from strop.project.find import find
from strop.project.settings import Overrides
from strop.target import Target
from strop.world import git

SHOWN = 4


def open_target(folder: Path, overrides: Overrides, head: bool = False) -> Target:
    """Find the application in `folder` and look at git; nothing of the target runs.

    Raises the finder's problems, and Problem T105 when there are changes that are not committed,
    unless `head` says to work on the last commit.
    """
    target = find(folder, overrides)
    root = Path(target.root)
    repo = git.top_level(root)
    if repo is None or not git.is_tracked(repo, root):
        return target
    commit, branch = git.head(repo)
    dirty = git.dirty(repo, root)
    if dirty and not head:
        more = f" and {len(dirty) - SHOWN} more" if len(dirty) > SHOWN else ""
        raise Problem(
            "T105",
            "there are changes that are not committed, and strop works on commits",
            where=(*dirty[:SHOWN], *((more.strip(),) if more else ())),
            do="commit or stash them, or add --head to work on the last commit and leave them alone",
            status=EXIT_USAGE,
        )
    return replace(target, repo=str(repo), commit=commit, branch=branch, dirty=dirty)
