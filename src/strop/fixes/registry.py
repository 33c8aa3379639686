"""Which fixes answer a finding: every module of this package with ANSWERS and propose is a fix."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Protocol, cast

import strop.fixes
from strop.finding import Finding
from strop.fixes.unfit import Unfit
from strop.patch import Patch, Proposal
from strop.project.project import Project


class Fix(Protocol):
    """A fix module."""

    __name__: str
    ANSWERS: tuple[str, ...]
    UNMEASURED: bool  # changes nothing that the program does: needs no run; missing where it does

    def propose(
        self, project: Project, finding: Finding, read: Callable[[str], str]
    ) -> Iterator[Patch | Proposal]:
        """One patch or proposal per alternative."""


@lru_cache
def fixes() -> tuple[Fix, ...]:
    """All fixes, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(strop.fixes.__path__))
    modules = (importlib.import_module(f"strop.fixes.{name}") for name in names)
    return tuple(cast(Fix, module) for module in modules if hasattr(module, "ANSWERS"))


def measured() -> tuple[Fix, ...]:
    """The fixes that a run has to prove."""
    return tuple(fix for fix in fixes() if not getattr(fix, "UNMEASURED", False))


def unmeasured() -> tuple[Fix, ...]:
    """The fixes that change nothing of what the program does, whatever it does."""
    return tuple(fix for fix in fixes() if getattr(fix, "UNMEASURED", False))


def name_of(fix: Fix) -> str:
    """The codemod's name: "load_relationship"."""
    return fix.__name__.rpartition(".")[2]


def propose(
    project: Project, finding: Finding, read: Callable[[str], str], among: Iterable[Fix] | None = None
) -> tuple[Patch | Proposal, ...]:
    """Every alternative of every fix (`among` these) that answers the finding; never raises, never empty."""
    answers = [fix for fix in (fixes() if among is None else among) if finding.code in fix.ANSWERS]
    if not answers:
        reason = f"no codemod answers {finding.code}: the change needs a person's judgement"
        return (Proposal("", finding.id, reason),)
    return _distinct(item for fix in answers for item in _safely(fix, project, finding, read))


def _distinct(items: Iterable[Patch | Proposal]) -> tuple[Patch | Proposal, ...]:
    """Without patches that change the same as an earlier one."""
    kept: list[Patch | Proposal] = []
    seen = set()
    for item in items:
        if not isinstance(item, Patch) or item.edits not in seen:
            kept.append(item)
        if isinstance(item, Patch):
            seen.add(item.edits)
    return tuple(kept)


def _safely(
    fix: Fix, project: Project, finding: Finding, read: Callable[[str], str]
) -> tuple[Patch | Proposal, ...]:
    made: list[Patch | Proposal] = []
    try:
        made.extend(fix.propose(project, finding, read))
    except Unfit as unfit:
        made.append(Proposal(name_of(fix), finding.id, unfit.reason))
    # The boundary of the room: a shape that nobody thought of must not end somebody's run.
    except Exception as error:
        made.append(Proposal(name_of(fix), finding.id, f"unexpected shape ({type(error).__name__}: {error})"))
    return tuple(made) or (Proposal(name_of(fix), finding.id, "nothing here needs to change"),)
