"""Which rules are there, and what do they say of a project? A rule is registered by lying in `rules/<domain>/`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from msgspec import Struct

import strop.rules
from strop.finding import Finding
from strop.rules.example import Example
from strop.rules.merge import merge
from strop.rules.rule import Rule
from strop.rules.shown import noted
from strop.rules.weighed import Weighed

if TYPE_CHECKING:  # to say what is known already takes none of them
    from strop.evidence import Evidence
    from strop.project.body import Kind, Noticer
    from strop.project.changes import Changes
    from strop.project.outline import Outline
    from strop.project.project import Project
    from strop.rules.standing import Standing

Check = Callable[["Project", "Evidence | None"], Iterator[Finding]]
Weigh = Callable[["Outline", Weighed], Iterator[Finding]]


class Registered(Struct, frozen=True):
    """A rule with what its module brings: the check, the page, the examples."""

    module: str
    rule: Rule
    check: Check
    page: str
    examples: tuple[Example, ...]
    noticer: Noticer | None = None  # what the rule wants to see while files are read
    weigh: Weigh | None = None  # asked when all rules have spoken, for what there is to be said of that


@cache
def rules() -> tuple[Registered, ...]:
    """Every rule, by code."""
    found = [_read(name) for domain in _packages() for name in _modules(domain)]
    return tuple(sorted(found, key=lambda r: r.rule.code))


def rule(word: str) -> Registered | None:
    """The rule with this code or slug, if there is one."""
    return next((r for r in rules() if word.upper() == r.rule.code or word.lower() == r.rule.slug), None)


def noticers(measured: bool = False) -> tuple[Noticer, ...]:
    """What all rules want to see while files are read, and what functions do with what requests give them;
    of a `measured` run what the rules that judge runs want to see.
    """
    from strop.project import flow, handling

    found = ((r.rule, r.noticer) for r in rules() if r.noticer is not None)
    if measured:
        return tuple(noticer for rule, noticer in found if not rule.static)
    return (flow.NOTICER, handling.NOTICER, *(noticer for _, noticer in found))


def check(project: Project, evidence: Evidence | None, reading: bool = False) -> tuple[Finding, ...]:
    """What all rules find, each cause once, the dearest first; what costs the same is in a stable order.

    With evidence, rules that only read the source are not asked, unless `reading`: `review` is for them.
    """
    installed = dict(project.imported.versions)
    asked = [
        r for r in rules() if _holds(r.rule, installed) and (reading or not r.rule.static or evidence is None)
    ]
    return settle(finding for registered in asked for finding in registered.check(project, evidence))


def settle(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What rules found, as it is said: each cause once, the dearest first, what costs the same in a stable order."""
    return tuple(sorted(noted(merge(findings)), key=_order))


def recall(project: Project, changes: Changes, last: Standing | None, key: str) -> Standing:
    """The answers of all rules to a project that was read from source: those of the `last` time that still stand, and
    those of the rules that are asked now. `key` is of what decides about them besides the project.
    """
    from strop.rules.standing import ask_again

    return ask_again(project, changes, last or _begin(key), _ask)


def _begin(key: str) -> Standing:
    """All rules, none of which was asked."""
    from strop.project.changes import Prints
    from strop.rules.standing import Card, Sight, Standing

    modules = {r.rule.code: r.module for r in rules() if r.noticer is not None}
    sights = (
        Sight(
            n.rule, modules.get(n.rule, n.notice.__module__), tuple(sorted(n.words)), tuple(sorted(n.kinds))
        )
        for n in noticers()
    )
    cards = (Card(r.module, r.rule, r.page, r.weigh is not None) for r in rules())
    return Standing(key, "", Prints({}, {}, {}), tuple(sights), tuple(cards), (), ())


def _ask(module: str, project: Project) -> Iterator[Finding]:
    registered = _read(module)
    if _holds(registered.rule, dict(project.imported.versions)):
        yield from registered.check(project, None)


def weighers() -> tuple[str, ...]:
    """The modules of the rules that speak after all the others."""
    return tuple(r.module for r in rules() if r.weigh is not None)


def weigh(modules: Iterable[str], outline: Outline, weighed: Weighed) -> tuple[Finding, ...]:
    """What these `weighers` say of what the rules said and of what was told to ignore it, in a stable order."""
    asked: list[Weigh] = [importlib.import_module(name).weigh for name in modules]
    found = (finding for each in asked for finding in each(outline, weighed))
    return tuple(sorted(found, key=_order))


def _order(finding: Finding) -> tuple[object, ...]:
    return (
        -finding.cost.total,
        finding.known == "static",
        -finding.confidence,
        finding.code,
        finding.span,
        finding.facts,
    )


def _holds(rule: Rule, installed: dict[str, str]) -> bool:
    """Whether the rule is true for the installed versions; unknown ones are taken to be right."""
    return _allows(rule.since, installed) and _allows(rule.until, installed)


def _allows(requirement: str, installed: dict[str, str]) -> bool:
    name = requirement.split("<")[0].split(">")[0].split("=")[0].strip()
    version = installed.get(name, "")
    if not requirement or not version:
        return True
    if version.startswith(">="):  # only a floor is known: it refutes "before 0.106", it can't refute "since"
        return "<" not in requirement or _allows(requirement, installed | {name: version[2:]})
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version) in SpecifierSet(requirement.removeprefix(name), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def _packages() -> Iterator[str]:
    for found in pkgutil.iter_modules(strop.rules.__path__, "strop.rules."):
        if found.ispkg:
            yield found.name


def _modules(package: str) -> Iterator[str]:
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        yield found.name


def _read(name: str) -> Registered:
    module = importlib.import_module(name)
    page = (module.__doc__ or "").strip()
    check: Check = getattr(module, "check", _nothing)
    weigh: Weigh | None = getattr(module, "weigh", None)
    return Registered(name, module.RULE, check, page, tuple(module.EXAMPLES), _noticer(module), weigh)


def _nothing(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """The check of a rule that only weighs."""
    return iter(())


def _noticer(module: ModuleType) -> Noticer | None:
    """`notice`, with the WORDS and KINDS of bodies that it wants to see."""
    if not hasattr(module, "notice"):
        return None
    from strop.project.body import Noticer

    kinds: tuple[Kind, ...] = getattr(module, "KINDS", ("function",))
    return Noticer(module.RULE.code, module.notice, frozenset(getattr(module, "WORDS", ())), frozenset(kinds))
