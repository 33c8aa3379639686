"""Do several processes serve the application, as far as its files say? Several workers, told anywhere, are a sign."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.shipped.values import Launch
from strop.regex import regex

SEVERAL = "several-processes"  # the key of these marks; whichever rule asks makes them
_STARTS = ("run", "Granian")  # uvicorn.Config is told of workers, and uvicorn.Server starts none
_SERVERS = ("uvicorn.", "granian.", "hypercorn.")
_VARIABLE = regex(r"^(WEB_(SERVER_)?CONCURRENCY|(GUNICORN|UVICORN|WEB|API|SERVER)_(NUM_)?WORKERS)$")
_ONE = regex(r"^(1?|\$\{\w+:?-1\})$")


def note_workers(body: Body) -> Iterator[Mark]:
    """Calls that start a server with more than one worker, or with as many as a setting says."""
    for call in body.calls(*_STARTS):
        given = next((k.value for k in call.keywords if k.arg == "workers"), None)
        if given is None or not body.name(call.func).startswith(_SERVERS):
            continue
        if not (isinstance(given, ast.Constant) and given.value in (None, 1)):
            yield body.mark(SEVERAL, call)


def are_several(project: Project) -> bool:
    """Whether a command, a setting or the code starts several workers; or Gunicorn is asked for and no command is known."""
    shipped = project.shipped
    starts = [launch for launch in shipped.launches if not launch.development]
    said = [(n, v) for service in shipped.services for n, v, _ in service.environment]
    managed = not starts and any(r.name == "gunicorn" for r in shipped.requirements)
    return (
        managed
        or bool(project.source.marks.get(SEVERAL))
        or any(map(_has_several, starts))
        or any(_VARIABLE.match(name) and not _ONE.match(value) for name, value in said)
    )


def _has_several(launch: Launch) -> bool:
    """Whether a command names a number of workers, or a file in which Gunicorn finds one."""
    workers = launch.option("--workers", "-w")
    if workers is None:
        return launch.server == "gunicorn" and launch.option("-c", "--config") is not None
    return not _ONE.match(workers)
