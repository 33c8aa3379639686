"""The lifespan opens what it doesn't close.

**What.** A client, pool, executor or background task is made before the `yield` of the lifespan, and nothing after it closes
or cancels it; or several engines are opened and fewer disposed.

**Why it costs.** At the end of the process connections are cut instead of closed: the database logs broken clients,
messages that wait in a producer are lost, a task is destroyed in the middle of its work, tests complain of unclosed
resources.

**How it is found.** In the application's lifespan: names and attributes that are assigned something that has to be
closed before the `yield`, without a word of them after it and without `with`; and, through calls, engines that
start-up reaches against `dispose()` that shutdown reaches. Engines
in branches of one function that exclude each other are one.

**How to fix it.** `async with` around the `yield`, an `AsyncExitStack`, or closing in `finally`; each in a `try` of its
own, so that one failure doesn't keep the others open.

**When it is no problem.** What is handed to something that closes it. Engines are a note: their connections end with the process;
unless the shutdown disposes others, and these were forgotten.

**Sources.** SQLAlchemy, "Engine Disposal": https://docs.sqlalchemy.org/en/20/core/connections.html#engine-disposal ;
FastAPI, "Lifespan Events": https://fastapi.tiangolo.com/advanced/events/
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.exclusive import exclude
from strop.rules.rule import Rule
from strop.rules.wording import many
from strop.span import Span, Step

RULE = Rule(
    "RUN004", "not-closed-at-shutdown", "runtime", "warning", "What start-up opens stays open", static=True
)
WORDS = ("yield", "create_engine", "create_async_engine", "dispose")

_CLOSED = {  # what has to be closed, by the end of its dotted name
    "httpx.AsyncClient": "aclose()",
    "httpx.Client": "close()",
    "aiohttp.ClientSession": "close()",
    "aiohttp.client.ClientSession": "close()",
    "asyncpg.create_pool": "close()",
    "concurrent.futures.ThreadPoolExecutor": "shutdown()",
    "concurrent.futures.ProcessPoolExecutor": "shutdown()",
    "aiokafka.AIOKafkaProducer": "stop()",
    "aiokafka.AIOKafkaConsumer": "stop()",
    "redis.asyncio.Redis": "aclose()",
    "redis.asyncio.from_url": "aclose()",
    "redis.asyncio.Redis.from_url": "aclose()",
    "redis.asyncio.client.Redis": "aclose()",
    "redis.asyncio.client.Redis.from_url": "aclose()",
    "motor.motor_asyncio.AsyncIOMotorClient": "close()",
    "pymongo.AsyncMongoClient": "close()",
    "pymongo.MongoClient": "close()",
    "elasticsearch.AsyncElasticsearch": "close()",
    "sqlalchemy.ext.asyncio.create_async_engine": "dispose()",
    "sqlalchemy.create_engine": "dispose()",
    "psycopg_pool.AsyncConnectionPool": "close()",
    "psycopg_pool.ConnectionPool": "close()",
    "asyncio.create_task": "cancel()",
    "asyncio.ensure_future": "cancel()",
}
_FURTHEST = 4  # calls between the lifespan and an engine


def notice(body: Body) -> Iterator[Mark]:
    """Where engines are made and disposed; what a generator opens before its yield and forgets after it."""
    made: list[ast.Call] = []
    for call in body.calls("create_engine", "create_async_engine"):
        if body.name(call.func) in _CLOSED and not any(exclude(body, call, other) for other in made):
            made.append(call)
            yield body.mark(RULE.code, call, engine=body.text(call.func))
    for call in body.calls("dispose"):
        yield body.mark(RULE.code, call, disposes=body.text(call.func))
    pause = next(body.of(ast.Yield), None)
    if pause is None or body.function is None:
        return
    yield body.mark(RULE.code, pause, pauses=str(pause.lineno))
    for node in body.of(ast.Assign):
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if node.lineno > pause.lineno or not isinstance(value, ast.Call) or len(node.targets) != 1:
            continue
        end = _CLOSED.get(body.name(value.func), "") if _is_own(node.targets[0]) else ""
        name = ast.unparse(node.targets[0])
        if end and not _mentioned(body, name, pause.lineno) and not _handed_on(body, node, pause.lineno):
            yield body.mark(RULE.code, node, opens=name, end=end, text=body.text(value.func))


def _is_own(target: ast.expr) -> bool:
    """A local name, a global, or the application's state: what is put on another object is that object's to close."""
    return isinstance(target, ast.Name) or (
        isinstance(target, ast.Attribute) and ast.unparse(target.value).endswith("state")
    )


def _mentioned(body: Body, name: str, after: int) -> bool:
    """Whether anything after the yield speaks of it; the last part is enough: `app.state.client` may be `state.client`."""
    last = name.rpartition(".")[2]
    nodes = [*body.of(ast.Name), *body.of(ast.Attribute)]
    return any(
        n.lineno > after and (getattr(n, "id", "") == last or getattr(n, "attr", "") == last) for n in nodes
    )


def _handed_on(body: Body, made: ast.Assign, before: int) -> bool:
    """Whether something else takes it over: it is an argument or a context, not only put on the application."""
    name = made.targets[0]
    if not isinstance(name, ast.Name):
        return False
    for use in body.of(ast.Name):
        if use.id == name.id and isinstance(use.ctx, ast.Load) and use.lineno <= before:
            parent = body.parent(use)
            if isinstance(parent, (ast.Call, ast.keyword, ast.withitem, ast.List, ast.Tuple, ast.Yield)):
                return True
            if isinstance(parent, ast.Assign) and _mentioned(body, ast.unparse(parent.targets[0]), before):
                return True
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each thing that stays open; one for engines that outnumber their disposals."""
    marks = project.source.marks.get(RULE.code, ())
    for lifespan in _lifespans(project):
        opened = [m for m in marks if m.function == lifespan.id and m.fact("opens")]
        for mark in opened:
            verb = "cancels" if mark.fact("end") == "cancel()" else "closes"
            yield _finding(
                mark.span,
                f"nothing {verb} {mark.fact('opens')} after the yield: {mark.fact('text')}",
                mark.fact("end"),
                0.8,
            )
        if not any(m.fact("end") == "dispose()" for m in opened):
            yield from _engines(project, lifespan, marks)


