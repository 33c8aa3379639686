"""`strop optimize`: the whole loop, from a folder to a proved branch and a report."""

from __future__ import annotations

import time
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from strop.actions.conclusion import conclude_result
from strop.actions.control import control
from strop.actions.kept import Kept
from strop.actions.measure import conclude
from strop.actions.search import Search
from strop.cell import Cell
from strop.event import Listener, Note, Stage, ignore
from strop.evidence import Evidence, Latency
from strop.measure.aggregate import cost_lines, cost_routes
from strop.measure.explain import explain, sizes
from strop.measure.latency import measure_latency
from strop.measure.observe import Workload, observe
from strop.measure.run import update
from strop.measure.secrets import secrets_of
from strop.measure.serve import Served
from strop.problem import EXIT_USAGE, Problem
from strop.proof.branch import (
    BranchProof,
    Suites,
    prove_branch,
)
from strop.proof.branch_cost import measure_gains
from strop.proof.driven import Drivers
from strop.proof.interleaved import serve_interleaved
from strop.proof.judge import Base, Tip
from strop.proof.perturbed import Perturbing
from strop.proof.schema import Schema, migrate
from strop.proof.second import Second
from strop.proof.short import Witnesses, holds_for, tell, witnesses
from strop.proof.worlds import compare_worlds, observe_second
from strop.report.redaction import hide
from strop.report.result import Result
from strop.rules.registry import noticers
from strop.target import Target
from strop.world import git
from strop.world.instance import Conditions, Gone, open_world
from strop.world.process import workers

LONGEST = 1_500_000  # us: a request that is sent for latency
ROUTES = 24  # routes whose latency is measured


class OptimizeRequest(Struct, frozen=True):
    """What to optimise, under which requests, and how the branch is called ("" for strop/<commit>)."""

    target: Target
    workload: Workload = field(default_factory=Workload)
    branch: str = ""
    most: int = 40  # findings that are tried
    minutes: float = 60.0  # of trying fixes, after which no further finding is tried
    latency: bool = True


class Optimized(Struct, frozen=True):
    """The result, and the folder that the run's files belong in."""

    result: Result
    folder: Path
    patches: tuple[Path, ...] = ()  # where there is no git to receive a branch


def optimize(request: OptimizeRequest, listener: Listener = ignore) -> Optimized:
    """Measure, find, fix, prove and deliver. The user's tree, database and network are not touched;
    the user's repository receives one branch.
    """
    _check_branch(request)
    with open_world(request.target) as world:
        seen = observe(world, request.workload, listener, noticers(measured=True))
        measured = conclude(request.target, seen)
        base, suites = control(world, seen, listener)
        base.others = Perturbing(seen, base).identities
        tips = [Tip("base", side, seen.one) for side in (seen.served, seen.again)]
        drivers = Drivers(world, suites) if suites is not None else None
        until = time.monotonic() + request.minutes * 60
        search = Search(base, tips, seen.project, listener, drivers)
        search.run(measured.plan.items[: request.most], lambda: time.monotonic() > until)
        branch = _prove(search, suites, listener, seen.served)
        final, latencies = _finish(request, search, branch, suites, listener)
        seen.evidence = replace(seen.evidence, latencies=latencies)
        update(measured.folder, seen.evidence)
        name, patches = _deliver(request, search, measured.folder)
        result = conclude_result(request.target, seen, measured, base, suites, search, branch, final, name)
        result = hide(result, secrets_of(seen.made))
    return Optimized(result, measured.folder, patches)


def _check_branch(request: OptimizeRequest) -> None:
    """A name that git refuses is refused now, not when everything is done. Raises Problem T110."""
    repo = request.target.repo
    if repo and request.branch and not git.is_branch_name(Path(repo), request.branch):
        do = "see git help check-ref-format for the rules"
        raise Problem("T110", f"{request.branch!r} is no name for a branch", do=do, status=EXIT_USAGE)


def _prove(
    search: Search, suites: Suites | None, listener: Listener, first: Served | None = None
) -> BranchProof | None:
    """Prove the branch as a whole, in two worlds where `first` serves the base; a patch that only the whole workload,
    or only the second world, shows to differ is taken out.
    """
    while search.kept:
        added = tuple(e.file for k in search.kept for e in k.patch.tests)
        with workers(1) as pool:  # the base's second world beside the branch's first
            second = pool.submit(_second, search.base, first)
            proof = prove_branch(
                search.base, search.branch.revision, search.branch.schema, suites, listener, added=added
            )
            observed = second.result()
        if proof.holds and proof.disturbed:
            listener(Note(f"the added tests are left out: {proof.disturbed}", "warn"))
            search.drop_tests(f"no test was added: {proof.disturbed}")
            proof.served.instance.close()
            continue
        search.base.second = observed
        if proof.holds:
            compare_worlds(search.base, proof, search.branch.schema, listener)
        if proof.holds:
            _interleave(search.base, proof, listener)
        if proof.holds:
            return proof
        proof.served.instance.close()
        seen = proof.differences[0]  # of this one: another may have another culprit
        culprit = _culprit(search, suites, witnesses((seen,)))
        listener(Note(f"taken out: {culprit.patch.title}: {tell(seen)}", "warn"))
        search.drop(culprit, f"only the proof of the branch told it apart: {tell(seen)}")
    return None


