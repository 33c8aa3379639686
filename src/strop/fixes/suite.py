"""What the project's own tests look like: where a new one goes, and how it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import PurePosixPath

from msgspec import Struct

from strop.fixes.files import files
from strop.project.project import Project

Read = Callable[[str], str]


class Suite(Struct, frozen=True):
    """The folder of the tests, its files with their texts, and whether test functions are annotated."""

    folder: str
    texts: tuple[tuple[str, str], ...]
    annotated: bool

    @property
    def returns(self) -> str:
        """What follows the parameters of a test."""
        return " -> None" if self.annotated else ""


def read_suite(project: Project, read: Read) -> Suite | None:
    """The suite in the project's tree; None if it has no pytest-like files."""
    names = [f for f in files(project) if _is_test(f)]
    if not names:
        return None
    counted = Counter(PurePosixPath(name).parent.as_posix() for name in names)
    folder = min(counted, key=lambda f: (-counted[f], f))
    helpers = [f for f in files(project) if f.endswith("conftest.py")]
    texts = tuple(
        (name, text) for name in sorted({*names, *helpers}) if (text := _text(read, name)) is not None
    )
    annotated = sum(text.count(") -> None:") for _, text in texts) > sum(
        text.count("):\n") for _, text in texts
    )
    return Suite(folder, texts, annotated)


def _is_test(file: str) -> bool:
    name = PurePosixPath(file).name
    return (name.startswith("test_") or name.endswith("_test.py")) and name.endswith(".py")


def _text(read: Read, name: str) -> str | None:
    try:
        return read(name)
    except (OSError, UnicodeError, KeyError):
        return None


def free_name(suite: Suite, subject: str) -> str:
    """A path for a new test file that no test has yet."""
    taken = {name for name, _ in suite.texts}
    number = 1
    while True:
        tail = "" if number == 1 else f"_{number}"
        path = f"test_performance_{subject}{tail}.py"
        path = path if suite.folder == "." else f"{suite.folder}/{path}"
        if path not in taken:
            return path
        number += 1
