"""What is printed on standard output: laid out for a terminal, whole lines without colour in a pipe."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any

import msgspec
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from strop import __version__
from strop.report import terminal
from strop.report.redaction import clean, clean_text

UNWRAPPED = 20_000  # columns: nothing is wrapped or cut in a pipe
INDENT = 2


def show(*parts: RenderableType) -> None:
    """Print the parts one below the other. Colours only on a terminal, and not with NO_COLOR."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(*parts, sep="\n")
        return
    paper = io.StringIO()
    Console(file=paper, width=UNWRAPPED, color_system=None, highlight=False).print(*parts, sep="\n")
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in paper.getvalue().splitlines())


def show_json(document: Any) -> None:
    """Print a document as indented JSON with its schema, the version of strop, and without secrets."""
    data = msgspec.json.encode({"schema": 1, "strop": __version__, **clean(document)})
    sys.stdout.write(msgspec.json.format(data, indent=2).decode() + "\n")


def words(text: str, style: str = "") -> Text:
    """Text as it is: without secrets, and brackets are no markup."""
    return Text(clean_text(text), style=style)


def labelled(pairs: Iterable[tuple[str, str]]) -> RenderableType:
    """Label and text in two columns, moved in; pairs without a text are left out."""
    return indented(terminal.labelled((label, clean_text(text)) for label, text in pairs if text))


def indented(part: RenderableType) -> RenderableType:
    """The part, moved in."""
    return Padding.indent(part, INDENT)
