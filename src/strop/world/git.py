"""What strop asks of git: facts about the user's repository, and work in a clone of it.

The user's repository is only read. Candidates live in worktrees of a clone that shares its objects; the finished
branch is fetched back from there, which is the one thing that the user's repository receives.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from strop.problem import EXIT_USAGE, Problem
from strop.world import temporary
from strop.world.process import run

AUTHOR = ("-c", "user.name=strop", "-c", "user.email=strop@localhost", "-c", "commit.gpgsign=false")
ENVIRONMENT = "pyvenv.cfg"  # what lies in the folder of every virtual environment
QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0")


class GitFailed(Exception):
    """git answered with an error; the message is its own."""


def git(folder: Path, *arguments: str, author: bool = False, index: str = "") -> str:
    """Run git in `folder` and return what it printed, without the last newline. `index` names another index.

    Raises GitFailed with git's own message.
    """
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environ |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    environ |= {"GIT_INDEX_FILE": index} if index else {}
    command = ["git", *QUIET, *(AUTHOR if author else ()), *arguments]
    try:
        done = run(command, folder, environ, limit=300)
    except FileNotFoundError:
        message = "git is not installed"
        raise Problem("W201", message, do="install git", status=EXIT_USAGE) from None
    if done.status:
        raise GitFailed(done.err.strip() or f"git {arguments[0]} ended with {done.status}")
    return done.out.rstrip("\n")


def top_level(folder: Path) -> Path | None:
    """The repository that `folder` lies in, None outside one or where nothing is committed yet."""
    try:
        top = git(folder, "rev-parse", "--show-toplevel")
        git(folder, "rev-parse", "--verify", "HEAD")
    except GitFailed:
        return None
    return Path(top)


def head(repo: Path) -> tuple[str, str]:
    """The commit and the branch ("" when detached)."""
    try:
        branch = git(repo, "symbolic-ref", "--short", "-q", "HEAD")
    except GitFailed:
        branch = ""
    return git(repo, "rev-parse", "HEAD"), branch


def is_tracked(repo: Path, folder: Path) -> bool:
    """Whether anything under `folder` is committed."""
    return bool(git(repo, "ls-tree", "--name-only", "HEAD", "--", _relative(repo, folder)))


def dirty(repo: Path, folder: Path) -> tuple[str, ...]:
    """Files under `folder` that differ from the last commit: changed ones, and new Python files.

    A renamed file is told by both its names.
    """
    listed = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    entries = git(repo, *listed, "--", _relative(repo, folder)).split("\0")
    changed = [(entry[:2], entry[3:]) for entry in entries if entry]
    return tuple(name for state, name in changed if state != "??" or _is_new_code(repo, name))


def _is_new_code(repo: Path, name: str) -> bool:
    """Whether an untracked file is Python code of the user's own: an environment's is not."""
    path = repo / name
    inner = path.parents[: len(path.relative_to(repo).parts) - 1]
    return name.endswith(".py") and not any((folder / ENVIRONMENT).exists() for folder in inner)


def untracked(repo: Path) -> tuple[str, ...]:
    """Files and whole folders (with a slash at the end) that are not committed, ignored ones too."""
    return tuple(git(repo, "ls-files", "-z", "--others", "--directory").rstrip("\0").split("\0"))


def submodule_files(repo: Path) -> tuple[str, ...]:
    """Files that submodules bring into the working tree, those of inner submodules too; a clone has none of them."""
    entries = git(repo, "ls-files", "-z", "--stage").split("\0")
    links = tuple(f"{entry.partition(chr(9))[2]}/" for entry in entries if entry.startswith("160000 "))
    if not links:
        return ()
    names = git(repo, "ls-files", "-z", "--recurse-submodules").split("\0")
    return tuple(name for name in names if name.startswith(links))


def _relative(repo: Path, folder: Path) -> str:
    return str(folder.resolve().relative_to(repo.resolve()))


def clone(repo: Path, into: Path, commit: str) -> None:
    """Clone without copying objects or checking out; `commit` becomes the branch "base"."""
    git(repo, "clone", "--quiet", "--shared", "--no-checkout", "--no-tags", str(repo), str(into))
    git(into, "branch", "--force", "base", commit)


def begin(folder: Path) -> None:
    """Make a repository of a folder that has none, with everything in it committed as "base"."""
    git(folder, "init", "--quiet", "--initial-branch=base")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "base", author=True)


def add_worktree(repo: Path, into: Path, revision: str) -> None:
    """A new working tree of `revision`, on no branch."""
    git(repo, "worktree", "add", "--quiet", "--detach", str(into), revision)


def remove_worktree(repo: Path, folder: Path) -> None:
    """Forget a working tree and its files."""
    git(repo, "worktree", "remove", "--force", str(folder))


def commit(tree: Path, files: Sequence[str], subject: str, body: str) -> str:
    """Commit the named files, which may be gone, and return the commit's id."""
    git(tree, "add", "--all", "--force", "--", *files)
    git(tree, "commit", "--quiet", "-m", subject, *(("-m", body) if body else ()), author=True)
    return git(tree, "rev-parse", "HEAD")


def changed(tree: Path, kinds: str = "AM") -> tuple[str, ...]:
    """The files below a working tree's folder that its revision has added or modified (`kinds`, as git's
    --diff-filter has them) since the base.
    """
    options = ("--name-only", "--relative", "--no-renames", f"--diff-filter={kinds}", "-z")
    listed = git(tree, "diff", *options, "base", "HEAD")
    return tuple(name for name in listed.split("\0") if name)


def deliver(repo: Path, source: Path, revision: str, branch: str) -> str:
    """Bring `revision` from the clone into the user's repository as a new branch; return its name.

    A branch of that name that exists already is left alone: a number is appended. Where a branch stands in the
    way of a folder of branches ("strop" of "strop/1"), slashes become dashes.
    """
    known = git(repo, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()
    if any(branch.startswith(f"{other}/") for other in known):
        branch = branch.replace("/", "-")
    name, number = branch, 2
    while any(other == name or other.startswith(f"{name}/") for other in known):
        name, number = f"{branch}-{number}", number + 1
    git(
        repo,
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        str(source),
        f"{revision}:refs/heads/{name}",
    )
    return name


def is_branch_name(folder: Path, name: str) -> bool:
    """Whether git takes the name for a branch."""
    try:
        git(folder, "check-ref-format", "--branch", name)
    except GitFailed:
        return False
    return not name.startswith("-")


def format_patches(tree: Path, revision: str, folder: Path) -> tuple[Path, ...]:
    """The commits from the base to `revision` as mail patches, one file a commit."""
    printed = git(tree, "format-patch", "--quiet", "--output-directory", str(folder), f"base..{revision}")
    return tuple(Path(line) for line in printed.splitlines()) or tuple(sorted(folder.glob("*.patch")))


def merge(base: str, ours: str, theirs: str) -> str | None:
    """Three texts merged into one; None where both sides changed the same lines."""
    folder = temporary.name()
    try:
        temporary.make(folder)
        paths = [folder / name for name in ("ours", "base", "theirs")]
        for path, text in zip(paths, (ours, base, theirs), strict=True):
            path.write_bytes(text.encode())
        git(folder, "merge-file", "--quiet", *(path.name for path in paths))
        return paths[0].read_bytes().decode()
    except GitFailed:
        return None
    finally:
        temporary.remove(folder, started=False)
