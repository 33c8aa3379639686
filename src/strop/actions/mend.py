"""`strop review --fix`: which findings can be mended with what changes no behaviour, and needs no run to prove it?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from strop.actions.review import Reviewed, ReviewRequest, review
from strop.finding import Finding
from strop.fixes.diff import unified
from strop.fixes.registry import measured, propose, unmeasured
from strop.fixes.write import apply
from strop.patch import Edit, Patch, Proposal
from strop.project.project import Project
from strop.report.review.result import Review


class Mended(Struct, frozen=True):
    """What was mended, as a diff too, and the review of what is left."""

    fixed: tuple[Finding, ...]
    diff: str
    left: Review
    refused: tuple[tuple[Finding, str], ...] = ()
    elsewhere: tuple[tuple[str, tuple[str, ...]], ...] = ()  # a verb, and the codes whose fixes it proves


def mend(request: ReviewRequest, write: bool) -> Mended:
    """Apply every exact fix of what the review reports; without `write`, only say what it would change.

    Raises the problems of `review`, and E401 to E404 when a file changed meanwhile.
    """
    done = review(replace(request, since=_since(request, write)))
    patch, fixed, refused = patch_of(done)
    shown = unified(patch)
    if write and patch.edits:
        apply(done.scope.root, patch)
        done = review(request)
    return Mended(fixed, shown, done.review, refused, _elsewhere(done))


def _since(request: ReviewRequest, write: bool) -> str | None:
    """`--fix --diff` shows the fixes of whatever `--fix` alone would mend; a commit narrows it as ever."""
    return request.since if write or request.since else None


def patch_of(
    done: Reviewed, findings: Iterable[Finding] | None = None
) -> tuple[Patch, tuple[Finding, ...], tuple[tuple[Finding, str], ...]]:
    """One patch of all exact fixes, what it mends, and what could not be mended and why.

    Fixes that take lines away come last (STR003), from the last line of a file to the first: places stay right.
    """
    texts: dict[str, str] = {}
    before: dict[str, str] = {}

    def read(file: str) -> str:
        if file not in texts:
            texts[file] = before[file] = _read(done.scope.root / file)
        return texts[file]

    fixed, refused = [], []
    asked = [entry.finding for entry in done.review.entries] if findings is None else list(findings)
    codes = {code for fix in unmeasured() for code in fix.ANSWERS}
    for finding in sorted(asked, key=lambda f: (f.code, f.span.file, -f.span.line, f.facts)):
        if finding.code not in codes:
            continue
        made = _first(done.project, finding, read)
        if isinstance(made, Patch):
            texts |= {edit.file: edit.after for edit in made.edits}
            fixed.append(finding)
        else:
            refused.append((finding, made.reason))
    edits = [Edit(file, before[file], texts[file]) for file in sorted(texts) if texts[file] != before[file]]
    return _patch(edits), tuple(fixed), tuple(refused)


def _first(project: Project, finding: Finding, read: Callable[[str], str]) -> Patch | Proposal:
    made = propose(project, finding, read, unmeasured())
    return next((item for item in made if isinstance(item, Patch)), made[0])


def _patch(edits: Iterable[Edit]) -> Patch:
    return Patch("", "", "", "Apply the fixes that change no behaviour", "", tuple(edits))


def _read(path: Path) -> str:
    return path.read_bytes().decode()  # line ends stay


def _elsewhere(done: Reviewed) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Which verb proves the fixes of what is left."""
    proved = {code for fix in measured() for code in fix.ANSWERS}
    codes = sorted({entry.finding.code for entry in done.review.entries} & proved)
    return (("strop optimize", tuple(codes)),) if codes else ()
