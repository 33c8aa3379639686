"""A coroutine is made and never awaited.

**What.** An `async def` is called like a function: the call makes a coroutine, and nothing of its body runs. As a condition
(`if is_allowed(user):`) the coroutine is always true.

**Why it costs.** What should have happened does not: nothing is saved, sent or checked, and nothing fails. A check that is
always true is a hole.

**How it is found.** Calls of the project's async functions and methods, and of well-known asynchronous libraries, as a
statement of their own or as the condition of an `if`, without `await`. Receivers are told by types, not by names.

**How to fix it.** `await` it, or hand it to `asyncio.create_task` and keep the task. In a plain `def` neither works: make it `async def` first,
and await it where it is called.

**When it is no problem.** A decorator that makes a plain function of it: functions with unknown decorators are left out. So is a call in
a branch that asks for the class of its receiver, one in a branch that nobody comes to (the function left before under the same condition), and one of a method without a body that a subclass replaces by a plain `def`. A note in a plain method that nobody in the project calls,
and where no route leads to a call that lacks a required argument: it raises, awaited or not.

**Sources.** Python, "Coroutines and Tasks": https://docs.python.org/3/library/asyncio-task.html#coroutines
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.members import is_abstract
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.lacking import lacking
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.span import Step

RULE = Rule(
    "ASY007", "unawaited-coroutine", "async", "error", "A coroutine that is never awaited", static=True
)

_SESSION = (
    "commit",
    "flush",
    "refresh",
    "rollback",
    "execute",
    "scalars",
    "scalar",
    "delete",
    "merge",
    "get",
    "close",
)
_VERBS = ("get", "post", "put", "patch", "delete", "request", "aclose")
_COROUTINES = frozenset(
    {f"sqlalchemy.ext.asyncio.AsyncSession.{name}" for name in _SESSION}
    | {f"httpx.AsyncClient.{verb}" for verb in _VERBS}
    | {"asyncio.sleep", "anyio.sleep", "asyncio.wait_for", "asyncio.wait"}
)
_PLAIN_BASES = frozenset({"abc.ABC", "object", "typing.Protocol", "typing.Generic"})
_HARMLESS = frozenset({"staticmethod", "classmethod", "abstractmethod", "override"})


def notice(body: Body) -> Iterator[Mark]:
    """Calls that make a coroutine where nobody can await it."""
    for statement in body.of(ast.Expr):
        if (
            isinstance(statement.value, ast.Call)
            and _makes_coroutine(body, statement.value)
            and not _is_narrowed(body, statement.value)
        ):
            yield body.mark(
                RULE.code,
                statement.value,
                text=body.brief(statement.value, 90),
                plain=_is_plain(body),
                alone=_is_alone(body),
                stub=_stub(body, statement.value),
                lacks=lacking(body, statement.value),
            )
    tests = [node.test for node in body.of(ast.If)] + [node.test for node in body.of(ast.While)]
    for condition in (*tests, *(node.test for node in body.of(ast.Assert))):
        for test in _conditions(condition):
            if isinstance(test, ast.Call) and _makes_coroutine(body, test):
                yield body.mark(
                    RULE.code,
                    test,
                    text=body.brief(test, 90),
                    condition=True,
                    plain=_is_plain(body),
                    alone=_is_alone(body),
                    stub=_stub(body, test),
                    lacks=lacking(body, test),
                )


def _stub(body: Body, call: ast.Call) -> str:
    """The method that is called, where it only says what subclasses do."""
    ref = body.ref(call.func)
    found = body.types.found.functions.get(ref.name) if ref is not None else None
    return found.name if found is not None and found.owner is not None and is_abstract(found) else ""


def _is_plain(body: Body) -> bool:
    """Whether nothing can be awaited here."""
    return not isinstance(body.node, ast.AsyncFunctionDef)


def _is_alone(body: Body) -> bool:
    """Whether it is a plain method of a class of the project's own (static or not), so that only the project can call it."""
    if not isinstance(body.node, ast.FunctionDef) or body.owner is None:
        return False
    if any(last_name(each) not in _HARMLESS for each in body.node.decorator_list):
        return False
    name = body.node.name
    lineage = body.types.members.lineage(body.owner.name)
    return not (name.startswith("__") or set(lineage.library) - _PLAIN_BASES)


def _is_narrowed(body: Body, call: ast.Call) -> bool:
    """Whether a branch around it asks for the receiver's class, which types then no longer tell, or never runs."""
    receiver = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    tests = [ast.unparse(each.test) for each in body.around(call) if isinstance(each, ast.If)]
    return any(f"isinstance({receiver}," in test or test.startswith("False") for test in tests)


