"""Lines that became too long, broken as formatters do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from strop.tree import module_tree

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
        return ast.dump(module_tree(one)) == ast.dump(module_tree(other))
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
    if len(line) <= limit:
        yield line
        return
    start, end = _brackets(line)
    if start < 0:
        yield from _wrapped(line, limit)
        return
    indent = _indent(line)
    body = line[start + 1 : end]
    yield line[: start + 1]
    yield from _parts(indent + STEP, body, limit)
    yield indent + line[end:]


def _wrapped(line: str, limit: int) -> Iterator[str]:
    """What is assigned or returned, in parentheses of its own, if it ends with no bracket."""
    found = re.match(r"(\s*(?:return|[\w.\[\]]+ =) )(.+)$", line)
    if found is None or found[2].endswith((*CLOSES, *OPENS, ",", ":")):
        yield line
        return
    yield f"{found[1]}("
    yield from _parts(_indent(line) + STEP, found[2], limit)
    yield f"{_indent(line)})"


def _parts(indent: str, body: str, limit: int) -> Iterator[str]:
    """The inside of brackets: on one line, one item a line, or a comprehension clause by clause."""
    items = _items(body)
    if len(indent) + len(body) <= limit:
        yield indent + body
    elif len(items) > 1:
        for item in items:
            yield from _broken(f"{indent}{item},", limit)
    else:
        for clause in _clauses(body):
            yield from _broken(indent + clause, limit)


def _clauses(body: str) -> list[str]:
    """The parts of a comprehension; the body itself if it is none."""
    depth, cuts = 0, [0]
    for at, (character, quoted) in enumerate(_marked(body)):
        if not quoted:
            depth += (character in OPENS) - (character in CLOSES)
            if not depth and re.match(r" for | if ", body[at:]) and " for " in body:
                cuts.append(at)
    if not any(body.startswith(" for ", cut) for cut in cuts):
        return [body]
    return [part.strip() for part in (body[a:b] for a, b in pairwise([*cuts, len(body)]))]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _brackets(line: str) -> tuple[int, int]:
    """The pair of brackets that ends the line, or holds the parameters of a definition; -1 without one."""
    if re.match(r"\s*(async )?def ", line) and ") -> " in line:
        end = line.index(") -> ")
    else:
        end = len(re.sub(r"(\.\w+\(\))*[:,]*$", "", line)) - 1
    stack: list[int] = []
    for at, (character, quoted) in enumerate(_marked(line)):
        if quoted:
            continue
        if character in OPENS:
            stack.append(at)
        elif character in CLOSES and stack:
            opened = stack.pop()
            if at == end:
                return (opened, end) if at - opened > 1 else (-1, end)
    return -1, end


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
