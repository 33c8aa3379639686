"""How a fix is tested: files before, files after, nothing else changed."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct, field

from strop.finding import Cost, Finding
from strop.fixes.registry import fixes as all_fixes
from strop.fixes.registry import name_of, propose
from strop.fixes.write import apply
from strop.patch import Patch, Proposal
from strop.project.function import Call, Effect, Function, Reach
from strop.project.project import Imported, Project, Source
from strop.project.route import Dependency, Route
from strop.project.table import Column, Engine, Relationship, Table
from strop.span import Span, Step

__all__ = [
    "Call",
    "Column",
    "Cost",
    "Dependency",
    "Effect",
    "Engine",
    "Function",
    "Imported",
    "Reach",
    "Relationship",
    "Route",
    "Source",
    "Span",
    "Step",
    "Table",
]


def text(source: str) -> str:
    """A test's indented source as a file."""
    return textwrap.dedent(source).lstrip("\n")


class Case(Struct):
    """A finding in a project that lies in a folder."""

    folder: Path
    fix: str
    files: dict[str, str]
    code: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    at: str = ""  # text of the line that the finding is on, in the first file
    imported: Imported = field(default_factory=lambda: Imported("app", ()))
    source: Source = field(default_factory=Source)
    reaches: dict[str, tuple[Reach, ...]] = field(default_factory=dict)
    chain: tuple[Step, ...] = ()
    routes: tuple[str, ...] = ("GET /x",)
    symbol: str = ""

    def __post_init__(self) -> None:
        self.files = {name: text(source) for name, source in self.files.items()}
        for name, source in self.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.encode())

    def line(self, words: str, file: str = "") -> int:
        """The line that holds these words."""
        lines = self.files[file or next(iter(self.files))].splitlines()
        return next(i for i, line in enumerate(lines, 1) if words in line)

    @property
    def project(self) -> Project:
        return Project(str(self.folder), self.imported, self.source, self.reaches)

    @property
    def finding(self) -> Finding:
        first = next(iter(self.files))
        fix = next(f for f in all_fixes() if name_of(f) == self.fix)
        return Finding(
            code=self.code or fix.ANSWERS[0],
            slug="slug",
            domain="domain",
            severity="warning",
            confidence=1.0,
            known="measured",
            span=Span(first, self.line(self.at) if self.at else 1, self.symbol),
            routes=self.routes,
            message="message",
            impact="impact",
            solution="solution",
            cost=Cost(queries=12),
            chain=self.chain,
            facts=tuple(sorted(self.facts.items())),
        )

    def read(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()

    def answers(self) -> dict[str, Patch | Proposal]:
        """What the fix says, by option."""
        return {
            item.option: item
            for item in propose(self.project, self.finding, self.read)
            if item.fix == self.fix
        }


def check_transformed(case: Case, option: str, **after: str) -> Patch:
    """The option is a patch that turns the files into `after` ("/" and "." of paths as "_"), no others."""
    answer = case.answers()[option]
    assert isinstance(answer, Patch), answer
    expected = {name: text(after[key(name)]) for name in case.files if key(name) in after}
    changed = {edit.file: edit.after for edit in answer.edits if edit.before is not None}
    assert changed == expected
    assert all(edit.before == case.files.get(edit.file) for edit in answer.edits)
    apply(case.folder, answer)
    for name, source in case.files.items():
        assert case.read(name) == expected.get(name, source)
    return answer


def key(name: str) -> str:
    """The keyword that stands for a path."""
    return name.removesuffix(".py").replace("/", "_").replace(".", "_")


def check_noop(case: Case, option: str = "", reason: str = "") -> Proposal:
    """The option (any, if not named) is a proposal whose reason holds these words."""
    answers = case.answers()
    answer = answers[option] if option else next(iter(answers.values()))
    assert isinstance(answer, Proposal), answer
    assert option or all(isinstance(item, Proposal) for item in answers.values())
    assert reason in answer.reason
    assert "unexpected shape" not in answer.reason
    return answer


@contextmanager
def module(source: str, name: str = "models") -> Iterator[dict[str, Any]]:
    """The names of a source that is executed as a module, importable meanwhile."""
    made = ModuleType(name)
    sys.modules[name] = made
    try:
        exec(compile(source, f"{name}.py", "exec"), made.__dict__)
        yield made.__dict__
    finally:
        del sys.modules[name]
