"""A request waits until a mail server, or the receiver of a webhook, has answered.

**What.** A route sends a mail, or posts to a hook whose address somebody stored, before it answers, in a project that has background
tasks or a queue.

**Why it costs.** The answer is as slow as somebody else's server: a mail server takes a second on a good day, a dead receiver
takes the whole timeout. For that long a thread or a connection of the pool is taken. And what was done is answered with an error,
because the message about it failed.

**How it is found.** Calls that send mail (smtplib, aiosmtplib, fastapi-mail, emails, SendGrid, Resend, SES) and POSTs to the address of
a stored hook, reached by a route before its answer; nobody on the way
uses what the call gives. The project hands
other work to `BackgroundTasks`, Celery, Dramatiq, RQ, ARQ or Taskiq.

Left alone: routes that are there to try the sending, those whose answer says whether it was sent, and what a task of its own sends
(`asyncio.create_task`). A note where the mail is all that the route does: it changes no rows, and what comes after is an answer without a value.

**How to fix it.** `background_tasks.add_task(send, ...)`, or the project's queue where a message must not be lost.

**When it is no problem.** A local relay that only takes the message over.

**Sources.** FastAPI, "Background Tasks": https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name, targets_of
from strop.project.walk import walk
from strop.regex import regex
from strop.rules.code import function_at, reaches
from strop.rules.example import Example
from strop.rules.led import leads, leads_change
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.seldom import is_afterwards
from strop.rules.spawned import leads_through_task
from strop.rules.syntax import function_node
from strop.rules.told import marks, tell
from strop.span import Step

RULE = Rule(
    "HTTP006", "mail-awaited", "http", "warning", "An answer waits for a mail server or a hook", static=True
)
_MAILS = frozenset({
    "smtplib.SMTP.send_message", "smtplib.SMTP.sendmail", "smtplib.SMTP_SSL.send_message", "smtplib.SMTP_SSL.sendmail",
    "aiosmtplib.send", "aiosmtplib.SMTP.send_message", "aiosmtplib.SMTP.sendmail", "fastapi_mail.FastMail.send_message",
    "emails.Message.send", "emails.message.Message.send", "emails.html.send", "sendgrid.SendGridAPIClient.send",
    "resend.Emails.send", "resend.Emails.send_async", "resend.Batch.send", "resend.Batch.send_async", "boto3.client.send_email", "boto3.client.send_raw_email",
})  # fmt: skip
_CLIENTS = (
    "requests",
    "requests.Session",
    "httpx",
    "httpx.Client",
    "httpx.AsyncClient",
    "aiohttp.ClientSession",
)
_POSTS = frozenset(f"{client}.post" for client in _CLIENTS)
_LATER = frozenset(
    {"delay", "apply_async", "enqueue", "enqueue_job", "kiq", "send_task", "send_with_options"}
)
_THREADS = frozenset({"run_in_executor", "run_in_threadpool", "to_thread"})
_WORK = frozenset({"calls", "queries", "commits"})
WORDS = (*{name.rpartition(".")[2] for name in _MAILS}, "post", "add_task", "BackgroundTask", *_LATER)
_HOOK = regex(r"web_?hook|call_?back|(^|_)hook", re.IGNORECASE)
_FIXED = regex(
    r"^(self|settings?|config|conf|cfg|env|os|app_settings|constants?)$|slack|discord|teams", re.IGNORECASE
)
_FAILS = ", and fails with it after its work is done"
_TRIES = regex(r"test|try|verify|check|preview|ping|health|contact|feedback|support", re.IGNORECASE)


def notice(body: Body) -> Iterator[Mark]:
    """What sends mails and tells hooks, and what hands work to run after the answer."""
    for call in body.calls("add_task", "BackgroundTask", *_LATER):
        if body.function is not None and _is_later(body, call):
            first = last_name(call.args[0]) if call.args else ""
            fits = first not in _THREADS and _is_known(body, call)
            yield body.mark(RULE.code, call, kind="later", text=body.brief(call, 90), fits=fits)
            break
    for call in body.calls(*{name.rpartition(".")[2] for name in _MAILS}, "post"):
        name = body.name(call.func)
        if name in _MAILS:
            yield body.mark(
                RULE.code,
                call,
                kind="sends",
                what="a mail server",
                text=body.brief(call, 90),
            )
        elif name in _POSTS and _is_hook(body, call):
            yield body.mark(
                RULE.code,
                call,
                kind="sends",
                what="whoever has the hook",
                text=body.brief(call, 90),
            )


def _is_later(body: Body, call: ast.Call) -> bool:
    """Whether a call hands work on; an `add_task` of something else, a progress bar's, does not."""
    if last_name(call.func) in _LATER or _is_known(body, call):
        return True
    owner = body.instance(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    return not owner and "task" in ast.unparse(call.func).lower()


def _is_known(body: Body, call: ast.Call) -> bool:
    """Whether it is certain that a call hands work on: a queue's, or one of Starlette's background tasks."""
    owner = body.instance(call.func.value) if isinstance(call.func, ast.Attribute) else body.name(call.func)
    return last_name(call.func) in _LATER or owner.endswith((".BackgroundTasks", ".BackgroundTask"))


def _is_hook(body: Body, call: ast.Call) -> bool:
    """Whether a POST goes to the address of a stored hook: `hook.url`, `order.callback_url`."""
    given = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "url"), None)
    shown = body.value(given) if given is not None else None
    while isinstance(shown, ast.Call) and len(shown.args) == 1:  # str(hook.url)
        shown = shown.args[0]
    if not isinstance(shown, ast.Attribute):
        return False
    names = [last_name(n) for n in walk(shown)]
    return any(map(_HOOK.search, names)) and not any(map(_FIXED.search, filter(None, names)))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function that sends, with the routes that wait for it."""
    later = list(marks(project, RULE, "later"))
    protection = Protection.of(project)
    told: set[str] = set()
    for mark in marks(project, RULE, "sends") if later else ():
        if mark.function in told:
            continue
        sends = Step(mark.fact("text"), mark.span)
        ways = [w for w in reaches(project, mark.function, ("loop", "thread")) if _waits(project, w, sends)]
        if not ways:
            continue
        told.add(mark.function)
        quiet = protection.are_for_operators(ways) or all(_is_all_done(project, w, sends) for w in ways)
        yield tell(
            RULE,
            mark,
            ways,
            message=f"the answer waits for {mark.fact('what')}: {mark.fact('text')}",
            impact="the route is as slow as somebody else's server"
            + ("" if all(_is_caught(project, w, sends) for w in ways) else _FAILS),
            solution=f"hand it to run after the answer, {_shown(later)}",
            confidence=0.8,
            severity="note" if quiet else None,
        )


def _shown(later: list[Mark]) -> str:
    """How the project certainly does it elsewhere; what hands a thread over would not run an `async def`."""
    first = min((m for m in later if m.fact("fits")), key=lambda m: m.span, default=None)
    if first is None:
        return "as background_tasks.add_task(f, ...)"
    return f"as {first.fact('text')} ({first.span.file}:{first.span.line}) does"


def _is_all_done(project: Project, way: Reach, sends: Step) -> bool:
    """Whether the mail is all that a handler does: it changes no rows, and only an answer without a value comes after."""
    step = next(iter(way.chain[1:]), sends)
    function = function_at(project, step.span)
    node = function_node(project, function) if function is not None else None
    if function is None or node is None:
        return False
    after = [c for c in function.calls if c.span.line > max(step.span.line, step.span.end_line)]
    if any(leads_change(project, c) for c in function.calls) or any(leads(project, c) & _WORK for c in after):
        return False
    returned = [n.value for n in walk(node) if isinstance(n, ast.Return) and n.lineno > step.span.line]
    return all(value is None or not _has_value(value) for value in returned)


def _has_value(answer: ast.expr) -> bool:
    """Whether an answer says more than was clear before: anything but constants."""
    parts = [*answer.args, *(k.value for k in answer.keywords)] if isinstance(answer, ast.Call) else [answer]
    return any(isinstance(n, ast.Name | ast.Call) for part in parts for n in walk(part))


def _waits(project: Project, way: Reach, sends: Step) -> bool:
    """Whether a client waits on this way, and not for the news whether it was sent: from the sending outwards,
    a call whose result nobody uses comes before one whose result decides, or whose failure is answered.
    """
    if _TRIES.search(way.route) or is_afterwards(project, way) or leads_through_task(project, way):
        return False
    if _fate(project, sends) == "told":
        return False
    fates = (_fate(project, step) for step in reversed(way.chain[1:]))
    return next((fate == "dropped" for fate in fates if fate != "returned"), len(way.chain) == 1)


def _fate(project: Project, step: Step) -> str:
    """What becomes of what a call gives: "dropped", "returned" to the next caller, or "told", by a value or by an `except`."""
    function = function_at(project, step.span)
    node = function_node(project, function) if function is not None else None
    if node is None:
        return "dropped"
    for statement in walk(node):
        match statement:
            case ast.Try(body=body) if _answers(statement) and any(_is_at(s, step) for s in body):
                return "told"
            case ast.Return(value=ast.expr() as value) if _is_at(value, step):
                return "returned"
            case ast.If(test=value) | ast.While(test=value) if _is_at(value, step):
                return "told"
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if _is_at(value, step):
                return "told" if _is_read(node, statement) else "dropped"
    return "dropped"


def _is_caught(project: Project, way: Reach, sends: Step) -> bool:
    """Whether a failure ends on the way: in an `except` of everything, as no other leads to an answer."""
    for step in (*way.chain[1:], sends):
        function = function_at(project, step.span)
        node = function_node(project, function) if function is not None else None
        tries = (n for n in walk(node) if isinstance(n, ast.Try)) if node is not None else ()
        if any(any(_is_at(s, step) for s in t.body) and _takes_all(t) for t in tries):
            return True
    return False


def _takes_all(statement: ast.Try) -> bool:
    """Whether nothing that fails in it is raised further."""
    every = (
        h for h in statement.handlers if h.type is None or last_name(h.type) in ("Exception", "BaseException")
    )
    return any(not any(isinstance(n, ast.Raise) for n in walk(h)) for h in every)


def _answers(statement: ast.Try) -> bool:
    """Whether an `except` raises or returns something: the client is told."""
    return any(isinstance(n, ast.Raise | ast.Return) for h in statement.handlers for n in walk(h))


def _is_at(node: ast.AST, step: Step) -> bool:
    line = step.span.line
    return any(isinstance(n, ast.Call) and n.lineno == line for n in walk(node))


def _is_read(node: ast.AST, assign: ast.Assign | ast.AnnAssign) -> bool:
    """Whether a name that is assigned here is read anywhere in the function."""
    targets = targets_of(assign)
    names = {n.id for t in targets for n in walk(t) if isinstance(n, ast.Name)}
    return any(isinstance(n, ast.Name) and n.id in names and isinstance(n.ctx, ast.Load) for n in walk(node))


_MAIL = """
import smtplib
from email.message import EmailMessage

