"""Which small mistakes are made at the lines of a change, to see whether its requests would tell them?"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from strop.patch import Edit, Patch
from strop.proof.executed import statements
from strop.proof.operators import changes
from strop.proof.same_code import code_key
from strop.span import Span
from strop.tree import module_tree

SHOWN = 70  # characters of a piece of code


class Mutant(Struct, frozen=True):
    """One mistake in one file. `lines` are the edited lines of its statement; `edit` is the whole file with it."""

    span: Span
    operator: str
    before: str
    after: str
    lines: tuple[int, ...]
    inside: bool  # it stands in a function
    rank: int
    edit: Edit

    @property
    def diff(self) -> str:
        """The mistake as it reads in a report, on one line."""
        return f"{_short(self.before)} -> {_short(self.after)}"

    @property
    def patch(self) -> Patch:
        """The mistake as a patch."""
        return Patch("mutant", self.operator, "", self.operator, "", (self.edit,))


class Made(Struct, frozen=True):
    """The mutants of a change, and how many more were left out because they run as the same code."""

    mutants: tuple[Mutant, ...]
    equivalent: int = 0


def make_mutants(root: Path, edited: Mapping[str, Sequence[int]], most: int) -> Made:
    """At most `most` mutants at the edited lines (by file below `root`), the same ones every time.

    They are spread over the statements; of each the mistakes that tell most come first.
    """
    found: list[Mutant] = []
    for file in sorted(edited):
        try:
            text = (root / file).read_bytes().decode()
            found += _of_file(file, text, frozenset(edited[file]), list(statements(root / file, file)))
        except (OSError, UnicodeDecodeError, SyntaxError, ValueError):
            continue  # what Python can't read runs nowhere
    return _choose(found, most)


def _of_file(
    file: str, text: str, lines: frozenset[int], known: Sequence[tuple[Span, bool]]
) -> Iterator[Mutant]:
    data = text.encode()
    starts = _line_starts(data)
    homes = {line: (span, inside) for span, inside in known for line in range(span.line, span.end_line + 1)}
    for change in changes(module_tree(data)):
        node = change.node
        last = node.end_lineno or node.lineno
        if not lines.intersection(range(node.lineno, last + 1)):
            continue
        if isinstance(node, ast.expr) and not lines.intersection((node.lineno, last)):
            continue  # a large expression, of which something else was edited
        span, inside = homes.get(node.lineno, (Span(file, node.lineno), False))
        first, end = starts[node.lineno - 1] + node.col_offset, starts[last - 1] + (node.end_col_offset or 0)
        yield Mutant(
            span=replace(span, line=node.lineno, end_line=last),
            operator=change.operator,
            before=data[first:end].decode(),
            after=change.text,
            lines=tuple(sorted(lines.intersection(range(span.line, max(span.end_line, last) + 1)))),
            inside=inside,
            rank=change.rank,
            edit=Edit(file, text, (data[:first] + change.text.encode() + data[end:]).decode()),
        )


def _line_starts(data: bytes) -> list[int]:
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _choose(found: Iterable[Mutant], most: int) -> Made:
    """One of each statement, then the second of each, until there are enough; equal code is left out."""
    queues: dict[tuple[str, tuple[int, ...]], list[Mutant]] = defaultdict(list)
    for mutant in found:
        queues[mutant.span.file, mutant.lines].append(mutant)
    for queue in queues.values():
        queue.sort(key=lambda m: m.rank)
    chosen: list[Mutant] = []
    keys: dict[str, set[object]] = {}
    equivalent = 0
    for mutant in _in_turn(_spread(list(queues.values()), most)):
        if len(chosen) == most:
            break
        file = mutant.span.file
        seen = keys.setdefault(file, {None, code_key(mutant.edit.before or "")})
        key = code_key(mutant.edit.after)
        if key in seen:
            equivalent += key is not None
        else:
            seen.add(key)
            chosen.append(mutant)
    return Made(tuple(chosen), equivalent)


def _spread(queues: list[list[Mutant]], most: int) -> list[list[Mutant]]:
    """Where there are more statements than mutants, every n-th first."""
    step = max(1, -(-len(queues) // max(1, most)))
    return [queue for start in range(step) for queue in queues[start::step]]


def _in_turn(queues: list[list[Mutant]]) -> Iterator[Mutant]:
    for place in range(max(map(len, queues), default=0)):
        yield from (queue[place] for queue in queues if place < len(queue))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
