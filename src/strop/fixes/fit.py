"""Lines that became too long, broken as formatters do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

OPENS, CLOSES = "([{", ")]}"
STEP = "    "


def fit(text: str, limit: int) -> str:
    """The text with every line that is too long and ends with a bracket broken at that bracket."""
    return "\n".join(part for line in text.split("\n") for part in _broken(line, limit))


def refit(before: str, after: str, limit: int) -> str:
    """`after` with those lines fitted that `before` does not have; as it is if that would change its meaning."""
    newline = "\r\n" if "\r\n" in after else "\n"
    old = set(before.split(newline))
    lines: list[str] = []
    for line in after.split(newline):
        if len(line) <= limit or line in old or "#" in line:
            lines.append(line)
        elif lines and lines[-1].endswith(tuple(OPENS)) and (links := _links(line)):
            lines += links
        else:
            lines += _broken(line, limit)
    fitted = newline.join(lines)
    return fitted if fitted == after or _same(fitted, after) else after


def _same(one: str, other: str) -> bool:
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except SyntaxError:
        return False


def _links(line: str) -> list[str]:
    """`a(...).b(...).c(...)` on a line of its own, one call a line; nothing if it is no such chain."""
    depth, cuts = 0, []
    for at, (character, quoted) in enumerate(_marked(line)):
        if not quoted:
            depth += (character in OPENS) - (character in CLOSES)
            if character == "." and not depth and line[at - 1] == ")" and re.match(r"\.\w+\(", line[at:]):
                cuts.append(at)
    indent = line[: len(line) - len(line.lstrip())]
    if len(cuts) < 2 or not line.endswith(")") or depth:
        return []
    edges = [len(indent), *cuts, len(line)]
    return [indent + line[a:b] for a, b in pairwise(edges)]


def _broken(line: str, limit: int) -> Iterator[str]:
    start = _opening(line) if len(line) > limit else -1
    if start < 0:
        yield line
        return
    end = max(line.rfind(bracket) for bracket in CLOSES)
    indent = line[: len(line) - len(line.lstrip())]
    body = line[start + 1 : end]
    yield line[: start + 1]
    if len(indent) + len(STEP) + len(body) <= limit or len(_items(body)) == 1:
        yield f"{indent}{STEP}{body}"
    else:
        yield from (f"{indent}{STEP}{item}," for item in _items(body))
    yield f"{indent}{line[end:]}"


def _opening(line: str) -> int:
    """Where the bracket opens that closes last on the line; -1 if the line ends otherwise."""
    end = len(line.rstrip(":")) - 1
    if end < 0 or line[end] not in CLOSES:
        end = line.rfind(") -> ") if line.endswith(":") else -1
    stack: list[int] = []
    for at, (character, quoted) in enumerate(_marked(line)):
        if quoted:
            continue
        if character in OPENS:
            stack.append(at)
        elif character in CLOSES and stack:
            opened = stack.pop()
            if at == end:
                return opened if at - opened > 1 else -1
    return -1


def _items(body: str) -> list[str]:
    """The parts between the commas that are in no bracket."""
    items, depth = [""], 0
    for character, quoted in _marked(body):
        if not quoted:
            depth += (character in OPENS) - (character in CLOSES)
        if character == "," and not quoted and not depth:
            items.append("")
        else:
            items[-1] += character
    return [item.strip() for item in items if item.strip()]


def _marked(text: str) -> Iterator[tuple[str, bool]]:
    """Each character, and whether it is inside a string."""
    quote = ""
    for character in text:
        inside = bool(quote)
        if character in "'\"" and (not quote or quote == character):
            quote = "" if quote else character
        yield character, inside