from fastapi import BackgroundTasks


def write(to: str, text: str) -> None:
    message = EmailMessage()
    message["To"] = to
    message.set_content(text)
    with smtplib.SMTP("mail.example", timeout=10) as server:
        server.send_message(message)


def count(name: str) -> None:
    Path("counts").write_text(name)


@app.post("/visits")
def visit(name: str, background: BackgroundTasks):
    background.add_task(count, name)


"""

EXAMPLES = (
    Example(
        "a mail before the answer",
        plain(
            _MAIL
            + """
@app.post("/orders")
def order(address: str):
    number = len(address)
    write(address, f"Thank you for order {number}")
    return {"number": number}
"""
        ),
        bad=True,
    ),
    Example(
        "a hook that a customer has stored",
        plain(
            _MAIL
            + """
from dataclasses import dataclass

import httpx


@dataclass
class Subscriber:
    webhook_url: str


@app.post("/orders")
async def order(number: int):
    for subscriber in (Subscriber("https://a.example"),):
        async with httpx.AsyncClient(timeout=5) as client:
            await client.post(subscriber.webhook_url, json={"number": number})
    return {"number": number}
"""
        ),
        bad=True,
    ),
    Example(
        "after the answer",
        plain(
            _MAIL
            + """
@app.post("/orders")
def order(address: str, background: BackgroundTasks):
    number = len(address)
    background.add_task(write, address, f"Thank you for order {number}")
    return {"number": number}