def _interleave(base: Base, proof: BranchProof, listener: Listener) -> None:
    """Gate 8: the cells that the branch reaches, at once."""
    found = serve_interleaved(base, proof, listener)
    if found.pairs:
        proof.gates.append(found.gate())
    proof.differences += found.differences
    proof.uncertain = found.told


def _second(base: Base, first: Served | None) -> Second | None:
    """The base in its second world, observed once."""
    if base.second is not None or first is None:
        return base.second
    return observe_second(base, first, ignore)


def _culprit(search: Search, suites: Suites | None, seen: Witnesses) -> Kept:
    """The first kept patch whose commit differs where the branch was seen to differ, by bisection."""
    low, high = 0, len(search.kept) - 1
    while low < high:
        middle = (low + high) // 2
        kept = search.kept[middle]
        holds = holds_for(search.base, kept.commit, kept.schema, suites, seen)
        low, high = (middle + 1, high) if holds else (low, middle)
    return search.kept[low]


def _finish(
    request: OptimizeRequest,
    search: Search,
    branch: BranchProof | None,
    suites: Suites | None,
    listener: Listener,
) -> tuple[Evidence | None, tuple[Latency, ...]]:
    """Costs of the branch, and latency of both sides under uvicorn."""
    if branch is None:
        latencies = _latency(request, search, ("base", Schema())) if request.latency else ()
        return None, latencies
    branch.gains = measure_gains(search.base, branch, search.branch.schema, suites, listener)
    before: tuple[Latency, ...] = ()
    after: tuple[Latency, ...] = ()
    if request.latency:
        listener(Stage("measuring latency under uvicorn"))
        before = _latency(request, search, ("base", Schema()))
        after = _latency(request, search, (branch.revision, search.branch.schema))
    return _final_evidence(search, branch, after), before


def _final_evidence(search: Search, branch: BranchProof, latencies: tuple[Latency, ...]) -> Evidence:
    from_suite = (
        [replace(r.exchange, cell=f"{r.test}#{r.ordinal}", test=r.test) for r in branch.suite.recorded]
        if branch.suite
        else []
    )
    exchanges = (*(outcome.exchange for outcome in branch.outcomes.values()), *from_suite)
    databases = branch.served.instance.databases
    reached = tuple(sorted({e.route for e in exchanges if e.route}))
    target = search.base.world.target
    return Evidence(
        schema=1,
        run="",
        app=target.app,
        dialect="",
        versions=branch.imported.versions,
        source="",
        reached=reached,
        missed=(),
        exchanges=exchanges,
        routes=cost_routes(exchanges, search.base.mix),
        lines=cost_lines(exchanges),
        latencies=latencies,
        sizes=sizes(databases),
        scans=explain(exchanges, databases, branch.imported),
    )


def _latency(request: OptimizeRequest, search: Search, side: tuple[str, Schema]) -> tuple[Latency, ...]:
    """Latency of the reading cells under uvicorn; nothing where the target has no uvicorn."""
    revision, schema = side
    base = search.base
    cells = _latency_cells(base)
    if not cells:
        return ()
    mean = sum(base.outcomes[cell.id].exchange.duration for cell in cells) / len(cells) / 1e6
    instance = base.world.instance(base.world.folder.tree(revision))
    try:
        left, _ = migrate(instance, schema)
        said = instance.start("http", Conditions(record=False), host="127.0.0.1", port=0)
        if "ready" not in said:
            return ()
        instance.databases.execute(left)
        return measure_latency(int(said["ready"]["port"]), cells, rate=min(100.0, 0.5 / mean))
    except Gone:
        return ()
    finally:
        instance.close()


def _latency_cells(base: Base) -> list[Cell]:
    """One reading request of each of the dearest routes, none so long that it holds up the others for seconds."""
    found: dict[str, Cell] = {}
    for cell in sorted(base.cells, key=lambda cell: -base.outcomes[cell.id].exchange.duration):
        outcome = base.outcomes[cell.id]
        reads = (
            cell.request.method == "GET"
            and not (outcome.rows or outcome.files)
            and 200 <= outcome.answer.status < 400
        )
        if reads and outcome.exchange.duration < LONGEST and not cell.lead:
            found.setdefault(cell.route, cell)
    return list(found.values())[:ROUTES]


def _deliver(request: OptimizeRequest, search: Search, folder: Path) -> tuple[str, tuple[Path, ...]]:
    """The branch into the user's repository; without git, patch files into the run's folder."""
    if not search.kept:
        return "", ()
    clone = search.base.world.folder.clone
    if request.target.repo:
        name = request.branch or f"strop/{request.target.commit[:8]}"
        return git.deliver(Path(request.target.repo), clone, search.branch.revision, name), ()
    return "", git.format_patches(clone, search.branch.revision, folder)
