"""One cause, one finding: what several rules see of the same cause is said by the one that names it best."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from strop.finding import Finding

Covers = Callable[[Finding, Finding], bool]


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings without those that another one covers; the same finding stands once."""
    found = tuple(dict.fromkeys(findings))
    return tuple(f for f in found if not any(other is not f and _covers(other, f) for other in found))


def _covers(better: Finding, worse: Finding) -> bool:
    test = _COVERS.get((better.code, worse.code))
    return test is not None and test(better, worse)


def _same_handlers(better: Finding, worse: Finding) -> bool:
    """Making these handlers `def` also takes the call off the loop, wherever it is reached from."""
    same = set(worse.routes) <= set(better.routes) and worse.fact("handler") == better.fact("function")
    return same and _shows(better, worse)


def _same_call(better: Finding, worse: Finding) -> bool:
    return _same_place(better, worse) and _shows(better, worse)


def _shows(better: Finding, worse: Finding) -> bool:
    """Whether the better one is not hidden where the other one would be shown."""
    return better.severity != "note" or worse.severity == "note"


def _same_place(better: Finding, worse: Finding) -> bool:
    return (better.span.file, better.span.line) == (worse.span.file, worse.span.line)


def _same_loop(better: Finding, worse: Finding) -> bool:
    """Read from the source, a turn that commits is one cause; a run tells what each of its statements costs."""
    if not better.known == worse.known == "static" or (better.severity == "note") != (
        worse.severity == "note"
    ):
        return False
    return all(better.fact(name) == worse.fact(name) != "" for name in ("loop_file", "loop_line"))


def _same_relationship(better: Finding, worse: Finding) -> bool:
    named = better.fact("relationships") or better.fact("relationship")
    return worse.fact("relationship") in named.split(",")


# (what names the cause, what it covers): how to tell that they are one
_COVERS: dict[tuple[str, str], Covers] = {
    ("ASY003", "ASY001"): _same_handlers,
    ("ASY001", "ASY002"): _same_call,
    ("RUN001", "ASY002"): _same_place,
    ("RUN008", "DB016"): _same_call,
    ("STA004", "AUTH010"): _same_place,
    ("DB003", "DB004"): _same_relationship,
    ("DB007", "DB002"): _same_loop,
    ("DB006", "DB008"): _same_place,
    ("DB003", "DB008"): _same_place,
}
