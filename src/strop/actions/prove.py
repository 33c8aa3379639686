"""`strop prove`: could clients tell a change, whoever made it, from what was there before? And what does it cost?"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from strop.actions.base import BaseStore, Outdated, observe_base, outdated
from strop.actions.configurations import Configured, configured, join, join_executed
from strop.actions.control import measure_noise
from strop.actions.facts import describe_noise, describe_target, describe_workload, list_unproved
from strop.event import Listener, Note, Stage, ignore
from strop.measure.observe import Workload
from strop.measure.secrets import secrets_of
from strop.measure.suite import SuiteRun
from strop.problem import EXIT_USAGE, Problem
from strop.proof.base_kept import KeptBase, take_base
from strop.proof.branch import BranchProof, Suites, prove_branch, verdict
from strop.proof.branch_cost import measure_gains
from strop.proof.cost import TimeNoise
from strop.proof.executed import Executed, executed
from strop.proof.instructions import instruction_gain
from strop.proof.interleaved import serve_interleaved
from strop.proof.judge import Base
from strop.proof.kill import KillScore, score
from strop.proof.perturbed import Perturbing, wanted
from strop.proof.schema import Schema
from strop.proof.side_by_side import Perturbed
from strop.proof.turns_named import are_at_once, perturbed_in
from strop.proof.worlds import compare_worlds
from strop.report.prove.proved import Proved
from strop.report.redaction import hide
from strop.target import Configuration, Target
from strop.verdict import Behaviour, Difference, Gain, Gate, Verdict
from strop.world import git
from strop.world.brought import Brought, Columns
from strop.world.instance import Gone, World, open_world
from strop.world.instructions import check_valgrind
from strop.world.revisions import Range, find_range, take_changed

ONE_WORLD = "rows in another order, another moment and other random values: there was no second world"
INSTALLED = "other installed libraries: both sides ran in the same environment"


class ProveRequest(Struct, frozen=True):
    """Which change to prove (`A..B`, `A`, "" since the main branch), and with which requests.

    `head` leaves out what is not committed; `mutants` is how many mistakes are made in what changed; `instructions`
    counts those of both sides under valgrind. `options` are
    those of the command that may be shown again, `secret` the names of those whose values may not. `cache`: what an
    earlier proof saw of the same base is taken as known, and what this one sees is kept.
    """

    target: Target
    change: str = ""
    workload: Workload = field(default_factory=Workload)
    cost: bool = True
    head: bool = False
    mutants: int = 0
    instructions: bool = False
    cache: bool = True
    options: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()


def prove(request: ProveRequest, listener: Listener = ignore) -> Proved:
    """Run both sides of a change under the same requests and compare answers, rows and cost.

    Nothing of the user's is touched. Raises the Problem that stops it: no git (R510), no such commit (R506),
    nothing changed (R509), no valgrind for `instructions` (W322), a base that can't be run; a change that can't be run is DIFFERENT.
    """
    if request.instructions:
        check_valgrind()
    change = _range(request)
    target = replace(request.target, commit=change.base)
    store = BaseStore(target, request.workload, request.cache)
    kept = store.read()
    try:
        return _prove(request, change, target, store, kept, listener)
    except Outdated as outdated:
        told = f"what was kept of the base does not hold any more ({outdated}): it is run again"
        listener(Note(told, "warn"))
    store.forget()
    return _prove(request, change, target, store, None, listener)


def _prove(
    request: ProveRequest,
    change: Range,
    target: Target,
    store: BaseStore,
    kept: KeptBase | None,
    listener: Listener,
) -> Proved:
    """The proof, with a base that was `kept` or is run now. Raises Outdated where the kept one turns out to be another."""
    began = time.monotonic()
    with open_world(target, kept.place if kept else "") as world:
        revision = take_changed(world.folder, change)
        if kept is not None:
            known = take_base(world, kept)
        else:
            known = observe_base(world, request.workload, listener)
            store.write(known)
        seen, base, suites = known.seen, known.base, known.suites
        proving = Proving(world, base, suites, revision, listener, Perturbing(seen, base), known.columns)
        proving.measure_noise = lambda: measure_noise(seen, listener)
        judged = proving.run(
            request.cost, request.mutants, request.workload.cells, instructions=request.instructions
        )
        if kept is not None and (why := outdated(known, kept, judged)):
            raise Outdated(why)
        others = _configurations(replace(request, target=target), change, proving, judged)
        proving.executed = join_executed(proving.executed, others)
        judged = proving.judge(join(judged, others))
        unproved = list_unproved(seen, suites, target)
        told = Proved(
            target=describe_target(target, seen),
            base=change.base_name,
            changed=change.changed_name,
            files=proving.files,
            workload=describe_workload(seen),
            noise=describe_noise(base, suites),
            verdict=replace(judged, unproved=(*unproved, *proving.unproved, INSTALLED)),
            executed=proving.executed,
            kill=proving.kill,
            command=_command(request, judged),
            notes=(*seen.evidence.notes, *proving.notes),
            seconds=time.monotonic() - began,
            recorded=base.recorded,
        )
        return hide(told, secrets_of(seen.made))


def _configurations(
    request: ProveRequest, change: Range, proving: Proving, usual: Verdict
) -> tuple[Configured, ...]:
    """The change in the other configurations that the user names, up to the first in which it differs."""
    found: list[Configured] = []
    asked = () if usual.behaviour is Behaviour.DIFFERENT else request.target.configurations
    for configuration in asked:
        began = time.monotonic()
        proving.listener(Stage(f"proving with {configuration.name}"))
        try:
            verdict, executed = _configured(request, change, configuration, proving.listener)
        except Problem as problem:
            proving.unproved.append(f"with {configuration.name}: {problem.message}")
            continue
        found.append(Configured(configuration.name, verdict, executed, time.monotonic() - began))
        if verdict.behaviour is Behaviour.DIFFERENT:
            break
    return tuple(found)


def _configured(
    request: ProveRequest, change: Range, configuration: Configuration, listener: Listener
) -> tuple[Verdict, Executed]:
    """Both sides under other settings, without the tests, which bring settings of their own. Raises the Problem that
    keeps the base from running.
    """
    workload = replace(request.workload, openapi=True, suite=False)
    with open_world(configured(request.target, configuration)) as world:
        revision = take_changed(world.folder, change)
        known = observe_base(world, workload, listener)
        perturbing = Perturbing(known.seen, known.base)
        proving = Proving(world, known.base, None, revision, listener, perturbing, known.columns)
        return proving.run(cost=False, cells=workload.cells), proving.executed


def _range(request: ProveRequest) -> Range:
    target = request.target
    if not target.repo:
        message = f"{target.root} is not in a git repository that has a commit"
        do = "commit the state to compare with, change the code, and start strop prove again"
        raise Problem("R510", message, do=do, status=EXIT_USAGE)
    return find_range(Path(target.repo), Path(target.root), request.change, request.head)


class Proving:
    """One change on its way through the gates."""

    def __init__(
        self,
        world: World,
        base: Base,
        suites: Suites | None,
        revision: str,
        listener: Listener = ignore,
        perturbing: Perturbing | None = None,
        columns: Columns = MappingProxyType({}),
    ) -> None:
        """`perturbing` makes gate 4 of the same base, whose database has these `columns`."""
        self.columns = columns
        self.perturbing = perturbing
        self.measure_noise: Callable[[], TimeNoise] | None = None  # where the base's was not measured now
        self.base = base
        self.revision = revision
        self.listener = listener
        self.notes: list[str] = []
        self.unproved: list[str] = []
        self.executed = Executed()
        self.kill: KillScore | None = None
        root = world.folder.tree(revision)
        self.files = git.changed(root, "AMD")
        self.added = git.changed(root, "A")
        world.folder.remove(root)
        self.tests = tuple(name for name in _tests(self.files, world.target.tests) if name.endswith(".py"))
        self.suites = _without(suites, self.tests) if suites is not None else None
        self._bring(world)

    def run(
        self, cost: bool, mutants: int = 0, cells: Sequence[str] = (), instructions: bool = False
    ) -> Verdict:
        """Through all gates, and what they say of the behaviour; `cells` are the ids of the requests that were asked for."""
        try:
            proof = prove_branch(
                self.base, self.revision, Schema(), self.suites, self.listener, added=self.tests
            )
        except Problem as problem:
            return _not_started(problem)
        perturbed = self._perturb(proof, cells)
        self._look(proof, perturbed)
        self._interleave(proof, perturbed, cells)
        if proof.holds:
            compare_worlds(self.base, proof, Schema(), self.listener)
        if self.base.second is None:
            self.unproved.append(ONE_WORLD)
        if proof.holds and cost:
            if self.base.recorded and self.measure_noise is not None:
                self.base.noise = self.measure_noise()
            proof.gains = measure_gains(self.base, proof, Schema(), self.suites, self.listener)
        if proof.holds and mutants:
            asked = perturbed.beside(self.base, proof)
            self.kill = score(*asked, self.suites, mutants, self.listener)
        if proof.holds and instructions:  # at the end: where it fails, every program is ended
            proof.gains += self._count_instructions(proof)
        relaxed = self.base.relaxed.joined(perturbed.relaxed)
        judged = perturbed.counted(verdict(replace(self.base, relaxed=relaxed), proof, ()))
        proof.served.instance.close()
        return judged

    def _count_instructions(self, proof: BranchProof) -> tuple[Gain, ...]:
        """Nothing, and a note that says why, where they can't be counted: what was proved so far holds without."""
        try:
            found = instruction_gain(self.base, proof, self.listener)
        except (Gone, Problem) as error:
            self._note(f"instructions were not counted: {error}")
            return ()
        if not found:
            self._note("instructions were not counted: no request that only reads executes the change")
        return found

    def _perturb(self, proof: BranchProof, cells: Sequence[str]) -> Perturbed:
        """Gate 4, where nothing differs so far and no recorded cell was asked for."""
        only = wanted(cells)
        if self.perturbing is None or not proof.holds or (cells and not only):
            return Perturbed()
        found = self.perturbing.serve(proof.root, self.revision, only, self.listener)
        if found.served:
            proof.gates.append(found.gate())
        proof.differences += found.differences
        if found.left:
            text = f"{found.left} of {found.chosen} perturbed requests: the base is too slow for them, or hangs on their routes"
            self.unproved.append(text)
        if found.aside:
            self._note(
                f"{found.aside} perturbed requests hang or end the process of the base and are set aside"
            )
        return found

    def _interleave(self, proof: BranchProof, perturbed: Perturbed, cells: Sequence[str]) -> None:
        """Gate 8, where nothing differs so far and no single request was asked for."""
        only = tuple(filter(are_at_once, cells))
        if self.perturbing is None or not proof.holds or (cells and not only):
            return
        relaxed = self.base.relaxed.joined(perturbed.relaxed)
        base = replace(self.base, relaxed=relaxed, others=self.perturbing.identities)
        witnesses = perturbed.witnesses or [
            (cell, self.perturbing.again(cell))
            for cell in self.perturbing.named(proof.root, perturbed_in(only))
        ]
        found = serve_interleaved(base, proof, self.listener, only, witnesses)
        if found.pairs:
            proof.gates.append(found.gate())
        proof.differences += found.differences
        for told in found.told:
            self._note(told)
        if found.left:
            self.unproved.append(
                f"{found.left} of {found.chosen} pairs of requests at once: there was no time for them"
            )

    def _look(self, proof: BranchProof, perturbed: Perturbed) -> None:
        brought = self.base.world.brought
        migrated = () if brought.failed else brought.files  # Alembic ran them, no request does
        edited = {file: lines for file, lines in proof.edited.items() if file not in migrated}
        self.executed = executed(proof.root, edited, proof.ran() | perturbed.ran)
        if proof.disturbed:
            self._note(f"the change's own tests: {proof.disturbed}")
        if self.tests and self.suites is not None:
            self._note(f"{len(self.tests)} changed test files are no witnesses: {', '.join(self.tests[:3])}")
        self._say_brought(self.base.world.brought)

    def _bring(self, world: World) -> None:
        """Let the changed side run the migrations that the change adds."""
        folder = f"{world.target.migrations}/"
        added = tuple(
            n for n in self.added if n.startswith(folder) and "/versions/" in n and n.endswith(".py")
        )
        if added and world.target.migrations:
            world.brought = Brought(added, self.columns)

    def _say_brought(self, brought: Brought) -> None:
        if not brought.files:
            return
        files = ", ".join(brought.files[:3])
        if brought.failed:
            self._note(f"migrations that the change brings could not be run ({brought.failed}): {files}")
            return
        told = brought.told()
        more = f"; rows are compared without {', '.join(told[:5])}" if told else ""
        self._note(f"the changed side ran the migrations that the change brings: {files}{more}")

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self.listener(Note(text, "warn"))

    def judge(self, judged: Verdict) -> Verdict:
        """Nothing differs: but was the change executed?"""
        if self.kill is not None:
            judged = replace(judged, gates=(*judged.gates, self.kill.gate()))
        missed = len(self.executed.missed)
        weakness = self.kill.weakness if self.kill is not None else ""
        if judged.behaviour is Behaviour.DIFFERENT or not (missed or weakness):
            return judged
        reason = f"no request executed {missed} of {self.executed.statements} changed statements"
        reason = reason if missed else weakness
        return replace(judged, behaviour=Behaviour.INSUFFICIENT, kept=False, reason=reason)


