"""Load a relationship together with its parents instead of one statement, or one joined row, a time.

Answers DB001 (a lazy relationship that is read for every parent) and DB003 (joined collections that
multiply each other's rows). Alternatives: a loader option at the query that loads the parents
(`selectinload`, for a single object also `joinedload`), the explicit `joinedload`s of the relationships
changed, or another default in the model (`lazy="selectin"`), which holds for every query of the class.

Answers keep their bytes: the same objects are loaded, collections in the relationship's own order. What can
differ is the order inside a collection without `order_by`, which no database promises; it is left to
the proof. Relationships that are `dynamic`, `write_only`, `raise` or `noload`, and statements whose
beginning is not in sight, are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import libcst as cst
from msgspec import Struct

from strop.finding import Finding
from strop.fixes import regression_test
from strop.fixes.code import Code, called_name
from strop.fixes.draft import Draft
from strop.fixes.files import files
from strop.fixes.lazy_default import load_by_selectin
from strop.fixes.load_path import Load, load_paths
from strop.fixes.parents import parent_query
from strop.fixes.query import Query
from strop.fixes.query_option import Wish, load_in_query, restrategise
from strop.fixes.unfit import Unfit
from strop.fixes.wording import names, subject, why
from strop.patch import Patch, Proposal
from strop.project.project import Project

NAME = "load_relationship"
ANSWERS = ("DB001", "DB003")
# What changes its meaning, or fails on some database, when a join is added.
AGAINST_JOINS = {"with_for_update", "distinct", "group_by", "yield_per", "from_statement"}


class Case(Struct, frozen=True):
    """What one run of the fix works on."""

    project: Project
    finding: Finding
    read: Callable[[str], str]
    keys: tuple[tuple[str, str], ...]  # (owner, relationship)

    @property
    def names(self) -> str:
        """The relationships, for a sentence."""
        return names(self.owned)

    @property
    def owned(self) -> list[str]:
        """The relationships with their owners."""
        return [".".join(key) for key in self.keys]


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch or proposal per alternative."""
    text = finding.fact("relationships") or finding.fact("relationship")
    parts = [key.rpartition(".") for key in re.split(r"[,;\s]+", text) if "." in key]
    if not parts:
        raise Unfit("the finding names no relationship")
    keys = dict.fromkeys((owner.rpartition(".")[2], name) for owner, _, name in parts)
    case = Case(project, finding, read, tuple(keys))
    yield _alternative(case, "selectinload", lambda draft: _at_query(case, draft, "selectinload"))
    if finding.code == "DB001" and _single(case):
        yield _alternative(case, "joinedload", lambda draft: _at_query(case, draft, "joinedload"))
    if finding.code == "DB003" and _explicit(case, Draft(project, read)):
        yield _alternative(case, "replace-joinedload", lambda draft: _replace_explicit(case, draft))
    yield _alternative(case, "lazy-selectin", lambda draft: _in_model(case, draft))


def _alternative(case: Case, option: str, change: Callable[[Draft], str]) -> Patch | Proposal:
    draft = Draft(case.project, case.read)
    try:
        said = change(draft)
        edits = draft.edits()
    except Unfit as unfit:
        return Proposal(NAME, case.finding.id, unfit.reason, option)
    tests, note = regression_test.for_queries(case.project, case.finding, case.read)
    how = "by selectin in the model" if option == "lazy-selectin" else f"with {option.split('-')[0]}"
    if option == "replace-joinedload":
        how = "with selectinload wherever they are joined"
    title = subject(*(f"Load {names(case.owned, most)} {how}" for most in (None, 2, 1)))
    return Patch(NAME, option, case.finding.id, title, why(case.finding, said, note), edits, tests=tests)


def _at_query(case: Case, draft: Draft, strategy: str) -> str:
    query = parent_query(case.project, case.finding, draft, tuple(owner for owner, _ in case.keys))
    if strategy == "joinedload":
        _must_bear_a_join(query)
    load_in_query(draft, Wish(case.project, query, case.keys, strategy))
    if case.finding.code == "DB003":
        return f"The query loads {case.names} with a statement each, so their rows no longer multiply."
    return f"The query loads {case.names} with {strategy}: statements no longer grow with the rows."


def _must_bear_a_join(query: Query) -> None:
    around = query.code.around(query.base, cst.FunctionDef)
    for call in query.code.nodes(cst.Call, around or query.chain):
        if called_name(call) in AGAINST_JOINS:
            raise Unfit(f"a join would change what {called_name(call)} means")


def _single(case: Case) -> bool:
    """Whether the relationship leads to one object."""
    known = case.project.relationship(".".join(case.keys[0]))
    said = case.finding.fact("uselist").lower()
    return (not known.uselist) if known else said in ("false", "0", "no")


def _explicit(case: Case, draft: Draft) -> dict[Code, list[Load]]:
    """Every `joinedload(Owner.rel)` of the query's file, or of the project if that file has none."""
    near = case.finding.fact("parent_file")
    return _joined(case, draft, (near,) if near else ()) or _joined(case, draft, files(case.project))


def _joined(case: Case, draft: Draft, among: Iterable[str]) -> dict[Code, list[Load]]:
    """The steps that join one of the relationships, by file."""
    found: dict[Code, list[Load]] = {}
    for file in among:
        code = _read_if(draft, file, "joinedload")
        steps = {s.call: s for path in load_paths(code) for s in path} if code else {}
        hits = [s for s in steps.values() if (s.owner, s.name) in case.keys and s.strategy == "joinedload"]
        if code and hits:
            found[code] = hits
    return found


def _read_if(draft: Draft, file: str, word: str) -> Code | None:
    try:
        return draft.code(file) if word in draft.text(file) else None
    except Unfit:
        return None


def _replace_explicit(case: Case, draft: Draft) -> str:
    found = _explicit(case, draft)
    for code, steps in found.items():
        restrategise(draft, code, steps, "selectinload")
    count = sum(map(len, found.values()))
    return f"{count} joinedload options for {case.names} become selectinload: rows no longer multiply."


def _in_model(case: Case, draft: Draft) -> str:
    # What multiplies rows by an explicit option would do so whatever the model says.
    now = "joined" if case.finding.code == "DB003" else ""
    done = [key for key in case.keys if load_by_selectin(case.project, draft, *key, now)]
    if not done:
        raise Unfit(f"{case.names} {'is' if len(case.keys) == 1 else 'are'} not joined by default")
    names = ", ".join(".".join(key) for key in done)
    return (
        f'{names}: lazy="selectin" loads with one more statement for all parents together, in every query of '
        f"the class, also where the relationship is not read."
    )
