"""What the project's own ruff says, as findings: only the families that answer the same questions as strop.

They keep ruff's codes. Where strop says the same of the same line, strop's finding stands for both: it has the route.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from strop.finding import Finding
from strop.project.cache import FOLDER
from strop.project.files import source_files
from strop.project.outline import Outline
from strop.project.settings import Settings
from strop.report.review.result import RuleCard
from strop.rules.foreign import DOMAINS, family
from strop.span import Span
from strop.world.ruff import RuffFailed, Said, find_ruff

CONFIDENCE = 0.6  # ruff reads a file at a time and says of itself nothing
# Which findings of strop have the same cause as ruff's on their line, by the begins of codes.
_SAME = {
    "ASYNC": ("ASY", "HTTP", "DB"),
    "FAST": ("API", "ARC"),
    "S110": ("ERR",),
    "S112": ("ERR",),
    "S113": ("HTTP", "ASY"),
    "S105": ("SEC", "AUTH", "DEP"),
    "S106": ("SEC", "AUTH", "DEP"),
    "S104": ("DEP",),
    "S": ("SEC",),
    "B": ("ERR",),
}
_OF_FUNCTIONS = {"ASY003"}  # speaks of all calls in one


class Heard(Struct, frozen=True):
    """What ruff said; `note` says why it said nothing where it failed."""

    findings: tuple[Finding, ...] = ()
    cards: tuple[RuleCard, ...] = ()
    note: str = ""


def hear(root: Path, settings: Settings, outline: Outline, cache: bool) -> Heard:
    """Ask ruff, where the project has a configuration for it and it is installed; nothing otherwise."""
    ruff = find_ruff(root) if settings.review.ruff else None
    if ruff is None:
        return Heard()
    try:
        said = ruff.ask(tuple(DOMAINS), root / FOLDER / "ruff" if cache else None)
    except RuffFailed as failure:
        return Heard(note=f"ruff was not heard: {failure}")
    files = {str(path): path.relative_to(root).as_posix() for path in source_files(root, settings.exclude)}
    symbols = _Symbols(outline)
    ours = [(each, files[each.filename]) for each in said if each.filename in files]
    findings = (_finding(each, file, symbols) for each, file in ours)
    cards = {each.code: _card(each) for each, _ in ours}
    return Heard(tuple(dict.fromkeys(findings)), tuple(cards[code] for code in sorted(cards, key=str)))


def without_said(
    heard: Iterable[Finding], ours: Iterable[Finding], wanted: Callable[[Finding], bool]
) -> tuple[Finding, ...]:
    """What was heard, without what a wanted finding of strop says of the same line."""
    codes: dict[tuple[str, int | str], set[str]] = defaultdict(set)
    for finding in filter(wanted, ours):
        for span in (finding.span, *finding.places, *(step.span for step in finding.chain[-1:])):
            codes[span.file, span.line].add(finding.code)
        if finding.code in _OF_FUNCTIONS:
            codes[finding.span.file, finding.span.symbol].add(finding.code)
    return tuple(f for f in heard if not any(code.startswith(_same(f.code)) for code in _beside(f, codes)))


def _beside(finding: Finding, codes: Mapping[tuple[str, int | str], set[str]]) -> set[str]:
    span = finding.span
    return codes.get((span.file, span.line), set()) | codes.get((span.file, span.symbol), set())


def _same(code: str) -> tuple[str, ...]:
    return _SAME.get(code) or _SAME[family(code)]


class _Symbols:
    """Which function or class is a line in?"""

    def __init__(self, outline: Outline) -> None:
        self._by_file: dict[str, list[Span]] = defaultdict(list)
        for span in (*outline.functions, *outline.classes):
            if not span.symbol.startswith("<"):
                self._by_file[span.file].append(span)

    def at(self, file: str, line: int) -> str:
        """The innermost one; "" outside all."""
        around = [span for span in self._by_file.get(file, ()) if span.line <= line <= span.end_line]
        return max(around, key=lambda span: span.line).symbol if around else ""


def _finding(said: Said, file: str, symbols: _Symbols) -> Finding:
    code, line = said.code or "", said.location.row
    end = said.end_location.row if said.end_location.row > line else 0
    page = said.url or "https://docs.astral.sh/ruff/rules/"
    mend = said.fix.message if said.fix is not None else None
    return Finding(
        code=code,
        slug=_slug(said),
        domain=DOMAINS[family(code)],
        severity="warning",
        confidence=CONFIDENCE,
        known="static",
        span=Span(file, line, symbols.at(file, line), end),
        routes=(),
        message=said.message.replace("\n", " "),
        impact=f"ruff says so, as this project has it configured: {page}",
        solution=mend or f"as ruff's page says; `# noqa: {code}` where it is no problem",
        facts=(("column", str(said.location.column)), ("from", "ruff"), ("page", page)),
    )


def _slug(said: Said) -> str:
    return said.name or (said.url or "").rstrip("/").rpartition("/")[2] or (said.code or "").lower()


def _card(said: Said) -> RuleCard:
    code, slug = said.code or "", _slug(said)
    page = f"A rule of ruff, which this project has configured.\n\n**Sources.** {said.url or ''}".rstrip()
    return RuleCard(code, slug, DOMAINS[family(code)], "warning", slug.replace("-", " ").capitalize(), page)
