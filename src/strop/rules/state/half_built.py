"""A shared object is published before it is ready.

**What.** A singleton is assigned to its global or class attribute first, and initialised after that.

**Why it costs.** When the initialisation fails once (the network is away for a second), the half-built object stays:
the next request finds it, takes it for ready and fails in another place, until the process is restarted. Another thread
may take it while it is being built.

**How it is found.** Behind a check that the shared name is empty, an assignment to it, and after that a call of the
object's own initialiser, without a handler that takes the object back.

**How to fix it.** Build in a local variable, and assign it as the last step.

**When it is no problem.** Calls that can't fail; a handler that sets the shared name back to None and raises again.

**Sources.** Python, "Double-checked locking" has the same root: publish last.
https://en.wikipedia.org/wiki/Double-checked_locking ; https://docs.python.org/3/reference/datamodel.html#object.__new__
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Step

RULE = Rule(
    "STA009", "half-built", "state", "warning", "A shared object is published before it is ready", static=True
)

_INITIALISES = regex(r"^_*(init|initiali[sz]e|connect|set_?up|load|open|configure|log_?in|authenticate|build|bootstrap|prepare|ping|warm_?up|create_tables)(_\w+)?$")  # fmt: skip
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def notice(body: Body) -> Iterator[Mark]:
    """A shared name that is assigned, then initialised through that name."""
    for guard in body.of(ast.If):
        for store, call in _published(body, guard):
            name = ast.unparse(store)
            yield body.mark(RULE.code, store, name=name, call=body.brief(call, 70), call_line=call.lineno)


def _published(body: Body, guard: ast.If) -> Iterator[tuple[ast.expr, ast.Call]]:
    blocks = [guard.body]
    while blocks:
        block = blocks.pop()
        for place, statement in enumerate(block):
            if isinstance(statement, (ast.With, ast.AsyncWith, ast.If)):
                blocks.append(statement.body)
            store = _stored(body, statement)
            if store is not None and ast.unparse(store) in ast.unparse(guard.test):
                call = _initialised(block[place + 1 :], ast.unparse(store))
                if call is not None and not _taken_back(body, statement):
                    yield store, call


def _stored(body: Body, statement: ast.stmt) -> ast.expr | None:
    """The global or class attribute that a new object is assigned to."""
    match statement:
        case ast.Assign(targets=[target], value=ast.Call()) | ast.AnnAssign(target=target, value=ast.Call()):
            if isinstance(target, ast.Name):
                return target if target.id in body.scope.outer else None
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                ref = body.ref(target.value)
                return target if ref is not None and ref.kind == "class" else None
    return None


def _initialised(statements: list[ast.stmt], name: str) -> ast.Call | None:
    for statement in statements:
        match statement:
            case ast.Expr(value=ast.Await(value=ast.Call(func=ast.Attribute(value=of, attr=attr)) as call)):
                attr = (
                    "init" if attr == "start" else attr
                )  # what is awaited may fail, a thread's start does not
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=of, attr=attr)) as call):
                pass
            case _:
                continue
        if ast.unparse(of) == name and _INITIALISES.match(attr):
            return call
    return None


def _taken_back(body: Body, statement: ast.stmt) -> bool:
    around = body.within(statement, ast.Try)
    return around is not None and any(
        isinstance(n, (ast.Raise, ast.Assign)) for h in around.handlers for n in ast.walk(h)
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each shared name."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread", "background", "once"))
        chain = ways[0].chain if ways else ()
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"{mark.fact('name')} can be seen before {mark.fact('call')} has succeeded",
            impact="one failure while it is built leaves a half-built object for the life of the process; another thread may use it too early",
            solution="build it in a local variable and assign the shared name last",
            known="static",
            confidence=0.85,
            chain=(*chain, Step(mark.fact("call"), mark.span)),
            facts={"name": mark.fact("name")},
        )


EXAMPLES = (
    Example(
        "a singleton that connects after it is stored",
        plain("""
class Search:
    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
            cls._instance._connect()
        return cls._instance

    def _connect(self):
        self.index = Path("index.txt").read_text()


@app.get("/search")
def search(word: str):
    return word in Search().index
"""),
        bad=True,
    ),
    Example(
        "stored when it is ready",
        plain("""
class Search:
    _instance = None

    def __new__(cls):
        if cls._instance is None:
            made = super().__new__(cls)
            made._connect()
            cls._instance = made
        return cls._instance

    def _connect(self):
        self.index = Path("index.txt").read_text()


@app.get("/search")
def search(word: str):
    return word in Search().index
"""),
        bad=False,
        mends="a singleton that connects after it is stored",
    ),
    Example(
        "taken back when it fails",
        plain("""
client = None


class Client:
    def connect(self):
        Path("socket").touch()


def get_client():
    global client
    if client is None:
        try:
            client = Client()
            client.connect()
        except OSError:
            client = None
            raise
    return client


@app.get("/ready")
def ready():
    return get_client() is not None
"""),
        bad=False,
    ),
)
