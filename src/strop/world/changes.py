"""Which lines did somebody change? What git says of the working tree or the index, beside another commit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from strop.world.git import GitFailed, git

WHOLE = range(1, 1 << 31)  # every line of a new file
MAIN = ("main", "master", "trunk", "develop")

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_PLAIN = ("-c", "core.quotePath=false", "-c", "diff.noprefix=false")
_DIFF = (
    "diff",
    "--unified=0",
    "--inter-hunk-context=0",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--find-renames",
)
_PREFIXES = ("--src-prefix=a/", "--dst-prefix=b/", "--submodule=diff")


class Hunk(Struct, frozen=True):
    """One change: first line and number of lines before and after; without lines, the line that they stood before."""

    old: int
    old_count: int
    new: int
    new_count: int


Changed = dict[str, tuple[range, ...]]  # lines as they are now, by file relative to the top of the repository


def find_commit(repo: Path, name: str) -> str | None:
    """The commit that a name stands for; None when there is none."""
    if name.startswith("-"):
        return None
    try:
        return git(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except GitFailed:
        return None


def fork_point(repo: Path, commit: str, tip: str = "HEAD") -> str | None:
    """The last commit that `tip` shares with another one; None without one (a shallow clone may lack it)."""
    try:
        return git(repo, "merge-base", tip, commit) or None
    except GitFailed:
        return None


def main_branch(repo: Path) -> str | None:
    """The branch that work goes into: what the remote says, else the first usual name there is."""
    try:
        return git(repo, "symbolic-ref", "--short", "--quiet", "refs/remotes/origin/HEAD")
    except GitFailed:
        names = [f"{where}{name}" for where in ("origin/", "") for name in MAIN]
        return next((name for name in names if find_commit(repo, name)), None)


def changed_since(repo: Path, commit: str, folder: Path) -> Changed:
    """Lines below `folder` that differ from a commit: committed since, staged or not, and new files."""
    inside = _inside(repo, folder)
    found = _lines(git(repo, *_PLAIN, *_DIFF, *_PREFIXES, commit, "--", inside))
    listed = git(repo, "ls-files", "-z", "--others", "--exclude-standard", "--", inside)
    return found | {name: (WHOLE,) for name in listed.split("\0") if name}


def changed_staged(repo: Path, folder: Path) -> Changed:
    """Lines below `folder` that the next commit changes, where they stand in the working tree now."""
    inside, index = _inside(repo, folder), _index(repo)
    staged = _lines(git(repo, *_PLAIN, *_DIFF, *_PREFIXES, "--cached", "--", inside, index=index))
    later = _hunks(git(repo, *_PLAIN, *_DIFF, *_PREFIXES, "--", inside, index=index))
    return {
        name: tuple(_moved(lines, later.get(name, ())) for lines in ranges) for name, ranges in staged.items()
    }


def _inside(repo: Path, folder: Path) -> str:
    return folder.resolve().relative_to(repo.resolve()).as_posix()


def _index(repo: Path) -> str:
    """`git commit --all` gives its hooks an index of its own."""
    given = os.environ.get("GIT_INDEX_FILE", "")
    return str(repo / given) if given else ""


def _lines(diff: str) -> Changed:
    return {name: tuple(map(_now, hunks)) for name, hunks in _hunks(diff).items()}


def _now(hunk: Hunk) -> range:
    """Where lines were only taken out, their neighbours stand for them."""
    if hunk.new_count:
        return range(hunk.new, hunk.new + hunk.new_count)
    return range(max(hunk.new - 1, 1), hunk.new + 1)


def _hunks(diff: str) -> dict[str, list[Hunk]]:
    """The changes of each file. A submodule's come with lines around them, whatever was asked for."""
    found: dict[str, list[Hunk]] = {}
    name = ""
    rows = iter(diff.split("\n"))
    for row in rows:
        if row.startswith("+++ "):
            name = _name(row[4:])
        elif (match := _HUNK.match(row)) and name:
            found.setdefault(name, []).extend(_read_hunk(match, rows))
    return found


def _read_hunk(match: re.Match[str], rows: Iterator[str]) -> Iterator[Hunk]:
    """The changes in one hunk, without the lines around them; reads as many rows as the hunk has."""
    old, old_left, new, new_left = (int(part) if part is not None else 1 for part in match.groups())
    old, new = old + (old_left == 0), new + (new_left == 0)  # "after line 4" becomes "before line 5"
    gone = come = 0
    while old_left > 0 or new_left > 0:
        sign = next(rows, " ")[:1]
        if sign == "-":
            gone, old_left = gone + 1, old_left - 1
        elif sign == "+":
            come, new_left = come + 1, new_left - 1
        elif sign != "\\":
            yield from _change(old, gone, new, come)
            old, new = old + gone + 1, new + come + 1
            gone = come = 0
            old_left, new_left = old_left - 1, new_left - 1
    yield from _change(old, gone, new, come)


def _change(old: int, gone: int, new: int, come: int) -> Iterator[Hunk]:
    if gone or come:
        yield Hunk(old, gone, new, come)


def _name(text: str) -> str:
    """A path as a diff writes it: quoted where it holds quotes or control characters; "" for a deleted file."""
    text = text.rstrip("\t")
    if text.startswith('"') and text.endswith('"'):
        text = re.sub(r"\\(.)", lambda m: {"t": "\t", "n": "\n"}.get(m[1], m[1]), text[1:-1])
    return text.removeprefix("b/") if text.startswith("b/") else ""


def _moved(lines: range, later: list[Hunk] | tuple[Hunk, ...]) -> range:
    """Where lines of the index stand in the working tree, which has later changes."""
    return range(_place(lines.start, later), _place(lines.stop - 1, later, last=True) + 1)


def _place(line: int, later: list[Hunk] | tuple[Hunk, ...], last: bool = False) -> int:
    shift = 0
    for hunk in later:
        if hunk.old > line:
            break
        if line < hunk.old + hunk.old_count:
            return hunk.new + max(hunk.new_count - 1, 0) if last else hunk.new
        shift += hunk.new_count - hunk.old_count
    return line + shift