"""
        ),
        mends="a mail before the answer",
    ),
    Example(
        "no background tasks, but those of a progress bar",
        plain(
            _MAIL[: _MAIL.index("def count")].replace(
                "from fastapi import BackgroundTasks", "from rich.progress import Progress"
            )
            + """
def load(names: list[str]) -> None:
    with Progress() as progress:
        progress.add_task("names", total=len(names))


@app.post("/orders")
def order(address: str):
    write(address, "Thank you for the order")
    return {"number": len(address)}
"""
        ),
    ),
    Example(
        "a task of its own",
        plain(
            _MAIL
            + """
async def greet(address: str):
    write(address, "Welcome")


@app.post("/orders")
async def order(address: str):
    task = asyncio.create_task(greet(address))
    TASKS.add(task)
    return {"number": len(address)}


TASKS: set[asyncio.Task[None]] = set()
"""
        ),
    ),
    Example(
        "tasks that are awaited where they are made",
        plain(
            _MAIL
            + """
async def greet(address: str):
    write(address, "Welcome")


@app.post("/orders")
async def order(address: str):
    await asyncio.gather(asyncio.create_task(greet(address)))
    return {"number": len(address)}
"""
        ),
        bad=True,
    ),
    Example(
        "a group of tasks, which waits for them",
        plain(
            _MAIL
            + """
async def greet(address: str):
    write(address, "Welcome")


@app.post("/orders")
async def order(address: str):
    async with asyncio.TaskGroup() as group:
        group.create_task(greet(address))
    return {"number": len(address)}
"""
        ),
        bad=True,
    ),
    Example(
        "all that the route does: a note",
        plain(
            _MAIL
            + """
@app.post("/reminders")
def remind(address: str):
    write(address, "Water the plants")
    return {"sent": True}
"""
        ),
        bad=True,
    ),
    Example(
        "the mail's number is kept, and a failure is answered",
        plain(
            _MAIL
            + """
import resend


@app.post("/invitations")
def invite(address: str):
    try:
        sent = resend.Emails.send({"to": [address]})
    except OSError as error:
        raise HTTPException(502, "no mail server") from error
    return {"number": sent["id"]}
"""
        ),
    ),
    Example(
        "a route that tries the settings, and one that says whether it was sent",
        plain(
            _MAIL
            + """
@app.post("/settings/mail/test")
def try_mail(address: str):
    write(address, "It works")


@app.post("/letters")
def letter(address: str):
    try:
        write(address, "Dear reader")
    except OSError as error:
        raise HTTPException(502, "no mail server") from error
"""
        ),
    ),
)
