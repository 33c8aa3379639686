"""What do all rules find in a project? Taken from what was kept where that holds, asked anew where not.

Reading and asking need most of strop, so that is loaded when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from strop.actions.remembered import Remembered, key_of, read_remembered, write_remembered
from strop.problem import Problem
from strop.project.libraries.environment import Environment
from strop.project.settings import Settings
from strop.report.quantity import plural
from strop.report.review.result import RuleCard

if TYPE_CHECKING:
    from strop.project.project import Project


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and the project: read when somebody asks for it, and no more than once."""

    kept: Remembered
    project: Callable[[], Project]


def find(root: Path, settings: Settings, environment: Environment, run: str | None, keep: bool) -> Found:
    """All findings below `root`, beside what the saved `run` measured if one is named; `keep` says whether what was
    kept is looked at, and renewed. Raises Problem T101 (no FastAPI), R502 and R503 (no such run).
    """
    key = key_of(root, settings, environment) if keep and run is None else ""
    kept = read_remembered(root, key) if key else None
    if kept is not None:
        return Found(kept, cache(lambda: _read(root, environment, keep)))
    project = _read(root, environment, keep)
    kept = _ask(project, root, run, key)
    if key and key == key_of(root, settings, environment):  # nothing changed while it was read
        write_remembered(root, kept)
    return Found(kept, lambda: project)


def rule_cards() -> tuple[RuleCard, ...]:
    """What formats say of every rule."""
    from strop.rules.registry import rules

    cards = ((r.rule, r.page) for r in rules())
    return tuple(RuleCard(c.code, c.slug, c.domain, c.severity, c.title, page) for c, page in cards)


def _ask(project: Project, root: Path, run: str | None, key: str) -> Remembered:
    from strop.measure.run import load, nearest
    from strop.project.outline import outline
    from strop.rules.ignores import NOTICED_BY
    from strop.rules.registry import check, weighers

    evidence = load(nearest(root), run) if run is not None else None
    findings = check(project, evidence, reading=True)
    return Remembered(key, findings, outline(project, NOTICED_BY), rule_cards(), weighers())


def _read(root: Path, environment: Environment, keep: bool) -> Project:
    from strop.project.read import read_project
    from strop.rules.registry import noticers

    project = read_project(root, (), (), noticers(), cache=keep, environment=environment)
    if not project.imported.routes and not _is_web(project):
        raise _nothing(root, project)
    return project


def _is_web(project: Project) -> bool:
    """Whether anything of FastAPI or Starlette is used at all."""
    names = (call.name for function in project.source.functions.values() for call in function.calls)
    bases = (base for one in project.source.classes.values() for base in one.library_bases)
    return any(name.startswith(("fastapi.", "starlette.")) for name in (*names, *bases))


def _nothing(root: Path, project: Project) -> Problem:
    files = len(project.source.modules)
    read = f"{plural(files, 'Python file')} read, none uses FastAPI" if files else "no Python file in it"
    where = tuple(f"{file}: {reason}" for file, reason in project.source.unread[:4])
    message = f"no FastAPI application was found in {root}: {read}"
    return Problem("T101", message, where=where, do="start strop in the folder of the backend, or name it")
