"""The whole branch against the base: every gate once more, on all cells and the whole suite."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct, field

from strop.event import Advance, Listener, Stage
from strop.evidence import Outcome, Outcomes
from strop.measure.serve import Served
from strop.measure.suite import SuiteRun, run_suite
from strop.patch import Edit
from strop.probe.conversation import METHOD
from strop.project.project import Imported
from strop.proof.compare import compare
from strop.proof.contract import compare_contracts
from strop.proof.judge import SHOWN, Base, differences
from strop.proof.lint import edited_lines
from strop.proof.schema import Schema
from strop.proof.second import Second, lines
from strop.proof.start import started
from strop.proof.suites import compare_suites
from strop.span import Span
from strop.verdict import Behaviour, Difference, Gain, Gate, Verdict
from strop.world import git
from strop.world.instance import Conditions, World
from strop.world.one_place import at_one_place
from strop.world.process import workers

Found = tuple[Difference, ...]


class Suites(Struct, frozen=True):
    """The base's own tests, run twice, and those that can't be trusted as witnesses."""

    one: SuiteRun
    two: SuiteRun
    flaky: tuple[str, ...]


class BranchProof(Struct):
    """What the proof of a revision says, and what it measured on the way."""

    revision: str
    root: Path
    served: Served
    imported: Imported
    gates: list[Gate] = field(default_factory=list)
    edited: dict[str, list[int]] = field(default_factory=dict)  # lines of the application, by file
    outcomes: Outcomes = field(default_factory=dict)
    suite: SuiteRun | None = None
    disturbed: str = ""  # what the added tests break when they run with the others
    differences: Found = ()
    unspecified: tuple[str, ...] = ()  # "GET /x  body $: order not fixed by the query"
    gains: tuple[Gain, ...] = ()
    uncertain: tuple[str, ...] = ()  # what requests at once showed that is perhaps no fault, in words

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.differences and all(gate.passed for gate in self.gates)

    def ran(self) -> set[Span]:
        """The edited lines that requests executed."""
        served = [outcome.exchange for outcome in self.outcomes.values()]
        served += [recorded.exchange for recorded in self.suite.recorded] if self.suite else []
        return {span for exchange in served for span in exchange.lines}


def prove_branch(
    base: Base,
    revision: str,
    schema: Schema,
    suites: Suites | None,
    listener: Listener,
    tests: tuple[str, ...] = (),
    added: tuple[str, ...] = (),
) -> BranchProof:
    """Serve every cell and run the whole suite (or `tests` of it) on `revision`, and compare with the base.

    `added` are test files that the branch brings: traffic is compared without them, and then the suite is
    run once more with them. Ends at the first gate that fails; the served application is left running.
    """
    world = base.world
    root = world.folder.tree(revision)
    instance = world.instance(root)
    watch = edited_lines(edits_between(base.root, root))
    served = started(instance, schema, Conditions(watch=watch))
    imported = served.describe()
    proof = BranchProof(revision, root, served, imported, edited=watch)
    changed = compare_contracts(base.imported, imported)
    as_differences = tuple(Difference("", "", "contract", "value", "", text) for text in changed)
    _gate(proof, 1, "routes and OpenAPI", lambda: as_differences)
    listener(Stage("proving the branch", len(base.cells)))
    _gate(proof, 3, f"{len(base.cells)} recorded cells", lambda: _cells(base, proof, listener))
    if suites is not None and proof.holds:
        listener(Stage("running the tests on the branch"))
        _gate(
            proof,
            2,
            f"{len(suites.one.tests)} own tests",
            lambda: _suite(base, proof, suites, tests, added, Conditions(watch=watch)),
        )
    return proof


def edits_between(base: Path, root: Path) -> list[Edit]:
    """What the revision in `root` has changed in the application's Python files, tests aside."""
    edits = []
    for name in git.changed(root):
        if name.endswith(".py") and not Path(name).name.startswith("test_"):
            before = _text(base / name) if (base / name).exists() else None
            edits.append(Edit(name, before, _text(root / name)))
    return edits


def _text(path: Path) -> str:
    """A file of a change, whatever its encoding: its lines are compared, and none is written."""
    return path.read_text("utf-8", errors="replace")


def _gate(proof: BranchProof, number: int, name: str, check: Callable[[], Found]) -> None:
    began = time.monotonic()
    found = check()
    detail = f"{found[0].route} {found[0].path}".strip() if found else "passed"
    proof.gates.append(Gate(number, name, not found, detail, time.monotonic() - began))
    proof.differences += found


