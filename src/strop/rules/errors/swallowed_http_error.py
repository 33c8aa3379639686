"""An HTTPException is caught by a broad `except` around it.

**What.** `raise HTTPException(404)` inside a `try` whose `except Exception` makes a 500 of it, or goes on as if nothing
had been said. It may be raised in the `try` itself or in a function that is called there.

**Why it costs.** The client is told "internal error" where "not found" or "forbidden" was meant; monitors count errors that are
none, and clients retry what will never work.

**How it is found.** The innermost `try` around the raise, or around a call of a function of the project that raises one, has
a handler for `Exception` and no handler before it for HTTPException. For a called function only a
handler that raises another HTTP error counts: a fallback may be meant.

**How to fix it.** `except HTTPException: raise` before the broad handler, or a `try` that holds only what may fail.

**When it is no problem.** A handler that raises what it caught again, or asks `isinstance(e, HTTPException)`.
A note where the handler answers with the same status, or raises what the application answers with one of the same kind, on routes for administrators alone, and where it is meant: `pass` alone, one failure of the server told as another (502 as 500),
or a 4xx of a called function that becomes a 4xx of this one (what to hide from the caller, "no such shop" as "no such page").
So it is where what is missing was found before by the same key, where a validator of the model has asked the same, and (but for 401 and 403) where a header
with a signature is read: the machine that called sends again whatever failed.
So it is behind `if done: return` where what was asked returns True or raises, and in a function that nothing calls.
So it is where only a request that FastAPI has answered with 422 could come to the raise (`if not shop_id:` of a required number or UUID), and in folders of examples.

**Sources.** FastAPI, "Handling Errors": https://fastapi.tiangolo.com/tutorial/handling-errors/ ;
https://github.com/fastapi/fastapi/discussions/6629
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Call, Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.answered import is_answered
from strop.rules.answering import answering, answers_of_all
from strop.rules.answers import error_status, http_errors, is_http_error, is_http_error_class
from strop.rules.assured import asked_before, is_assured
from strop.rules.caught import caught_names, is_broad, walked
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.raised import raising
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.shown import is_shown
from strop.rules.signed import is_signed
from strop.rules.sought import is_found_before, is_known, missed, note_missed
from strop.rules.told import marks, tell, ways_to
from strop.rules.validated import is_validated

RULE = Rule(
    "ERR002",
    "swallowed-http-error",
    "errors",
    "warning",
    "HTTPException swallowed by a broad except",
    static=True,
)
WORDS = ("except", "Exception", "raise")
_REFUSED = frozenset({401, 403})
_KNOWN = regex(r"[\w.]+\((\w+\.)+(id|uuid|pk)[,)]")  # get_shop(shop.id)


def notice(body: Body) -> Iterator[Mark]:
    """Raises that a broad handler catches, and broad handlers that answer with an error of their own."""
    yield from answering(body, RULE.code)
    yield from note_missed(body, RULE.code)
    told: set[int] = set()
    raised = [call for call in http_errors(body) if isinstance(body.parent(call), ast.Raise)]
    caught = [(call, handler) for call in raised if (handler := _catcher(body, call)) is not None]
    # of several below one handler, one whose status changes says more
    for call, handler in sorted(
        caught, key=lambda pair: (is_answered(body, pair[0]), _keeps_status(body, *pair))
    ):
        if id(handler) not in told:
            told.add(id(handler))
            yield body.mark(
                RULE.code,
                handler,
                kind="raised",
                text=body.brief(call, 90),
                raised=call.lineno,
                asked=asked_before(body, body.parent(call) or call),
                answer=_answer(body, handler),
                status="same" if _is_repeated(body, call, handler) else error_status(body, call),
                kept=_keeps_status(body, call, handler),
                again=_raises_another(body, handler),
                meant=_is_meant(body, call, handler) or _is_barred(body, call),
            )
    for node in body.of(ast.Try):
        broad = _broad(body, node)
        if broad is not None and id(broad) not in told and _answer(body, broad) == "another":
            first, last = node.body[0].lineno, node.body[-1].end_lineno
            yield body.mark(
                RULE.code,
                broad,
                kind="called",
                first=first,
                last=last,
                inner=_inner(body, node),
                meant=all(400 <= status < 500 for status in _answered(body, broad)),
                signed=is_signed(body),
            )


def _is_barred(body: Body, call: ast.Call) -> bool:
    """Whether no request comes to a raise, or none whose sender asks why: a machine that sends again what fails."""
    if is_answered(body, call) or is_validated(body, call) or is_found_before(body, call):
        return True
    return is_signed(body) and error_status(body, call) not in _REFUSED


def _is_repeated(body: Body, call: ast.Call, handler: ast.ExceptHandler) -> bool:
    """Whether the handler raises the very same again."""
    raised = (n.exc for n in walked(handler.body) if isinstance(n, ast.Raise) and n.exc is not None)
    return any(body.text(one) == body.text(call) for one in raised)


def _keeps_status(body: Body, call: ast.Call, handler: ast.ExceptHandler) -> bool:
    """Whether the handler answers with the status that was raised: only the text is another."""
    found = _answered(body, handler)
    return found == {error_status(body, call)} and found != {0}


def _raises_another(body: Body, handler: ast.ExceptHandler) -> bool:
    """Whether the handler ends with an exception of another kind: what is set for all exceptions answers it."""
    last = handler.body[-1]
    return (
        isinstance(last, ast.Raise) and isinstance(last.exc, ast.Call) and not is_http_error(body, last.exc)
    )


def _answered(body: Body, handler: ast.ExceptHandler) -> set[int]:
    """The statuses of the HTTP errors that a handler raises, 0 for one that can't be told."""
    raised = (n.exc for n in walked(handler.body) if isinstance(n, ast.Raise))
    errors = (one for one in raised if isinstance(one, ast.Call) and is_http_error(body, one))
    return {error_status(body, one) for one in errors}


