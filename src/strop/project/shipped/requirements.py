"""Which packages does the project ask for, and which versions do lock files fix?

Lock files are read with a pattern: the TOML of a large one takes longer to parse than the whole project.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from strop.project.shipped.values import Requirement
from strop.regex import regex
from strop.span import Span

_LOCKED = regex(r'^\[\[package\]\]\nname = "([^"]+)"\nversion = "([^"]+)"', re.M)
_EXACT = regex(r"^==\s*([\w.!+-]+)$")
_FLOOR = regex(r"(?:>=|~=|\^)\s*([\d.]+)")


def read_lock(file: str, text: str) -> Iterator[Requirement]:
    """What a lock file of uv, Poetry, PDM or Pipenv fixes."""
    if file.endswith("Pipfile.lock"):
        yield from _pipfile(file, text)
        return
    line, seen = 1, 0
    for match in _LOCKED.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        yield Requirement(canonicalize_name(match[1]), f"=={match[2]}", Span(file, line + 1), locked=True)


def _pipfile(file: str, text: str) -> Iterator[Requirement]:
    try:
        packages = json.loads(text).get("default", {})
    except (ValueError, AttributeError):
        return
    for name, given in packages.items() if isinstance(packages, dict) else ():
        version = given.get("version", "") if isinstance(given, dict) else ""
        yield Requirement(canonicalize_name(name), version, Span(file, _line(text, name)), locked=True)


def read_requirements(file: str, text: str) -> Iterator[Requirement]:
    """The lines of a requirements file; options, paths and addresses are left out."""
    for number, raw in enumerate(text.split("\n"), 1):
        line = re.split(r"\s#|\s\\|\s--hash", raw.strip())[0].strip().rstrip("\\").strip()
        if line and not line.startswith(("#", "-", ".", "/")):
            yield from _parsed(line, Span(file, number))


def read_pyproject(file: str, text: str) -> Iterator[Requirement]:
    """The dependencies of `[project]` and of Poetry; groups for development are left out."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    project = data.get("project", {})
    for entry in project.get("dependencies", ()) if isinstance(project, dict) else ():
        yield from _parsed(str(entry), Span(file, _line(text, str(entry))))
    poetry = data.get("tool", {}).get("poetry", {}).get("dependencies", {})
    for name, given in poetry.items() if isinstance(poetry, dict) else ():
        version = given.get("version", "") if isinstance(given, dict) else given
        if name != "python":
            yield Requirement(
                canonicalize_name(name), _caret(str(version)), Span(file, _line(text, name, "="))
            )


def _caret(version: str) -> str:
    """Poetry's spelling: "^1.2" keeps its floor, a bare "1.2" is exact."""
    return f"=={version}" if version[:1].isdigit() else version.replace("^", ">=").replace("*", "")


def _parsed(text: str, span: Span) -> Iterator[Requirement]:
    try:
        given = Parsed(text)
    except InvalidRequirement:
        return
    if given.marker is not None and not given.marker.evaluate({"python_version": "3.12", "extra": ""}):
        return
    yield Requirement(canonicalize_name(given.name), str(given.specifier) or ("@" if given.url else ""), span)


def _line(text: str, word: str, after: str = "") -> int:
    """Where a word stands in a text; 1 when it is written otherwise."""
    match = re.search(rf"^\s*[\"']?{re.escape(word)}[\"']?\s*{after}", text, re.M) if after else None
    place = match.start() if match else text.find(word)
    return (
        text.count("\n", 0, place + (len(match[0]) - len(match[0].lstrip()) if match else 0)) + 1
        if place >= 0
        else 1
    )


def versions(requirements: tuple[Requirement, ...]) -> tuple[tuple[str, str], ...]:
    """What is installed, as far as files tell: a version that a lock file or `==` fixes, or ">=1.2" for a floor.

    With several lock files the one that fixes FastAPI counts.
    """
    found: dict[str, str] = {}
    for each in sorted((r for r in requirements if not r.locked), key=lambda r: r.span.file.count("/")):
        exact, floor = _EXACT.match(each.specifier), _FLOOR.search(each.specifier)
        known = exact[1] if exact else f">={floor[1]}" if floor else ""
        if known and (each.name not in found or (exact and found[each.name].startswith(">="))):
            found[each.name] = known
    locked = [r for r in requirements if r.locked]
    serving = [r.span.file for r in locked if r.name == "fastapi"]
    chosen = min(serving, key=lambda file: (file.count("/"), file), default="")
    found |= {r.name: r.specifier.removeprefix("==") for r in locked if r.span.file == chosen}
    return tuple(sorted(found.items()))
