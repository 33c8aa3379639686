"""Which targets does a Makefile have, and what do their recipes run?"""

from __future__ import annotations

from collections.abc import Iterator

from strop.project.shipped.values import Task
from strop.regex import regex

_TARGET = regex(r"^([\w./-][\w./ -]*?)\s*::?(?!=)\s*([^=#]*)(?:#.*)?$")
_VARIABLE = regex(r"^\s*(?:export\s+)?(\w+)\s*(?:\?|::?)?=\s*(.*?)\s*(?:#.*)?$")
_USE = regex(r"\$\((\w+)\)|\$\{(\w+)\}")
_DEEPEST = 5  # variables inside of variables


def read_makefile(file: str, text: str) -> Iterator[Task]:
    """The targets with the lines of their recipes, variables of the file filled in."""
    variables: dict[str, str] = {}
    open_: list[str] = []
    needed: tuple[str, ...] = ()
    recipe: list[tuple[str, int]] = []
    for number, line in _lines(text):
        if line.startswith("\t"):
            recipe.append((_filled(line.strip().lstrip("@+-"), variables), number))
        elif line.strip() and not line.lstrip().startswith("#"):
            yield from _tasks(file, open_, recipe, needed)
            open_, recipe, needed = [], [], ()
            if target := _TARGET.match(line):
                open_, needed = target[1].split(), tuple(target[2].split())
            elif given := _VARIABLE.match(line):
                variables[given[1]] = given[2]
    yield from _tasks(file, open_, recipe, needed)


def _tasks(
    file: str, names: list[str], recipe: list[tuple[str, int]], needed: tuple[str, ...]
) -> Iterator[Task]:
    for name in names:
        if not name.startswith("."):
            yield Task(name, "make", file, tuple(recipe), needed)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations, by the number of the first."""
    start, parts = 0, ""
    for number, raw in enumerate(text.split("\n"), 1):
        start = start if parts else number
        if raw.endswith("\\"):
            parts += (raw if not parts else raw.strip()).removesuffix("\\") + " "
            continue
        yield start, parts + (raw.strip() if parts else raw)
        parts = ""
    if parts:
        yield start, parts


def _filled(line: str, variables: dict[str, str]) -> str:
    """A recipe's line as the shell gets it, as far as the file gives its variables."""
    for _ in range(_DEEPEST):
        filled = _USE.sub(lambda use: variables.get(use[1] or use[2], use[0]), line)
        if filled == line:
            break
        line = filled
    return line.replace("$$", "$")
