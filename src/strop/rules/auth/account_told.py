"""An answer tells whether an account exists.

**What.** A route that anybody may call (login, password recovery) looks a user up by name or address, and answers "not
found" when there is none.

**Why it costs.** Anybody can try addresses until one is known: a list of customers for phishing, and half of a login.

**How it is found.** In functions that a public route for logging in or recovering reaches: a lookup by what people type,
and a refusal that says that there is no such user, or has status 404. A login that asks for nothing to prove who one is
(a door for development), a look-up that makes the user who is unknown and a route that takes a token are left alone; where an open registration says that a name "already
exists", or the same lookup serves a page of the user by name (`/users/{username}`), it is a note; a recovery of the password that
sends a message is none for the first of these: the same answer costs it nothing, which a registration can't say.

**How to fix it.** The same answer in both cases: "If the address is known, a message was sent", "wrong name or password".

**When it is no problem.** Names are public anyway.

**Sources.** https://github.com/fastapi/full-stack-fastapi-template/pull/2105 ;
https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#authentication-and-error-messages
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
from strop.regex import regex
from strop.rules.example import Example
from strop.rules.made import is_made
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "AUTH014", "account-told", "auth", "warning", "An answer that tells who has an account", static=True
)
WORDS = (
    "HTTPException",
    "NotFound",
    "NotFoundError",
    "NotFoundException",
    "BadRequestException",
    "UserNotFound",
    "already",
    "exists",
    "taken",
)
_TYPED = regex(r"email|user_?name|login|identifier|phone", re.IGNORECASE)
_USER = regex(r"user|account|member|person|customer", re.IGNORECASE)
_UNKNOWN = regex(
    r"not exist|not found|no (such )?(user|account)|unknown (user|e-?mail|account)|not registered|no account|isn't registered",
    re.IGNORECASE,
)
_TAKEN = regex(
    r"(user|account|e-?mail|login|name)\b.*\b(already|exists|is taken|in use)|already (registered|signed up)",
    re.IGNORECASE,
)
_LOGIN = regex(r"log_?in|sign_?in|authenticate", re.IGNORECASE)
_RECOVERS = regex(r"password|recover|forgot|reset|magic|otp", re.IGNORECASE)
_MESSAGE = regex(r"(send|mail|queue|enqueue|notify)_?\w*$|(e?mail|message|sms)\w*\.\w+$", re.IGNORECASE)
_PAGE = regex(r"\{(user_?name|handle|nick(name)?)(:\w+)?\}", re.IGNORECASE)
_PROVES = frozenset({"password", "passwd", "pwd", "pin", "otp", "code", "secret", "form_data", "credentials"})
_ENTRANCE = regex(
    r"log_?in|sign_?in|password|recover|forgot|reset|magic|otp|access.?token|authenticate", re.IGNORECASE
)


def notice(body: Body) -> Iterator[Mark]:
    """Refusals that say that a user does not exist, or that one does."""
    for refusal in body.of(ast.Raise):
        if refusal.exc is not None and any(_TAKEN.search(t) for t in _texts(refusal.exc)):
            yield body.mark(RULE.code, refusal, kind="taken")
    if _is_proven(body):
        return
    for branch in body.of(ast.If):
        name = _missing(branch.test)
        if not name or not _USER.search(name) or not _is_typed(body, name) or _is_made(body, name):
            continue
        for statement in branch.body:
            if (
                isinstance(statement, ast.Raise)
                and isinstance(statement.exc, ast.Call)
                and _tells(body, statement.exc)
            ):
                proves = not body.words.isdisjoint(_PROVES)
                yield body.mark(
                    RULE.code, statement, user=name, proves=proves, text=body.brief(statement, 90)
                )


def _is_proven(body: Body) -> bool:
    """Whether the request brings a token: who has it knows the account. One that is made and sent proves nothing."""
    if "token" not in body.words:
        return False
    made = (isinstance(b.expr, ast.Call) for b in body.scope.names.get("token", ()) if b.how == "value")
    taken = any(isinstance(n, ast.Attribute) and n.attr == "token" for n in body.of(ast.Attribute))
    return taken or ("token" in body.scope.names and not any(made))


def _missing(test: ast.expr) -> str:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return name
        case ast.Compare(
            left=ast.Name(id=name), ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None)]
        ):
            return name
    return ""


def _is_typed(body: Body, name: str) -> bool:
    """Whether the user was found by what people type."""
    found = [b.expr for b in body.scope.names.get(name, ()) if b.how == "value" and b.expr is not None]
    calls = [e.value if isinstance(e, ast.Await) else e for e in found]
    return any(isinstance(c, ast.Call) and _TYPED.search(body.text(c)) for c in calls)


def _is_made(body: Body, name: str) -> bool:
    """Whether a user who is unknown is made: then there is none only where the address is no address."""
    found = (b.expr for b in body.scope.names.get(name, ()) if b.how == "value")
    return any(expr is not None and is_made(body, expr) for expr in found)


def _texts(expr: ast.expr) -> list[str]:
    return [str(n.value) for n in ast.walk(expr) if isinstance(n, ast.Constant)]


def _tells(body: Body, exc: ast.Call) -> bool:
    texts = _texts(exc)
    if any(_UNKNOWN.search(t) for t in texts):
        return True
    codes = [*texts, *(n.attr for n in ast.walk(exc) if isinstance(n, ast.Attribute))]
    return any(c in ("404", "HTTP_404_NOT_FOUND", "NOT_FOUND") for c in codes) or "NotFound" in body.text(
        exc.func
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each refusal that a public entrance reaches."""
    protection = Protection.of(project)
    for mark in marks(project, RULE):
        every = ways_to(project, mark.function)
        ways = [
            w
            for w in every
            if _is_entrance(protection, w.route)
            and (mark.fact("proves") or not _is_login(protection, w.route))
        ]
        if ways:
            yield tell(
                RULE,
                mark,
                ways,
                message=f"{mark.span.symbol.rpartition('.')[2]} answers otherwise when there is no such {mark.fact('user')}",
                impact="anybody can try addresses until one is known",
                solution="give the same answer whether the account exists or not",
                confidence=0.8,
                severity="note"
                if any(map(_is_page_of, every))
                or (registration_tells(project) and not _sends(project, mark, ways))
                else None,
            )


