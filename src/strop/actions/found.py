"""What do all rules find in a project? Taken from what was kept where that holds, asked anew where not.

Reading and asking need most of strop, so that is loaded when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from strop.actions.remembered import Remembered, about_of, key_of, read_remembered, write_remembered
from strop.problem import Problem
from strop.project.libraries.environment import Environment
from strop.project.listing import Listing
from strop.project.settings import Settings
from strop.report.quantity import plural
from strop.report.review.result import RuleCard

if TYPE_CHECKING:
    from strop.project.changes import Changes
    from strop.project.outline import Outline
    from strop.project.project import Project
    from strop.rules.rule import Rule
    from strop.rules.standing import Standing


class Found(Struct, frozen=True):
    """What was found, and the project: read when somebody asks for it, and no more than once."""

    kept: Remembered
    project: Callable[[], Project]


def find(root: Path, settings: Settings, environment: Environment, run: str | None, keep: bool) -> Found:
    """All findings below `root`, beside what the saved `run` measured if one is named; `keep` says whether what was
    kept is looked at, and renewed. Raises Problem T101 (no FastAPI), R502 and R503 (no such run).
    """
    if not keep or run is not None:
        project, _ = _read(root, environment, keep)
        return Found(_ask(project, root, run), lambda: project)
    about = about_of(root, settings, environment)
    listing = Listing(root, settings.exclude)
    key = key_of(about, listing)
    kept = read_remembered(root, key)
    if kept is not None:
        return Found(kept, cache(lambda: _read(root, environment, keep)[0]))
    return _find_again(root, environment, listing, about, key)


def _find_again(root: Path, environment: Environment, listing: Listing, about: str, key: str) -> Found:
    """After an edit: files that it concerns are read again, rules that it concerns are asked again."""
    from strop.rules.registry import recall, settle
    from strop.rules.standing import read_standing, write_standing

    last = read_standing(root, about)
    project, changes = _read(root, environment, True, listing, last)
    standing = recall(project, changes, last, about)
    weighers = tuple(card.module for card in standing.cards if card.weighs)
    cards = tuple(_card(card.rule, card.page) for card in standing.cards)
    kept = Remembered(key, settle(standing.findings()), _outline(project), cards, weighers)
    if listing.holds():  # nothing changed while it was read
        write_remembered(root, kept)
        write_standing(root, standing)
    return Found(kept, lambda: project)


def rule_cards() -> tuple[RuleCard, ...]:
    """What formats say of every rule."""
    from strop.rules.registry import rules

    return tuple(_card(r.rule, r.page) for r in rules())


def _card(rule: Rule, page: str) -> RuleCard:
    return RuleCard(rule.code, rule.slug, rule.domain, rule.severity, rule.title, page)


def _ask(project: Project, root: Path, run: str | None) -> Remembered:
    from strop.measure.run import load, nearest
    from strop.rules.registry import check, weighers

    evidence = load(nearest(root), run) if run is not None else None
    findings = check(project, evidence, reading=True)
    return Remembered("", findings, _outline(project), rule_cards(), weighers())


def _outline(project: Project) -> Outline:
    from strop.project.outline import outline
    from strop.rules.ignores import NOTICED_BY

    return outline(project, NOTICED_BY)


def _read(
    root: Path,
    environment: Environment,
    keep: bool,
    listing: Listing | None = None,
    last: Standing | None = None,
) -> tuple[Project, Changes]:
    """The project and what is different from the last time; `last` tells of the rules that are not imported yet."""
    from strop.project.read import read_changed
    from strop.rules.registry import noticers

    seeing = last.noticers() if last is not None else noticers()
    project, changes = read_changed(
        root, (), (), seeing, cache=keep, environment=environment, listing=listing
    )
    if not project.imported.routes and not _is_web(project):
        raise _nothing(root, project)
    return project, changes


def _is_web(project: Project) -> bool:
    """Whether anything of FastAPI or Starlette is used at all."""
    names = (call.name for function in project.source.functions.values() for call in function.calls)
    bases = (base for one in project.source.classes.values() for base in one.library_bases)
    return any(name.startswith(("fastapi.", "starlette.")) for name in (*names, *bases))


def _nothing(root: Path, project: Project) -> Problem:
    where = tuple(f"{file}: {reason}" for file, reason in project.source.unread[:4])
    message = f"no FastAPI application was found in {root}: {_looked_at(project)}"
    return Problem("T101", message, where=where, do="start strop in the folder of the backend, or name it")


def _looked_at(project: Project) -> str:
    """How many files there were to find one in."""
    read, broken = len(project.source.modules), len(project.source.unread)
    if not read:
        return f"{plural(broken, 'Python file')}, none can be read" if broken else "no Python file in it"
    more = f" ({broken} more can't be read)" if broken else ""
    return f"{plural(read, 'Python file')} read, none uses FastAPI{more}"
