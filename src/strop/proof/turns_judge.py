"""Is what two requests at once were answered, and left behind, something that the base shows in some order, too?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from strop.cell import Answer, Cell
from strop.measure.perturb import parent_of
from strop.measure.together import Together
from strop.proof.compare import compare_answers, compare_files, compare_rows, unpacked
from strop.proof.outbound import compare_calls
from strop.proof.relax import COMPUTED, Relaxed
from strop.proof.values import Change, parse
from strop.verdict import Difference


def differing(
    cells: Sequence[Cell], before: Together, after: Together, relaxed: Relaxed
) -> tuple[Difference, ...]:
    """What differs between two outcomes of the same cells, where the base does not differ from itself."""
    found = [
        Difference(cell.id, cell.route, c.path, c.kind, c.before, c.after)
        for cell, one, other in zip(cells, before.answers, after.answers, strict=True)
        for c in compare_answers(one, other)
    ]
    found = [
        d for d in found if not relaxed.allows(d) and not relaxed.allows(replace(d, cell=parent_of(d.cell)))
    ]
    for c in _effects(before, after):
        difference = Difference(
            "", " + ".join(dict.fromkeys(cell.route for cell in cells)), c.path, c.kind, c.before, c.after
        )
        if not any(relaxed.allows(replace(difference, cell=cell.id)) for cell in cells):
            found.append(difference)
    return tuple(found)


def _effects(before: Together, after: Together) -> Iterator[Change]:
    """Rows, files and calls; in which order the calls of two requests come says nothing."""
    yield from compare_rows(before.rows, after.rows)
    yield from compare_files(before.files, after.files)
    yield from (c for c in compare_calls(before.calls, after.calls) if c.kind != "order")


def nearest(
    cells: Sequence[Cell], known: Sequence[Together], after: Together, relaxed: Relaxed
) -> tuple[Difference, ...]:
    """What differs from that outcome of the base that is most like this one; nothing where the base shows it."""
    found = (differing(cells, before, after, relaxed) for before in known)
    return min(found, key=len, default=())


def is_mixture(cells: Sequence[Cell], known: Sequence[Together], after: Together, relaxed: Relaxed) -> bool:
    """Whether only the moments differ at which answers were read: statuses and effects are those of one outcome of the
    base, and every value in an answer is one that the base gives there in some order.
    """
    alike = (
        before
        for before in known
        if [(a.status, a.exception) for a in before.answers]
        == [(a.status, a.exception) for a in after.answers]
    )
    if not any(all(d.cell for d in differing(cells, before, after, relaxed)) for before in alike):
        return False
    return all(
        _is_mixed([before.answers[number] for before in known], answer)
        for number, answer in enumerate(after.answers)
    )


def _is_mixed(known: Sequence[Answer], answer: Answer) -> bool:
    if _headers(answer) not in map(_headers, known):
        return False
    try:
        return _is_of([parse(unpacked(each)) for each in known], parse(unpacked(answer)))
    except (ValueError, RecursionError):
        return unpacked(answer) in map(unpacked, known)


def _headers(answer: Answer) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in answer.headers if pair[0].lower() not in COMPUTED)


def _is_of(known: Sequence[object], value: object) -> bool:
    """Whether a value is one of the known ones, or made of parts of those that have its shape."""
    if value in known:
        return True
    if isinstance(value, tuple):
        keys = [key for key, _ in value[1]]
        same = [each for each in known if isinstance(each, tuple) and [key for key, _ in each[1]] == keys]
        return bool(same) and all(
            _is_of([each[1][n][1] for each in same], part) for n, (_, part) in enumerate(value[1])
        )
    if isinstance(value, list):
        lists = [each for each in known if isinstance(each, list) and len(each) == len(value)]
        return bool(lists) and all(_is_of([each[n] for each in lists], part) for n, part in enumerate(value))
    return False
