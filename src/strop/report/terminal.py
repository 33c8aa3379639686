"""How is text laid out in a terminal, and how in a pipe? The pieces that every text output is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

LISTED = 3  # names before "n more"

Pair = tuple[str, str]


def write(console: Console, layout: Iterable[RenderableType], lines: Iterable[str]) -> None:
    """Write the layout to a terminal, the lines to anything else, where nobody's width matters."""
    if console.is_terminal:
        console.print(Group(*layout), highlight=False)
        return
    for line in lines:
        console.file.write(f"{line}\n")  # rich would turn tabs into spaces


def labelled(pairs: Iterable[Pair]) -> Table:
    """Labels in a column, their texts beside them; an empty label continues the one above."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True, style="dim", min_width=10)
    grid.add_column(ratio=1)
    for label, text in pairs:
        grid.add_row(Text(label), Text(text))
    return grid


def label_lines(pairs: Iterable[Pair]) -> Iterator[str]:
    """The same as plain lines."""
    return (f"{label}  {text}" if label else f"  {text}" for label, text in pairs)


def under(label: str, texts: Sequence[str]) -> Iterator[Pair]:
    """The first texts under one label, then how many there are more."""
    texts = list(dict.fromkeys(texts))
    shown = texts[:LISTED]
    if len(texts) > LISTED:
        shown.append(f"{len(texts) - LISTED} more in the report")
    return ((label if number == 0 else "", text) for number, text in enumerate(shown))


def some(names: Sequence[str]) -> str:
    """The first names and how many there are more."""
    shown = ", ".join(names[:LISTED])
    return f"{shown} and {len(names) - LISTED} more" if len(names) > LISTED else shown


def columns(*names: str, right: Sequence[str] = (), wide: str = "") -> Table:
    """A table without lines; `right` columns hold numbers, the `wide` one takes the room that is left."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), expand=True, header_style="dim")
    for name in names:
        justify: Literal["left", "right"] = "right" if name in right else "left"
        table.add_column(name, justify=justify, no_wrap=name != wide, ratio=1 if name == wide else None)
    return table
