"""All workers together may open more connections than the database allows.

**What.** Workers times the size of their pools is more than the 100 connections that PostgreSQL allows by default.

**Why it costs.** Each worker has a pool of its own. Under load the last of them get "too many clients already", and
so does the person who wants to look why.

**How it is found.** The number of workers in a production command, `pool_size` and `max_overflow` of the engine
that the source makes (of several, the one with the largest pool), and no `max_connections` or pooler (PgBouncer, pgcat) in the files beside the code.

**How to fix it.** Smaller pools, fewer workers, a pooler, or a higher `max_connections` with the memory for it.

**When it is no problem.** A database elsewhere that is known to allow more.

**Sources.** SQLAlchemy, "Connection Pooling": https://docs.sqlalchemy.org/en/20/core/pooling.html ;
PostgreSQL, "max_connections": https://www.postgresql.org/docs/current/runtime-config-connection.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.shipped.values import Launch
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.shipping import launches
from strop.span import Step

RULE = Rule(
    "DEP004",
    "too-many-connections",
    "deployment",
    "warning",
    "More connections than the database allows",
    static=True,
)

WORDS = ("create_engine", "create_async_engine")
KINDS = ("function", "module")

_ALLOWED = 97  # PostgreSQL's default, less those that are kept for administrators
_POOLERS = ("pgbouncer", "pgcat", "pgpool", "odyssey", "supavisor")
_DRIVERS = frozenset({"asyncpg", "psycopg", "psycopg2", "psycopg2-binary", "pg8000"})


def notice(body: Body) -> Iterator[Mark]:
    """Engines with the size of their pool, where it is written as a number or left to the default."""
    for call in body.calls(*WORDS):
        given = {k.arg: k.value for k in call.keywords}
        size = body.constant(given["pool_size"]) if "pool_size" in given else 5
        over = body.constant(given["max_overflow"]) if "max_overflow" in given else 10
        plain = "poolclass" not in given and None not in given and "pool" not in given
        if plain and isinstance(size, int) and isinstance(over, int) and over >= 0 and size > 0:
            yield body.mark(
                RULE.code,
                call,
                size=str(size),
                over=str(over),
                url=body.brief(call.args[0], 40) if call.args else "",
            )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the command with the most workers."""
    marks = [m for m in project.source.marks.get(RULE.code, ()) if "sqlite" not in m.fact("url")]
    counted = [(int(count), launch) for launch in launches(project) if (count := _workers(launch)).isdigit()]
    said = " ".join(f"{s.image} {s.command} {s.name}" for s in project.shipped.services)
    asked = {r.name for r in project.shipped.requirements} | {m.fact("url")[1:11] for m in marks}
    if not marks or not counted or not asked & (_DRIVERS | {"postgresql"}):
        return
    if "max_connections" in said or any(pooler in said for pooler in _POOLERS):
        return
    workers, launch = max(counted, key=lambda pair: pair[0])
    largest = max(marks, key=lambda m: int(m.fact("size")) + int(m.fact("over")))
    total = workers * (int(largest.fact("size")) + int(largest.fact("over")))
    if workers > 1 and total > _ALLOWED:
        yield _finding(launch, workers, largest, total)


def _workers(launch: Launch) -> str:
    return launch.option("--workers", "-w") or ""


def _finding(launch: Launch, workers: int, engine: Mark, total: int) -> Finding:
    size = f"{engine.fact('size')} + {engine.fact('over')}"
    return draft(
        RULE,
        launch.span,
        (),
        message=f"{workers} workers with pools of {size} connections may open {total}; PostgreSQL allows 100 by default",
        impact="under load connections are refused: too many clients already",
        solution="make the pools smaller, put PgBouncer between, or raise max_connections",
        known="static",
        confidence=0.65,
        chain=(Step(f"the engine with {size} connections", engine.span),),
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
    Example(
        "a task with eight workers",
        {"main.py": _files(20)["main.py"]}
        | {
            "pyproject.toml": '[tool.poe.tasks.serve]\ncmd = "gunicorn main:app --workers 8 -k uvicorn_worker.UvicornWorker"\n'
        },
        bad=True,
    ),
)
