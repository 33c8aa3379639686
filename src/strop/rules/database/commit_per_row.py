"""A commit for each row of a loop.

**What.** A loop that adds or changes one row and commits, so that n rows are n transactions.

**Why it costs.** Each commit waits until the disk has it (or the replica), and expires the session's
objects, which are then read again. A failure in the middle leaves half of the rows behind.

**How it is found.** A commit that the source has in a loop; in the run, requests that committed four times or
more. Where all requests had few rows the finding stays, with less confidence: few rows prove nothing.

**How to fix it.** Commit once after the loop, or once a batch. Then either all rows are kept or none, which
is another behaviour when a row fails: it is your choice.

**When it is no problem.** A commit for each batch of many rows, a long job that must keep what it has done, a
helper that the loop tells `commit=False`. A note only, by the source alone: where the commit stands in a function that
the loop calls (whether it is come to depends on what the caller passes), where a `try` around it keeps a turn that fails
from the others (then each is kept on purpose), where the turns are not rows of a query nor a list that was given, or do what
costs more than a commit; in work after the answer, in what an operator does now and then, or only where a turn has failed.

**Sources.** SQLAlchemy, "Session Basics": https://docs.sqlalchemy.org/en/20/orm/session_basics.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence, Exchange
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.function import Call, Function, Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import sources, turns
from strop.rules.code import Loop, loops_on_way, reaches
from strop.rules.draft import draft
from strop.rules.example import Example, post
from strop.rules.led import leads, leads_dearer
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.seldom import is_seldom
from strop.rules.served import requests
from strop.rules.sources import over
from strop.rules.syntax import is_batched, is_bounded
from strop.rules.turns import Repeat, finite, repeats
from strop.rules.wording import number, time
from strop.span import Span

WORDS = turns.WORDS
RULE = Rule("DB007", "commit-per-row", "database", "warning", "A commit for each row of a loop")

LEAST = 4  # commits of one request: a few can be steps of one piece of work, each kept on purpose


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each commit that a loop repeats."""
    if evidence is None:
        yield from _unserved(project)
        return
    for function in project.source.functions.doing("commits"):
        for call in function.calls:
            if call.effect is None or call.effect.kind != "commits":
                continue
            ways = reaches(project, function.id, ("loop", "thread"))
            looped = [
                (way, loop) for way in ways if (loop := _loop(project, function, call, way)) is not None
            ]
            if looped:
                yield from _judge(project, evidence, function, call, looped)


def notice(body: Body) -> Iterator[Mark]:
    """Loops whose turns don't follow the data, what the others go over, and commits that fail for one turn alone."""
    yield from finite(body, RULE.code)
    for call in body.calls("commit"):
        loop = body.loop(call)
        tries = body.within(call, ast.Try)
        if loop is not None and tries is not None and any(each is loop for each in body.around(tries)):
            yield body.mark(RULE.code, call, kind="tried")
    if any(body.loop(call) is not None for call in body.calls("commit")):
        yield from sources.note(body, RULE.code)


def _unserved(project: Project) -> Iterator[Finding]:
    """What the source alone says: every loop of a route that commits each turn, through any number of calls."""
    for repeat in repeats(project, RULE.code, _commits, ("commits",)):
        ways = reaches(project, repeat.function.id, ("loop", "thread"))
        deep = len(repeat.path) - 1
        if ways:
            yield draft(
                RULE,
                Span(repeat.call.span.file, repeat.call.span.line, repeat.function.span.symbol),
                {way.route for way in ways},
                message=f"{repeat.last.text}{f' through {repeat.call.text}' if deep else ''} "
                f"in the turns of the loop at {repeat.loop}",
                impact="a transaction for each turn that comes to the commit; what is committed stays when a later one fails",
                solution="commit once after the loop: then all rows are kept or none"
                + _asked(project, repeat),
                known="static",
                severity=None if _is_unbounded(project, repeat, ways) else "note",
                confidence=round(max(0.75 - 0.08 * deep, 0.4), 2),
                chain=(*ways[0].chain, *repeat.path),
                facts={
                    "function": repeat.function.id,
                    "loop_line": repeat.loop.line,
                    "loop_file": repeat.loop.file,
                },
            )


