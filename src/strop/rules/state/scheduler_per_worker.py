"""A scheduler starts in every worker.

**What.** The lifespan or a start-up handler starts a scheduler (APScheduler, `repeat_every`, rocketry) in the process that
serves requests.

**Why it costs.** Start-up runs once in each worker and each replica, so every job runs that many times: invoices that
are sent twice, jobs that lock each other out. Long jobs also share the event loop with requests.

**How it is found.** A start of such a scheduler in what the start-up of the application reaches, without a branch
around it that decides which process it is. A note where nothing in the repository starts several workers.

**How to fix it.** Run the scheduler in a process of its own; or take a lock in the database or Redis (leader election)
before it starts.

**When it is no problem.** The service runs as one process by design, or jobs are claimed in a shared job store.

**Sources.** https://github.com/fastapi/fastapi/issues/4340 ; APScheduler, "Frequently Asked Questions":
https://apscheduler.readthedocs.io/en/3.x/faq.html#how-do-i-share-a-single-job-store-among-one-or-more-worker-processes
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.replicas import are_several
from strop.rules.rule import Rule
from strop.span import Step

RULE = Rule(
    "STA011", "scheduler-per-worker", "state", "warning", "A scheduler starts in every worker", static=True
)
WORDS = ("start", "start_in_background", "serve", "repeat_every", "run_scheduler", "crontab")

_SCHEDULERS = ("apscheduler.", "rocketry.", "aiocron.", "schedule.", "huey.")
_GUARDS = ("lock", "leader", "primary", "elect", "master", "worker_id", "acquire")


def notice(body: Body) -> Iterator[Mark]:
    """Starts of schedulers."""
    if any(g in w.lower() for w in body.words for g in _GUARDS):
        return
    for call in body.calls("start", "start_in_background", "serve"):
        name = body.name(call.func)
        if name.startswith(_SCHEDULERS) and body.within(call, ast.If) is None:
            yield body.mark(RULE.code, call, name=name, text=body.brief(call, 60))
    if body.function is not None:
        for decorator in body.decorators():
            if decorator.endswith(".repeat_every"):
                yield body.mark(
                    RULE.code, body.function.node.decorator_list[0], name=decorator, text="@repeat_every"
                )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each file that starts one."""
    serving = [launch for launch in project.shipped.launches if not launch.development]
    counts = [launch.option("--workers", "-w") for launch in serving]
    alone = bool(counts) and all(count == "1" for count in counts)
    several = are_several(project)
    told: set[str] = set()
    for mark in project.source.marks.get(RULE.code, ()) if not alone else ():
        starts = [w for w in project.reaches.get(mark.function, ()) if w.context in ("startup", "import")]
        if not starts or mark.span.file in told:
            continue
        told.add(mark.span.file)
        yield draft(
            RULE,
            mark.span,
            (),
            message=f"{mark.fact('text')} runs at the start of each worker: every job runs once per worker",
            impact="with several workers or replicas each job runs several times, at the same moment",
            solution="run the scheduler as a process of its own, or let one worker be elected with a lock in the database or Redis",
            known="static",
            confidence=0.85 if several else 0.65,
            severity=None if several else "note",
            chain=(*starts[0].chain, Step(mark.fact("text"), mark.span)),
            facts={"name": mark.fact("name")},
        )


EXAMPLES = (
    Example(
        "in the lifespan",
        {
            "main.py": """\
from contextlib import asynccontextmanager

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from fastapi import FastAPI

scheduler = AsyncIOScheduler()


@scheduler.scheduled_job("cron", hour=3)
async def send_invoices():
    ...


@asynccontextmanager
async def lifespan(app):
    scheduler.start()
    yield
    scheduler.shutdown()


app = FastAPI(lifespan=lifespan)
""",
            "Procfile": "web: uvicorn main:app --workers 4\n",
        },
        bad=True,
    ),
    Example(
        "in a process of its own",
        {
            "main.py": """\
from fastapi import FastAPI

app = FastAPI()
""",
            "jobs.py": """\
from apscheduler.schedulers.blocking import BlockingScheduler

scheduler = BlockingScheduler()


@scheduler.scheduled_job("cron", hour=3)
def send_invoices():
    ...


if __name__ == "__main__":
    scheduler.start()
""",
        },
        bad=False,
        mends="in the lifespan",
    ),
    Example(
        "only where it was switched on",
        {
            "main.py": """\
import os
from contextlib import asynccontextmanager

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from fastapi import FastAPI

scheduler = AsyncIOScheduler()


@asynccontextmanager
async def lifespan(app):
    if os.environ.get("RUN_JOBS") == "1":
        scheduler.start()
    yield


app = FastAPI(lifespan=lifespan)
"""
        },
        bad=False,
    ),
)
