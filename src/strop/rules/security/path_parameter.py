"""A parameter of the request is a path on the server.

**What.** A query parameter, form or body field is annotated `Path` of `pathlib`.

**Why it costs.** FastAPI makes a `Path` of whatever text comes: "/etc/passwd" is as good a path as any. What gets it (a
download, a token that allows one, a clean-up) works on files that the client names.

**How it is found.** The annotations of parameters, of handlers that don't compare the path with a folder
(`is_relative_to`, `parent`, a list of allowed ones).

**How to fix it.** Take an id or a plain name, and look the path up; or refuse what is not
`path.resolve().is_relative_to(base)`.

**When it is no problem.** The service manages files for people who own the machine.

**Sources.** https://owasp.org/www-community/attacks/Path_Traversal ; https://docs.python.org/3/library/pathlib.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.flow import CODE, Flow
from strop.project.project import Project
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule(
    "SEC017", "path-parameter", "security", "warning", "A path on the server as a parameter", static=True
)
_PATH = regex(
    r"^(pathlib\.|typing\.)?(Optional\[)?(pathlib\.)?(Path|FilePath|DirectoryPath|PurePath)\]?( \| None)?$"
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler and parameter."""
    protection = Protection.of(project)
    guarded = {m.function: Flow.of(m).guarded for m in project.source.marks.get(CODE, ())}
    done: set[tuple[str, str]] = set()
    for route in project.imported.routes:
        function = protection.handler(route)
        for parameter in route.parameters if function is not None else ():
            if function is None or (function.id, parameter.name) in done or not _PATH.match(parameter.type):
                continue
            done.add((function.id, parameter.name))
            if (
                parameter.owner not in ("", route.name)
                or parameter.place == "path"
                or parameter.name in guarded.get(function.id, ())
            ):
                continue
            span = Span(function.span.file, function.span.line, function.span.symbol)
            yield draft(
                RULE,
                span,
                [r.key for r in project.imported.routes if r.name == route.name],
                message=f'the {parameter.place} parameter "{parameter.name}" of {span.symbol} is a path on the server',
                impact="the client names any file that the process can reach",
                solution="take a name and look the path up, or refuse what is not is_relative_to() its folder",
                known="static",
                confidence=0.75,
                chain=(Step(route.key, span),),
                facts={"parameter": parameter.name},
            )


EXAMPLES = (
    Example(
        "a token for any file",
        plain("""
def token_for(path: Path) -> str:
    return str(path)


@app.get("/download-token")
def download_token(path: Path):
    return {"token": token_for(path)}
"""),
        bad=True,
    ),
    Example(
        "a token for files of one folder",
        plain("""
FOLDER = Path("/srv/exports")


def token_for(path: Path) -> str:
    return str(path)


@app.get("/download-token")
def download_token(path: Path):
    if not path.resolve().is_relative_to(FOLDER):
        raise HTTPException(400)
    return {"token": token_for(path)}
"""),
        bad=False,
        mends="a token for any file",
    ),
    Example(
        "FastAPI's Path",
        plain("""
from typing import Annotated

from fastapi import Path as FromPath


@app.get("/orders/{number}")
def order(number: Annotated[int, FromPath(ge=1)]):
    return {"number": number}
"""),
        bad=False,
    ),
)
