"""What does a container file say, stage by stage?

A reader of our own: the parsers on PyPI give neither stages with line ranges nor here-documents, and the format is small.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from strop.project.shipped.values import Image, Instruction, Stage
from strop.regex import regex
from strop.span import Span

_FROM = regex(r"(?:--\S+\s+)*(?P<base>\S+)(?:\s+as\s+(?P<name>\S+))?", re.I)
_HERE = regex(r"<<-?[\"']?(\w+)[\"']?")


def read_image(file: str, text: str) -> Image:
    """The stages of one container file."""
    stages: list[Stage] = []
    name = base = ""
    inside: list[Instruction] = []
    for instruction in _instructions(file, text):
        if instruction.name == "FROM" and (match := _FROM.match(instruction.text)):
            if inside:
                stages.append(Stage(name, base, tuple(inside)))
            name, base, inside = match["name"] or "", match["base"], []
        symbol = name or (str(len(stages)) if base else "")
        span = Span(file, instruction.span.line, symbol, instruction.span.end_line)
        inside.append(Instruction(instruction.name, instruction.text, span, instruction.words))
    if base:
        stages.append(Stage(name, base, tuple(inside)))
    return Image(file, tuple(stages))


def lineage(image: Image, stage: Stage) -> tuple[Stage, ...]:
    """A stage with the stages of this file that it builds on, itself first."""
    found = [stage]
    while (above := next((s for s in image.stages if s.name and s.name == found[-1].base), None)) not in (
        None,
        *found,
    ):
        assert above is not None
        found.append(above)
    return tuple(found)


def started(image: Image, stage: Stage) -> tuple[Instruction, ...]:
    """The ENTRYPOINT and CMD that hold for a container of this stage."""
    found: dict[str, Instruction] = {}
    for each in lineage(image, stage):
        for instruction in reversed(each.instructions):
            if instruction.name in ("ENTRYPOINT", "CMD"):
                found.setdefault(instruction.name, instruction)
    return tuple(found[name] for name in ("ENTRYPOINT", "CMD") if name in found)


def _instructions(file: str, text: str) -> Iterator[Instruction]:
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        start = place
        parts: list[str] = []
        while place < len(lines):
            line = lines[place].strip()
            place += 1
            if line.startswith("#") or not line:
                start = place if not parts else start
                continue
            parts.append(line.removesuffix("\\").strip())
            if not line.endswith("\\"):
                break
        joined = " ".join(parts).strip()
        for mark in _HERE.findall(joined) if joined[:4].upper() in ("RUN ", "COPY") else ():
            while place < len(lines) and lines[place].strip() != mark:
                place += 1
            place += 1
        name, _, rest = joined.partition(" ")
        if name.isalpha():
            yield Instruction(name.upper(), rest.strip(), Span(file, start + 1, "", place), _words(rest))


def _words(text: str) -> tuple[str, ...]:
    if not text.strip().startswith("["):
        return ()
    try:
        given = json.loads(text)
    except ValueError:
        return ()
    return tuple(str(word) for word in given) if isinstance(given, list) else ()