def _is_unbounded(project: Project, repeat: Repeat, ways: list[Reach]) -> bool:
    """Whether the loop itself commits, for rows or for what a request lists, and a failing turn ends it."""
    if len(repeat.path) > 1 or repeat.little or is_seldom(project, ways):
        return False
    marks = project.source.marks.get(RULE.code, ())
    if any(m.fact("kind") == "tried" and _is_at(m.span, repeat.call.span) for m in marks):
        return False
    source = over(project, RULE.code, repeat.function, repeat.call.loop)
    if source is None or not source.origin or source.small:
        return False
    turn = (c for c in repeat.function.calls if c.span.line in source.lines and not c.background)
    return not any(leads_dearer(project, call) for call in turn)


def _is_at(one: Span, other: Span) -> bool:
    return (one.file, one.line) == (other.file, other.line)


def _asked(project: Project, repeat: Repeat) -> str:
    """What else the turns do: this finding stands for the questions of the same loop too (see `merge`)."""
    turn = (c for c in repeat.function.calls if c.loop == repeat.call.loop and not c.background)
    asking = next((c for c in turn if c is not repeat.call and "queries" in leads(project, c)), None)
    return f"; ask once before it for what {asking.text} asks each turn" if asking is not None else ""


def _commits(call: Call) -> bool:
    return call.effect is not None and call.effect.kind == "commits"


def _loop(project: Project, function: Function, call: Call, way: Reach) -> Loop | None:
    """The innermost open-ended loop around the commit."""
    around = loops_on_way(project, function, call, way)
    open_ended = (x for x in around if not is_bounded(project, x.span) and not is_batched(project, x.span))
    return next(open_ended, None)


def _judge(
    project: Project,
    evidence: Evidence | None,
    function: Function,
    call: Call,
    looped: list[tuple[Reach, Loop]],
) -> Iterator[Finding]:
    routes = {way.route for way, _ in looped}
    if evidence is not None:
        served = [e for e in evidence.exchanges if e.route in routes]
        often = [e for e in served if e.commits >= LEAST]
        if often:
            yield _measured(evidence, function, call, looped, often)
            return
    way, loop = looped[0]
    yield draft(
        RULE,
        call.span,
        routes,
        message=f"{call.text} for each turn of the loop at {loop.span}",
        impact="as many transactions as rows; no request of a run had many",
        solution="commit once after the loop: then all rows are kept or none",
        known="static",
        confidence=0.6 if evidence is None else 0.5,
        chain=way.chain,
        facts={"function": function.id, "loop_line": loop.span.line, "loop_file": loop.span.file},
    )


def _measured(
    evidence: Evidence,
    function: Function,
    call: Call,
    looped: list[tuple[Reach, Loop]],
    often: list[Exchange],
) -> Finding:
    worst = max(often, key=lambda e: e.commits)
    way, loop = next((each for each in looped if each[0].route == worst.route), looped[0])
    routes = {e.route for e in often}
    count = requests(evidence, routes)
    spared = sum(e.commits - 1 for e in often)
    total = sum(_committing(e) for e in often)
    return draft(
        RULE,
        call.span,
        routes,
        message=f"{call.text} for each turn of the loop at {loop.span}: "
        f"{worst.commits} commits in one request",
        impact=f"{number(spared / count)} transactions a request too many, {time(total / count)} a request",
        solution="commit once after the loop: then all rows are kept or none",
        known="measured",
        confidence=0.9,
        chain=way.chain,
        cost=Cost(total=total),
        facts={"function": function.id, "loop_line": loop.span.line, "loop_file": loop.span.file},
    )