def _conditions(test: ast.expr) -> Iterator[ast.expr]:
    match test:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _conditions(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _conditions(operand)
        case _:
            yield test


def _makes_coroutine(body: Body, call: ast.Call) -> bool:
    ref = body.ref(call.func)
    if ref is None:
        return False
    if ref.kind == "name":
        return ref.name in _COROUTINES
    found = body.types.found.functions.get(ref.name) if ref.kind == "function" else None
    if found is None or found.is_generator or not isinstance(found.node, ast.AsyncFunctionDef):
        return False
    return all(last_name(each) in _HARMLESS for each in found.node.decorator_list)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call, with the routes that it belongs to where there are any."""
    for mark in project.source.marks.get(RULE.code, ()):
        if _is_plain_below(project, mark.fact("stub")):
            continue
        ways = reaches(project, mark.function, ("loop", "thread", "background", "serialization"))
        condition = bool(mark.fact("condition"))
        lacks = mark.fact("lacks")
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"{mark.fact('text')} makes a coroutine that is never awaited"
            + (": as a condition it is always true" if condition else "")
            if not lacks
            else f"{mark.fact('text')} lacks {lacks}: it raises TypeError; with it, it makes a coroutine that is never awaited",
            impact=_impact(condition, lacks),
            solution=_advice(project, mark),
            known="static",
            confidence=0.95,
            chain=(*(ways[0].chain if ways else ()), Step(mark.fact("text"), mark.span)),
            severity="note" if not ways and (lacks or _is_uncalled(project, mark)) else None,
        )


def _is_plain_below(project: Project, stub: str) -> bool:
    """Whether a subclass does with a plain `def` what the called stub says: it can't be told which is called."""
    owner, _, method = stub.rpartition(".")
    above = {each.id for each in project.source.classes.values() if each.name == owner} if stub else set()
    below = {f"{c.name}.{method}" for c in project.source.classes.values() if above & set(c.bases)}
    return (
        any(f.name in below and not f.is_async for f in project.source.functions.values()) if below else False
    )


def _impact(condition: bool, lacks: str) -> str:
    if lacks:
        return "nothing of it happens"
    return "the check is passed by everybody" if condition else "nothing of it happens, and nothing fails"


def _advice(project: Project, mark: Mark) -> str:
    if not mark.fact("plain"):
        return f"give it {mark.fact('lacks')}, and await it" if mark.fact("lacks") else "await it"
    name = mark.span.symbol.rpartition(".")[2]
    if _is_thread(project, mark.function):  # an async def would never run there
        return "asyncio.run_coroutine_threadsafe(..., loop), with the loop taken before the thread starts; or call what is synchronous"
    return f"make {name} async def, await it there and in what calls {name}; or call what is synchronous"


def _is_thread(project: Project, function: str) -> bool:
    """Whether a thread is started with a function."""
    calls = (c for f in project.source.functions.values() for c in f.calls)
    return any(c.target == function and c.off_loop and "Thread(" in c.text for c in calls)


def _is_uncalled(project: Project, mark: Mark) -> bool:
    """Whether it stands in a method that only the project can call, which calls none of its name, on what can't be told either."""
    if not mark.fact("alone"):
        return False
    dotted = f".{mark.span.symbol.rpartition('.')[2]}"
    calls = (c for f in project.source.functions.values() for c in f.calls)
    return not any(c.target == mark.function or (not c.target and f"{dotted}(" in c.text) for c in calls)


EXAMPLES = (
    Example(
        "a check that nobody waits for",
        plain("""
class Members:
    async def is_member(self, name: str) -> bool:
        await asyncio.sleep(0)
        return name == "anna"


members = Members()


@app.get("/reports/{name}")
async def read_reports(name: str):
    if not members.is_member(name):
        raise HTTPException(403)
    return []
"""),
        bad=True,
    ),
    Example(
        "the check with await",
        plain("""
class Members:
    async def is_member(self, name: str) -> bool:
        await asyncio.sleep(0)
        return name == "anna"


members = Members()


@app.get("/reports/{name}")
async def read_reports(name: str):
    if not await members.is_member(name):
        raise HTTPException(403)
    return []
"""),
        mends="a check that nobody waits for",
    ),
    Example(
        "a stub that a subclass replaces by a plain method",
        plain("""
class Display:
    async def show(self, text: str) -> None:
        \"\"\"Does nothing here.\"\"\"


class Board(Display):
    def show(self, text: str) -> None:
        print(text)


def display(name: str) -> Display:
    return Board() if name else Display()


@app.post("/boards/{name}")
async def show(name: str, text: str):
    display(name).show(text)
    return {"shown": text}
"""),
    ),
    Example(
        "a stub whose subclasses are asynchronous too",
        plain("""
class Display:
    async def show(self, text: str) -> None:
        raise NotImplementedError


class Board(Display):
    async def show(self, text: str) -> None:
        await asyncio.sleep(0)


def display(name: str) -> Display:
    return Board()


@app.post("/boards/{name}")
async def show(name: str, text: str):
    display(name).show(text)
    return {"shown": text}
"""),
        bad=True,
    ),
    Example(
        "a commit without await",
        shop("""
@app.post("/orders/{order_id}/pay")
async def pay(order_id: int, session: AsyncSession = Depends(get_async_session)):
    order = await session.get(Order, order_id)
    order.status = "paid"
    session.commit()
    return {"status": order.status}
"""),
        bad=True,
    ),
    Example(
        "in a method that nobody calls: a note",
        shop("""
class Ledger:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    def give_up(self) -> None:
        self.session.close()
"""),
        bad=True,
    ),
    Example(
        "in a plain method that a route calls",
        shop("""
class Ledger:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    def give_up(self) -> None:
        self.session.rollback()


@app.post("/ledger/give-up")
async def give_up(session: AsyncSession = Depends(get_async_session)):
    Ledger(session).give_up()
    return {"given_up": True}
"""),
        bad=True,
    ),
    Example(
        "in a branch that nobody comes to: left before under the same condition",
        plain("""
class Lamp:
    def __init__(self) -> None:
        self.ready: dict[str, bool] = {}

    async def warm(self, room: str) -> None:
        await asyncio.sleep(0)
        self.ready[room] = True

    async def shine(self, room: str) -> str:
        if not room or not self.ready.get(room):
            return "dark"
        colour = "white"
        if not self.ready[room]:
            self.warm(room)
        await asyncio.sleep(0)
        return colour


lamp = Lamp()


@app.get("/lamps/{room}")
async def shine(room: str):
    return await lamp.shine(room)
"""),
    ),
    Example(
        "in a branch that others may lead to meanwhile",
        plain("""
class Lamp:
    def __init__(self) -> None:
        self.ready: dict[str, bool] = {}

    async def warm(self, room: str) -> None:
        await asyncio.sleep(0)
        self.ready[room] = True

    async def shine(self, room: str) -> str:
        if not self.ready.get(room):
            return "dark"
        await asyncio.sleep(0)
        if not self.ready[room]:
            self.warm(room)
        return "white"


lamp = Lamp()


@app.get("/lamps/{room}")
async def shine(room: str):
    return await lamp.shine(room)
"""),
        bad=True,
    ),
    Example(
        "handed to a task, gathered, and a method of the same name that is no coroutine",
        plain("""
async def warm(name: str) -> None:
    await asyncio.sleep(0)


class Cache:
    def warm(self, name: str) -> None:
        print(name)


cache = Cache()
tasks = set()


@app.post("/warm")
async def warm_all():
    cache.warm("a")
    task = asyncio.create_task(warm("b"))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    await asyncio.gather(warm("c"), warm("d"))
"""),
    ),
    Example(
        "the class of the receiver is asked for",
        plain("""
class Order:
    def close(self):
        return None


class RemoteOrder(Order):
    async def close(self):
        await asyncio.sleep(0)


@app.post("/orders/close")
async def close(orders: list[RemoteOrder]):
    for order in orders:
        if isinstance(order, RemoteOrder):
            await order.close()
        else:
            order.close()
    return len(orders)
"""),
    ),
    Example(
        "what lacks an argument, in a script: a note",
        plain(
            "",
            script="""
async def refresh(name: str, rows: list[int]) -> None:
    print(name, rows)


def main():
    refresh("all")
""",
        ),
        bad=True,
    ),
    Example(
        "what lacks an argument, in a route",
        plain("""
async def refresh(name: str, rows: list[int]) -> None:
    print(name, rows)


@app.post("/refresh")
def refresh_all():
    refresh("all")
"""),
        bad=True,
    ),
    Example(
        "in a thread, where nothing can be awaited",
        plain("""
import threading


async def refresh(name: str, *rows: int, force: bool = False) -> None:
    print(name, rows, force)


def work():
    refresh("all")


@app.post("/refresh")
def refresh_all():
    threading.Thread(target=work).start()
"""),
        bad=True,
    ),
)
