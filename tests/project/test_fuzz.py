"""Whatever is done to the text of a project, it is read and judged without an error."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from shutil import copytree, ignore_patterns

import pytest

from strop.project.read import read_project
from strop.rules.registry import check, noticers

SHOP = Path(__file__).parents[2] / "examples" / "shop" / "shop"
NEWER = (
    "type Pair[T] = tuple[T, T]",
    "try:\n    pass\nexcept KeyError, ValueError:\n    pass",
    "def first[T: int = str](x: T): return f'{x['a']}'",
    "lazy import json",
    "from shop.main import *",
    "class Order(Order): pass",
)


def damage(text: str, random: Random) -> str:
    """Do one of the things that go wrong with a text."""
    lines = text.split("\n")
    start = random.randrange(len(lines))
    end = start + random.randint(1, 8)
    match random.choice(("delete", "repeat", "swap", "cut", "newer", "byte")):
        case "delete":
            del lines[start:end]
        case "repeat":
            lines[end:end] = lines[start:end]
        case "swap":
            words = re.split(r"(\W+)", text)
            one, other = random.randrange(len(words)), random.randrange(len(words))
            words[one], words[other] = words[other], words[one]
            return "".join(words)
        case "cut":
            return text[: random.randrange(len(text) + 1)]
        case "newer":
            lines.insert(start, random.choice(NEWER))
        case "byte":
            at = random.randrange(len(text) + 1)
            return text[:at] + random.choice("\0\x7f([{'\"#\\\r\ue000") + text[at:]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_is_written_stops_a_review(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    root = tmp_path / "shop"
    copytree(SHOP, root / "shop", ignore=ignore_patterns("__pycache__"))
    files = sorted(root.rglob("*.py"))
    for _ in range(2):
        for path in random.sample(files, len(files) // 2):
            path.write_bytes(damage(path.read_bytes().decode(errors="replace"), random).encode())
        project = read_project(root, (), (), noticers(), cache=True)
        findings = list(check(project, None))
        read = set(project.source.modules.values()) | {file for file, _ in project.source.unread}
        assert read == {path.relative_to(root).as_posix() for path in files}
        assert all(finding.span.file in read for finding in findings if finding.span.file.endswith(".py"))