def _is_meant(body: Body, call: ast.Call, handler: ast.ExceptHandler) -> bool:
    """Whether it is passed over in so many words, or one failure of the server is told as another."""
    if all(isinstance(statement, ast.Pass | ast.Continue) for statement in handler.body):
        return True
    found = _answered(body, handler)
    return error_status(body, call) >= 500 and bool(found) and min(found) >= 500


def _inner(body: Body, node: ast.Try) -> str:
    """Lines below inner `try`s, which have handlers of their own."""
    inside = [n for n in walked(node.body) if isinstance(n, ast.Try) and n.handlers]
    return ",".join(f"{n.body[0].lineno}-{n.body[-1].end_lineno}" for n in inside)


def _catcher(body: Body, call: ast.Call) -> ast.ExceptHandler | None:
    """The broad handler of the innermost `try` around a raise, unless another one takes it first."""
    inside: ast.AST = call
    for node in body.around(call):
        if isinstance(node, ast.Try) and inside in node.body and node.handlers:
            broad = _broad(body, node)
            taken = broad is None and any(_takes(body, h, call) for h in node.handlers)
            if broad is not None or taken:
                return broad
        inside = node
    return None


def _broad(body: Body, node: ast.Try) -> ast.ExceptHandler | None:
    """The broad handler of a `try` if it is the first that an HTTPException meets, and keeps it."""
    for handler in node.handlers:
        if any(is_http_error_class(body, name) or name == "" for name in caught_names(body, handler)):
            return None
        if is_broad(body, handler):
            return None if _lets_through(body, handler) else handler
    return None


def _takes(body: Body, handler: ast.ExceptHandler, call: ast.Call) -> bool:
    return any(is_http_error_class(body, name) for name in caught_names(body, handler)) and is_http_error(
        body, call
    )


