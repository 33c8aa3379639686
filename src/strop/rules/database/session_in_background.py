"""A background task gets the session of the request.

**What.** `background_tasks.add_task(write_log, session, ...)`: the task runs after the answer, with a session that a
dependency opened for the request and closes at its end.

**Why it costs.** From FastAPI 0.106 to 0.117 the session is closed when the task begins: it opens a connection again
that nobody gives back, and objects of the request are detached. With other versions the connection stays taken
until the task ends, however long that is.

**How it is found.** A parameter whose type is a session, in a function that a route reaches, handed to `add_task`,
`BackgroundTask` or `create_task`; where that is a function of the project, only if it starts a task.

**How to fix it.** Let the task open a session of its own from the session factory, and hand it ids.

**When it is no problem.** A session that the task owns: made for it, closed by it.

**Sources.** FastAPI, "Dependencies with yield and background tasks":
https://fastapi.tiangolo.com/advanced/advanced-dependencies/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.code import calls_at, reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.sessions import arguments, exit_before_answer, is_session, parameters

RULE = Rule(
    "DB013",
    "session-in-background",
    "database",
    "error",
    "A background task uses the session of the request",
    static=True,
)
WORDS = frozenset({"add_task", "BackgroundTask", "create_task", "ensure_future"})
_STARTS = WORDS | {"submit", "run_in_executor", "run_coroutine_threadsafe", "start_soon", "Thread", "Process"}
_NAME = regex(r"[^\W\d]\w*")
_DEEP = 3  # calls from the project's own function to the one that starts the task


def notice(body: Body) -> Iterator[Mark]:
    """Sessions among what is handed over."""
    own = None
    for call in body.calls(*WORDS):
        own = parameters(body) if own is None else own
        given: list[ast.expr] = list(arguments(call))
        if body.name(call.func).rpartition(".")[2] in ("create_task", "ensure_future") or _starts(call):
            given = [a for g in given if isinstance(g, ast.Call) for a in arguments(g)]
            how = "task"
        else:
            how = "background"
        for each in given:
            if isinstance(each, ast.Name) and each.id in own and is_session(body, each):
                yield body.mark(RULE.code, call, session=each.id, how=how)
                break


def _starts(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("create_task", "ensure_future")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each task."""
    closed = exit_before_answer(project)
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread"))
        if not ways or _is_plain(project, mark):
            continue
        if mark.fact("how") == "task":
            impact = (
                "the session may be closed while the task uses it, and two tasks use one connection at once"
            )
        elif closed:
            impact = "it is closed by then: what the task opens again is not given back"
        else:
            impact = "its connection stays taken until the task ends"
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"the task gets {mark.fact('session')}, the session of the request, and outlives it",
            impact=impact,
            solution="let the task open its own session from the factory, and give it ids",
            known="static",
            confidence=0.9 if closed else 0.8,
            severity="error" if closed or mark.fact("how") == "task" else "warning",
            chain=ways[0].chain,
        )


def _is_plain(project: Project, mark: Mark) -> bool:
    """Whether what the session is handed to is a function of the project that starts no task."""
    function = project.source.functions.get(mark.function)
    around = calls_at(function, mark.span.line) if function is not None else []
    named = [c for c in around if c.name.rpartition(".")[2] in WORDS and c.span.line == mark.span.line]
    own = [project.source.functions.get(c.target) for c in named]
    return bool(own) and not any(o is None or _starts_task(project, o, _DEEP) for o in own)


def _starts_task(project: Project, function: Function, deep: int) -> bool:
    """Whether a function has what it is given run beside it, itself or by what it hands it on to."""
    given = set(function.parameters) - {"self", "cls"}
    for call in function.calls:
        if not given & set(_NAME.findall(call.text)):
            continue
        below = project.source.functions.get(call.target) if call.target else None
        if call.background or (below is None and call.name.rpartition(".")[2] in _STARTS):
            return True
        if below is not None and deep and _starts_task(project, below, deep - 1):
            return True
    return False


_TASK = """
from fastapi import BackgroundTasks


def count_up(session: Session, order_id: int):
    session.get(Order, order_id).status = "seen"
    session.commit()


def count_alone(order_id: int):
    with Session(engine) as session:
        count_up(session, order_id)


"""

EXAMPLES = (
    Example(
        "the session of the dependency",
        shop(
            _TASK
            + """
@app.get("/orders/{order_id}")
def read_order(order_id: int, tasks: BackgroundTasks, session: Session = Depends(get_session)):
    tasks.add_task(count_up, session, order_id)
    return {"id": order_id}
"""
        ),
        bad=True,
    ),
    Example(
        "a session of its own",
        shop(
            _TASK
            + """
@app.get("/orders/{order_id}")
def read_order(order_id: int, tasks: BackgroundTasks, session: Session = Depends(get_session)):
    tasks.add_task(count_alone, session.get(Order, order_id).id)
    return {"id": order_id}
"""
        ),
        bad=False,
        mends="the session of the dependency",
    ),
    Example(
        "a session that is made for the task",
        shop(
            _TASK
            + """
@app.get("/orders/{order_id}")
def read_order(order_id: int, tasks: BackgroundTasks):
    tasks.add_task(count_up, Session(engine), order_id)
    return {"id": order_id}
"""
        ),
        bad=False,
    ),
    Example(
        "a task is a row, and the project's own method writes it",
        shop("""
class Board:
    def add_task(self, session: Session, order_id: int, text: str):
        session.get(Order, order_id).status = text
        session.flush()


board = Board()


@app.post("/orders/{order_id}/tasks")
def pack(order_id: int, session: Session = Depends(get_session)):
    board.add_task(session, order_id, "pack")
    session.commit()
"""),
        bad=False,
    ),
    Example(
        "the project's own method hands it on",
        shop(
            _TASK
            + """
class Later:
    def __init__(self, tasks: BackgroundTasks):
        self.tasks = tasks

    def add_task(self, session: Session, order_id: int):
        self.tasks.add_task(count_up, session, order_id)


@app.get("/orders/{order_id}")
def read_order(order_id: int, tasks: BackgroundTasks, session: Session = Depends(get_session)):
    Later(tasks).add_task(session, order_id)
    return {"id": order_id}
"""
        ),
        bad=True,
    ),
)
