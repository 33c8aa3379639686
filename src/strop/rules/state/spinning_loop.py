"""A loop that is meant to run for ever spins when its work fails.

**What.** `while True` with a `try` whose last step is to sleep; the `except` branch logs and goes on without a pause.

**Why it costs.** While the database or the network is away, every round fails at once: the worker burns a core, floods
the log and, on the event loop, starves its requests; then it hammers the service that is just coming back.

**How it is found.** The only pause of the loop lies in the `try` behind work that can fail, and a broad handler neither
sleeps nor leaves the loop. The same for a loop that receives from a WebSocket and goes on after every exception: after
the disconnect each receive fails at once.

**How to fix it.** Pause after the `try` (or in the handler, longer from time to time); leave the loop when the
other side is gone.

**When it is no problem.** A wait before the work (`queue.get()`, a sleep as the first step) paces failures too. A loop
whose last step leaves it is done after the first failure; so is one whose flag is taken away before the work and given back by success alone. Who reads with `receive()` and leaves on "websocket.disconnect" is told of the end once, as a
message: no receive fails. A note only: work that stays in memory, which reckons, logs and starts tasks that fail on their own.

**Sources.** Python, "asyncio.sleep": https://docs.python.org/3/library/asyncio-task.html#asyncio.sleep ;
https://github.com/fastapi/fastapi/issues/3008
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules.aside import is_aside
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.inward import stays_inward
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule("STA010", "spinning-loop", "state", "warning", "A loop spins while its work fails", static=True)
WORDS = ("while",)

_PAUSES = frozenset({"sleep", "wait", "wait_for", "backoff", "delay", "pause", "join"})
_LOGS = frozenset({"debug", "info", "warning", "error"})
_LEAVES = (ast.Raise, ast.Return, ast.Break)


def notice(body: Body) -> Iterator[Mark]:
    """Endless loops whose failing rounds have no pause."""
    for loop in body.of(ast.While):
        attempts = [s for s in loop.body if isinstance(s, ast.Try)]
        if not _endless(loop) or len(attempts) != 1:
            continue
        attempt = attempts[0]
        if _is_over(body, loop, attempt):
            continue
        outside = [s for s in loop.body if s is not attempt]
        if _pauses(outside) or _pauses(attempt.finalbody) or _receives(outside):
            continue
        for handler in attempt.handlers:
            if not _is_broad(handler) or _pauses(handler.body) or _leaves(handler.body):
                continue
            if isinstance(loop.body[-1], _LEAVES) and not _goes_round(handler):
                continue  # falls through to what ends the loop
            kind = _kind(body, attempt)
            if kind:
                last = attempt.body[-1].end_lineno or 0
                first = attempt.body[0].lineno
                yield body.mark(RULE.code, handler, kind=kind, loop=loop.lineno, first=first, last=last)


def _endless(loop: ast.While) -> bool:
    """`while True`, `while self.running`, `while not stop.is_set()`: no condition that the work changes."""
    return isinstance(loop.test, (ast.Constant, ast.Attribute, ast.UnaryOp, ast.Name))


def _is_over(body: Body, loop: ast.While, attempt: ast.Try) -> bool:
    """Whether each turn takes the loop's flag away before its work, and only what succeeded gives it back."""
    flag = loop.test.id if isinstance(loop.test, ast.Name) else ""
    before = loop.body[: loop.body.index(attempt)]
    taken = [s for s in before if _sets(s, flag) and not _is_true(s)]
    given = [s for s in _inside(loop.body) if _sets(s, flag) and s not in taken]
    return bool(taken) and all(_is_last(body, s, attempt) for s in given)


def _sets(node: ast.AST, flag: str) -> bool:
    """Whether a statement gives a name a value."""
    return any(isinstance(n, ast.Name) and n.id == flag for n in _targets(node))


def _targets(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Assign(targets=targets):
            return targets
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target) | ast.NamedExpr(target=target):
            return [target]
    return []


def _is_true(node: ast.AST) -> bool:
    return not (
        isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and not node.value.value
    )


