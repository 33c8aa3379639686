"""A result as `strop optimize` could leave it for a small shop: 31 routes, nine findings, seven kept."""

from __future__ import annotations

import difflib

from strop.finding import Finding
from strop.patch import Edit, Patch
from strop.plan import Item, Option
from strop.report.excerpt import Excerpt
from strop.report.result import (
    Acceptance,
    Attempt,
    Change,
    Choice,
    Noise,
    Proposed,
    Result,
    TargetFacts,
    Workload,
)
from strop.verdict import Behaviour, Difference, Gain, Gate, Verdict
from tests.report.shop_cases import CASES, IMPORT_BEFORE, Case
from tests.report.shop_run import MISSED, ORDERS, REACHED, RUN, evidence

BRANCH = "strop/6f2c91"


def gates(behaviour: Behaviour = Behaviour.IDENTICAL, failed: int = 0) -> tuple[Gate, ...]:
    """The gates of a proof; the `failed` one did not pass and the later ones did not run."""
    named = (
        ("applies", "patch applies and every file compiles", 0.2, ""),
        ("suite", "47 passed, as before", 6.4, "pytest -q"),
        ("answers", "312 of 312 answers identical", 9.1, "strop prove --run 6f2c91"),
        ("rows", "database identical row by row after every cell", 1.3, ""),
        ("reached", "24 cells executed an edited line", 0.0, ""),
        ("openapi", "schema identical, byte for byte", 0.4, ""),
        ("gain", "lower bound above the noise", 11.8, ""),
    )
    shown = named if not failed else named[:failed]
    return tuple(
        Gate(
            number,
            name,
            number != failed,
            detail if number != failed else f"failed: {behaviour}",
            seconds,
            command,
        )
        for number, (name, detail, seconds, command) in enumerate(shown, 1)
    )


def verdict(*gains: Gain, relaxed: tuple[str, ...] = (), unproved: tuple[str, ...] = ()) -> Verdict:
    """A verdict that keeps a patch."""
    behaviour = Behaviour.UNSPECIFIED if relaxed else Behaviour.IDENTICAL
    return Verdict(behaviour, True, "identical and cheaper", gates(), gains, (), relaxed, unproved, 312, 24)


GAINS = (
    (
        Gain("queries", "queries", 4_824, 48, 0.990, 0.0, ("GET /orders", "GET /orders/{order_id}")),
        Gain("cpu", "us", 88_200, 10_600, 0.861, 0.014, ("GET /orders", "GET /orders/{order_id}")),
    ),
    (Gain("blocked", "us", 61_000, 0, 0.97, 0.01, ("POST /login",)),),
    (
        Gain("rows", "rows", 60_120, 9, 0.9998, 0.0, ("GET /customers/{customer_id}/orders",)),
        Gain("cpu", "us", 9_900, 1_700, 0.79, 0.014, ("GET /customers/{customer_id}/orders",)),
    ),
    (
        Gain("queries", "queries", 1_040, 40, 0.9615, 0.0, ("GET /products/{product_id}/reviews",)),
        Gain("cpu", "us", 41_800, 4_950, 0.868, 0.014, ("GET /products/{product_id}/reviews",)),
    ),
    (
        Gain("rows", "rows", 62_000, 5, 0.9999, 0.0, ("GET /reports/daily",)),
        Gain("cpu", "us", 31_000, 2_100, 0.92, 0.014, ("GET /reports/daily",)),
    ),
    (Gain("blocked", "us", 87_000, 0, 0.95, 0.02, ("GET /invoices/{invoice_id}/pdf",)),),
    (Gain("cpu", "us", 1_440, 800, 0.38, 0.03, ("GET /me", "GET /cart", "POST /orders")),),
)
BRANCH_GAINS = (
    Gain("queries", "queries", 7_312, 1_204, 0.8353, 0.0),
    Gain("rows", "rows", 2_301_880, 248_911, 0.8919, 0.0),
    Gain("cpu", "us", 6_940_000, 2_418_000, 0.638, 0.014),
    Gain("p95", "us", 142_000, 19_800, 0.82, 0.06, ("GET /orders",)),
    Gain("response_bytes", "bytes", 91_204_110, 91_204_110, 0.0, 0.0),
)


def build_finding(case: Case) -> Finding:
    """The finding of a case."""
    return Finding(
        code=case.code,
        slug=case.slug,
        domain=case.domain,
        severity=case.severity,
        confidence=0.97,
        known=case.known,
        span=case.span,
        routes=case.routes,
        message=case.message,
        impact=case.impact,
        solution=case.solution,
        chain=case.chain,
        cost=case.cost,
        facts=(("place", str(case.span)),),
    )


def build_item(case: Case) -> Item:
    """The piece of work of a case."""
    own = (Option(case.solution, case.fix, "low", "low", "exact", case.impact),)
    return Item(
        finding=build_finding(case),
        problem=f"{case.message}.",
        impact=case.impact,
        solution=case.solution,
        risk="a client that relies on the order of unordered rows would see another one; none was seen",
        validation=f"strop prove {build_finding(case).id}",
        rollback="git revert",
        options=case.options or own,
        choice=case.choice,
    )