def _engines(project: Project, lifespan: Function, marks: tuple[Mark, ...]) -> Iterator[Finding]:
    pause = next((int(m.fact("pauses")) for m in marks if m.function == lifespan.id and m.fact("pauses")), 0)
    makes = [m for m in marks if m.fact("engine")]
    ends = [m for m in marks if m.fact("disposes")]
    opened = _reached(project, lifespan, makes, lambda line: line < pause)
    disposed = _reached(project, lifespan, ends, lambda line: line > pause)
    if pause and len(opened) > 1 and len(disposed) < len(opened):
        message = (
            f"{many(len(opened), 'engine')} are opened before the yield, {len(disposed)} disposed after it"
        )
        chain = tuple(Step(m.fact("engine"), m.span) for m in opened)
        span = Span(lifespan.span.file, pause, lifespan.span.symbol)
        yield _finding(span, message, "dispose()", 0.75, chain, forgotten=bool(disposed))


def _reached(
    project: Project, lifespan: Function, marks: list[Mark], when: Callable[[int], bool]
) -> list[Mark]:
    """The marks that calls of the lifespan on these lines lead to, and those in the lifespan itself."""
    start = {c.target for c in lifespan.calls if c.target and when(c.span.line)}
    seen, waiting = set(start), [(target, 0) for target in sorted(start)]
    while waiting:
        here, depth = waiting.pop(0)
        function = project.source.functions.get(here)
        for call in function.calls if function is not None and depth < _FURTHEST else ():
            if call.target and call.target not in seen:
                seen.add(call.target)
                waiting.append((call.target, depth + 1))
    return [m for m in marks if m.function in seen or (m.function == lifespan.id and when(m.span.line))]