def _is_last(body: Body, node: ast.AST, attempt: ast.Try) -> bool:
    """Whether a statement is the last thing that the body of a `try` does, so nothing fails behind it."""
    inside = node
    for outer in body.around(node):
        blocks = [block for _, block in ast.iter_fields(outer) if isinstance(block, list)]
        if not any(block and block[-1] is inside for block in blocks) or isinstance(
            outer, ast.For | ast.While
        ):
            return False
        if outer is attempt:
            return inside is attempt.body[-1] or inside in attempt.orelse
        inside = outer
    return False


def _kind(body: Body, attempt: ast.Try) -> str:
    first = next((s for s in attempt.body if not _logs(s)), attempt.body[0])
    if _socket(body, attempt):
        return "socket" if not any(_is_disconnect(h) for h in attempt.handlers) else ""
    if _pauses([first]) or _receives([first]) or not any(_pauses([s]) for s in attempt.body[1:]):
        return ""
    return "pause"


def _logs(statement: ast.stmt) -> bool:
    """`logger.info("...")`: it doesn't fail, so what comes after it comes first."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _LOGS


def _goes_round(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(n, ast.Continue) for n in _inside(handler.body))


def _socket(body: Body, attempt: ast.Try) -> bool:
    """Whether it reads a WebSocket by calls that fail once the other side is gone."""
    read = {
        node.func.attr
        for node in _inside(attempt.body)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr.startswith("receive")
        and body.instance(node.func.value).rpartition(".")[2] == "WebSocket"
    }
    return bool(read) and not (read == {"receive"} and any(map(_ends_with_it, _inside(attempt.body))))


def _ends_with_it(node: ast.AST) -> bool:
    """`if message["type"] == "websocket.disconnect": break`."""
    return (
        isinstance(node, ast.If)
        and any(
            isinstance(n, ast.Constant) and n.value == "websocket.disconnect" for n in ast.walk(node.test)
        )
        and _leaves(node.body)
    )


def _is_disconnect(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and "Disconnect" in ast.unparse(handler.type) and _leaves(handler.body)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException")


def _leaves(statements: Iterable[ast.stmt]) -> bool:
    return any(isinstance(n, _LEAVES) for n in _inside(statements))


def _pauses(statements: Iterable[ast.stmt]) -> bool:
    return any(
        _called(n) in _PAUSES
        or ("nowait" not in _called(n) and any(p in _called(n) for p in ("sleep", "wait", "backoff")))
        for n in _inside(statements)
    )


def _receives(statements: Iterable[ast.stmt]) -> bool:
    """Whether a step waits for something to arrive, which paces the loop."""
    waits = (
        "get",
        "get_message",
        "recv",
        "receive",
        "read",
        "poll",
        "accept",
        "blpop",
        "brpop",
        "xread",
        "xreadgroup",
        "listen",
        "acquire",
        "getone",
        "anext",
    )
    return any(_called(n) in waits for n in _inside(statements))


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return last_name(node.func)


def _inside(statements: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    for statement in statements:
        yield from ast.walk(statement)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread", "background", "startup"))
        socket = mark.fact("kind") == "socket"
        symbol = mark.function.partition(":")[2]
        yield draft(
            RULE,
            Span(mark.span.file, mark.span.line, mark.span.symbol),
            {w.route for w in ways},
            message=f"{symbol} goes round without a pause while its work fails"
            if not socket
            else f"{symbol} goes on after every exception: once the client is gone, each receive fails at once",
            impact="a core is burned and the log is flooded while what it needs is away",
            solution="leave the loop on WebSocketDisconnect"
            if socket
            else "pause after the try, for failures too",
            known="static",
            confidence=0.85,
            chain=(*(ways[0].chain if ways else ()), Step("except Exception, without a pause", mark.span)),
            severity="note" if (not ways and is_aside(mark.span.file)) or _is_inward(project, mark) else None,
        )


def _is_inward(project: Project, mark: Mark) -> bool:
    """Whether what the loop does stays in memory: nothing that is away makes it fail again and again."""
    function = project.source.functions.get(mark.function)
    if function is None or mark.fact("kind") == "socket":
        return False
    return stays_inward(project, function, range(int(mark.fact("first")), int(mark.fact("last")) + 1))


EXAMPLES = (
    Example(
        "a poller that sleeps after success alone",
        plain("""
async def poll(fetch):
    while True:
        try:
            await fetch()
            await asyncio.sleep(30)
        except Exception as error:
            print("failed", error)
"""),
        bad=True,
    ),
    Example(
        "a pause for failures too",
        plain("""
