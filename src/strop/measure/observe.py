"""The base under its workload, twice: what it answers, what it costs, and how much it differs from itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from strop.cell import Cell
from strop.event import Advance, Listener, Note, Stage, ignore
from strop.evidence import SCHEMA, Evidence, Exchange, Outcomes
from strop.measure.access_log import Mix, count_routes, mix_notes, read_access_log
from strop.measure.aggregate import cost_lines, cost_routes
from strop.measure.borrowed import REFUSED, borrow, is_borrowed
from strop.measure.explain import explain, sizes
from strop.measure.generate import generate
from strop.measure.har import Recording, read_har
from strop.measure.perturb import parent_of, parts_of
from strop.measure.repeated import repeated
from strop.measure.replay import Replayed, replay
from strop.measure.serve import DEAD, Served
from strop.measure.suite import SuiteRun, run_suite
from strop.problem import EXIT_USAGE, Problem
from strop.project.body import Noticer
from strop.project.imported import read_imported
from strop.project.join import join
from strop.project.project import Project
from strop.project.source import read_source
from strop.target import Target
from strop.world.instance import World, refusal
from strop.world.one_place import at_one_place
from strop.world.process import workers

UNENDING = frozenset({DEAD, "TimeLimit"})


class Workload(Struct, frozen=True):
    """Which requests are sent: generated ones, the suite's, a HAR file's; by default what there is."""

    openapi: bool = True
    suite: bool = True
    har: Path | None = None
    access_log: Path | None = None  # how often each route is asked
    cells: tuple[str, ...] = ()  # ids of those that are sent; all without any

    def chosen(self, cells: tuple[Cell, ...], borrowed: bool = False) -> tuple[Cell, ...]:
        """Those of the cells that are asked for, or that perturbed ones are made of. Raises Problem M405.

        `borrowed`: these are the cells with credentials of the tests.
        """
        asked = [part for name in self.cells for part in parts_of(name)]
        wanted = {parent_of(name) for name in asked if is_borrowed(name) == borrowed}
        missing = wanted - {cell.id for cell in cells}
        if missing:
            message = f"there is no request {min(missing)} among the {len(cells)} of this workload"
            do = "give the options that the first run had; its output names its requests"
            raise Problem("M405", message, do=do, status=EXIT_USAGE)
        return tuple(cell for cell in cells if cell.id in wanted) if self.cells else cells


@dataclass
class Observation:
    """The base as it was observed. `served` still runs; `one` and `two` are the same cells in two processes."""

    project: Project
    root: Path
    served: Served
    again: Served
    cells: tuple[Cell, ...]
    one: Outcomes
    two: Outcomes
    suites: tuple[SuiteRun, ...] = ()
    notes: tuple[str, ...] = ()
    made: tuple[Cell, ...] = ()  # all that could have been chosen
    mix: Mix | None = None
    evidence: Evidence = field(init=False)

    def exchanges(self) -> tuple[Exchange, ...]:
        """Everything that was served in the first run of each source."""
        from_suite = [
            replace(r.exchange, cell=f"{r.test}#{r.ordinal}", test=r.test)
            for run in self.suites[:1]
            for r in run.recorded
        ]
        return (*(outcome.exchange for outcome in self.one.values()), *from_suite)


def read_project(
    world: World, root: Path, listener: Listener = ignore, noticers: tuple[Noticer, ...] = ()
) -> Project:
    """Both readings of the application in `root`, joined; `noticers` are shown every body of the source."""
    listener(Stage("reading the application"))
    instance = world.instance(root)
    with workers(1) as pool:
        source = pool.submit(read_source, root, world.target.sources, noticers=noticers)
        imported = read_imported(instance)
        project = join(root, imported, source.result())
    instance.close()
    return project


def observe(
    world: World, workload: Workload, listener: Listener = ignore, noticers: tuple[Noticer, ...] = ()
) -> Observation:
    """Read the base (`noticers` see it), run its workload twice, and sum up the first run as evidence.

    Raises the Problem that stops it: an application that can't be imported or started, a workload
    without a request (M404).
    """
    recording = read_har(workload.har) if workload.har is not None else None
    if recording is not None and recording.began:
        world.clock = recording.began  # what was signed then is valid then
    log = read_access_log(workload.access_log) if workload.access_log is not None else None
    root = world.folder.tree()
    listener(Stage("reading the application"))
    served, again = (Served(world.instance(tree)) for tree in (root, world.folder.tree()))
    with workers(1) as pool:
        source = pool.submit(read_source, root, world.target.sources, noticers=noticers)
        served.start()
        project = join(root, served.describe(), source.result())
    times = 2 if workload.suite and world.target.tests else 0
    with workers(1) as pool:  # the suite on one core, the cells on the other
        suites = pool.submit(_run_suites, world, times)
        replayed = _make_cells(world.target, project, served, workload, recording)
        made = replayed.cells
        cells = workload.chosen(made)
        listener(Stage("measuring", 2 * len(cells) if times else len(cells)))
        both = _serve_in_turn if times else _serve_at_once
        one, two = both(served, again, cells, listener)
        if times:
            listener(Stage("running the tests"))
        runs, failed = suites.result()
    if recording is None and runs and not world.target.login:
        borrowed = workload.chosen(borrow(world.target, project.imported, served, made, one, runs[0]), True)
        listener(Stage("measuring with credentials of the tests", 2 * len(borrowed)))
        one |= _serve(served, borrowed, listener)
        two |= _serve(again, _ending(_shuffled(borrowed), one), listener)
        cells, made = (*cells, *borrowed), (*made, *borrowed)
    refused = refusal(served.instance)
    if refused is not None:
        raise refused  # whatever was answered, it was answered without the database
    aside, left_out = _set_aside(cells, one, two)
    cells = tuple(cell for cell in cells if cell.id not in aside)
    one, two = ({k: o for k, o in run.items() if k not in aside} for run in (one, two))
    notes = (*_said(failed), *_elsewhere(recording), *replayed.notes, *left_out)
    mix = count_routes(log, project.imported) if log is not None else None
    seen = Observation(project, root, served, again, cells, one, two, runs, notes, made, mix)
    exchanges = seen.exchanges()
    if not exchanges:
        raise failed or Problem(
            "M404",
            "there is no request to measure: no tests, no OpenAPI operation, no HAR file",
            do="give requests with --har FILE, or let the application state its routes in OpenAPI",
            status=EXIT_USAGE,
        )
    seen.evidence = replace(_sum_up(world.target, seen, exchanges), repeated=repeated(served, cells, one))
    for note in seen.evidence.notes:
        listener(Note(note, "warn"))
    return seen


def _make_cells(
    target: Target, project: Project, served: Served, workload: Workload, recording: Recording | None
) -> Replayed:
    if recording is None and not workload.openapi:
        return Replayed(())
    if recording is not None:
        return replay(recording, served, project.imported, _known(target, served))
    identity = served.log_in(target.login) if target.login else ()
    return Replayed(generate(target, project.imported, served.instance.databases, identity))


def _known(target: Target, served: Served) -> tuple[tuple[str, str], ...]:
    """The headers of the login that the settings name; a recording may do without."""
    try:
        return served.log_in(target.login) if target.login else ()
    except Problem:
        return ()


def _serve(served: Served, cells: Sequence[Cell], listener: Listener) -> Outcomes:
    outcomes: Outcomes = {}
    for cell in cells:
        outcomes[cell.id] = served.settled(cell)
        listener(Advance(f"{cell.request.method} {cell.request.path}"))
    return outcomes


def _serve_in_turn(
    served: Served, again: Served, cells: Sequence[Cell], listener: Listener
) -> tuple[Outcomes, Outcomes]:
    """The cells in one process and then in another; what does not come to its end is not sent to the second."""
    one = _serve(served, cells, listener)
    _start(again)
    return one, _serve(again, _ending(_shuffled(cells), one), listener)


def _serve_at_once(
    served: Served, again: Served, cells: Sequence[Cell], listener: Listener
) -> tuple[Outcomes, Outcomes]:
    """The cells in two processes at once, where no suite needs the other core."""

    def second() -> Outcomes:
        _start(again)
        return _serve(again, _shuffled(cells), ignore)

    with workers(1) as pool:
        beside = pool.submit(second)
        one = _serve(served, cells, listener)
        return one, beside.result()


def _start(again: Served) -> None:
    again.start()
    again.describe()  # it builds the schema once, as the first side did


def _ending(cells: Sequence[Cell], one: Outcomes) -> list[Cell]:
    """The cells that came to their end; each of the others would take the whole time limit once more."""
    return [cell for cell in cells if one[cell.id].answer.exception not in UNENDING]


def _shuffled(cells: Sequence[Cell]) -> list[Cell]:
    """In another order: what depends on the requests before it is not specified by the request."""
    return Random(0).sample(cells, len(cells))


def _set_aside(cells: Sequence[Cell], one: Outcomes, two: Outcomes) -> tuple[set[str], tuple[str, ...]]:
    """Cells that hang or end the process on the base: nothing can be compared with them."""
    aside = {
        key for run in (one, two) for key, outcome in run.items() if outcome.answer.exception in UNENDING
    }
    if not aside:
        return aside, ()
    first = next(cell.request for cell in cells if cell.id in aside)
    named = f"the first is {first.method} {first.path}"
    return aside, (f"{len(aside)} requests hang or end the process and are set aside, {named}",)


def _run_suites(world: World, times: int) -> tuple[tuple[SuiteRun, ...], Problem | None]:
    """Runs of the suite, or why it can't be run: cells may do without it."""
    target, runs = world.target, []
    for _ in range(times):
        try:
            with at_one_place(world) as instance:
                runs.append(run_suite(instance, (*target.pytest_args, *target.tests)))
        except Problem as problem:
            return (), problem
    return tuple(runs), None


