"""`strop review`: what does the source alone say is wrong?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from strop.actions.baseline import Baseline, Held, prune_baseline, read_baseline, write_baseline
from strop.actions.fingerprint import fingerprints
from strop.actions.found import find
from strop.actions.ruff import hear, without_said
from strop.actions.scope import Scope, Touching, find_scope
from strop.actions.selection import Selection, select
from strop.actions.texts import Texts
from strop.finding import Finding
from strop.problem import Problem
from strop.project.ignores import read_ignores
from strop.project.libraries.environment import find_environment
from strop.project.outline import Outline
from strop.project.settings import ReviewSettings, read_settings
from strop.report.review.result import Reported, Review, RuleCard, Suppression
from strop.rules.ignores import Ignores, Place
from strop.rules.registry import weigh
from strop.rules.weighed import Weighed
from strop.span import Step

if TYPE_CHECKING:
    from strop.project.project import Project

BASELINE = ".strop-baseline.json"  # where --write-baseline writes when nothing else is said
SEVERITIES = ("error", "warning", "note")
STALE = "STR004"  # about the baseline as a whole, wherever code was changed


class ReviewRequest(Struct, frozen=True):
    """What is reviewed, what of it is reported, and beside which baseline.

    Notes (true, of little weight) are counted, and reported where `notes` is set or `only` names them. Without
    paths: what changed since the main branch, or since the commit `since`, or what is `staged`;
    `everything` else. With paths: all that lies in them, unless `since` or `staged` narrows it.
    """

    paths: tuple[Path, ...] = ()
    everything: bool = False
    since: str | None = None  # "": the main branch
    staged: bool = False
    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    evidence: str | None = None  # a run whose measurements join
    strict: bool = False  # unresolved calls are listed
    notes: bool = False  # notes are reported too
    cache: bool = True
    python: str | None = None  # the interpreter whose libraries' types are read; None: that of the project
    baseline: Path | None = None
    write_baseline: bool = False
    prune_baseline: bool = False


class Reviewed(Struct, frozen=True):
    """A review, with what it was made of for whoever goes on from here (fixes, an editor)."""

    review: Review
    scope: Scope
    read: Callable[[], Project]

    @property
    def project(self) -> Project:
        """The project as it was read; where findings were kept from another time, it is read now."""
        return self.read()


def review(request: ReviewRequest) -> Reviewed:
    """Read the source and ask every rule. Nothing of the project is imported or run.

    Raises Problem T100 (no such path), T101 (no FastAPI), T104 (`python` has none), T110 (settings, no such `python`), R506 (no such commit), R507 (no such
    code), R508 (no baseline), R501 (it can't be written), R502 and R503 (no such run).
    """
    scope = find_scope(request.paths, request.everything, request.since, request.staged)
    settings = read_settings(scope.root)
    environment = find_environment(scope.root, request.python, settings.python)
    found = find(scope.root, settings, environment, request.evidence, request.cache)
    outline = found.kept.outline
    selection = _selection(request, settings.review, found.kept.cards)
    heard = hear(scope.root, settings, outline, request.cache)
    findings = found.kept.findings
    findings += without_said(heard.findings, findings, selection.wants)
    texts = Texts(scope.root)
    ignores = Ignores(outline, _other_comments(findings, texts))
    known = fingerprints(findings, texts.lines)
    held = _hold(
        request, settings.review, scope.root, known, lambda f: selection.wants(f) and ignores.of(f) is None
    )
    said = weigh(found.kept.weighers, outline, Weighed(findings, held.stale))
    known |= fingerprints(said, texts.lines)
    touching = Touching(scope, outline)
    wanted = [
        f for f in (*findings, *said) if selection.wants(f) and (touching.touches(f) or f.code == STALE)
    ]
    told = request.notes or settings.review.notes
    reported = [f for f in wanted if told or f.severity != "note" or selection.names(f)]
    entries = [_reported(f, known[f], ignores, held.baseline, texts) for f in sorted(reported, key=_order)]
    entries = [replace(entry, finding=touching.nearest(entry.finding)) for entry in entries]
    unresolved = tuple(_unresolved(found.project(), scope)) if request.strict else ()
    review = _review(scope, outline, entries, (heard.note, held.note))
    hidden = sum(ignores.of(f) is None for f in set(wanted).difference(reported))
    review = replace(review, rules=(*found.kept.cards, *heard.cards), unresolved=unresolved, hidden=hidden)
    return Reviewed(review, scope, found.project)


def _selection(request: ReviewRequest, settings: ReviewSettings, cards: tuple[RuleCard, ...]) -> Selection:
    try:
        chosen = select(settings.only, settings.ignore, settings.per_file_ignores, cards)
    except Problem as problem:
        problem.where = ("[tool.strop.review] in pyproject.toml",)
        raise
    asked = select(request.only, request.ignore, cards=cards)
    return replace(chosen, only=asked.only or chosen.only, ignore=(*asked.ignore, *chosen.ignore))


def _hold(
    request: ReviewRequest,
    settings: ReviewSettings,
    root: Path,
    known: dict[Finding, str],
    counts: Callable[[Finding], bool],
) -> Held:
    """The baseline as it is, or as it is written now. `counts` says what belongs into a new one."""
    if request.baseline is not None:
        path = request.baseline.absolute()
    elif settings.baseline or request.write_baseline or request.prune_baseline:
        path = root / (settings.baseline or BASELINE)
    else:
        return Held()
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    there = known.values()
    if request.write_baseline:
        return write_baseline(path, shown, {f: known[f] for f in known if counts(f)})
    held = Held(read_baseline(path, shown))
    return prune_baseline(path, held, there) if request.prune_baseline else held.beside(there)


def _other_comments(findings: Iterable[Finding], texts: Texts) -> Iterator[Place]:
    """Comments in files that are not Python, of which the reader keeps no marks."""
    for file in sorted({f.span.file for f in findings if not f.span.file.endswith(".py")}):
        yield from ((file, ignore) for ignore in read_ignores(texts.lines(file), python=False))


def _order(finding: Finding) -> tuple[object, ...]:
    """Errors first, the surest first."""
    return (
        SEVERITIES.index(finding.severity),
        -finding.cost.total,
        -finding.confidence,
        finding.span,
        finding.code,
        finding.facts,
    )


def _reported(
    finding: Finding, fingerprint: str, ignores: Ignores, baseline: Baseline | None, texts: Texts
) -> Reported:
    ignore = ignores.of(finding)
    suppressed = None
    if ignore is not None:
        suppressed = Suppression("comment", ignore.reason, f"{finding.span.file}:{ignore.line}")
    elif baseline is not None and baseline.knows(fingerprint):
        suppressed = Suppression("baseline", "known before", baseline.shown)
    return Reported(finding, fingerprint, texts.excerpt(finding.span), suppressed)


def _review(scope: Scope, outline: Outline, entries: list[Reported], notes: Iterable[str]) -> Review:
    return Review(
        entries=tuple(entry for entry in entries if entry.suppressed is None),
        suppressed=tuple(entry for entry in entries if entry.suppressed is not None),
        routes=outline.routes,
        files=outline.files,
        lines=outline.lines,
        changed=None if scope.changed is None else sum(map(scope.names, scope.changed)),
        base=scope.base,
        resolved=outline.resolved,
        calls=outline.resolved + outline.unresolved,
        unread=outline.unread,
        blind=sum(scope.holds_file(file) for file, _ in outline.unread),
        notes=tuple(filter(None, (*scope.notes, *notes))),
        prefix=scope.prefix,
    )


def _unresolved(project: Project, scope: Scope) -> Iterator[Step]:
    """Calls whose target is not known, in the files that are reviewed."""
    for function in project.source.functions.values():
        if scope.holds_file(function.span.file):
            yield from (Step(c.text, c.span) for c in function.calls if c.name.startswith("?."))
