"""A failure is answered with status 200.

**What.** `return {"error": "not found"}` or `{"success": False, ...}` from a route, without a status.

**Why it costs.** Clients, caches, retries and monitors go by the status: to them all went well. Each client has to know this body.

**How it is found.** Dictionaries with an error in them that a route returns from an `except` or from a branch, or that a JSONResponse without status
carries.

**How to fix it.** `raise HTTPException(...)` with the status that says what happened.

**When it is no problem.** A route whose answer is the result of a test (`/check-connection`, a health check), JSON-RPC, a webhook whose sender would
try again, a status set on the response, a branch for None of what was used before. A note where it is meant: status 200 is written out, the declared answer has a field for it, the answer is nothing but `{"success": False}` where a success says `{"success": True}`, the path says `debug`, or
only administrators ask. So is what a route answers without an optional package (`except ImportError`): what a success has, empty, and an error beside it;
then that is the answer to its other failures, too.

**Sources.** RFC 9110, "Status Codes": https://www.rfc-editor.org/rfc/rfc9110#name-status-codes
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.answers import argument, response_content, response_status, responses
from strop.rules.caught import caught_names
from strop.rules.endpoint import Endpoint, endpoint
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.ruled_out import is_ruled_out
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to
from strop.rules.wording import many

RULE = Rule("ERR004", "error-as-200", "errors", "warning", "An error is answered with 200", static=True)
WORDS = ("error", "errors", "success", "ok", "status", "failed")
_ASKS = regex(
    r"test|check|valid|verif|health|status|probe|diagnos|ping|webhook|callback|hook|rpc|mcp|preview|dry|ready|live|monitor|detect|discover",
    re.I,
)
_DEBUGS = regex(
    r"(^|/|_|-)debug(/|_|-|$)", re.I
)  # whoever builds it reads the answer, no client goes by its status
# what a webhook's handler speaks of: its sender would try again what is refused
_HOOKS = frozenset({"construct_event", "webhook", "webhooks", "Webhook", "svix", "hmac", "compare_digest"})
_REASONS = frozenset({"detail", "error", "message", "msg", "reason"})
HABIT = 12  # routes of a project; where more do it, it is said once
_FLAGS = ("success", "ok")
_ERRORS = ("error", "errors")
_BAD_VALUES = frozenset({"error", "failed", "failure", "fail"})


def notice(body: Body) -> Iterator[Mark]:
    """Errors that a route answers without a status."""
    route = endpoint(body)
    if (
        route is None
        or _ASKS.search(f"{body.symbol} {route.path}")
        or _sets_status(body)
        or _HOOKS & body.words
    ):
        return
    told = _is_told(body, route)
    answers = list(_answers(body, route))
    kept = {key for _, content in answers for key in _ERRORS if _is_empty(content, key)}
    agreed = {flag for _, content in answers for flag in _FLAGS if _says(content, flag, value=True)}
    degraded = set(_degraded(body, answers))
    for returned, content in answers:
        branch = body.within(returned, ast.ExceptHandler, ast.If)
        if _is_error(content) and branch is not None and not is_ruled_out(body, returned):
            meant = (
                told
                or bool(_DEBUGS.search(route.path))
                or _is_flag(content, agreed)
                or _has(content, kept)
                or _without_errors(content) in degraded
                or (isinstance(returned, ast.Call) and argument(returned, 1, "status_code") is not None)
            )
            yield body.mark(RULE.code, returned, text=body.brief(returned, 90), meant=meant)


def _degraded(body: Body, answers: list[tuple[ast.AST, ast.Dict]]) -> Iterator[frozenset[object]]:
    """The keys that a success has, and that are answered with nothing in them where an optional package is missing."""
    whole = {_without_errors(each) for each in body.of(ast.Dict) if not _is_error(each)}
    for returned, content in answers:
        handler = body.within(returned, ast.ExceptHandler)
        keys = _without_errors(content)
        if handler is None or not keys or keys not in whole or not _is_error(content):
            continue
        if set(caught_names(body, handler)) & {"ImportError", "ModuleNotFoundError"}:
            yield keys


def _without_errors(content: ast.Dict) -> frozenset[object]:
    keys = {k.value for k in content.keys if isinstance(k, ast.Constant)}
    return frozenset(keys - set(_ERRORS)) if len(keys) == len(content.keys) else frozenset()


def _answers(body: Body, route: Endpoint) -> Iterator[tuple[ast.AST, ast.Dict]]:
    if route.status() == 200:
        for returned in body.of(ast.Return):
            if isinstance(returned.value, ast.Dict):
                yield returned, returned.value
    for call in responses(body):
        content = response_content(call)
        if isinstance(content, ast.Dict) and response_status(body, call) == 200:
            yield call, content


def _is_flag(content: ast.Dict, agreed: set[str]) -> bool:
    """Whether a failure is nothing but the flag that a success sets too: clients go by it. A reason beside it is an error's."""
    return len(content.keys) == 1 and any(_says(content, flag, value=False) for flag in agreed)