def build_diff(file: str, before: str, after: str, first: int) -> str:
    """A unified diff whose hunk begins at the excerpt's line."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{file}", f"b/{file}", n=3
    )
    shifted = []
    for line in lines:
        if line.startswith("@@"):
            count, added = len(before.splitlines()), len(after.splitlines())
            line = f"@@ -{first},{count} +{first},{added} @@\n"
        shifted.append(line)
    return "".join(shifted)


def build_excerpt(case: Case) -> Excerpt:
    """The source of a case; the line that changes, or the place, is marked."""
    lines = tuple(case.before.splitlines())
    after = set(case.after.splitlines())
    marked = tuple(case.first + i for i, line in enumerate(lines) if after and line not in after)
    return Excerpt(case_file(case), case.first, lines, marked or (case.span.line,))


def case_file(case: Case) -> str:
    """The file that a fix edits; a lazy load shows in the schema and is fixed at the query."""
    return ORDERS.file if case.code == "DB001" else case.span.file


def build_change(case: Case, gains: tuple[Gain, ...], commit: str) -> Change:
    """A kept change."""
    finding, file = build_finding(case), case_file(case)
    test = Edit(f"tests/test_{case.slug.replace('-', '_')}.py", None, "def test_cost() -> None: ...\n")
    patch = Patch(
        case.fix,
        case.option,
        finding.id,
        f"Fix {case.message}",
        case.solution,
        (Edit(file, case.before, case.after),),
        "exact",
        (test,),
        case.code == "DB005",
    )
    lost = (
        Attempt(
            "load_relationship",
            "more rows and more CPU than selectinload",
            "joinedload",
            "Join the items",
            build_diff(file, case.before, case.after.replace("selectinload", "joinedload"), case.first),
            verdict(Gain("cpu", "us", 88_200, 17_900, 0.77, 0.014)),
        ),
    )
    unproved = ("latency of other workers while a login runs",) if case.code == "ASY002" else ()
    return Change(
        build_item(case),
        patch,
        build_diff(file, case.before, case.after, case.first),
        verdict(*gains, unproved=unproved),
        commit,
        build_excerpt(case),
        lost if case.code == "DB001" else (),
    )


def build_result() -> Result:
    """The whole sample."""
    commits = ("a1f09c2", "b77e410", "c0ffee1", "d45a9b0", "e93b1c7", "f10d2e8", "0a9b8c7")
    changes = tuple(map(build_change, CASES[:7], GAINS, commits))
    different = Difference(
        "55b0a1",
        "POST /imports/products",
        "rows products",
        "length",
        "40 committed",
        "0 committed after a failure",
    )
    rejected = Verdict(
        Behaviour.DIFFERENT,
        False,
        "one request leaves other rows behind",
        gates(Behaviour.DIFFERENT, 4),
        (Gain("commits", "commits", 82, 4, 0.95, 0.0),),
        (different,),
        cells=312,
        reached=2,
    )
    one_commit = (
        IMPORT_BEFORE.replace("        await session.commit()\n", "") + "    await session.commit()\n"
    )
    attempt = Attempt(
        "commit_once",
        "a failing row now undoes the rows before it",
        "after_loop",
        "Commit once after the import",
        build_diff("shop/api/imports.py", IMPORT_BEFORE, one_commit, 24),
        rejected,
    )
    proposal = Proposed(
        build_item(CASES[7]), "one request leaves other rows behind", build_excerpt(CASES[7]), (attempt,)
    )
    choice = Choice(
        build_item(CASES[8]),
        "May GET /products answer with fewer rows than the table holds?",
        "Optional limit, unlimited by default",
        build_excerpt(CASES[8]),
        record=True,
    )
    return Result(
        run=RUN,
        strop="0.1.0",
        target=TargetFacts(
            "examples/shop",
            "shop.main:app",
            "4be1d07a2c",
            "main",
            "SQLite",
            (
                ("fastapi", "0.121.2"),
                ("pydantic", "2.12.4"),
                ("sqlalchemy", "2.0.44"),
                ("starlette", "0.49.3"),
            ),
            "2 cores, Linux 6.1, Python 3.11.9",
        ),
        surface="GET /orders, POST /login and product reviews take 91 % of the measured cost",
        criteria="fewer queries and less CPU on these three; every answer and every row unchanged",
        workload=Workload("47 tests", 312, REACHED, MISSED, 71_204, "6f2c91"),
        noise=Noise(312, 312, 0.014),
        base=evidence(final=False),
        final=evidence(final=True),
        changes=changes,
        proposals=(proposal,),
        choices=(choice,),
        verdict=verdict(
            *BRANCH_GAINS,
            relaxed=("GET /health  body $.uptime",),
            unproved=("p95 was measured on one machine with 2 cores, not on yours",),
        ),
        branch=BRANCH,
        acceptance=(
            Acceptance("The project's own tests pass", "pytest -q", True),
            Acceptance("312 answers and all rows are as before", "strop prove --run 6f2c91", True),
            Acceptance(
                "GET /orders needs 2 queries", "strop measure --route 'GET /orders' --max-queries 2", True
            ),
            Acceptance("The migration runs up and down on a copy of production", "alembic upgrade head"),
        ),
        unproved=(
            "DELETE /admin/cache and GET /export were not reached: no claim about them",
            "behaviour under concurrent writes: requests were compared one at a time",
        ),
        notes=("SQLite stands in for PostgreSQL: plans and index gains may differ",),
        followups=(
            "Give requests.get a timeout: a slow host now holds a thread",
            "GET /orders still runs its two queries on the event loop: an async session would free it",
        ),
        constraints=("no new dependency", "no change of the database schema without a migration"),
        invariants=("every answer byte for byte", "every row after every request", "the OpenAPI document"),
        non_goals=("the sizes of answers", "start-up time"),
        probe_cost=92.0,
    )


RESULT = build_result()
