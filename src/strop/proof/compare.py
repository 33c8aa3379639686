"""What a client or the database could tell apart between two outcomes of one cell."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator

from strop.cell import Answer, RowChange
from strop.evidence import FileState, Outcome
from strop.proof.outbound import compare_calls
from strop.proof.values import Change, compare_values, parse, short
from strop.verdict import Difference


def compare(before: Outcome, after: Outcome) -> tuple[Difference, ...]:
    """Every difference in status, headers (in order), body, exception type, database rows and outbound calls."""
    route = before.exchange.route
    changes = [*compare_answers(before.answer, after.answer), *compare_rows(before.rows, after.rows)]
    changes += compare_calls(before.calls, after.calls)
    changes += compare_files(before.files, after.files)
    return tuple(Difference(before.cell, route, c.path, c.kind, c.before, c.after) for c in changes)


def compare_answers(before: Answer, after: Answer) -> Iterator[Change]:
    """Every difference that the client sees."""
    if before.exception != after.exception:
        yield Change("exception", "value", before.exception, after.exception)
    if before.status != after.status:
        yield Change("status", "value", str(before.status), str(after.status))
    if before.body != after.body:  # before the headers: another length follows from another body
        yield from _bodies(unpacked(before), unpacked(after))
    yield from compare_headers(before.headers, after.headers)


def unpacked(answer: Answer) -> bytes:
    """The body without its compression, so that a difference has a place; as it is where that fails."""
    coding = next((v.strip().lower() for n, v in answer.headers if n.lower() == "content-encoding"), "")
    if coding not in ("gzip", "deflate"):
        return answer.body
    try:
        return zlib.decompress(answer.body, wbits=zlib.MAX_WBITS | 32)
    except zlib.error:
        return answer.body


def compare_headers(
    before: tuple[tuple[str, str], ...], after: tuple[tuple[str, str], ...]
) -> Iterator[Change]:
    """Every header whose values differ, or their order alone."""
    if before == after:
        return
    old, new = _by_name(before), _by_name(after)
    changed = False
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            changed = True
            kind = "added" if name not in old else "missing" if name not in new else "value"
            yield Change(f"header {name}", kind, ", ".join(old.get(name, [])), ", ".join(new.get(name, [])))
    if not changed:
        yield Change("headers", "order", short([n for n, _ in before]), short([n for n, _ in after]))


def _by_name(headers: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    """Every value of each header, in order: a second set-cookie is another cookie."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found


def _bodies(before: bytes, after: bytes) -> Iterator[Change]:
    try:
        old, new = parse(before), parse(after)
    except (ValueError, RecursionError):
        yield Change("body", "value", short(before), short(after))
        return
    found = list(compare_values("$", old, new))
    yield from found or [Change("body", "bytes", short(before), short(after))]


def compare_rows(before: tuple[RowChange, ...], after: tuple[RowChange, ...]) -> Iterator[Change]:
    """Every row that only one of two outcomes changed."""
    old, new = Counter(before), Counter(after)
    for row in sorted(((old - new) + (new - old)).elements()):
        gone = old[row] > new[row]
        path = f"rows {row.table} {row.kind}"
        text = short(dict(row.values))
        yield Change(path, "missing" if gone else "added", text if gone else "", "" if gone else text)


def compare_files(before: tuple[FileState, ...], after: tuple[FileState, ...]) -> Iterator[Change]:
    """Every file that only one of two outcomes wrote, or wrote otherwise."""
    old, new = ({file.path: file.state for file in side} for side in (before, after))
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            kind = "added" if path not in old else "missing" if path not in new else "value"
            yield Change(
                f"file {path}", kind, short(old.get(path, "").encode()), short(new.get(path, "").encode())
            )
