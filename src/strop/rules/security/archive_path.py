"""A file of an archive is written where its name in the archive says.

**What.** For each entry of a zip or tar file that somebody sent, `open(os.path.join(folder, entry.filename), "wb")`; or `tar.extractall(folder)`
without a filter.

**Why it costs.** An archive may name `../../app/main.py` or `/etc/cron.d/job`: whoever uploads it writes files anywhere the service may, and so runs code.

**How it is found.** Names that a loop takes from `namelist`, `infolist` or `getmembers` and joins to a folder, where the result is opened for writing,
in a function that a route reaches and that never asks where the path leads (`resolve`, `is_relative_to`, `commonpath`, `basename`, `".."`).

**How to fix it.** `ZipFile.extract`, which cleans names; `extractall(folder, filter="data")` for tar; or take the name's last part.

**When it is no problem.** The service made the archive itself.

**Sources.** https://security.snyk.io/research/zip-slip-vulnerability ;
https://docs.python.org/3/library/tarfile.html#extraction-filters
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

RULE = Rule("SEC019", "archive-path", "security", "error", "An archive says where it is written", static=True)
_NAMES = ("namelist", "infolist", "getmembers", "getnames")
WORDS = _NAMES
_CHECKS = frozenset({
    "resolve", "is_relative_to", "relative_to", "commonpath", "commonprefix", "realpath", "abspath", "basename", "secure_filename",
    "is_absolute", "sanitize_filename", "normpath", "startswith",
})  # fmt: skip
_WRITES = frozenset({"w", "wb", "xb", "x", "w+", "wb+", "a", "ab"})


def notice(body: Body) -> Iterator[Mark]:
    """Paths that are made of an entry's name and written to."""
    if _CHECKS & body.words or any('".."' in line or "'..'" in line for line in body.lines):
        return
    loops: list[ast.For | ast.AsyncFor] = [*body.of(ast.For), *body.of(ast.AsyncFor)]
    for loop in loops:
        if not isinstance(loop.target, ast.Name) or not _is_entries(body, loop.iter):
            continue
        for write in body.calls("open", "write_bytes", "write_text"):
            inside = any(each is loop for each in body.around(write))
            path = _written(body, write) if inside else None
            if path is not None and _is_joined(body, path, loop.target.id):
                yield body.mark(RULE.code, write, text=body.brief(write, 90))
                break


def _is_entries(body: Body, expr: ast.expr) -> bool:
    shown = body.value(expr)
    return isinstance(shown, ast.Call) and isinstance(shown.func, ast.Attribute) and shown.func.attr in _NAMES


def _written(body: Body, call: ast.Call) -> ast.expr | None:
    """The path that a call writes to."""
    func = call.func
    if isinstance(func, ast.Attribute) and func.attr in ("write_bytes", "write_text"):
        return func.value
    own = isinstance(func, ast.Attribute) and body.instance(func.value).startswith("pathlib.")
    named = body.name(func) in ("open", "io.open", "aiofiles.open")
    modes = [a for a in (*call.args, *(k.value for k in call.keywords)) if body.constant(a) in _WRITES]
    if not modes or not (own or named):
        return None
    return func.value if isinstance(func, ast.Attribute) and own else call.args[0]


def _is_joined(body: Body, path: ast.expr, entry: str) -> bool:
    """Whether a path is a folder and the whole name of an entry."""
    shown = body.value(path)
    match shown:
        case ast.Call(func=func, args=[*parts]) if body.name(func).endswith(
            ("path.join", "pathlib.Path", ".joinpath")
        ):
            return any(_is_name(body, part, entry) for part in parts[-1:])
        case ast.BinOp(op=ast.Div(), right=right):
            return _is_name(body, right, entry)
        case ast.JoinedStr(values=[*_, ast.FormattedValue(value=last)]):
            return _is_name(body, last, entry)
    return False


def _is_name(body: Body, expr: ast.expr, entry: str) -> bool:
    match body.value(expr):
        case ast.Name(id=name):
            return name == entry
        case ast.Attribute(value=ast.Name(id=name), attr="filename" | "name"):
            return name == entry
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each place that a route reaches."""
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        if ways:
            yield tell(
                RULE,
                mark,
                ways,
                message=f"{mark.fact('text')} writes where the archive's entry says",
                impact="an archive with ../ in a name writes over files of the service",
                solution="ZipFile.extract, which cleans names, or the last part of the name; filter='data' for tar",
                confidence=0.8,
            )


_IMPORT = """
import io
import os
import zipfile

from fastapi import UploadFile

FOLDER = "/srv/themes"


@app.post("/themes")
def install(file: UploadFile):
    with zipfile.ZipFile(file.file) as archive:
        for entry in archive.infolist():
            {write}
    return {{}}
"""
EXAMPLES = (
    Example(
        "entries under their own names",
        plain(
            _IMPORT.format(
                write='path = os.path.join(FOLDER, entry.filename)\n            with open(path, "wb") as out:\n                out.write(archive.read(entry))'
            )
        ),
        bad=True,
    ),
    Example(
        "entries that the library puts in place",
        plain(_IMPORT.format(write="archive.extract(entry, FOLDER)")),
        bad=False,
        mends="entries under their own names",
    ),
    Example(
        "the last part of the name",
        plain(
            _IMPORT.format(
                write='path = os.path.join(FOLDER, os.path.basename(entry.filename))\n            with open(path, "wb") as out:\n                out.write(archive.read(entry))'
            )
        ),
        bad=False,
    ),
)
