"""What differs from the base where no query of the base fixes an order? Two worlds of the base tell what is open.

`before` and `turned` are answers of the same code at the same moment, `turned` with rows and sets in another
order. A list that is a permutation of itself there is compared as a collection, and each two elements must
stand as in one of the two worlds: ties of an ORDER BY may change places, and nothing else.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right, insort
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec import Struct, field

from strop.cell import Answer, Call, RowChange
from strop.evidence import FileState, Outcome
from strop.proof.compare import compare, compare_files, compare_headers, compare_rows, unpacked
from strop.proof.outbound import compare_calls
from strop.proof.relax import COMPUTED
from strop.proof.values import Change, Lexeme, compare_values, parse, short
from strop.verdict import Difference

NOT_FIXED = "order not fixed by the query"
T = TypeVar("T")
NEAR = 50  # elements among which a changed one is looked for
CLOSE = 1e-9  # relative; a sum of floats in another order differs by less


class Judged(Struct, frozen=True):
    """What the base does not leave open, and the places where it was let pass."""

    differences: tuple[Difference, ...] = ()
    passed: tuple[str, ...] = ()  # "body $[].books"


def judge(before: Outcome, turned: Outcome, after: Outcome) -> Judged:
    """What differs between `before` and `after`, without what follows from an order that the base leaves open."""
    found = compare(before, after)
    if not found:
        return Judged()
    if _way(before.answer) != _way(turned.answer):  # which way it goes hangs on the order: one of the two
        return Judged(found) if compare(turned, after) else Judged(passed=("status",))
    three = _Three()
    changes = [*three.answers(before.answer, turned.answer, after.answer)]
    changes += three.rows(before.rows, turned.rows, after.rows)
    changes += three.calls(before.calls, turned.calls, after.calls)
    changes += three.files(before.files, turned.files, after.files)
    route = before.exchange.route
    left = (Difference(before.cell, route, c.path, c.kind, c.before, c.after) for c in changes)
    return Judged(tuple(left), three.places())


def _way(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.exception


class _Three(Struct):
    """Values of three answers beside each other; `passed` are the open places at which the third differs."""

    passed: list[str] = field(default_factory=list)
    loose: bool = False  # whether other values passed, not only another order

    def places(self) -> tuple[str, ...]:
        """The open places, without positions: an element has none where a list has no order."""
        return tuple(dict.fromkeys(re.sub(r"\[\d+\]", "[]", path) for path in self.passed))

    def answers(self, before: Answer, turned: Answer, after: Answer) -> Iterator[Change]:
        if _way(before) != _way(after):
            yield Change("status", "value", " ".join(map(str, _way(before))), " ".join(map(str, _way(after))))
        if before.body != after.body:
            yield from self._bodies(unpacked(before), unpacked(turned), unpacked(after))
        open_ones = {change.path for change in compare_headers(before.headers, turned.headers)}
        open_ones |= {f"header {name}" for name in COMPUTED} if self.passed else set()
        for change in compare_headers(before.headers, after.headers):
            if change.path in open_ones:
                self.passed.append(change.path)
            else:
                yield change

    def rows(
        self,
        before: tuple[RowChange, ...],
        turned: tuple[RowChange, ...],
        after: tuple[RowChange, ...],
    ) -> Iterator[Change]:
        """Tables that the base itself changes otherwise may differ; not in how many rows."""
        open_ones = {change.path for change in compare_rows(before, turned)}
        old, new = (Counter(f"rows {row.table} {row.kind}" for row in rows) for rows in (before, after))
        for change in compare_rows(before, after):
            if change.path in open_ones and old[change.path] == new[change.path]:
                self.passed.append(change.path)
            else:
                yield change

    def calls(
        self, before: tuple[Call, ...], turned: tuple[Call, ...], after: tuple[Call, ...]
    ) -> Iterator[Change]:
        """What the base itself sends otherwise may differ."""
        open_ones = {change.path for change in compare_calls(before, turned)}
        for change in compare_calls(before, after):
            if change.path in open_ones:
                self.passed.append(change.path)
            else:
                yield change

    def files(
        self, before: tuple[FileState, ...], turned: tuple[FileState, ...], after: tuple[FileState, ...]
    ) -> Iterator[Change]:
        """Files that the base itself writes otherwise may differ."""
        open_ones = {change.path for change in compare_files(before, turned)}
        for change in compare_files(before, after):
            if change.path in open_ones:
                self.passed.append(change.path)
            else:
                yield change

    def _bodies(self, before: bytes, turned: bytes, after: bytes) -> Iterator[Change]:
        try:
            values = [parse(body) for body in (before, turned, after)]
        except (ValueError, RecursionError):
            lines: list[list[object]] = [[*body.split(b"\n")] for body in (before, turned, after)]
            yield from self._lists("body lines", *lines)
            return
        found = list(self.values("body $", values[0], values[1], values[2]))
        yield from found
        if not found and not self.loose and (values[0] == values[2] or len(before) != len(after)):
            yield Change("body", "bytes", short(before), short(after))

    def values(self, path: str, before: object, turned: object, after: object) -> Iterator[Change]:
        if before == after:
            return
        if before == turned:
            yield from compare_values(path.removeprefix("body "), before, after)
        elif isinstance(before, list) and isinstance(turned, list) and isinstance(after, list):
            yield from self._lists(path, before, turned, after)
        elif isinstance(before, tuple) and isinstance(turned, tuple) and isinstance(after, tuple):
            yield from self._objects(path, dict(before[1]), dict(turned[1]), dict(after[1]))
        elif type(after) not in (type(before), type(turned)):
            yield Change(path, "type", short(before), short(after))
        elif _close(before, turned) and not _close(before, after):
            yield Change(path, "value", short(before), short(after))
        else:
            self._let_pass(path)

    def _let_pass(self, path: str) -> None:
        self.loose = True
        self.passed.append(path)

    def _objects(
        self, path: str, before: dict[str, object], turned: dict[str, object], after: dict[str, object]
    ) -> Iterator[Change]:
        for key in dict.fromkeys([*before, *after]):
            place = f"{path}.{key}"
            if key in before and key in turned and key in after:
                yield from self.values(place, before[key], turned[key], after[key])
            elif (key in before) != (key in turned):
                self._let_pass(place)
            elif key in before:
                yield Change(place, "missing", short(before[key]), "")
            else:
                yield Change(place, "added", "", short(after[key]))
        orders = list(before), list(turned), list(after)
        if before.keys() == turned.keys() == after.keys() and orders[0] != orders[2]:
            yield from self._order(path, *orders)

    def _lists(
        self, path: str, before: list[object], turned: list[object], after: list[object]
    ) -> Iterator[Change]:
        keys = [[key_of(value) for value in values] for values in (before, turned, after)]
        counts = [Counter(each) for each in keys]
        if counts[0] == counts[1] == counts[2]:
            yield from self._order(path, keys[0], keys[1], keys[2])
            known, others = _pool(keys[0], [*enumerate(before)]), _pool(keys[1], turned)
            for key, value in zip(keys[2], after, strict=True):
                number, one = known[key].popleft()
                yield from self.values(f"{path}[{number}]", one, others[key].popleft(), value)
        elif counts[0] == counts[1]:
            yield from self._unequal(path, before, turned, after)
        elif len(before) != len(turned):  # which rows there are hangs on the order
            self._let_pass(path)
        elif len(before) != len(after):
            yield Change(path, "length", str(len(before)), str(len(after)))
        else:
            for number, (one, other, value) in enumerate(zip(before, turned, after, strict=True)):
                yield from self.values(f"{path}[{number}]", one, other, value)

    def _unequal(
        self, path: str, before: list[object], turned: list[object], after: list[object]
    ) -> Iterator[Change]:
        """What differs where the third is a collection of other elements."""
        if len(before) != len(after):
            yield Change(path, "length", str(len(before)), str(len(after)))
        both = Counter(map(key_of, before)) & Counter(map(key_of, after))
        new = _without(after, both)
        others = _pool([*map(key_of, turned)], turned)
        for number, one in _without(before, both):
            if new:
                _, value = new.pop(_nearest(one, new))
                yield from self.values(f"{path}[{number}]", one, others[key_of(one)][0], value)

    def _order(
        self, path: str, before: Sequence[str], turned: Sequence[str], after: Sequence[str]
    ) -> Iterator[Change]:
        if before == after:
            return
        if follows(before, turned, after):
            self.passed.append(path)
        else:
            yield Change(path, "order", short(", ".join(before)), short(", ".join(after)))


def key_of(value: object) -> str:
    """A value as a text that is the same in whatever order its lists and keys come."""
    if isinstance(value, list):
        return f"[{', '.join(sorted(map(key_of, value)))}]"
    if isinstance(value, tuple):
        return f"{{{', '.join(sorted(f'{name}: {key_of(inner)}' for name, inner in value[1]))}}}"
    return value.text if isinstance(value, Lexeme) else repr(value)


def follows(one: Sequence[str], other: Sequence[str], found: Sequence[str]) -> bool:
    """Whether each two of `found` stand as in one of the two orders; all three hold the same elements."""
    first, second = (_pool(order, range(len(order))) for order in (one, other))
    before: list[tuple[int, int]] = []  # places of what was passed in both orders; only the furthest
    for key in found:
        place = first[key].popleft(), second[key].popleft()
        at = bisect_right(before, place)
        if at < len(before) and before[at][1] > place[1]:
            return False
        while at and before[at - 1][1] < place[1]:
            at -= 1
            del before[at]
        insort(before, place)
    return True


def _pool(keys: Sequence[str], values: Sequence[T]) -> dict[str, deque[T]]:
    pool: dict[str, deque[T]] = {}
    for key, value in zip(keys, values, strict=True):
        pool.setdefault(key, deque()).append(value)
    return pool


def _without(values: list[object], both: Counter[str]) -> list[tuple[int, object]]:
    """Those of the values that are not among `both`, with their places."""
    left, both = [], Counter(both)
    for number, value in enumerate(values):
        key = key_of(value)
        if both[key]:
            both[key] -= 1
        else:
            left.append((number, value))
    return left


def _nearest(value: object, others: list[tuple[int, object]]) -> int:
    """The place of the one that shares most with the value: likely the same thing, changed."""
    own = _parts(value)
    shared = [len(own & _parts(other)) for _, other in others[:NEAR]]
    return shared.index(max(shared))


def _parts(value: object) -> set[str]:
    if isinstance(value, list):
        return {f"{number} {key_of(inner)}" for number, inner in enumerate(value)}
    if isinstance(value, tuple):
        return {f"{name} {key_of(inner)}" for name, inner in value[1]}
    return {key_of(value)}


def _close(one: object, other: object) -> bool:
    if not isinstance(one, Lexeme) or not isinstance(other, Lexeme):
        return False
    whole = one.text.lstrip("-").isdigit() or other.text.lstrip("-").isdigit()
    return not whole and math.isclose(float(one.text), float(other.text), rel_tol=CLOSE)


def judge_at(places: frozenset[str], before: Outcome, after: Outcome) -> Judged:
    """What differs between two outcomes where lists at these places may come in any order."""
    found = compare(before, after)
    bodies = [difference for difference in found if difference.path.startswith("body")]
    if not bodies or not places:
        return Judged(found)
    try:
        old, new = parse(unpacked(before.answer)), parse(unpacked(after.answer))
    except (ValueError, RecursionError):
        return Judged(found)
    three = _Three()
    changes = list(three.values("body $", old, _turn(old, "body $", places), new))
    route = before.exchange.route
    left = [Difference(before.cell, route, c.path, c.kind, c.before, c.after) for c in changes]
    computed = {f"header {name}" for name in COMPUTED} if not changes else set()
    left += [d for d in found if d not in bodies and d.path not in computed]
    return Judged(tuple(left), three.places())


def _turn(value: object, path: str, places: frozenset[str]) -> object:
    """The value with the lists at these places turned around."""
    if isinstance(value, list):
        inner = [_turn(each, f"{path}[]", places) for each in value]
        return inner[::-1] if path in places else inner
    if isinstance(value, tuple):
        return value[0], [(name, _turn(each, f"{path}.{name}", places)) for name, each in value[1]]
    return value