async def poll(fetch):
    while True:
        try:
            await fetch()
        except Exception as error:
            print("failed", error)
        await asyncio.sleep(30)
"""),
        bad=False,
        mends="a poller that sleeps after success alone",
    ),
    Example(
        "a queue paces the loop",
        plain("""
async def work(queue, fetch):
    while True:
        try:
            job = await queue.get()
            await fetch(job)
            await asyncio.sleep(0.1)
        except Exception as error:
            print("failed", error)
"""),
        bad=False,
    ),
    Example(
        "each turn begins with the pause, and says so",
        plain("""
import logging

logger = logging.getLogger(__name__)


async def poll(fetch):
    while True:
        try:
            logger.info("sleeping")
            await asyncio.sleep(30)
            await fetch()
        except Exception as error:
            print("failed", error)
"""),
    ),
    Example(
        "a socket that is read after its end",
        plain("""
from fastapi import WebSocket


@app.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    while True:
        try:
            await socket.send_text(await socket.receive_text())
        except Exception as error:
            print("failed", error)
"""),
        bad=True,
    ),
    Example(
        "a socket whose end comes as a message",
        plain("""
from fastapi import WebSocket


@app.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    while True:
        try:
            message = await socket.receive()
            if message.get("type") == "websocket.disconnect":
                break
            await socket.send_text(message["text"])
        except Exception as error:
            print("failed", error)
"""),
        bad=False,
        mends="a socket that is read after its end",
    ),
    Example(
        "the last step leaves the loop",
        plain("""
async def drain(fetch):
    while True:
        try:
            more = await fetch()
            await asyncio.sleep(1)
            if more:
                continue
        except Exception as error:
            print("failed", error)
        break
"""),
        bad=False,
    ),
    Example(
        "success alone asks for another turn",
        plain("""
async def drain(fetch):
    again = True
    while again:
        again = False
        try:
            found = await fetch()
            if found == "more":
                await asyncio.sleep(1)
                again = True
        except Exception as error:
            print("failed", error)
"""),
        bad=False,
    ),
    Example(
        "another turn is asked for before the work is done",
        plain("""
async def drain(fetch, keep):
    again = True
    while again:
        again = False
        try:
            found = await fetch()
            again = bool(found)
            await keep(found)
            await asyncio.sleep(1)
        except Exception as error:
            print("failed", error)
"""),
        bad=True,
    ),
    Example(
        "a handler that goes round before the last step",
        plain("""
async def drain(fetch):
    while True:
        try:
            more = await fetch()
            await asyncio.sleep(1)
            if more:
                continue
        except Exception as error:
            print("failed", error)
            continue
        break
"""),
        bad=True,
    ),
    Example(
        "what it does stays in memory: a note",
        plain("""
import time

import httpx


class Board:
    def __init__(self):
        self.seen = {}
        self.tasks = set()

    async def forget(self):
        self.seen = {name: at for name, at in self.seen.items() if time.monotonic() - at < 60}

    def tell(self):
        task = asyncio.create_task(send(len(self.seen)))
        self.tasks.add(task)

    async def watch(self):
        while True:
            try:
                await self.forget()
                self.tell()
                await asyncio.sleep(30)
            except Exception as error:
                print("failed", error)


async def send(number):
    async with httpx.AsyncClient() as client:
        await client.post("https://board.example", json=number)
"""),
        bad=True,
    ),
    Example(
        "each caller gives it work that starts a task: a note",
        plain("""
import httpx

TASKS = set()


async def send():
    async with httpx.AsyncClient() as client:
        await client.post("https://board.example")


async def start():
    TASKS.add(asyncio.create_task(send()))


async def poll(work, seconds):
    while True:
        try:
            await work()
            await asyncio.sleep(seconds)
        except Exception as error:
            print("failed", error)


async def run():
    await poll(start, 30)
"""),
        bad=True,
    ),
    Example(
        "a caller gives it work that asks another service",
        plain("""
import httpx


async def send():
    async with httpx.AsyncClient() as client:
        await client.post("https://board.example")


async def poll(work, seconds):
    while True:
        try:
            await work()
            await asyncio.sleep(seconds)
        except Exception as error:
            print("failed", error)


async def run():
    await poll(send, 30)
"""),
        bad=True,
    ),
)
