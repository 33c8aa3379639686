"""Requests write to a container or a counter that lives in one process.

**What.** A dict, list, set or number of a module or a class is changed by what a request runs, and other requests
read it: sessions, jobs, rate limits, connection counts, flags that an administrator sets.

**Why it costs.** Every worker and every replica has a copy of its own. A session that one worker made is unknown to
the next, a counter counts a part, a flag is set for some of the requests; a restart forgets all of it. Works with
one worker on a laptop, fails now and then in production.

**How it is found.** A container that a module's or a class's body makes, a function that a route reaches and that
adds to it, and another function that reads it; or a global number that such a function counts. The finding stands
where the container is made.

**How to fix it.** Keep it where all workers look: the database, Redis, a signed cookie. What must stay in the
process (sockets, tasks) needs a message to the others, or routing that is sticky on purpose.

**When it is no problem.** What belongs to a process anyway is not reported: tasks, locks, sockets, context
variables, objects that hold a socket, what is filled at import or start-up, caches that hold what can be computed
again, objects that every process makes alike (clients, one for each event loop), what a class only declares and `__init__`
of a class below it sets anew on each object. Neither is what requests only add
to and a task of the process alone reads and empties, nor a count that is only
logged or reported, one that makes numbers together with the worker's own, or a memory for the time without Redis. A note where nothing in
the repository starts several workers: no `--workers`, no `workers=`, no Gunicorn.

**Sources.** FastAPI, "Server Workers": https://fastapi.tiangolo.com/deployment/server-workers/ ;
https://github.com/fastapi/fastapi/issues/592
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.alone import note_alone
from strop.rules.code import reaches
from strop.rules.counted import counted, weighty
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.replicas import are_several, note_workers
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.stores import holds_bound, is_container, is_fallback, own, uses
from strop.rules.wording import listed
from strop.span import Step

RULE = Rule("STA001", "process-state", "state", "warning", "Requests share state of one process", static=True)
KINDS = ("function", "class", "module")

_ADDS = frozenset({"append", "appendleft", "extend", "add"})
_SMALL = 10  # routes: of fewer, "most of them" says nothing
_CACHES = (
    "cache",
    "memo",
    "registry",
    "registered",
    "loaded",
    "compiled",
    "metric",
    "stats",
    "seen_warn",
    "warned",
    "local_",
)


def notice(body: Body) -> Iterator[Mark]:
    """Where containers are made, every use of one, and where several workers are started."""
    yield from note_workers(body)
    yield from note_alone(body)
    if body.kind == "function":
        for use in uses(body):
            yield body.mark(
                RULE.code,
                use.node,
                store=use.store,
                how=use.how,
                text=body.brief(use.node, 60),
                given=_given(body, use.node),
                fallback=use.how == "grow" and is_fallback(body, use.node),
                of_object=not use.by_class,
                appends=_appends(use.node),
            )
        for store, node in own(body):
            yield body.mark(RULE.code, node, store=store, how="own")
        yield from counted(body, RULE.code)
        yield from weighty(body, RULE.code)
        return
    owner = body.module.name if body.owner is None else body.owner.name
    for node in body.node.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                bound = False
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
                bound = holds_bound(body.text(annotation))
            case _:
                continue
        number = isinstance(value, ast.Constant) and type(value.value) is int and body.kind == "module"
        if number or is_container(value):
            yield body.mark(RULE.code, node, made=f"{owner}.{name}", bound=bound, number=number)


def _appends(node: ast.AST) -> bool:
    """Whether this adds at the end, under no key: `X += [...]`, `X.append(...)`."""
    call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return isinstance(node, ast.AugAssign) or (call and node.func.attr in _ADDS)  # type: ignore[attr-defined]


def _given(body: Body, node: ast.AST) -> bool:
    """Whether the key was given to the function as a text, a number or something unknown."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Name):
        return False
    given = body.bindings(node.slice)
    kind = body.instance(node.slice).rpartition(".")[2]
    return all(b.how == "annotation" for b in given) and kind in (
        "str",
        "int",
        "UUID",
        "bytes",
        "tuple",
        "EmailStr",
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each container or counter."""
    made, used = gather(project)
    groups: list[list[_Store]] = []
    for store, mark in made.items():
        ways = _written(project, mark, used.get(store, [])) if not _is_cache(store) else []
        if ways:
            _join(groups, _Store(store.rpartition(".")[2], mark, tuple(ways)))
    several = are_several(project)
    for group in groups:
        yield _finding(group, several=several)


class _Store(Struct, frozen=True):
    """A container, where it is made, and on which ways requests write to it."""

    name: str
    mark: Mark
    ways: tuple[tuple[Mark, Reach], ...]

    @property
    def routes(self) -> set[str]:
        return {way.route for _, way in self.ways}


def _join(groups: list[list[_Store]], store: _Store) -> None:
    """Containers of one file that the same requests write to are one piece of state."""
    for group in groups:
        if any(o.mark.span.file == store.mark.span.file and o.routes & store.routes for o in group):
            group.append(store)
            return
    groups.append([store])


def _written(project: Project, made: Mark, marks: list[Mark]) -> list[tuple[Mark, Reach]]:
    """The ways on which requests change what other requests read."""
    if made.fact("bound") or any(m.fact("how") == "bound" for m in marks):
        return []
    if not (any(m.fact("how") == "read" for m in marks) if made.fact("number") else read_elsewhere(marks)):
        return []
    wanted = ("count",) if made.fact("number") else ("grow", "count")
    owned = any(m.fact("how") == "own" for m in marks)
    changed = [m for m in marks if m.fact("how") in wanted and not m.fact("fallback")]
    kept = [m for m in changed if not (owned and m.fact("of_object"))]
    ways = [(m, w) for m in kept for w in requests_to(project, m)]
    if _is_drained(project, marks, kept):
        return []
    return [] if _is_emptied(project, marks, {w.route for _, w in ways}) else ways


def _is_drained(project: Project, marks: list[Mark], changed: list[Mark]) -> bool:
    """Whether requests only add to it, and each process takes out its own by the clock: no request looks into it."""
    others = {m.function for m in marks if m.fact("how") in ("read", "shrink")}
    takes = {m.function for m in marks if m.fact("how") == "shrink"}
    alone = all(_is_unserved(project, function) for function in others)
    return bool(takes) and alone and all(m.fact("appends") for m in changed)


def _is_unserved(project: Project, function: str) -> bool:
    """Whether no request runs a function, and no call of what can't be told may mean it."""
    served = reaches(project, function, ("loop", "thread", "background"))
    last = function.rpartition(":")[2].rpartition(".")[2]
    return not served and not project.source.functions.mentioned(last)


def _is_emptied(project: Project, marks: list[Mark], routes: set[str]) -> bool:
    """What nearly every request puts in and takes out again is bookkeeping of the request."""
    taken = {w.route for m in marks if m.fact("how") == "shrink" for w in requests_to(project, m)}
    return 2 * len(routes) > len(project.imported.routes) > _SMALL and routes <= taken


def gather(project: Project) -> tuple[dict[str, Mark], dict[str, list[Mark]]]:
    """Where each container is made, and all uses of it."""
    made: dict[str, Mark] = {}
    used: dict[str, list[Mark]] = defaultdict(list)
    for mark in project.source.marks.get(RULE.code, ()):
        if mark.fact("made"):
            made.setdefault(mark.fact("made"), mark)
        else:
            used[mark.fact("store")].append(mark)
    return made, used


def read_elsewhere(marks: list[Mark]) -> bool:
    """Whether a function that doesn't fill the container looks into it: it is state, not a memory of results."""
    writers = {m.function for m in marks if m.fact("how") in ("grow", "count", "bound")}
    return any(m.fact("how") == "read" and m.function not in writers for m in marks)


def requests_to(project: Project, mark: Mark) -> list[Reach]:
    """The ways on which a request comes to a mark, the shortest first."""
    return reaches(project, mark.function, ("loop", "thread", "background"))


def _is_cache(store: str) -> bool:
    """Whether its name, or that of its module, says that it may be lost: a cache, a count for a report, a copy."""
    return any(word in ".".join(store.split(".")[-2:]).lower() for word in _CACHES)


def _finding(group: list[_Store], *, several: bool) -> Finding:
    ways = [pair for store in group for pair in store.ways]
    write, way = min(ways, key=lambda pair: (len(pair[1].chain), pair[1].route, pair[0].span))
    names = [store.name for store in group]
    live = "lives" if len(names) == 1 else "live"
    symbol = write.function.partition(":")[2]
    return draft(
        RULE,
        group[0].mark.span,
        {w.route for _, w in ways},
        message=f"{listed(names)} {live} in one process, and {symbol} changes it for a request: {write.fact('text')}",
        impact="each worker and replica has its own copy: what one request stored, the next may not find; a restart loses it",
        solution="keep it in the database or in Redis, or say in a comment that there is one process by design",
        known="static",
        confidence=0.75,
        chain=(*way.chain, Step(write.fact("text"), write.span)),
        facts={"stores": ", ".join(names), "function": write.function},
        severity=None if several else "note",
    )


_WORKERS = {"Procfile": "web: uvicorn main:app --workers 4\n"}

EXAMPLES = (
    Example(
        "sessions in a dict",
        plain("""
sessions: dict[str, str] = {}


@app.post("/login")
async def login(name: str):
    sessions["token-" + name] = name
    return "token-" + name


@app.get("/me")
async def me(token: str):
    if token not in sessions:
        raise HTTPException(401)
    return sessions[token]
""")
        | _WORKERS,
        bad=True,
    ),
    Example(
        "gathered for a task of the process that sends it off",
        plain("""
import threading

visits: list[str] = []


def send():
    print(len(visits))
    visits.clear()


threading.Timer(60, send).start()


@app.get("/beds/{name}")
async def read_bed(name: str):
    visits.append(name)
    return name
""")
        | _WORKERS,
    ),
    Example(
        "gathered for a task, and read by a request too",
        plain("""
import threading

visits: list[str] = []


def send():
    print(len(visits))
    visits.clear()


threading.Timer(60, send).start()


@app.get("/beds/{name}")
async def read_bed(name: str):
    visits.append(name)
    return name


@app.get("/visits")
async def read_visits():
    return visits[-10:]
""")
        | _WORKERS,
        bad=True,
    ),
    Example(
        "nothing starts several workers: a note",
        plain("""
drafts: dict[str, str] = {}


@app.put("/drafts/{name}")
async def keep_draft(name: str, text: str):
    drafts[name] = text
    return True


@app.get("/drafts/{name}")
async def read_draft(name: str):
    return drafts.get(name, "")
"""),
        bad=True,
    ),
    Example(
        "only where there is no Redis",
        plain("""
import os

states: dict[str, str] = {}
redis = None


async def keep_state(name: str, value: str):
    if redis is not None:
        await redis.set(name, value)
        return
    states[name] = value


@app.get("/authorize")
async def authorize(name: str):
    await keep_state(name, "asked")
    return True


@app.get("/callback")
async def callback(name: str):
    return states.pop(name, None)
""")
        | _WORKERS,
        bad=False,
    ),
    Example(
        "a count of the process",
        plain("""
served = 0


def count():
    global served
    served += 1


@app.get("/ticket")
async def ticket():
    count()
    return served
""")
        | _WORKERS,
        bad=True,
    ),
    Example(
        "sessions in the database",
        plain(
            """
from store import find_session, save_session


@app.post("/login")
async def login(name: str):
    return await save_session(name)


@app.get("/me")
async def me(token: str):
    name = await find_session(token)
    if name is None:
        raise HTTPException(401)
    return name
""",
            store="""
async def save_session(name):
    return "token"


async def find_session(token):
    return None
""",
        ),
        bad=False,
        mends="sessions in a dict",
    ),
    Example(
        "tasks that are held until they end, handlers that are registered at import",
        plain("""
running = set()
handlers = {}


def handles(kind):
    def register(function):
        handlers[kind] = function
        return function

    return register


@handles("mail")
async def send_mail():
    await asyncio.sleep(0)


@app.post("/jobs/{kind}")
async def start(kind: str):
    task = asyncio.create_task(handlers[kind]())
    running.add(task)
    task.add_done_callback(running.discard)
    return len(running)
"""),
        bad=False,
    ),
    Example(
        "a memory of results that one function keeps",
        plain("""
parsed = {}


def parse(name: str):
    if name in parsed:
        return parsed[name]
    parsed[name] = name.split("-")
    return parsed[name]


@app.get("/parts/{name}")
async def parts(name: str):
    return parse(name)
"""),
        bad=False,
    ),
    Example(
        "a count for the log, numbers of a worker, a client of each event loop",
        plain("""
import logging
import os

hits = 0
made = 0
clients = {}


class Client:
    async def ask(self):
        return 1


async def client():
    loop = id(asyncio.get_running_loop())
    if loop not in clients:
        clients[loop] = Client()
    return clients[loop]


async def close():
    for each in clients.values():
        await each.ask()


def number():
    global made
    made += 1
    return os.getpid() << 20 | made


@app.get("/answer")
async def answer():
    global hits
    hits += 1
    if hits % 50 == 0:
        logging.info("%s hits", hits)
    return number(), await (await client()).ask()
"""),
        bad=False,
    ),
    Example(
        "declared above, and set anew on each object",
        plain("""
class Document:
    changed: list[str] = []

    def change(self, name: str):
        self.changed.append(name)

    def told(self):
        return list(self.changed)


class Letter(Document):
    def __init__(self, changed: list[str]):
        self.changed = changed


@app.post("/letters/{name}")
async def change_letter(name: str):
    letter = Letter([])
    letter.change(name)
    return letter.told()
""")
        | _WORKERS,
        bad=False,
    ),
    Example(
        "declared in a class, and one for all its objects",
        plain("""
class Document:
    changed: list[str] = []

    def change(self, name: str):
        self.changed.append(name)

    def told(self):
        return list(self.changed)


class Letter(Document):
    def __init__(self, name: str):
        self.name = name


@app.post("/letters/{name}")
async def change_letter(name: str):
    letter = Letter(name)
    letter.change(name)
    return letter.told()
""")
        | _WORKERS,
        bad=True,
    ),
    Example(
        "a channel that holds its socket",
        plain("""
from fastapi import WebSocket

channels = {}


class Channel:
    def __init__(self, socket: WebSocket):
        self.socket: WebSocket = socket


@app.websocket("/channels/{name}")
async def listen(socket: WebSocket, name: str):
    await socket.accept()
    channel = Channel(socket)
    channels[name] = channel


@app.post("/channels/{name}")
async def send(name: str):
    await channels[name].socket.send_text("hello")
"""),
        bad=False,
    ),
)