def _sends(project: Project, mark: Mark, ways: list[Reach]) -> bool:
    """Whether it is where a forgotten password is asked for, and a message is sent to those who are known."""
    function = project.source.functions.get(mark.function)
    calls = function.calls if function is not None else ()
    asked = all(_RECOVERS.search(w.route) for w in ways) and not Protection.of(project).are_for_operators(
        ways
    )
    return asked and any(_MESSAGE.search(c.name or c.text) for c in calls)


def _is_page_of(way: Reach) -> bool:
    """Whether a page of a user has the name in its address: names are public then."""
    return way.route.startswith("GET ") and bool(_PAGE.search(way.route))


def registration_tells(project: Project) -> bool:
    """Whether anybody can learn from an open registration which accounts exist: then no other answer is worth hiding."""
    protection = Protection.of(project)
    routes = (
        project.route(way.route)
        for mark in marks(project, RULE, "taken")
        for way in ways_to(project, mark.function)
    )
    return any(
        route is not None and route.method == "POST" and protection.is_registration(route) for route in routes
    )


def _is_login(protection: Protection, key: str) -> bool:
    """Whether a route is for logging in, and not for recovering what is needed for it."""
    route = protection.project.route(key)
    return route is not None and bool(_LOGIN.search(route.path)) and not _RECOVERS.search(route.path)


def _is_entrance(protection: Protection, key: str) -> bool:
    route = protection.project.route(key)
    if route is not None and any(p.name == "token" for p in route.parameters):
        return False  # who brings one knows the account
    if route is None or not _ENTRANCE.search(f"{route.path} {route.name.rpartition(':')[2]}"):
        return False
    form = ("OAuth2PasswordRequestForm", "get_db", "session")
    return not [g for g in protection.guards(route) if not any(w in g.name for w in form)]


_OPEN = """
USERS = {{"ada@shop.example": 1}}


def send_email(address: str, text: str) -> None:
    print(text)


def find_user(email: str):
    return USERS.get(email)


@app.post("/signup")
def register(email: str, password: str):
    if email in USERS:
        raise HTTPException(400, "A user with this email already exists.")
    USERS[email] = len(password)
    return {{"message": "welcome"}}


@app.post("/password-recovery/{{email}}")
def recover(email: str):
    user = find_user(email)
    if not user:
        raise HTTPException(404, "The user with this email does not exist.")
    {sent}
    return {{"message": "sent"}}
"""

