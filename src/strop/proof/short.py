"""Does a revision answer as the base does where a difference was seen? A short proof: for bisection, and for doubt."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from strop.event import ignore
from strop.problem import Problem
from strop.proof.branch import Suites, prove_branch
from strop.proof.interleaved import serve_interleaved
from strop.proof.judge import Base
from strop.proof.schema import Schema
from strop.proof.turns_named import are_at_once
from strop.proof.worlds import compare_worlds
from strop.verdict import Difference


class Witnesses(Struct, frozen=True):
    """Part of the workload: the cells and the tests that told a difference, and whether in the second world alone."""

    cells: frozenset[str]
    tests: frozenset[str]
    second: bool = False


def witnesses(found: Iterable[Difference]) -> Witnesses:
    """The cells and tests in which these differences were seen."""
    seen = tuple(found)
    names = {d.cell for d in seen if d.cell}
    tests = frozenset(name.rpartition("#")[0] or name for name in names if "::" in name)
    cells = frozenset(name for name in names if "::" not in name)
    return Witnesses(cells, tests, any(d.world and not are_at_once(d.cell) for d in seen))


def holds_for(base: Base, revision: str, schema: Schema, suites: Suites | None, seen: Witnesses) -> bool:
    """Whether nothing differs in the routes, these cells and these tests."""
    return not first_difference(base, revision, schema, suites, seen)


def first_difference(
    base: Base, revision: str, schema: Schema, suites: Suites | None, seen: Witnesses
) -> str:
    """What differs first in the routes, these cells and these tests; "" where nothing does."""
    few = replace(base, cells=tuple(cell for cell in base.cells if cell.id in seen.cells))
    try:
        proof = prove_branch(few, revision, schema, _few(suites, seen), ignore, tuple(sorted(seen.tests)))
    except Problem as problem:
        return problem.message
    proof.served.instance.close()
    at_once = tuple(sorted(filter(are_at_once, seen.cells)))
    if proof.holds and at_once:
        proof.differences += serve_interleaved(base, proof, ignore, at_once).differences
    if proof.holds and seen.second:
        compare_worlds(few, proof, schema, ignore)
    base.world.folder.remove(proof.root)
    return "" if proof.holds else tell(proof.differences[0])


def tell(found: Difference) -> str:
    """One difference on a line: where, before, after."""
    where = f"{found.route} {found.path}".strip() if found.route else f"{found.cell} {found.path}"
    return f"{where}: {found.before} before, {found.after} after{f' {found.world}' if found.world else ''}"


def _few(suites: Suites | None, seen: Witnesses) -> Suites | None:
    if suites is None or not seen.tests:
        return None
    one = replace(suites.one, tests=tuple(t for t in suites.one.tests if t[0] in seen.tests))
    one = replace(one, recorded=tuple(r for r in one.recorded if r.test in seen.tests))
    return replace(suites, one=one)
