"""What does a change send otherwise to other services: requests, mails, tasks, each by its place and in order?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from strop.cell import Call
from strop.proof.values import Change, compare_values, parse, short


def compare_calls(before: Sequence[Call], after: Sequence[Call]) -> Iterator[Change]:
    """Every difference in what was sent. Where only the order of different places differs, that alone is told:
    calls that wait for each other in one gather may have it open.
    """
    if before == after:
        return
    old, new = _by_place(before), _by_place(after)
    told = False
    for place in dict.fromkeys((*old, *new)):
        for change in _at_place(place, old.get(place, []), new.get(place, [])):
            told = True
            yield change
    if not told:
        names = ([call.name for call in side] for side in (before, after))
        yield Change("outbound order", "order", *map(short, names))


def place_of(call: Call) -> str:
    """Where a call goes: a URL without its query, the addressees of a mail, a task."""
    return call.name.partition("?")[0]


def _by_place(calls: Sequence[Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in calls:
        found.setdefault(place_of(call), []).append(call)
    return found


def _at_place(place: str, old: list[Call], new: list[Call]) -> Iterator[Change]:
    if Counter(old) == Counter(new):
        return
    path = f"outbound {place}"
    if len(old) == len(new):
        for one, other in zip(old, new, strict=True):
            yield from _pair(path, one, other)
        return
    gone, come = (list((Counter(a) - Counter(b)).elements()) for a, b in ((old, new), (new, old)))
    for call in gone[len(come) :]:
        yield Change(path, "missing", _shown(call), "")
    for call in come[len(gone) :]:
        yield Change(path, "added", "", _shown(call))


def _pair(path: str, one: Call, other: Call) -> Iterator[Change]:
    if one.name != other.name:
        yield Change(f"{path} query", "value", one.name, other.name)
    if one.text != other.text:
        yield from _texts(path, one.text, other.text)
    elif one.name == other.name and one != other:
        yield Change(f"{path} answer", "value", _answered(one), _answered(other))


def _texts(path: str, old: str, new: str) -> Iterator[Change]:
    try:
        found = [*compare_values(f"{path} $", parse(old.encode()), parse(new.encode()))]
    except (ValueError, RecursionError):
        found = []
    for change in found:  # compare_values names the body of an answer
        yield Change(change.path.removeprefix("body "), change.kind, change.before, change.after)
    if not found:
        yield Change(path, "value", short(old), short(new))


def _answered(call: Call) -> str:
    return "answered" if call.answered else "refused"


def _shown(call: Call) -> str:
    return f"{call.name} {call.text}".strip() if len(call.text) < 100 else f"{call.name} {call.text[:99]}…"