def _cells(base: Base, proof: BranchProof, listener: Listener) -> Found:
    found: list[Difference] = []
    for cell in base.cells:
        outcome = proof.served.settled(cell)
        differing = differences(base.outcomes[cell.id], outcome, base.relaxed)
        if differing and hangs_on_time(outcome):
            outcome = proof.served.settled(cell)
            differing = differences(base.outcomes[cell.id], outcome, base.relaxed)
        proof.outcomes[cell.id] = outcome
        if differing and base.second is not None:
            judged = base.second.judge_first(outcome)
            proof.unspecified += lines(cell.route, judged)
            differing = judged.differences
        found += differing
        listener(Advance(cell.route))
    return tuple(found)


def hangs_on_time(outcome: Outcome) -> bool:
    """Whether a machine that is busy can change what was heard: a conversation, a stream that was cut."""
    return bool(outcome.left) or outcome.exchange.method == METHOD


def _suite(
    base: Base,
    proof: BranchProof,
    suites: Suites,
    tests: tuple[str, ...],
    added: tuple[str, ...],
    conditions: Conditions,
) -> Found:
    world = base.world
    ignored = tuple(f"--ignore={file}" for file in added)
    chosen = tests or world.target.tests
    with workers(2) as pool:
        together = pool.submit(_run_beside, world, proof.revision, chosen) if added else None
        proof.suite = _run(world, proof.revision, (*ignored, *chosen), conditions)
        found = compare_suites(suites.one, proof.suite, suites.flaky, _tell(proof, base.second))
        if together is not None:
            failed = sorted(set(together.result().failed) - set(suites.one.failed) - set(suites.flaky))
            proof.disturbed = f"with them {', '.join(failed[:3])} fails" if failed else ""
    return found


def _tell(proof: BranchProof, second: Second | None) -> Callable[[Outcome, Outcome], Found]:
    """How two answers to a request of the tests are compared: lists that cells show to be in no order may be in any."""
    if second is None:
        return compare

    def tell(before: Outcome, after: Outcome) -> Found:
        judged = second.judge_test(before, after)
        proof.unspecified += lines(before.exchange.route, judged)
        return judged.differences

    return tell


def _run(world: World, revision: str, arguments: tuple[str, ...], conditions: Conditions) -> SuiteRun:
    with at_one_place(world, revision) as instance:
        return run_suite(instance, (*world.target.pytest_args, *arguments), conditions)


def _run_beside(world: World, revision: str, arguments: tuple[str, ...]) -> SuiteRun:
    """At a place of its own: how the tests end is all that counts."""
    instance = world.instance(world.folder.tree(revision))
    try:
        return run_suite(instance, (*world.target.pytest_args, *arguments))
    finally:
        instance.close()


def verdict(base: Base, proof: BranchProof, unproved: Sequence[str]) -> Verdict:
    """The judgement of the branch."""
    relaxed = tuple(dict.fromkeys((*base.relaxed.lines, *proof.unspecified)))
    word = Behaviour.UNSPECIFIED if relaxed else Behaviour.IDENTICAL
    holds = proof.holds
    return Verdict(
        behaviour=word if holds else Behaviour.DIFFERENT,
        kept=holds,
        reason="" if holds else proof.gates[-1].detail,
        gates=tuple(sorted(proof.gates, key=lambda gate: gate.number)),
        gains=proof.gains,
        differences=proof.differences[:SHOWN],
        relaxed=relaxed,
        unproved=(*unproved, *proof.uncertain),
        cells=len(proof.outcomes) + (len(proof.suite.recorded) if proof.suite else 0),
        reached=_reached(base, proof),
    )


def _reached(base: Base, proof: BranchProof) -> int:
    """How many requests executed an edited line, or sent other statements than the base."""
    cells = (
        bool(outcome.exchange.lines) or _statements(outcome) != _statements(base.outcomes[key])
        for key, outcome in proof.outcomes.items()
    )
    tests = (bool(r.exchange.lines) for r in proof.suite.recorded) if proof.suite else ()
    return sum(cells) + sum(tests)


def _statements(outcome: Outcome) -> list[str]:
    """What tells that a cell went through a change that has no line of its own, as the default of a model."""
    return [query.statement for query in outcome.exchange.queries]
