"""Which statements of a change did requests execute? Only those were proved."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from strop.span import Span
from strop.tree import module_tree

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Executed(Struct, frozen=True):
    """The changed statements inside functions, by whether a request executed them, and how many run at import."""

    reached: tuple[Span, ...] = ()
    missed: tuple[Span, ...] = ()
    at_import: int = 0

    @property
    def statements(self) -> int:
        """All changed statements inside functions."""
        return len(self.reached) + len(self.missed)


def executed(root: Path, edited: Mapping[str, Sequence[int]], ran: Iterable[Span]) -> Executed:
    """What became of the edited lines (by file below `root`) in requests that executed the lines `ran`."""
    lines = {(span.file, span.line) for span in ran}
    reached: list[Span] = []
    missed: list[Span] = []
    at_import = 0
    for file in sorted(edited):
        wanted = set(edited[file])
        for span, inside in statements(root / file, file):
            own = wanted.intersection(range(span.line, span.end_line + 1))
            if not own:
                continue
            if not inside:
                at_import += 1
            elif any((file, line) in lines for line in own):
                reached.append(span)
            else:
                missed.append(span)
    return Executed(tuple(reached), tuple(missed), at_import)


def statements(path: Path, file: str) -> Iterator[tuple[Span, bool]]:
    """Every statement without those that lie in it, and whether it stands in a function; none where that can't be read."""
    try:
        tree = module_tree(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return
    yield from _of(tree.body, file, "", False)


def _of(body: Sequence[ast.stmt], file: str, symbol: str, inside: bool) -> Iterator[tuple[Span, bool]]:
    for place, node in enumerate(body):
        if isinstance(node, ast.ClassDef | _Function):
            name = f"{symbol}.{node.name}" if symbol else node.name
            yield from _of(node.body, file, name, inside or isinstance(node, _Function))
            continue
        if place == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        inner = [part for part in _blocks(node) if part]
        last = min((part[0].lineno for part in inner), default=(node.end_lineno or node.lineno) + 1) - 1
        yield Span(file, node.lineno, symbol, max(last, node.lineno)), inside
        for part in inner:
            yield from _of(part, file, symbol, inside)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for branch in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield branch.body
