"""All workers together may open more connections than the database allows.

**What.** Workers times the size of their pools is more than the 100 connections that PostgreSQL allows by default.

**Why it costs.** Each worker has a pool of its own. Under load the last of them get "too many clients already", and
so does the person who wants to look why.

**How it is found.** The number of workers in a production command, `pool_size` and `max_overflow` of the engines
that the source makes, and no `max_connections` or pooler (PgBouncer, pgcat) in the files beside the code.

**How to fix it.** Smaller pools, fewer workers, a pooler, or a higher `max_connections` with the memory for it.

**When it is no problem.** A database elsewhere that is known to allow more.

**Sources.** SQLAlchemy, "Connection Pooling": https://docs.sqlalchemy.org/en/20/core/pooling.html ;
PostgreSQL, "max_connections": https://www.postgresql.org/docs/current/runtime-config-connection.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.shipped.values import Launch
from strop.project.table import Engine
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.shipping import launches

RULE = Rule(
    "DEP004",
    "too-many-connections",
    "deployment",
    "warning",
    "More connections than the database allows",
    static=True,
)

_ALLOWED = 97  # PostgreSQL's default, less those that are kept for administrators
_POOLERS = ("pgbouncer", "pgcat", "pgpool", "odyssey", "supavisor")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the command with the most workers."""
    pools = [
        e
        for e in project.imported.engines
        if e.dialect == "postgresql" and e.pool_size > 0 and e.max_overflow >= 0
    ]
    counted = [(int(count), launch) for launch in launches(project) if (count := _workers(launch)).isdigit()]
    said = " ".join(f"{s.image} {s.command} {s.name}" for s in project.shipped.services)
    if not pools or not counted or "max_connections" in said or any(p in said for p in _POOLERS):
        return
    workers, launch = max(counted, key=lambda pair: pair[0])
    total = workers * sum(e.pool_size + e.max_overflow for e in pools)
    if workers > 1 and total > _ALLOWED:
        yield _finding(launch, workers, pools, total)


def _workers(launch: Launch) -> str:
    return launch.option("--workers", "-w") or ""


def _finding(launch: Launch, workers: int, pools: list[Engine], total: int) -> Finding:
    each = " + ".join(f"{e.pool_size} + {e.max_overflow}" for e in pools)
    return draft(
        RULE,
        launch.span,
        (),
        message=f"{workers} workers with pools of {each} connections may open {total}; PostgreSQL allows 100 by default",
        impact="under load connections are refused: too many clients already",
        solution="make the pools smaller, put PgBouncer between, or raise max_connections",
        known="static",
        confidence=0.65,
        facts={"total": total},
    )


def _files(pool: int) -> dict[str, str]:
    return {
        "main.py": f"""\
from fastapi import FastAPI
from sqlalchemy import create_engine

engine = create_engine("postgresql+psycopg://localhost/shop", pool_size={pool}, max_overflow=10)
app = FastAPI()
""",
        "Procfile": "web: gunicorn main:app --workers 8 --worker-class uvicorn.workers.UvicornWorker\n",
    }


EXAMPLES = (
    Example("eight workers with thirty connections each", _files(20), bad=True),
    Example(
        "eight workers with twelve connections each",
        {name: text.replace("max_overflow=10", "max_overflow=2") for name, text in _files(10).items()},
        bad=False,
        mends="eight workers with thirty connections each",
    ),
    Example(
        "a pooler between",
        _files(20) | {"compose.yml": "services:\n  pool:\n    image: edoburu/pgbouncer:v1.23\n"},
        bad=False,
    ),
)