def _lets_through(body: Body, handler: ast.ExceptHandler) -> bool:
    """Whether the handler raises what it caught, or looks whether it is one."""
    for node in walked(handler.body):
        match node:
            case ast.Raise(exc=None):
                return True
            case ast.Raise(exc=ast.Name(id=name)) if name == handler.name:
                return True
            case ast.Call(
                func=ast.Name(id="isinstance" | "getattr" | "hasattr"), args=[ast.Name(id=name), *_]
            ):
                if name == handler.name:
                    return True
            case ast.Attribute(value=ast.Name(id=name), attr="status_code") if name == handler.name:
                return True
            case ast.Call(args=args) if any(isinstance(a, ast.Name) and a.id == handler.name for a in args):
                if isinstance(body.parent(node), ast.Raise | ast.Return) and not is_http_error(body, node):
                    return True  # handed to a function that makes the answer
    return False


def _answer(body: Body, handler: ast.ExceptHandler) -> str:
    """ "another" where the handler raises an HTTP error of its own, else "none"."""
    calls = (n for n in walked(handler.body) if isinstance(n, ast.Raise) and isinstance(n.exc, ast.Call))
    return (
        "another" if any(is_http_error(body, n.exc) for n in calls if isinstance(n.exc, ast.Call)) else "none"
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each broad handler."""
    protection, general = Protection.of(project), answers_of_all(project, RULE.code)
    for mark in marks(project, RULE, "raised"):
        ways = ways_to(project, mark.function)
        asked, status = int(mark.fact("asked") or 0), mark.fact("status")
        meant = (
            protection.are_for_operators(ways)
            or is_assured(project, mark.function, asked)
            or (not ways and _is_left_alone(project, mark.function))
        )
        kept = bool(mark.fact("again")) and general == {status[:1]}
        same = mark.fact("status") in ("500", "same") and mark.fact("answer") == "another"
        if not same:
            yield _finding(
                mark,
                ways,
                f"{mark.fact('text')} on line {mark.fact('raised')}",
                mark.fact("answer"),
                0.9,
                meant=meant,
                kept=kept,
            )
    called = list(marks(project, RULE, "called"))
    raisers = raising(project, deepest=1) if called else {}  # further down it may be caught or meant
    missing = missed(project, RULE.code)
    for mark in called:
        call = _raiser(project, mark, raisers)
        ways = ways_to(project, mark.function) if call is not None else []
        if call is not None and ways:
            statuses = sorted(s for s in raisers[call.target] if s)
            said = f" ({', '.join(map(str, statuses))})" if statuses else ""
            what = f"the HTTPException{said} of {call.text}"
            known = is_known(project.source.functions[mark.function].calls, call, missing)
            answered = bool(mark.fact("signed")) and not _REFUSED.intersection(statuses)
            yield _finding(mark, ways, what, "another", 0.75, (known and statuses == [404]) or answered)


def _is_left_alone(project: Project, function: str) -> bool:
    """Whether nothing in a project with routes calls a function, nor may a decorator or a class hand it to who does."""
    found = project.source.functions.get(function)
    if (
        found is None
        or found.decorators
        or project.reaches.get(function)
        or "." in function.rpartition(":")[2]
    ):
        return False
    return bool(project.imported.routes) and not any(project.source.functions.callers(function))


def _raiser(project: Project, mark: Mark, raisers: dict[str, frozenset[int]]) -> Call | None:
    """A call in the `try` that may raise an HTTP error other than 500."""
    lines = range(int(mark.fact("first")), int(mark.fact("last")) + 1)
    inner = [
        range(int(a), int(b) + 1)
        for a, _, b in (p.partition("-") for p in mark.fact("inner").split(",") if p)
    ]
    for call in project.source.functions[mark.function].calls:
        statuses = raisers.get(call.target, frozenset())
        if _KNOWN.match(call.text) and statuses <= {0, 400, 404}:
            continue  # what was loaded already is found again
        if call.span.line in lines and not any(call.span.line in r for r in inner) and statuses - {0, 500}:
            return call
    return None


def _finding(
    mark: Mark,
    ways: list[Reach],
    what: str,
    answer: str,
    confidence: float,
    meant: bool = False,
    kept: bool = False,
) -> Finding:
    kept = kept or bool(mark.fact("kept"))
    meant = meant or bool(mark.fact("meant"))
    becomes = "becomes another error" if answer == "another" else "is lost"
    becomes = "gets another text" if kept else becomes
    return tell(
        RULE,
        mark,
        ways,
        message=f"{what} is caught by the broad except below it and {becomes}",
        impact=f"the client gets another {'text' if kept else 'status'} than was meant",
        solution="except HTTPException: raise before it, or a try around only what may fail",
        confidence=confidence,
        severity="note" if kept or meant or is_shown(mark.span) else None,
        raised=what,
    )


EXAMPLES = (
    Example(
        "404 becomes 500",
        plain("""
@app.get("/words/{place}")
def read_word(place: int):
    try:
        words = Path("words.txt").read_text().split()
        if place >= len(words):
            raise HTTPException(404, "No such word")
        return words[place]
    except Exception:
        raise HTTPException(500, "Could not read the words")
"""),
        bad=True,
    ),
    Example(
        "becomes what the application answers with 400 as well: a note",
        plain("""
from fastapi import Request
from fastapi.responses import JSONResponse


@app.exception_handler(Exception)
async def answer_all(request: Request, exc: Exception):
    return JSONResponse({"error": str(exc)}, status_code=400)


@app.get("/words/{place}")
def read_word(place: str):
    try:
        words = Path("words.txt").read_text().split()
        if place not in words:
            raise HTTPException(404, "No such word")
        return words.index(place)
    except Exception as e:
        raise ValueError("Could not read the words") from e
"""),
        bad=True,
    ),
    Example(
        "becomes what nobody answers but with 500",
        plain("""
@app.get("/words/{place}")
def read_word(place: str):
    try:
        words = Path("words.txt").read_text().split()
        if place not in words:
            raise HTTPException(404, "No such word")
        return words.index(place)
    except Exception as e:
        raise ValueError("Could not read the words") from e
"""),
        bad=True,
    ),
    Example(
        "HTTPException goes through",
        plain("""
@app.get("/words/{place}")
def read_word(place: int):
    try:
        words = Path("words.txt").read_text().split()
        if place >= len(words):
            raise HTTPException(404, "No such word")
        return words[place]
    except HTTPException:
        raise
    except Exception:
        raise HTTPException(500, "Could not read the words")
"""),
        mends="404 becomes 500",
    ),
    Example(
        "raised by a function of another module",
        plain(
            """
from words import find


@app.get("/words/{place}")
def read_word(place: int):
    try:
        return find(place)
    except Exception:
        raise HTTPException(500, "Could not read the words")
""",
            words="""
from fastapi import HTTPException

WORDS = ["a", "b"]


def find(place: int) -> str:
    if place >= len(WORDS):
        raise HTTPException(404, "No such word")
    return WORDS[place]
""",
        ),
        bad=True,
    ),
    Example(
        "a fallback on purpose, and a broad handler that raises it again",
        plain("""
def require(name: str) -> str:
    if name != "anna":
        raise HTTPException(403)
    return name


def guest(name: str = "") -> str:
    try:
        return require(name)
    except Exception:
        return "guest"


@app.get("/hello")
def hello(name: str = Depends(guest)):
    try:
        if name == "guest":
            raise HTTPException(401)
        return {"hello": name}
    except Exception:
        print("no greeting")
        raise
"""),
    ),
    Example(
        "401 stays 401 with another text: a note",
        plain("""
@app.get("/hello")
def hello(token: str):
    try:
        if not token.isalnum():
            raise HTTPException(401, "Not a token")
        return {"hello": int(token)}
    except Exception as error:
        raise HTTPException(401, "Who are you?") from error
"""),
        bad=True,
    ),
    Example(
        "the 400 of a called function told as 404: a note",
        plain("""
SHOPS = {"mill": 1}


def shop_by_name(name: str) -> int:
    if name not in SHOPS:
        raise HTTPException(400, "No such shop")
    return SHOPS[name]


@app.get("/public/{name}")
def read_page(name: str):
    try:
        number = shop_by_name(name)
    except Exception:
        raise HTTPException(404, "No such page")
    return {"shop": number}
"""),
        bad=True,
    ),
    Example(
        "the 400 of a called function becomes 500",
        plain("""
SHOPS = {"mill": 1}


def shop_by_name(name: str) -> int:
    if name not in SHOPS:
        raise HTTPException(400, "No such shop")
    return SHOPS[name]


@app.get("/public/{name}")
def read_page(name: str):
    try:
        number = shop_by_name(name)
    except Exception:
        raise HTTPException(500, "Something went wrong")
    return {"shop": number}
"""),
        bad=True,
    ),
    Example(
        "asked of a number that must be given: a note",
        plain("""
@app.post("/shelves/{shelf_id}/count")
def count_shelf(shelf_id: int):
    try:
        if not shelf_id:
            raise HTTPException(400, "Which shelf?")
        return {"books": len(Path(f"shelf-{shelf_id}.txt").read_text().split())}
    except Exception:
        raise HTTPException(500, "The shelf could not be counted")
"""),
        bad=True,
    ),
    Example(
        "asked of a text that may be empty",
        plain("""
@app.post("/shelves/count")
def count_shelf(name: str):
    try:
        if not name:
            raise HTTPException(400, "Which shelf?")
        return {"books": len(Path(f"{name}.txt").read_text().split())}
    except Exception:
        raise HTTPException(500, "The shelf could not be counted")
"""),
        bad=True,
    ),
    Example(
        "asked by the model's validator before: a note",
        plain("""
import re

from pydantic import BaseModel, field_validator

MAIL = re.compile(r"^[^@]+@[^@]+$")


class Member(BaseModel):
    mail: str

    @field_validator("mail")
    def check_mail(cls, value: str) -> str:
        if not MAIL.match(value):
            raise ValueError("No address")
        return value


@app.post("/members")
def join(member: Member):
    try:
        mail = member.mail
        if not MAIL.match(mail):
            raise HTTPException(400, "No address")
        Path("members.txt").write_text(mail)
    except Exception:
        raise HTTPException(500, "You could not join")
"""),
        bad=True,
    ),
    Example(
        "another question than the model's validator: a warning",
        plain("""
import re

from pydantic import BaseModel, field_validator

MAIL = re.compile(r"^[^@]+@[^@]+$")
OURS = re.compile(r"^[^@]+@club.example$")


class Member(BaseModel):
    mail: str

    @field_validator("mail")
    def check_mail(cls, value: str) -> str:
        if not MAIL.match(value):
            raise ValueError("No address")
        return value


@app.post("/members")
def join(member: Member):
    try:
        if not OURS.match(member.mail):
            raise HTTPException(400, "No address")
        Path("members.txt").write_text(member.mail)
    except Exception:
        raise HTTPException(500, "You could not join")
"""),
        bad=True,
    ),
    Example(
        "found before by the same key: a note",
        plain(
            """
from boats import boat_by_id


@app.get("/berths/{wanted_id}")
def read_berth(wanted_id: str):
    boat = boat_by_id(wanted_id)
    if not boat:
        raise HTTPException(404, "No such boat")
    boat_id = wanted_id
    try:
        name = Path("names.txt").read_text()
        if not name:
            boat = boat_by_id(boat_id)
            if not boat:
                raise HTTPException(404, "No such boat")
            name = boat["name"]
    except Exception:
        print("no name")
        name = ""
    return {"name": name}
""",
            boats="""
BOATS = {"a": {"name": "Anna"}}


def boat_by_id(boat_id: str):
    return BOATS.get(boat_id)
""",
        ),
        bad=True,
    ),
    Example(
        "another key than before: a warning",
        plain(
            """
from boats import boat_by_id


@app.get("/berths/{boat_id}/{other_id}")
def read_berths(boat_id: str, other_id: str):
    boat = boat_by_id(boat_id)
    if not boat:
        raise HTTPException(404, "No such boat")
    try:
        other = boat_by_id(other_id)
        if not other:
            raise HTTPException(404, "No such boat")
        return {"names": [boat["name"], other["name"]]}
    except Exception:
        raise HTTPException(500, "No names")
""",
            boats="""
BOATS = {"a": {"name": "Anna"}}


def boat_by_id(boat_id: str):
    return BOATS.get(boat_id)
""",
        ),
        bad=True,
    ),
    Example(
        "what is missing was missed before: a note",
        plain(
            """
from boats import find_berth, paint_boat


@app.post("/boats/{boat_id}/paint")
def paint(boat_id: str, colour: str):
    try:
        berth = find_berth(boat_id)
        return {"berth": berth, "boat": paint_boat(boat_id, colour)}
    except Exception:
        raise HTTPException(500, "The boat could not be painted")
""",
            boats="""
from fastapi import HTTPException

BERTHS = {"a": 1}
BOATS = {"a": {"name": "Anna"}}


def find_berth(boat_id: str) -> int:
    berth = BERTHS.get(boat_id)
    if berth is None:
        raise LookupError(boat_id)
    return berth


def paint_boat(boat_id: str, colour: str):
    if boat_id not in BOATS:
        raise HTTPException(404, "No such boat")
    return BOATS[boat_id] | {"colour": colour}
""",
        ),
        bad=True,
    ),
    Example(
        "a machine that signs what it sends: a note",
        plain("""
import hmac

from fastapi import Request

KEY = b"from the environment"
SHOPS = {"mill": 1}


def shop_by_name(name: str) -> int:
    if name not in SHOPS:
        raise HTTPException(404, "No such shop")
    return SHOPS[name]


@app.post("/paid")
async def paid(request: Request):
    sent = await request.body()
    signature = hmac.new(KEY, sent, "sha256").hexdigest()
    if not hmac.compare_digest(request.headers.get("x-bank-signature", ""), signature):
        raise HTTPException(401)
    try:
        return {"shop": shop_by_name(sent.decode())}
    except Exception:
        raise HTTPException(500, "It was not understood")
"""),
        bad=True,
    ),
    Example(
        "passed over in so many words: a note",
        plain("""
@app.get("/words")
def words(key: str = ""):
    try:
        if key and len(key) != 8:
            raise HTTPException(401, "Wrong key")
    except Exception:
        pass
    return ["one"]
"""),
        bad=True,
    ),
    Example(
        "what was loaded already is found again",
        plain("""
class Shop(BaseModel):
    id: int
    open: bool = False


SHOPS = {1: Shop(id=1)}


def shop_by_id(number: int) -> Shop:
    if number not in SHOPS:
        raise HTTPException(404, "No such shop")
    return SHOPS[number]


def close(shop: Shop) -> Shop:
    try:
        fresh = shop_by_id(shop.id)
        fresh.open = False
        return fresh
    except Exception:
        raise HTTPException(500, "The shop could not be closed")


@app.post("/shops/{number}/close")
def close_shop(number: int):
    return close(shop_by_id(number))
"""),
    ),
    Example(
        "what is asked returns True or raises: a note",
        plain("""
def close_shop(name: str) -> bool:
    if not name:
        raise ValueError("Which shop?")
    Path("shops", name).unlink()
    return True


@app.delete("/shops/{name}")
def remove_shop(name: str):
    try:
        done = close_shop(name)
        if done:
            return {"closed": name}
        raise HTTPException(404, "No such shop")
    except Exception as e:
        raise HTTPException(400, "Could not close it") from e
"""),
        bad=True,
    ),
    Example(
        "what is asked may return False: a warning",
        plain("""
def close_shop(name: str) -> bool:
    if not Path("shops", name).exists():
        return False
    Path("shops", name).unlink()
    return True


@app.delete("/shops/{name}")
def remove_shop(name: str):
    try:
        done = close_shop(name)
        if done:
            return {"closed": name}
        raise HTTPException(404, "No such shop")
    except Exception as e:
        raise HTTPException(400, "Could not close it") from e
"""),
        bad=True,
    ),
    Example(
        "a function that nothing calls: a note",
        plain("""
def find_shop(name: str):
    try:
        if not Path("shops", name).exists():
            raise HTTPException(404, "No such shop")
        return Path("shops", name).read_text()
    except Exception:
        return None


@app.get("/shops")
def list_shops():
    return [path.name for path in Path("shops").iterdir()]
"""),
        bad=True,
    ),
)
