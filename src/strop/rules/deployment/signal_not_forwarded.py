"""The server never gets the signal to stop.

**What.** A shell stays between the container and the server: a start script that runs `uvicorn` as its child, or
`sh -c "migrate && uvicorn ..."`, without `exec`.

**Why it costs.** On every deployment SIGTERM goes to the shell, which ignores it. The server works on until it is
killed after the grace period: open requests are cut off, the lifespan's shutdown never runs, and each rollout takes
10 or 30 seconds longer.

**How it is found.** Start scripts that an ENTRYPOINT, CMD or compose command names, and commands of several parts:
the server's command is not replaced by `exec`, and the script has no trap.

**How to fix it.** `exec uvicorn ...` as the last step.

**When it is no problem.** A single command (`sh -c "uvicorn ..."`) replaces its shell by itself; process managers
(supervisor, systemd, dumb-init) pass signals on.

**Sources.** Docker, "ENTRYPOINT": https://docs.docker.com/reference/dockerfile/#exec-form-entrypoint-example ;
Uvicorn, "Deployment": https://www.uvicorn.org/deployment/
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.shipping import elsewhere, launches
from strop.rules.wording import listed

RULE = Rule(
    "DEP007", "signal-not-forwarded", "deployment", "warning", "The server isn't told to stop", static=True
)

_HANDLES = ("trap", "dumb-init", "supervisord", "s6-svscan")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each script and command."""
    scripts = {script.file: script for script in project.shipped.scripts}
    init = any(
        "dumb-init" in i.text
        for image in project.shipped.images
        for stage in image.stages
        for i in stage.instructions
        if i.name in ("ENTRYPOINT", "CMD")
    )
    told: set[str] = set()
    for launch in launches(project) if not init else ():
        if launch.execs or launch.how not in ("shell", "script") or launch.span.file in told:
            continue
        script = scripts.get(launch.span.file)
        if script is not None and any(word in script.words for word in _HANDLES):
            continue
        told.add(launch.span.file)
        others = elsewhere(project, launch)
        also = f" (also in {listed(others)})" if others else ""
        yield draft(
            RULE,
            launch.span,
            (),
            message=f"{launch.server} is started as a child of the shell, without exec{also}",
            impact="SIGTERM stops at the shell: open requests are cut off when the container is killed, and shutdown code never runs",
            solution=f"exec {launch.server} ... as the last step",
            known="static",
            confidence=0.85,
        )


_IMAGE = 'FROM python:3.12-slim\nCOPY start.sh /start.sh\nENTRYPOINT ["/start.sh"]\n'

EXAMPLES = (
    Example(
        "a script that stays",
        {
            "main.py": "",
            "Dockerfile": _IMAGE,
            "start.sh": "#!/bin/sh\nalembic upgrade head\nuvicorn main:app\n",
        },
        bad=True,
    ),
    Example(
        "migrate and serve in one line",
        {
            "main.py": "",
            "compose.yml": "services:\n  api:\n    command: sh -c 'alembic upgrade head && uvicorn main:app'\n",
        },
        bad=True,
    ),
    Example(
        "a script that makes room",
        {
            "main.py": "",
            "Dockerfile": _IMAGE,
            "start.sh": "#!/bin/sh\nalembic upgrade head\nexec uvicorn main:app\n",
        },
        bad=False,
        mends="a script that stays",
    ),
    Example(
        "a script that nobody starts in a container, and one that passes signals on",
        {
            "main.py": "",
            "Dockerfile": _IMAGE,
            "run.sh": "uvicorn main:app\n",
            "start.sh": "#!/bin/bash\ntrap 'kill $server' TERM\nuvicorn main:app &\nserver=$!\nwait $server\n",
        },
        bad=False,
    ),
)