def _committing(exchange: Exchange) -> float:
    """The us that commits but the last took: what of the request no statement, call or phase but its own explains.

    The time of a commit is not recorded by itself, so it is bounded by the time between statements.
    """
    busy = sum(q.duration for q in exchange.queries) + sum(o.duration for o in exchange.outbound)
    idle = max(exchange.duration - exchange.cpu - busy, 0)
    return idle * (exchange.commits - 1) / exchange.commits


EXAMPLES = (
    Example(
        "two calls below the loop, by the source alone: a note",
        shop("""
@app.post("/customers")
def import_customers(names: list[str], session: Session = Depends(get_session)):
    for name in names:
        take(session, name)


def take(session: Session, name: str):
    keep(session, Customer(name=name))


def keep(session: Session, row):
    session.add(row)
    session.commit()
"""),
        bad=True,
    ),
    Example(
        "rows of an import",
        shop("""
@app.post("/customers")
def import_customers(names: list[str], session: Session = Depends(get_session)):
    for name in names:
        session.add(Customer(name=name))
        session.commit()
    return len(names)
"""),
        post("/customers", '["a", "b", "c", "d", "e", "f"]'),
        bad=True,
    ),
    Example(
        "in a helper of another module that the loop calls",
        shop(
            """
from keeping import keep


@app.post("/customers")
async def import_customers(names: list[str], session: AsyncSession = Depends(get_async_session)):
    for name in names:
        await keep(session, Customer(name=name))
    return len(names)
""",
            keeping="""
from sqlalchemy.ext.asyncio import AsyncSession


async def keep(session: AsyncSession, row):
    session.add(row)
    await session.commit()
""",
        ),
        post("/customers", '["a", "b", "c", "d", "e", "f"]'),
        bad=True,
    ),
    Example(
        "the loop tells the helper to leave the commit to it, by the source alone",
        shop("""
@app.post("/customers")
def import_customers(names: list[str], session: Session = Depends(get_session)):
    for name in names:
        keep(session, Customer(name=name), commit=False)
    session.commit()


def keep(session: Session, row, commit=True):
    session.add(row)
    if commit:
        session.commit()
"""),
        bad=False,
    ),
    Example(
        "by the loop itself, for what the request lists, by the source alone",
        shop("""
@app.post("/customers")
def import_customers(names: list[str], session: Session = Depends(get_session)):
    for name in names:
        session.add(Customer(name=name))
        session.commit()
"""),
        bad=True,
    ),
    Example(
        "a row that fails leaves the others as they are: a note",
        shop("""
@app.post("/customers")
def import_customers(names: list[str], session: Session = Depends(get_session)):
    failed = []
    for name in names:
        try:
            session.add(Customer(name=name))
            session.commit()
        except ValueError:
            session.rollback()
            failed.append(name)
    return failed
"""),
        bad=True,
    ),
    Example(
        "only where a turn has failed: a note",
        shop("""
@app.post("/customers")
def import_customers(names: list[str], session: Session = Depends(get_session)):
    for name in names:
        try:
            session.add(Customer(name=name))
        except ValueError:
            session.commit()
    session.commit()
"""),
        bad=True,
    ),
    Example(
        "once after the loop",
        shop("""
@app.post("/customers")
def import_customers(names: list[str], session: Session = Depends(get_session)):
    for name in names:
        session.add(Customer(name=name))
    session.commit()
    return len(names)
"""),
        post("/customers", '["a", "b", "c", "d", "e", "f"]'),
        bad=False,
    ),
    Example(
        "once a batch",
        shop("""
@app.post("/customers")
def import_customers(names: list[str], session: Session = Depends(get_session)):
    for start in range(0, len(names), 500):
        session.add_all(Customer(name=name) for name in names[start : start + 500])
        session.commit()
    return len(names)
"""),
        post("/customers", '["a", "b", "c", "d", "e", "f"]'),
        bad=False,
    ),
)
