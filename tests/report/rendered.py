"""Values of the sample with one text in every field, and outputs of a given width."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console

T = TypeVar("T")

# Fields whose text is a word that code compares with, not text of the target.
WORDS = {"severity", "known", "behaviour", "compatibility", "kind", "retry", "use"}


def print_with(width: int, write: Callable[[Console], None], terminal: bool = True) -> str:
    """What is written to a console without colours; no space is left at the end of a line."""
    file = io.StringIO()
    write(Console(file=file, width=width, force_terminal=terminal, color_system=None, legacy_windows=False))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def poison(value: T, poisoned: Callable[[str], str]) -> T:
    """The same value with every text in it replaced, however deep."""
    return cast(T, _poison(value, poisoned, ""))


def _poison(value: object, poisoned: Callable[[str], str], name: str) -> object:
    match value:
        case str():
            return value if name in WORDS else poisoned(value)
        case tuple():
            return tuple(_poison(part, poisoned, name) for part in value)
        case _ if isinstance(value, Struct):
            parts = {name: _poison(getattr(value, name), poisoned, name) for name in value.__struct_fields__}
            return replace(value, **parts)
        case _:
            return value
