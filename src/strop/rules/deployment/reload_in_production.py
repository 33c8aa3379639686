"""The production server runs in development mode.

**What.** `--reload` stands in the command that an image, a service or a process manager starts, or the application is
made with `debug=True`.

**Why it costs.** The reloader watches the whole tree, runs one worker only, and restarts in the middle of requests
when a file changes (an upload is enough). `debug=True` answers every failure with a traceback: code, paths and values.

**How it is found.** Start commands in container files, compose files, start scripts, Procfiles, units of systemd
and supervisor that are not named for development; targets of a Makefile and tasks of `pyproject.toml` (Poe, taskipy,
PDM, Rye, Hatch) that one of those runs, or whose name says production; `reload = True` of a Gunicorn configuration;
the arguments of `FastAPI()`, unless what stands there compares a setting, in place or in a property: that says when.

**How to fix it.** Leave the flag out there, and put it into the command of developers (a compose override, a task).

**When it is no problem.** Files, stages and services whose names say development, test or example, and branches of a
script; tasks that nothing but developers run; services that build an image and mount the sources over what is in it.

**Sources.** Uvicorn, "Settings": https://www.uvicorn.org/settings/#development ;
Starlette, "debug": https://www.starlette.io/applications/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.members import is_property
from strop.project.project import Project
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.shipping import launches
from strop.span import Span

RULE = Rule(
    "DEP001", "reload-in-production", "deployment", "warning", "Development mode in production", static=True
)

KINDS = ("module", "function")
WORDS = ("debug",)
_RELOAD = "files are watched and the only worker restarts when one changes, in the middle of requests"
_DEBUG = "every failure is answered with a traceback: code, paths and values"


def notice(body: Body) -> Iterator[Mark]:
    """Applications whose `debug` is worked out from settings: it is true in the environments that are named there."""
    for call in body.calls("FastAPI"):
        given = next((k.value for k in call.keywords if k.arg == "debug"), None)
        if given is not None and _is_worked_out(body, body.value(given)):
            yield body.mark(RULE.code, call)


def _is_worked_out(body: Body, given: ast.expr) -> bool:
    if isinstance(given, ast.Attribute):
        owner = body.instance(given.value)
        known = body.types.members.is_class(owner)
        found = body.types.members.function(owner, given.attr) if known else None
        return found is not None and is_property(found) and not _is_plain(found.results)
    return isinstance(given, ast.Compare | ast.BoolOp)


def _is_plain(results: list[ast.expr]) -> bool:
    """Whether a property gives a fixed value."""
    return all(isinstance(result, ast.Constant) for result in results)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each command and setting."""
    for launch in launches(project):
        if launch.option("--reload") is not None and not launch.condition:
            yield _finding(launch.span, f"{launch.server} is started with --reload", _RELOAD)
    for text, span in project.shipped.debug:
        yield _finding(span, f"the server's configuration says {text}", _RELOAD)
    made = project.imported.span
    is_debug = dict(project.imported.options).get("debug") == "True"
    if made is not None and is_debug and not _depends(project, made):
        yield _finding(made, "FastAPI() is made with debug=True", _DEBUG)


def _depends(project: Project, made: Span) -> bool:
    """Whether a setting decides if the application that is made there shows its failures."""
    marks = project.source.marks.get(RULE.code, ())
    return any(mark.span.file == made.file and mark.span.line == made.line for mark in marks)


def _finding(span: Span, message: str, impact: str) -> Finding:
    solution = "leave it out here, and give it in a file that only developers use"
    return draft(
        RULE, span, (), message=message, impact=impact, solution=solution, known="static", confidence=0.85
    )


_SETTINGS = """
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    stage: str = "development"
    debug: bool = True

    @property
    def shows_failures(self) -> bool:
        return self.stage == "development"


settings = Settings()
"""

_APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"

EXAMPLES = (
    Example(
        "an image that reloads",
        {
            "main.py": _APP,
            "Dockerfile": 'FROM python:3.12-slim\nCOPY . /app\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--reload"]\n',
        },
        bad=True,
    ),
    Example(
        "an image that serves",
        {
            "main.py": _APP,
            "Dockerfile": 'FROM python:3.12-slim\nCOPY . /app\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0"]\n',
        },
        bad=False,
        mends="an image that reloads",
    ),
    Example(
        "reloading for developers",
        {
            "main.py": _APP,
            "compose.override.yml": "services:\n  api:\n    command: uvicorn main:app --reload\n",
            "Dockerfile": 'FROM python:3.12-slim AS development\nCMD ["uvicorn", "main:app", "--reload"]\n\n'
            'FROM python:3.12-slim AS production\nCMD ["uvicorn", "main:app"]\n',
            "start.sh": 'if [ "$MODE" = dev ]; then\n  exec uvicorn main:app --reload\nfi\nexec uvicorn main:app\n',
        },
        bad=False,
    ),
    Example(
        "a service that sees the developer's files",
        {
            "app/main.py": _APP,
            "Dockerfile": 'FROM python:3.12-slim\nCOPY . /srv\nCMD ["uvicorn", "app.main:app"]\n',
            "docker-compose.yml": "services:\n  api:\n    build: .\n    command: uvicorn app.main:app --reload\n"
            "    volumes:\n      - ./app:/srv/app\n      - ./data:/data\n",
        },
        bad=False,
    ),
    Example(
        "a service that reloads what was built, beside its data",
        {
            "app/main.py": _APP,
            "Dockerfile": 'FROM python:3.12-slim\nCOPY . /srv\nCMD ["uvicorn", "app.main:app"]\n',
            "docker-compose.yml": "services:\n  api:\n    build: .\n    command: uvicorn app.main:app --reload\n"
            "    volumes:\n      - ./data:/data\n",
        },
        bad=True,
    ),
    Example(
        "an image that runs a task that reloads",
        {
            "main.py": _APP,
            "Makefile": "APP := main:app\n\nserve:\n\tuvicorn $(APP) --host 0.0.0.0 --reload\n",
            "Dockerfile": 'FROM python:3.12-slim\nCOPY . /app\nCMD ["make", "serve"]\n',
        },
        bad=True,
    ),
    Example(
        "tasks that reload for developers",
        {
            "main.py": _APP,
            "Makefile": "run:\n\tuvicorn main:app --reload\n\nrun-dev:\n\tuvicorn main:app --reload --port 8001\n",
            "pyproject.toml": '[tool.poe.tasks]\napi = "uvicorn main:app --reload --workers 1 --host 127.0.0.1"\n',
            "Dockerfile": 'FROM python:3.12-slim\nCOPY . /app\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0"]\n',
        },
        bad=False,
    ),
    Example(
        "failures are shown in the environment of developers",
        {
            "settings.py": _SETTINGS,
            "main.py": "from fastapi import FastAPI\n\nfrom settings import settings\n\napp = FastAPI(debug=settings.shows_failures)\n",
        },
        bad=False,
    ),
    Example(
        "failures are shown unless a setting forbids it",
        {
            "settings.py": _SETTINGS,
            "main.py": "from fastapi import FastAPI\n\nfrom settings import settings\n\napp = FastAPI(debug=settings.debug)\n",
        },
        bad=True,
    ),
)