def _said(failed: Problem | None) -> tuple[str, ...]:
    if failed is None:
        return ()
    last = f" ({failed.where[-1]})" if failed.where else ""
    return (f"the application's tests could not be run: {failed.message}{last}",)


def _elsewhere(recording: Recording | None) -> tuple[str, ...]:
    """Requests of a HAR file that went to other servers than the application."""
    if recording is None or not recording.others:
        return ()
    return (f"requests to other servers are left out: {', '.join(recording.others[:3])}",)


def _sum_up(target: Target, seen: Observation, exchanges: tuple[Exchange, ...]) -> Evidence:
    imported, databases = seen.project.imported, seen.served.instance.databases
    reached = {e.route for e in exchanges if e.route}
    asked = {r.key for r in imported.routes if r.kind in ("http", "websocket")}
    sources = [c.source for c in seen.cells[:1]] + (
        ["suite"] if seen.suites and seen.suites[0].recorded else []
    )
    rows = sizes(databases)
    mix = seen.mix.routes if seen.mix else ()
    said = mix_notes(seen.mix, imported, reached) if seen.mix else ()
    return Evidence(
        schema=SCHEMA,
        run="",
        app=target.app,
        dialect=_dialect(seen),
        versions=imported.versions,
        source="+".join(sources),
        reached=tuple(sorted(reached)),
        missed=tuple(sorted(asked - reached)),
        exchanges=exchanges,
        routes=cost_routes(exchanges, dict(mix)),
        lines=cost_lines(exchanges),
        sizes=rows,
        scans=explain(exchanges, databases, imported),
        notes=(*seen.notes, *said, *_limits(seen, sum(t.rows for t in rows))),
        mix=mix,
    )


