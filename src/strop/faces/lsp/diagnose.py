"""How does an editor show a finding? As a mark in a file, with the chain as places to go to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from lsprotocol import types
from pygls import uris

from strop.actions.review import Reviewed
from strop.actions.texts import Texts
from strop.finding import Finding
from strop.report.review.result import Reported, share
from strop.span import Span, Step

SOURCE = "strop"
Units = Callable[[str], int]  # length of a text as the editor counts it

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}


def diagnose(done: Reviewed, units: Units) -> dict[str, list[types.Diagnostic]]:
    """The marks of each file of the project."""
    root = done.scope.root
    texts = Texts(root)
    found: dict[str, list[types.Diagnostic]] = defaultdict(list)
    for entry in share(done.review).entries:
        found[entry.finding.span.file].append(_diagnostic(entry, root, texts, units))
    return dict(found)


def place(span: Span, lines: Sequence[str], units: Units) -> types.Range:
    """The first line of a span, without the spaces around it."""
    number = min(max(span.line, 1), max(len(lines), 1)) - 1
    line = (lines[number] if lines else "").rstrip()
    begin = units(line[: len(line) - len(line.lstrip())])
    return types.Range(types.Position(number, begin), types.Position(number, units(line)))


def _diagnostic(entry: Reported, root: Path, texts: Texts, units: Units) -> types.Diagnostic:
    finding = entry.finding
    chain = [step for step in finding.chain if step.span.file and step.span.line]
    return types.Diagnostic(
        place(finding.span, texts.lines(finding.span.file), units),
        _message(finding),
        _SEVERITIES[finding.severity],
        finding.code,
        source=SOURCE,
        related_information=[_related(step, root, texts, units) for step in chain],
        data=entry.fingerprint,
    )


def _message(finding: Finding) -> str:
    routes = f"{finding.routes[0]}: " if finding.routes else ""
    more = f" (and {len(finding.routes) - 1} more routes)" if len(finding.routes) > 1 else ""
    return f"{routes}{finding.message}{more}\n{finding.impact}\nfix: {finding.solution}"


def _related(step: Step, root: Path, texts: Texts, units: Units) -> types.DiagnosticRelatedInformation:
    where = place(step.span, texts.lines(step.span.file), units)
    uri = uris.from_fs_path(str(root / step.span.file)) or ""
    return types.DiagnosticRelatedInformation(types.Location(uri, where), step.text)
