"""A check of a file's kind, a method or a name compares with what the value can never be.

**What.** `Path(name).suffix == "png"` (a suffix begins with its dot), `name.split(".")[-1] in (".jpg", ".png")` (the last
part has none), an extension that is compared with `"image"`, `value.lower() == "Bearer"`, `request.method == "post"`.

**Why it costs.** The branch never runs. Where it refuses, nothing is refused: an upload of any kind and size goes through
although the code looks as if it were checked. Where it allows, everybody is turned away, or the other branch is always taken.

**How it is found.** Comparisons with texts (literals, constants, members of an enumeration) of values whose form is certain from how they are made
in the same function: the last part after a dot, a suffix, what `lower()` or `upper()` gives, the method of a request. With several texts all of them
must be impossible.

**How to fix it.** Compare like with like: the suffix with its dot, the extension with a list of extensions, small letters with small letters.

**When it is no problem.** The branch was never meant to run.

**Sources.** https://docs.python.org/3/library/pathlib.html#pathlib.PurePath.suffix ;
https://cheatsheetseries.owasp.org/cheatsheets/File_Upload_Cheat_Sheet.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("SEC018", "never-equal", "security", "warning", "A check that never applies", static=True)
WORDS = ("split", "rsplit", "rpartition", "suffix", "splitext", "lower", "casefold", "upper", "method")
_FAMILIES = frozenset(
    {"image", "video", "audio", "application"}
)  # what stands before the slash of a media type
_PARTS = ("split", "rsplit", "rpartition")


def notice(body: Body) -> Iterator[Mark]:
    """Comparisons that can have one result only."""
    for node in body.of(ast.Compare):
        if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
            continue
        form = _form(body, node.left)
        texts = _texts(body, node.comparators[0], isinstance(node.ops[0], ast.In | ast.NotIn)) if form else []
        reasons = [_why_not(form, text) for text in texts]
        if reasons and all(reasons):
            always = isinstance(node.ops[0], ast.NotEq | ast.NotIn)
            yield body.mark(
                RULE.code,
                node,
                text=body.brief(node, 90),
                why=reasons[0],
                result="true" if always else "false",
            )


def _form(body: Body, expr: ast.expr) -> frozenset[str]:
    """What is certain of a text: lower, upper, dotted (a suffix), bare (what follows the last dot), method."""
    match expr:
        case ast.Name():
            return _bound(body, expr)
        case ast.Call(
            func=ast.Attribute(value=inner, attr=("lower" | "casefold" | "upper") as attr), args=[]
        ):
            cased = "upper" if attr == "upper" else "lower"
            return (_form(body, inner) - {"lower", "upper", "method"}) | {cased}
        case ast.Call(func=ast.Attribute(value=inner, attr="strip"), args=[]):
            return _form(body, inner)
        case ast.Call(
            func=ast.Attribute(value=inner, attr="lstrip" | "removeprefix"), args=[ast.Constant(value=".")]
        ):
            found = _form(body, inner)
            return (found - {"dotted"}) | {"bare"} if "dotted" in found else frozenset()
        case ast.Subscript(value=ast.Call() as call, slice=place):
            return _part(body, call, place)
        case ast.Attribute(attr="suffix", value=owner) if body.instance(owner).startswith("pathlib."):
            return frozenset({"dotted"})
        case ast.Attribute(attr="method", value=owner) if body.instance(owner).endswith(".Request"):
            return frozenset({"method"})
    return frozenset()


def _bound(body: Body, name: ast.Name) -> frozenset[str]:
    """The form of a variable that is assigned once."""
    found = body.bindings(name)
    if len(found) != 1 or found[0].expr is None or found[0].scope is not body.scope:
        return frozenset()
    one, expr = found[0], found[0].expr
    if one.how == "value" and one.index < 0:
        return _form(body, expr)
    split = isinstance(expr, ast.Call) and body.name(expr.func) in _SPLITEXT
    return frozenset({"dotted"}) if split and one.index == 1 else frozenset()


_SPLITEXT = ("os.path.splitext", "posixpath.splitext", "ntpath.splitext")


def _part(body: Body, call: ast.Call, place: ast.expr) -> frozenset[str]:
    """The last of what a text is cut into."""
    index = body.constant(place) if not isinstance(place, ast.UnaryOp) else _negative(place)
    if body.name(call.func) in _SPLITEXT:
        return frozenset({"dotted"}) if index in (1, -1) else frozenset()
    match call:
        case ast.Call(func=ast.Attribute(value=inner, attr=attr), args=[ast.Constant(value="."), *_]):
            if attr in _PARTS and (index == -1 or (attr == "rpartition" and index == 2)):
                return (_form(body, inner) & {"lower", "upper"}) | {"bare"}
    return frozenset()


def _negative(expr: ast.UnaryOp) -> int | None:
    match expr:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
    return None


def _texts(body: Body, expr: ast.expr, several: bool) -> list[str | None]:
    """The texts that it is compared with; None among them for what is not known."""
    if not several:
        return [_text(body, expr)]
    shown = body.value(expr)
    if isinstance(shown, ast.Tuple | ast.List | ast.Set):
        return [_text(body, each) if isinstance(each, ast.Constant) else None for each in shown.elts]
    return []


def _text(body: Body, expr: ast.expr) -> str | None:
    """A literal, a constant, or the value of a member of one of the project's enumerations."""
    value = body.constant(expr)
    if isinstance(value, str):
        return value
    if not isinstance(expr, ast.Attribute):
        return None
    if expr.attr == "value" and isinstance(expr.value, ast.Attribute):
        expr = expr.value
    owner = body.ref(expr.value)
    if (
        owner is None
        or owner.kind != "class"
        or not any(b.startswith("enum.") for b in body.bases(owner.name))
    ):
        return None
    classes = (
        body.types.members.lineage(owner.name).classes if body.types.members.is_class(owner.name) else ()
    )
    for node, _ in classes:
        for binding in node.scope.names.get(expr.attr, ()):
            if isinstance(binding.expr, ast.Constant) and isinstance(binding.expr.value, str):
                return binding.expr.value
    return None