def _dialect(seen: Observation) -> str:
    databases = seen.served.instance.databases
    if databases.servers():
        return "postgresql"
    if databases.is_mysql():
        return "mysql"
    return "sqlite" if databases.sqlite_files() else ""


def _limits(seen: Observation, rows: int) -> list[str]:
    """What a reader must know before the numbers."""
    notes = []
    if seen.suites and seen.suites[0].failed:
        failed = seen.suites[0].failed
        notes.append(f"{len(failed)} tests fail before any change and are set aside: {', '.join(failed[:3])}")
    if seen.cells and rows == 0 and _dialect(seen):
        notes.append(
            "the measured database holds no row: costs that grow with data can't be seen; seed it and run again"
        )
    refused = [o for o in seen.one.values() if o.answer.status in REFUSED]
    if not any(cell.identity for cell in seen.cells) and 2 * len(refused) > len(seen.cells):
        notes.append(
            f"{len(refused)} of {len(seen.cells)} requests are refused, because they carry no credentials: name a login with --login"
        )
    wrong = [o for o in seen.one.values() if o.answer.status >= 500 or o.answer.exception]
    if wrong:
        first = wrong[0].exchange
        notes.append(
            f"{len(wrong)} requests end in a server error already, the first is {first.method} {first.path}"
        )
    return notes