def _lifespans(project: Project) -> Iterator[Function]:
    """The function behind the application's lifespan, and those of applications beside it, by their name."""
    name = project.imported.lifespan.partition(",")[0]
    module, _, symbol = name.partition(":")
    main = project.source.functions.get(f"{project.source.modules.get(module, '')}:{symbol}")
    if main is not None:
        yield main
    for function in project.source.functions.values():
        named = function.span.symbol.rpartition(".")[2] == "lifespan"
        if named and function is not main and any(d.endswith("contextmanager") for d in function.decorators):
            yield function


def _finding(
    span: Span,
    message: str,
    end: str,
    confidence: float,
    chain: tuple[Step, ...] = (),
    forgotten: bool = False,
) -> Finding:
    engine = end == "dispose()"  # its connections end with the process, and the database sees that
    return draft(
        RULE,
        span,
        (),
        message=message,
        impact="at the end of the process connections are cut and work is dropped, instead of closed and finished",
        solution=f"{end} after the yield, in finally; or async with around the yield",
        known="static",
        confidence=confidence,
        chain=chain,
        severity="note" if engine and not forgotten else None,
    )


def _app(body: str) -> dict[str, str]:
    return {
        "main.py": f"""\
import asyncio
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI


async def refresh():
    while True:
        await asyncio.sleep(60)


@asynccontextmanager
async def lifespan(app):
{body}

app = FastAPI(lifespan=lifespan)
""",
    }


EXAMPLES = (
    Example(
        "a client that stays open", _app("    app.state.client = httpx.AsyncClient()\n    yield\n"), bad=True
    ),
    Example("a task that runs on", _app("    task = asyncio.create_task(refresh())\n    yield\n"), bad=True),
    Example(
        "one of two engines is disposed",
        {
            "main.py": """\
from contextlib import asynccontextmanager

from fastapi import FastAPI

from database import close, open_reader, open_writer


@asynccontextmanager
async def lifespan(app):
    open_writer()
    open_reader()
    yield
    await close()


app = FastAPI(lifespan=lifespan)
""",
            "database.py": """\
from sqlalchemy.ext.asyncio import create_async_engine

writer = None
reader = None


def open_writer():
    global writer
    writer = create_async_engine("postgresql+asyncpg://db/shop")


def open_reader():
    global reader
    reader = create_async_engine("postgresql+asyncpg://replica/shop")


async def close():
    await writer.dispose()
""",
        },
        bad=True,
    ),
    Example(
        "one engine, made in one of three ways",
        {
            "main.py": """\
from contextlib import asynccontextmanager

from fastapi import FastAPI

from database import close, start


@asynccontextmanager
async def lifespan(app):
    start("postgresql+asyncpg://db/shop")
    yield
    await close()


app = FastAPI(lifespan=lifespan)
""",
            "database.py": """\
from sqlalchemy.ext.asyncio import create_async_engine

engines = []


def make(url):
    if url.startswith("sqlite"):
        return create_async_engine(url)
    if url.endswith("replica"):
        engine = create_async_engine(url, pool_size=20)
    else:
        engine = create_async_engine(url, pool_size=5)
    return engine


def start(url):
    engines.append(make(url))


async def close():
    for engine in engines:
        await engine.dispose()
""",
        },
        bad=False,
    ),
    Example(
        "closed after the yield",
        _app("    app.state.client = httpx.AsyncClient()\n    yield\n    await app.state.client.aclose()\n"),
        bad=False,
        mends="a client that stays open",
    ),
    Example(
        "a context around the yield, and a task that is cancelled",
        _app(
            "    async with httpx.AsyncClient() as client:\n        app.state.client = client\n"
            "        task = asyncio.create_task(refresh())\n        yield\n        task.cancel()\n"
        ),
        bad=False,
    ),
)
