"""Delete a `# strop: ignore` comment that ignores nothing, or the one code of it that does.

Answers STR003. A comment is no code: nothing that the program does can change, so no run has to prove it. A line
that held the comment alone goes with it.

Left alone: a line that does not hold such a comment any more, and text inside a string.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from strop.finding import Finding
from strop.fixes.draft import Draft
from strop.fixes.unfit import Unfit
from strop.patch import Edit, Patch, Proposal
from strop.project.ignores import COMMENT, Ignore, read_ignores
from strop.project.project import Project

NAME = "remove_ignore"
ANSWERS = ("STR003",)
UNMEASURED = True


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch or one proposal."""
    file, code = finding.span.file, finding.fact("ignored")
    before = Draft(project, read).text(file)
    lines = before.split("\n")
    ignore = _comment(lines, finding.span.line, code)
    left = [other for other in ignore.codes if other != code]
    changed = _without(lines[ignore.line - 1], code, left)
    replaced = [] if changed is None else [changed]
    after = "\n".join([*lines[: ignore.line - 1], *replaced, *lines[ignore.line :]])
    title = f"Remove an ignore of {code} that ignores nothing"
    yield Patch(NAME, "", finding.id, title, "", (Edit(file, before, after),))


def _comment(lines: list[str], line: int, code: str) -> Ignore:
    for ignore in read_ignores(lines):
        if ignore.line == line and code in ignore.codes:
            return ignore
    raise Unfit(f"line {line} has no comment that ignores {code}")


def _without(line: str, code: str, left: list[str]) -> str | None:
    """The line without the code, without the comment where no code is left; None where no line is left."""
    match = COMMENT.search(line)
    if match is None:
        raise Unfit("the comment is not found")
    if left:
        return f"{line[: match.start(1)]}{', '.join(left)}{line[match.end(1) :]}"
    other = line.find("#", match.start(2))
    ending = "\r" if line.endswith("\r") else ""
    rest = line[other:].rstrip() if other >= 0 else ""
    kept = (line[: match.start()] + rest).rstrip()
    return kept + ending if kept else None
