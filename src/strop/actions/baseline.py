"""Which findings are known already? A file with one finding a line, so that a diff of it tells what was mended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from strop.finding import Finding
from strop.problem import EXIT_USAGE, Problem
from strop.report.quantity import plural
from strop.rules.foreign import is_foreign
from strop.rules.weighed import Stale
from strop.span import Span

SCHEMA = 1


class Entry(Struct, frozen=True):
    """One known finding. Only the fingerprint counts; the rest is for whoever reads the file."""

    fingerprint: str
    code: str = ""
    file: str = ""
    symbol: str = ""
    message: str = ""


class Baseline(Struct, frozen=True):
    """The entries of a file; `shown` is its name as the user writes it."""

    shown: str
    entries: tuple[Entry, ...] = ()
    lines: tuple[str, ...] = ()

    def knows(self, fingerprint: str) -> bool:
        """Whether a finding with this fingerprint is in it."""
        return any(entry.fingerprint == fingerprint for entry in self.entries)

    def stale(self, there: Iterable[str]) -> tuple[Stale, ...]:
        """The entries that none of these fingerprints answers; not ruff's, which may not be installed here."""
        known = set(there)
        gone = (entry for entry in self.entries if entry.fingerprint not in known)
        return tuple(self._stale(entry) for entry in gone if not is_foreign(entry.code))

    def _stale(self, entry: Entry) -> Stale:
        line = next((n for n, text in enumerate(self.lines, 1) if f'"{entry.fingerprint}"' in text), 0)
        about = " ".join(filter(None, ("in", entry.file, entry.symbol and f"({entry.symbol})")))
        return Stale(Span(self.shown, line), entry.code or "a finding", about if entry.file else "")


class Held(Struct, frozen=True):
    """The baseline of a review, what of it is out of date, and what was done to its file."""

    baseline: Baseline | None = None
    stale: tuple[Stale, ...] = ()
    note: str = ""

    def beside(self, there: Iterable[str]) -> Held:
        """With what these fingerprints leave stale."""
        return Held(self.baseline, self.baseline.stale(there) if self.baseline else ())


class _Document(Struct, frozen=True):
    schema: int
    findings: tuple[Entry, ...]


def read_baseline(path: Path, shown: str) -> Baseline:
    """The baseline in a file. Raises Problem R508 when it can't be read or is none."""
    try:
        text = path.read_text("utf-8")
        document = msgspec.json.decode(text, type=_Document)
    except OSError as error:
        raise _unreadable(shown, error.strerror or str(error)) from None
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise _unreadable(shown, str(error)) from None
    if document.schema != SCHEMA:
        raise _unreadable(shown, "another version of strop wrote it")
    return Baseline(shown, document.findings, tuple(text.split("\n")))


def write_baseline(path: Path, shown: str, findings: Mapping[Finding, str]) -> Held:
    """Write these findings as the baseline. Raises Problem R501."""
    entries = [
        Entry(fingerprint, finding.code, finding.span.file, finding.span.symbol, finding.message)
        for finding, fingerprint in findings.items()
    ]
    _write(path, entries)
    return Held(Baseline(shown, tuple(entries)), note=f"{plural(len(entries), 'finding')} written to {shown}")


def prune_baseline(path: Path, held: Held, there: Iterable[str]) -> Held:
    """Write the baseline without what is stale. Raises Problem R501."""
    known = set(there)
    before = held.baseline.entries if held.baseline else ()
    kept = tuple(entry for entry in before if entry.fingerprint in known)
    shown = held.baseline.shown if held.baseline else ""
    if len(kept) < len(before):
        _write(path, kept)
    gone = plural(len(before) - len(kept), "entry", "entries")
    return Held(Baseline(shown, kept), note=f"{gone} taken out of {shown}")


def _write(path: Path, entries: Iterable[Entry]) -> None:
    ordered = sorted(set(entries), key=lambda e: (e.file, e.code, e.symbol, e.fingerprint))
    rows = ",\n".join(json.dumps(msgspec.to_builtins(entry), ensure_ascii=False) for entry in ordered)
    try:
        path.write_text(f'{{"schema": {SCHEMA}, "findings": [\n{rows}\n]}}\n', "utf-8")
    except OSError as error:
        message = f"the baseline can't be written: {error.strerror}"
        raise Problem(
            "R501", message, where=(str(path),), do="name another file", status=EXIT_USAGE
        ) from error


def _unreadable(shown: str, why: str) -> Problem:
    do = "write it anew: strop review --all --write-baseline"
    return Problem("R508", f"the baseline {shown} can't be read: {why}", do=do, status=EXIT_USAGE)
