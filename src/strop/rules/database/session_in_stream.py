"""A streamed answer uses the session of the request.

**What.** `StreamingResponse(rows(session))`: the generator runs while the answer is sent, with a session that a
dependency opened.

**Why it costs.** From FastAPI 0.106 to 0.117 the dependency is closed before the first byte: the generator works on a
closed session, which takes a connection again that stays "idle in transaction". With other versions the connection
is taken as long as the slowest client reads.

**How it is found.** A session that is a parameter of the function, handed to the generator of a streaming response
or used by a generator that is defined in the function.

**How to fix it.** Open the session inside the generator (`with Session(engine) as session:`), and close it before
what takes long.

**When it is no problem.** Everything was read before the answer begins, and the generator only formats it.

**Sources.** FastAPI, "Dependencies with yield and StreamingResponse":
https://fastapi.tiangolo.com/advanced/advanced-dependencies/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.sessions import arguments, exit_before_answer, names_in, parameters

RULE = Rule(
    "DB014",
    "session-in-stream",
    "database",
    "error",
    "A streamed answer uses the session of the request",
    static=True,
)
WORDS = frozenset({"StreamingResponse", "EventSourceResponse"})


def notice(body: Body) -> Iterator[Mark]:
    """Streams whose generator has a session of the function around it."""
    for call in body.calls(*WORDS):
        sessions = parameters(body)
        content = call.args[0] if call.args else None
        content = content or next((k.value for k in call.keywords if k.arg == "content"), None)
        used = _used(body, content, sessions) if content is not None and sessions else ""
        if used:
            yield body.mark(RULE.code, call, session=used)


def _used(body: Body, content: ast.expr, sessions: set[str]) -> str:
    """The session that what is streamed uses while it is streamed."""
    value = body.value(content) if isinstance(content, ast.Name) else content
    if isinstance(value, ast.GeneratorExp):
        return ""  # its source is read before it begins
    if not isinstance(value, ast.Call):
        return ""
    given = {a.id for a in arguments(value) if isinstance(a, ast.Name)}
    if given & sessions and _is_lazy(body, value):
        return min(given & sessions)
    inner = value.func.id if isinstance(value.func, ast.Name) else ""
    nested: list[ast.FunctionDef | ast.AsyncFunctionDef]
    nested = [*body.of(ast.FunctionDef), *body.of(ast.AsyncFunctionDef)]
    for node in nested:
        if node.name == inner and not _binds(node, sessions):
            used = set().union(*(names_in(s) for s in node.body)) & sessions
            return min(used) if used else ""
    return ""


def _is_lazy(body: Body, call: ast.Call) -> bool:
    """Whether a call gives a generator, as far as it can be told."""
    ref = body.ref(call.func)
    node = body.types.found.functions.get(ref.name) if ref is not None else None
    if node is None:
        return ref is None
    returned = ast.unparse(node.node.returns) if node.node.returns is not None else ""
    return node.is_generator or "Iterator" in returned or "Generator" in returned or not returned


def _binds(node: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]) -> bool:
    """Whether an inner function has sessions of its own under these names."""
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return bool((stored | {a.arg for a in node.args.args}) & names)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each stream."""
    closed = exit_before_answer(project)
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread"))
        if ways:
            yield draft(
                RULE,
                mark.span,
                {w.route for w in ways},
                message=f"the stream uses {mark.fact('session')}, the session of the request",
                impact="the dependency is closed before the first byte: connections stay idle in transaction"
                if closed
                else "its connection is taken until the last byte is read, however slow the client is",
                solution="open a session inside the generator, and close it before what takes long",
                known="static",
                confidence=0.9 if closed else 0.7,
                severity="error" if closed else "warning",
                chain=ways[0].chain,
            )


_ROWS = """
from fastapi.responses import StreamingResponse


def numbers(session: Session):
    for number in session.scalars(select(Order.number)).yield_per(100):
        yield number


"""

EXAMPLES = (
    Example(
        "handed to the generator",
        shop(
            _ROWS
            + """
@app.get("/numbers")
def stream_numbers(session: Session = Depends(get_session)):
    rows = numbers(session)
    return StreamingResponse(rows)
"""
        ),
        bad=True,
    ),
    Example(
        "opened in the generator",
        shop(
            _ROWS
            + """
def all_numbers():
    with Session(engine) as session:
        yield from numbers(session)


@app.get("/numbers")
def stream_numbers(session: Session = Depends(get_session)):
    session.scalar(select(func.count(Order.id)))
    return StreamingResponse(all_numbers())
"""
        ),
        bad=False,
        mends="handed to the generator",
    ),
    Example(
        "read before the answer begins",
        shop(
            _ROWS
            + """
def read(session: Session) -> list[str]:
    return list(session.scalars(select(Order.number).limit(20)))


@app.get("/numbers")
def stream_numbers(session: Session = Depends(get_session)):
    found = read(session)

    def lines():
        for number in found:
            yield number

    return StreamingResponse(lines())
"""
        ),
        bad=False,
    ),
)