def _why_not(form: frozenset[str], text: str | None) -> str:
    """Why a value of this form is never this text; "" when it may be."""
    if not text:
        return ""
    if "bare" in form and "." in text:
        return f"what follows the last dot has no dot, {text!r} has one"
    if "bare" in form and text in _FAMILIES:
        return f"a file's extension is never {text!r}"
    if "dotted" in form and not text.startswith("."):
        return f"a suffix begins with its dot, {text!r} does not"
    if "lower" in form and text != text.lower():
        return f"the value is in small letters, {text!r} is not"
    if "upper" in form and text != text.upper():
        return f"the value is in capital letters, {text!r} is not"
    return f"the method of a request is in capital letters, {text!r} is not" if _is_small(form, text) else ""


def _is_small(form: frozenset[str], text: str) -> bool:
    return "method" in form and text != text.upper()


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each comparison."""
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        result = mark.fact("result")
        yield tell(
            RULE,
            mark,
            ways,
            message=f"{mark.fact('text')} is always {result}: {mark.fact('why')}",
            impact="what the check is for never happens: nothing is refused, or everything is",
            solution="compare with the form that the value has",
            confidence=0.9 if ways else 0.75,
        )


_UPLOAD = """
from fastapi import UploadFile

"""
EXAMPLES = (
    Example(
        "an extension that is compared with a kind",
        plain(
            _UPLOAD
            + """
from enum import Enum


class Kind(str, Enum):
    image = "image"
    video = "video"


def verify(file: UploadFile) -> None:
    extension = file.filename.split(".")[-1].lower()
    if extension == Kind.image:
        if file.size > 5_000_000:
            raise HTTPException(413)
    elif extension == Kind.video:
        if file.size > 50_000_000:
            raise HTTPException(413)


@app.post("/files")
async def upload(file: UploadFile):
    verify(file)
    return {"name": file.filename}
"""
        ),
        bad=True,
    ),
    Example(
        "an extension in a list of extensions",
        plain(
            _UPLOAD
            + """
IMAGES = ("png", "jpg")


def verify(file: UploadFile) -> None:
    extension = file.filename.split(".")[-1].lower()
    if extension not in IMAGES:
        raise HTTPException(415)


@app.post("/files")
async def upload(file: UploadFile):
    verify(file)
    return {"name": file.filename}
"""
        ),
        bad=False,
        mends="an extension that is compared with a kind",
    ),
    Example(
        "a suffix without its dot",
        plain(
            _UPLOAD
            + """
@app.post("/files")
async def upload(file: UploadFile):
    if Path(file.filename).suffix.lower() not in ("pdf", "txt"):
        raise HTTPException(415)
    return {"name": file.filename}
"""
        ),
        bad=True,
    ),
    Example(
        "a suffix with its dot, an extension without, and one that may be either",
        plain(
            _UPLOAD
            + """
@app.post("/files")
async def upload(file: UploadFile):
    suffix = Path(file.filename).suffix.lower()
    bare = suffix.lstrip(".")
    last = file.filename.rsplit(".", 1)[-1]
    if suffix not in (".pdf", ".txt") or bare == "exe" or last == "com":
        raise HTTPException(415)
    if suffix.startswith("."):
        suffix = suffix[1:]
    return {"pdf": suffix == "pdf", "other": suffix in ("", "txt")}
"""
        ),
        bad=False,
    ),
    Example(
        "a method in small letters",
        plain("""
from fastapi import Request


@app.middleware("http")
async def guard(request: Request, call_next):
    if request.method == "post" and "x-token" not in request.headers:
        raise RuntimeError("who are you?")
    return await call_next(request)


@app.post("/files")
async def upload():
    return {}
"""),
        bad=True,
    ),
)
