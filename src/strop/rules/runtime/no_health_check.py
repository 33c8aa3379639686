"""Nothing tells whether the service is up.

**What.** The application is packed for production and has no route that says that it lives.

**Why it costs.** The orchestrator can only see whether the process exists. A worker that hangs keeps getting requests,
and a new version gets them before it is ready.

**How it is found.** A container file that starts the server, and no route whose path says health, ready, live, ping or
status.

**How to fix it.** `GET /health/live` that answers a constant, `GET /health/ready` that looks at what is needed.

**When it is no problem.** A service that something else watches by one of its own routes.

**Sources.** Kubernetes, "Configure Liveness, Readiness and Startup Probes":
https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.shipped.commands import is_development
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.shipping import applications

RULE = Rule("RUN009", "no-health-check", "runtime", "note", "No health check", static=True)

_HEALTH = regex(r"health|live|alive|ready|ping|status|heartbeat|about|/up\b|version|info|monitor", re.I)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the application."""
    span, routes = project.imported.span, project.imported.routes
    watched = any("healthcheck" in s.keys for s in project.shipped.services) or any(
        i.name == "HEALTHCHECK" for m in project.shipped.images for s in m.stages for i in s.instructions
    )
    own = [r for r in routes if r.span is not None]
    hidden = any(r.uncertain or r.kind == "mount" for r in routes)
    if span is None or is_development(span.file) or not own or hidden or watched or project.shipped.probes:
        return
    if any(_HEALTH.search(r.path) for r in routes) or not any(True for _ in applications(project)):
        return
    yield draft(
        RULE,
        span,
        (),
        message="no route tells whether the service is up",
        impact="a worker that hangs keeps getting requests, and a new one gets them before it is ready",
        solution="add GET /health/live that answers a constant, and GET /health/ready that looks at what is needed",
        known="static",
        confidence=0.6,
    )


_IMAGE = 'FROM python:3.12-slim\nRUN pip install -r requirements.txt\nCMD ["uvicorn", "main:app"]\n'


def _files(path: str, **more: str) -> dict[str, str]:
    main = f'from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get("{path}")\nasync def read():\n    return []\n'
    return {"main.py": main, "requirements.txt": "fastapi==0.116.1\n", **more}


EXAMPLES = (
    Example("orders alone", _files("/orders", Dockerfile=_IMAGE), bad=True),
    Example("a route for it", _files("/health/live", Dockerfile=_IMAGE), bad=False, mends="orders alone"),
    Example("nothing is packed", _files("/orders"), bad=False),
)
