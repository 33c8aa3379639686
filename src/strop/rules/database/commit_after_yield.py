"""A dependency commits after its `yield`, when the answer has been sent.

**What.** `yield session` and then `session.commit()` in a dependency.

**Why it costs.** Before FastAPI 0.106, and again from 0.118 on, code after `yield` runs when the answer is on its way:
a commit that fails can't change the 200 that the client has, and a client that reads at once what it wrote may not
find it.

**How it is found.** A commit after the `yield` of a generator that a route depends on, with the FastAPI version that
the project installs; versions 0.106 to 0.117 ran it before the answer.

**How to fix it.** Commit in the handler or the service; or, from 0.121, `Depends(get_session, scope="function")`, which
ends the dependency before the answer is sent.

**When it is no problem.** Work whose loss nobody is told about (a counter, a last-seen date).

**Sources.** FastAPI, "Dependencies with yield, scope": https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import function_id
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.sessions import exit_before_answer, is_session
from strop.span import Step

RULE = Rule(
    "DB020",
    "commit-after-yield",
    "database",
    "warning",
    "A dependency commits when the answer has been sent",
    static=True,
)
WORDS = frozenset({"yield"})


def notice(body: Body) -> Iterator[Mark]:
    """Commits of a session below the last `yield`; dependencies that say when they end."""
    yields = [n.lineno for n in body.of(ast.Yield)]
    if yields:
        for call in body.calls("commit"):
            func = call.func
            inner = isinstance(func, ast.Attribute) and is_session(body, func.value)
            if inner and call.lineno > min(yields):
                yield body.mark(RULE.code, call)
                return


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each dependency."""
    before = exit_before_answer(project)
    if before:
        return
    for mark in project.source.marks.get(RULE.code, ()):
        writing = [
            route
            for route in project.imported.routes
            if any(function_id(d.name, d.span) == mark.function for d in route.dependencies)
        ]
        changing = [r for r in writing if r.method not in ("GET", "HEAD", "OPTIONS")]
        if changing:
            yield draft(
                RULE,
                mark.span,
                {r.key for r in changing},
                message=f"{mark.span.symbol} commits after its yield, when the answer has been sent",
                impact="a commit that fails can't change the status: the client has a 200 for what is lost",
                solution='commit in the handler or service, or Depends(..., scope="function") from FastAPI 0.121 on',
                known="static",
                confidence=0.75 if before is False else 0.5,
                chain=(Step(changing[0].key, mark.span),),
            )


_BODY = """
@app.post("/customers")
def add_customer(name: str, session: Session = Depends(writing)):
    session.add(Customer(name=name))
    return {"name": name}
"""

EXAMPLES = (
    Example(
        "committed by the dependency",
        shop(
            """
def writing():
    with Session(engine) as session:
        yield session
        session.commit()


"""
            + _BODY
        ),
        bad=True,
    ),
    Example(
        "committed by the handler",
        shop("""
def writing():
    with Session(engine) as session:
        yield session


@app.post("/customers")
def add_customer(name: str, session: Session = Depends(writing)):
    session.add(Customer(name=name))
    session.commit()
    return {"name": name}
"""),
        bad=False,
        mends="committed by the dependency",
    ),
    Example(
        "a version that ends dependencies before it answers",
        {
            **shop(
                """
def writing():
    with Session(engine) as session:
        yield session
        session.commit()


"""
                + _BODY
            ),
            "requirements.txt": "fastapi==0.115.6\n",
        },
        bad=False,
    ),
)