def _tests(files: Sequence[str], tests: Sequence[str]) -> tuple[str, ...]:
    """Those of the files that belong to the application's tests."""
    return tuple(
        file
        for file in files
        if any(file == t or file.startswith(f"{t.rstrip('/')}/") for t in tests)
        or Path(file).name.startswith("test_")
    )


def _without(suites: Suites, files: Sequence[str]) -> Suites:
    """The base's runs without the tests of these files."""
    return Suites(_left(suites.one, files), _left(suites.two, files), suites.flaky)


def _left(run: SuiteRun, files: Sequence[str]) -> SuiteRun:
    tests = tuple(t for t in run.tests if t[0].partition("::")[0] not in files)
    recorded = tuple(r for r in run.recorded if r.test.partition("::")[0] not in files)
    return replace(run, tests=tests, recorded=recorded)


def _not_started(problem: Problem) -> Verdict:
    """A change whose application can't be started: no client gets an answer."""
    where = f": {problem.where[-1]}" if problem.where else ""
    told = Difference("", "", "start", "value", "starts", problem.message + where)
    gate = Gate(1, "start", False, problem.message)
    return Verdict(Behaviour.DIFFERENT, False, problem.message + where, (gate,), differences=(told,))


def _command(request: ProveRequest, judged: Verdict) -> str:
    """What shows the first difference again, alone."""
    first = next((d.cell for d in judged.differences if d.cell), "")
    if not first:
        return ""
    change = [request.change] if request.change else []
    words = ["strop", "prove", *change, *request.options, "--cell", first]
    beside = f"  # with {' and '.join(request.secret)} as before" if request.secret else ""
    return shlex.join(words) + beside