EXAMPLES = (
    Example(
        "recovery that says who is unknown",
        plain("""
USERS = {"ada@shop.example": 1}


def find_user(email: str):
    return USERS.get(email)


@app.post("/password-recovery/{email}")
def recover(email: str):
    user = find_user(email)
    if not user:
        raise HTTPException(404, "The user with this email does not exist.")
    return {"message": "sent"}
"""),
        bad=True,
    ),
    Example(
        "recovery that sends a message, beside a registration that tells it too",
        plain(_OPEN.format(sent='send_email(email, "Your link")')),
        bad=True,
    ),
    Example(
        "a registration tells it, and recovery sends nothing: a note",
        plain(_OPEN.format(sent="USERS[email] = 0")),
        bad=True,
    ),
    Example(
        "recovery that makes a token",
        plain("""
USERS = {"ada@shop.example": 1}


def find_user(email: str):
    return USERS.get(email)


def send_link(email: str, token: str) -> None:
    print(email)


@app.post("/password-recovery/{email}")
def recover(email: str):
    user = find_user(email)
    if not user:
        raise HTTPException(404, "The user with this email does not exist.")
    send_link(email, token=hashlib.sha256(email.encode()).hexdigest())
    return {"message": "sent"}
"""),
        bad=True,
    ),
    Example(
        "recovery that says the same to all",
        plain("""
USERS = {"ada@shop.example": 1}


def find_user(email: str):
    return USERS.get(email)


def send_link(user: int) -> None:
    print(user)


@app.post("/password-recovery/{email}")
def recover(email: str):
    user = find_user(email)
    if user:
        send_link(user)
    return {"message": "If the address is known, a message was sent."}
"""),
        bad=False,
        mends="recovery that says who is unknown",
    ),
    Example(
        "who is unknown is made",
        plain("""
USERS: dict[str, dict[str, str]] = {}


class Users:
    def insert_one(self, row):
        USERS[row["email"]] = row
        return row


users = Users()


def find_or_make(email: str):
    if "@" not in email:
        return None, False
    user = USERS.get(email)
    if user is None:
        user = users.insert_one({"email": email})
    return user, True


@app.post("/magic-link")
def send_link(email: str):
    user, known = find_or_make(email)
    if not user:
        raise HTTPException(404, "That is no address.")
    return {"message": "sent"}
"""),
        bad=False,
    ),
    Example(
        "a look-up that notes that it was asked",
        plain("""
USERS = {"ada@shop.example": 1}


class Notes:
    def insert_one(self, row):
        print(row)


notes = Notes()


def find_user(email: str):
    user = USERS.get(email)
    note = notes.insert_one({"email": email})
    return user


@app.post("/magic-link")
def send_link(email: str):
    user = find_user(email)
    if not user:
        raise HTTPException(404, "The user does not exist.")
    return {"message": "sent"}
"""),
        bad=True,
    ),
    Example(
        "a door for development, where everybody may be anybody",
        plain("""
from fastapi import Request

USERS = {"ada@shop.example": 1}


def find_user(email: str):
    return USERS.get(email)


@app.get("/dev-login/{email}")
def enter(email: str, request: Request):
    user = find_user(email)
    if not user:
        raise HTTPException(404, "No such user.")
    request.session["user"] = email
    return {"user": email}
"""),
        bad=False,
    ),
    Example(
        "for people who are logged in",
        plain("""
from fastapi import Header

USERS = {"ada@shop.example": 1}


def current_user(authorization: str = Header()) -> str:
    if not authorization:
        raise HTTPException(401)
    return authorization


def find_user(email: str):
    return USERS.get(email)


@app.post("/admin/reset-password/{email}")
def reset(email: str, admin: str = Depends(current_user)):
    user = find_user(email)
    if not user:
        raise HTTPException(404, "No such user.")
    return {"by": admin}
"""),
        bad=False,
    ),
    Example(
        "pages of users have their names in their addresses: a note",
        plain("""
USERS = {"ada": 1}


def find_user(username: str):
    user = USERS.get(username)
    if not user:
        raise HTTPException(404, "The user does not exist.")
    return user


@app.get("/users/{username}")
def page(username: str):
    return {"number": find_user(username)}


@app.post("/password-recovery")
def recover(username: str):
    find_user(username)
    return {"message": "sent"}
"""),
        bad=True,
    ),
    Example(
        "whoever brings a token knows the account",
        plain("""
USERS = {"ada": 1}


def find_user(username: str):
    user = USERS.get(username)
    if not user:
        raise HTTPException(404, "The user does not exist.")
    return user


@app.get("/authenticate-email")
def confirm(username: str, token: str):
    return {"number": find_user(username), "token": len(token)}
"""),
        bad=False,
    ),
)