def _has(content: ast.Dict, keys: set[str]) -> bool:
    """Whether it has what a success has too, with nothing in it: clients look there, and read the rest by the same name."""
    return any(isinstance(k, ast.Constant) and k.value in keys for k in content.keys)


def _is_empty(content: ast.Dict, key: str) -> bool:
    return any(
        isinstance(k, ast.Constant) and k.value == key and isinstance(v, ast.Constant) and not v.value
        for k, v in zip(content.keys, content.values, strict=True)
    )


def _says(content: ast.Dict, flag: str, *, value: bool) -> bool:
    return any(
        isinstance(k, ast.Constant) and k.value == flag and isinstance(v, ast.Constant) and v.value is value
        for k, v in zip(content.keys, content.values, strict=True)
    )


def _is_told(body: Body, route: Endpoint) -> bool:
    """Whether the declared answer has a field for it: then it is a result that clients are told of."""
    declared = [route.keyword("response_model"), getattr(body.node, "returns", None)]
    for name in (body.name(each) for each in declared if each is not None):
        found = body.types.found.classes.get(name)
        if found is not None and found.scope.names.keys() & {"success", "ok", "error", "errors", "status"}:
            return True
    return False


def _is_error(content: ast.Dict) -> bool:
    pairs = {
        k.value: v for k, v in zip(content.keys, content.values, strict=True) if isinstance(k, ast.Constant)
    }
    if "jsonrpc" in pairs or len(pairs) < len(content.keys):
        return False
    for key in _ERRORS:
        value = pairs.get(key)
        if isinstance(value, ast.JoinedStr | ast.Dict) or (
            isinstance(value, ast.Constant) and isinstance(value.value, str)
        ):
            return bool(not isinstance(value, ast.Constant) or value.value)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "str":
            return True
    if any(_says(content, flag, value=False) for flag in _FLAGS):
        return True
    value = pairs.get("status")  # beside a reason: alone it may be the state of what was asked for
    return isinstance(value, ast.Constant) and value.value in _BAD_VALUES and bool(_REASONS & pairs.keys())


def _sets_status(body: Body) -> bool:
    return any(isinstance(a.ctx, ast.Store) and a.attr == "status_code" for a in body.of(ast.Attribute))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each route; one in all where it is how the project answers."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks(project, RULE):
        found[mark.function].append(mark)
    habit = [said for here in found.values() if (said := _loud(here)) is not None]
    if len(habit) > HABIT:
        yield _habit(project, habit)
        return
    for function, here in found.items():
        loud = [mark for mark in here if not mark.fact("meant")]
        ways = ways_to(project, function)
        quiet = not loud or Protection.of(project).are_for_operators(ways)
        yield tell(
            RULE,
            (loud or here)[0],
            ways,
            message=f"{(loud or here)[0].fact('text')} is answered with status 200",
            impact="clients, retries and monitors take the failure for a success",
            solution="raise HTTPException with the status that says what happened",
            confidence=0.75,
            severity="note" if quiet else None,
        )


def _loud(here: list[Mark]) -> Mark | None:
    """The first place of a route that is not declared as a result."""
    return next((mark for mark in here if not mark.fact("meant")), None)


def _habit(project: Project, habit: list[Mark]) -> Finding:
    """What so many routes do is a contract that clients know: one decision, whatever the number of places."""
    first, *others = sorted(habit, key=lambda mark: mark.span)
    ways = [way for mark in habit for way in ways_to(project, mark.function)]
    return tell(
        RULE,
        first,
        ways,
        message=f"{first.fact('text')} is answered with status 200; so are errors of {many(len(others), 'route')} beside it",
        impact="retries and monitors take the failures for successes, and every client has to read the body",
        solution="decide once: an exception handler that gives the same body with the status that says what happened",
        confidence=0.75,
        places=[mark.span for mark in others],
    )


