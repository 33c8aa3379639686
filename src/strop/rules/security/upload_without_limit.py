"""An upload is read whole into memory, however large it is.

**What.** `await file.read()` without a size, in a handler that never looks at how much there is.

**Why it costs.** Starlette puts an upload of any size on disk, and this line puts it into memory: a few requests of some
gigabytes end the process, or the machine.

**How it is found.** Reads of an `UploadFile` parameter without a size, in functions that compare no size and hand the
file to nothing that could, unless a middleware's name says that it limits bodies. A note where every route that leads
here may ask who calls: people with an account seldom send gigabytes to harm a service that they use; and where the application
is one person's own (on a desk, bound to its own machine).

**How to fix it.** Read in pieces and stop with 413 at a limit; and limit bodies before they are stored, with a pure ASGI
middleware that counts bytes (Content-Length alone is not enough) or in the proxy.

**When it is no problem.** A proxy in front refuses large bodies for every way to the service.

**Sources.** https://github.com/fastapi/fastapi/issues/362 ; https://fastapi.tiangolo.com/reference/uploadfile/
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.alone import is_for_one
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "SEC015", "upload-without-limit", "security", "warning", "An upload of any size in memory", static=True
)
WORDS = ("UploadFile",)
_UPLOADS = frozenset(
    {"fastapi.UploadFile", "starlette.datastructures.UploadFile", "fastapi.datastructures.UploadFile"}
)
_SIZES = regex(r"size|limit|max|length|len$|bytes", re.IGNORECASE)
_LIMITS = regex(
    r"(limit|max|size).*(body|upload|content|request|payload|size)|(body|upload|content|request|payload).*(limit|max|size)",
    re.IGNORECASE,
)


def notice(body: Body) -> Iterator[Mark]:
    """Reads of a whole upload in a function that looks at no size."""
    if any(_SIZES.search(word) for word in _compared(body)):
        return
    for call in body.calls("read"):
        if call.args or call.keywords or not isinstance(call.func, ast.Attribute):
            continue
        file = call.func.value
        source = file.value if isinstance(file, ast.Attribute) and file.attr == "file" else file
        if not isinstance(source, ast.Name) or body.instance(source) not in _UPLOADS:
            continue
        if not _is_handed_on(body, source.id):
            yield body.mark(RULE.code, call, file=source.id, text=body.text(call))


def _compared(body: Body) -> Iterator[str]:
    """The names in comparisons."""
    for compare in body.of(ast.Compare):
        for node in ast.walk(compare):
            if isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.Attribute):
                yield node.attr


def _is_handed_on(body: Body, name: str) -> bool:
    """Whether another function gets the file: it may look at its size."""
    return any(
        isinstance(arg, ast.Name) and arg.id == name
        for call in body.of(ast.Call)
        for arg in (*call.args, *(k.value for k in call.keywords))
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each read that a route reaches."""
    if any(_LIMITS.search(m.name.rpartition(":")[2]) for m in project.imported.middleware):
        return
    protection, own, seen = Protection.of(project), is_for_one(project), set[str]()
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        if ways and mark.function not in seen:
            seen.add(mark.function)
            yield tell(
                RULE,
                mark,
                ways,
                message=f'the upload "{mark.fact("file")}" is read whole, and nothing limits its size',
                impact="a few large uploads fill the memory of the worker",
                solution="read in pieces and answer 413 at a limit; limit bodies in a middleware or the proxy as well",
                confidence=0.7,
                severity=None
                if not own and any(map(protection.is_entrance, {w.route for w in ways}))
                else "note",
            )


EXAMPLES = (
    Example(
        "a picture of any size",
        plain("""
from fastapi import UploadFile


@app.post("/pictures")
async def upload(file: UploadFile):
    data = await file.read()
    return {"digest": hashlib.sha256(data).hexdigest()}
"""),
        bad=True,
    ),
    Example(
        "a picture of any size, to one's own machine alone: a note",
        plain("""
import uvicorn
from fastapi import UploadFile


@app.post("/pictures")
async def upload(file: UploadFile):
    data = await file.read()
    return {"digest": hashlib.sha256(data).hexdigest()}


def main():
    uvicorn.run(app, host="127.0.0.1", port=8000)
"""),
        bad=True,
    ),
    Example(
        "a picture of any size, to whoever reaches the container",
        plain("""
import uvicorn
from fastapi import UploadFile


@app.post("/pictures")
async def upload(file: UploadFile):
    data = await file.read()
    return {"digest": hashlib.sha256(data).hexdigest()}


def main():
    uvicorn.run(app, host="127.0.0.1", port=8000)
""")
        | {"Dockerfile": 'FROM python:3.12\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0"]\n'},
        bad=True,
    ),
    Example(
        "a picture of any size, from people with an account: a note",
        plain("""
from fastapi import Header, UploadFile


def current_user(authorization: str = Header()) -> str:
    if not authorization:
        raise HTTPException(401)
    return authorization


@app.post("/pictures")
async def upload(file: UploadFile, user: str = Depends(current_user)):
    data = await file.read()
    return {"by": user, "digest": hashlib.sha256(data).hexdigest()}
"""),
        bad=True,
    ),
    Example(
        "a picture up to a size",
        plain("""
from fastapi import UploadFile

MAX_SIZE = 5 * 1024 * 1024


@app.post("/pictures")
async def upload(file: UploadFile):
    data = await file.read(MAX_SIZE + 1)
    if len(data) > MAX_SIZE:
        raise HTTPException(413)
    return {"digest": hashlib.sha256(data).hexdigest()}
"""),
        bad=False,
        mends="a picture of any size",
    ),
    Example(
        "the size is looked at first",
        plain("""
from fastapi import UploadFile


@app.post("/pictures")
async def upload(file: UploadFile):
    if file.size is None or file.size > 5_000_000:
        raise HTTPException(413)
    return {"digest": hashlib.sha256(await file.read()).hexdigest()}
"""),
        bad=False,
    ),
)