_HABIT = "\n\n".join(
    f"""@app.get("/words/{n}/{{name}}")
def read_word_{n}(name: str):
    if name not in WORDS:
        return {{"error": "No such word"}}
    return WORDS[name]
"""
    for n in range(HABIT + 1)
)
EXAMPLES = (
    Example("how a project answers: one finding", plain("WORDS = {}\n\n\n" + _HABIT), bad=True),
    Example(
        "not found with 200",
        plain("""
WORDS = {"a": 1}


@app.get("/words/{name}")
def read_word(name: str):
    if name not in WORDS:
        return {"error": "No such word"}
    return {"word": WORDS[name]}
"""),
        bad=True,
    ),
    Example(
        "404",
        plain("""
WORDS = {"a": 1}


@app.get("/words/{name}")
def read_word(name: str):
    if name not in WORDS:
        raise HTTPException(404, "No such word")
    return {"word": WORDS[name]}
"""),
        mends="not found with 200",
    ),
    Example(
        "a test whose result is the answer, and a status that is set",
        plain("""
from fastapi import Response


@app.post("/connection/test")
def test_connection(host: str):
    if host != "localhost":
        return {"success": False, "message": "no route"}
    return {"success": True}


@app.get("/words")
def words(response: Response, start: str = ""):
    if not start:
        response.status_code = 400
        return {"error": "start is missing"}
    return [start]
"""),
    ),
    Example(
        "the state of what was asked for",
        plain("""
PAYMENTS = {1: {"failed": True}}


@app.get("/payments/{number}")
def read_payment(number: int):
    payment = PAYMENTS[number]
    if payment["failed"]:
        return {"paid": False, "status": "failed", "details": payment}
    return {"paid": True, "status": "settled", "details": payment}
"""),
    ),
    Example(
        "written out: a note",
        plain("""
from fastapi.responses import JSONResponse

LAMPS = {1: "off"}


@app.post("/lamps/{number}/on")
def switch_on(number: int):
    if number not in LAMPS:
        return JSONResponse({"success": False, "message": "No answer"}, status_code=200)
    LAMPS[number] = "on"
    return JSONResponse({"success": True}, status_code=200)
"""),
        bad=True,
    ),
    Example(
        "a branch for None that was used before",
        plain("""
class Seed(BaseModel):
    name: str


SEEDS: dict[str, Seed] = {}


@app.put("/seeds/{name}")
def keep(name: str):
    seed = SEEDS.get(name)
    print("keeps", seed.name)
    if seed is None:
        return {"error": "No such seed"}
    return {"kept": name}
"""),
    ),
    Example(
        "a branch for None that may have been used before",
        plain("""
class Seed(BaseModel):
    name: str


SEEDS: dict[str, Seed] = {}


@app.put("/seeds/{name}")
def keep(name: str):
    seed = SEEDS.get(name)
    print("keeps", seed and seed.name)
    if seed is None:
        return {"error": "No such seed"}
    return {"kept": name}
"""),
        bad=True,
    ),
    Example(
        "a success sets the same flag, and the failure has a reason",
        plain("""
PLOTS = {1: "peas"}


@app.put("/plots/{number}")
def sow(number: int, seed: str):
    if number not in PLOTS:
        return {"success": False, "message": "No such plot"}
    PLOTS[number] = seed
    return {"success": True}
"""),
        bad=True,
    ),
    Example(
        "a success sets the same flag: a note",
        plain("""
PLOTS = {1: "peas"}


@app.put("/plots/{number}")
def sow(number: int, seed: str):
    if number not in PLOTS:
        return {"success": False}
    PLOTS[number] = seed
    return {"success": True}
"""),
        bad=True,
    ),
    Example(
        "the declared answer has a field for it: a note",
        plain("""
class Outcome(BaseModel):
    success: bool
    reason: str = ""


LAMPS = {1: "off"}


@app.post("/lamps/{number}/on")
def switch_on(number: int) -> Outcome:
    if number not in LAMPS:
        return {"success": False, "reason": "No answer"}
    LAMPS[number] = "on"
    return Outcome(success=True)
"""),
        bad=True,
    ),
    Example(
        "a payment service that would send its event again",
        plain("""
import stripe
from fastapi import Request


@app.post("/billing")
async def billing(request: Request):
    event = stripe.Webhook.construct_event(await request.body(), request.headers["stripe-signature"], "")
    if event["type"] not in ("invoice.paid",):
        return {"success": False}
    return {"success": True}
"""),
    ),
    Example(
        "a success has the same field with nothing in it: a note",
        plain("""
ROOMS = {1: "blue"}


@app.get("/rooms/{number}")
def read_room(number: int):
    if number not in ROOMS:
        return {"error": "No such room", "colour": None}
    return {"error": "", "colour": ROOMS[number]}
"""),
        bad=True,
    ),
    Example(
        "for who looks for a defect: a note",
        plain("""
@app.get("/rooms/debug")
def debug_rooms():
    try:
        return {"rooms": [path.name for path in Path("rooms").iterdir()]}
    except OSError as e:
        return {"error": str(e), "rooms": []}
"""),
        bad=True,
    ),
    Example(
        "an optional package is missing: a note",
        plain("""
@app.get("/charts")
def read_charts():
    try:
        import plotting

        return {"charts": plotting.charts(), "host": "local"}
    except ImportError:
        return {"charts": [], "host": None, "error": "plotting is not installed"}
"""),
        bad=True,
    ),
)
