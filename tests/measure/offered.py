"""A FastAPI application of the test's own, its OpenAPI as strop reads it, and databases with some rows."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import httpx
from fastapi import FastAPI

from strop.cell import Cell
from strop.measure.generate import generate
from strop.project.project import Imported
from strop.project.table import Column, Table
from strop.target import Target
from strop.world.databases import Databases, Originals

TARGET = Target(root="/", app="main:app", factory=False, python="python")


def databases(folder: Path, script: str = "") -> Databases:
    """What an instance holds after a start that opened one SQLite file."""
    made = Databases(
        Originals(folder / "originals"), folder, folder / "tree", folder / "home", folder / "tmp"
    )
    if script:
        (folder / "home").mkdir()
        with sqlite3.connect(folder / "home" / "my.db") as database:
            database.executescript(script)
        database.close()
        made.answer({"ask": "sqlite", "path": str(folder / "tree" / "my.db")})
        made.keep()
    return made


def table(name: str, *columns: str, **foreign: str) -> Table:
    """A table whose first column is its key."""
    listed = (Column(c, "INTEGER", primary=c == columns[0], foreign_key=foreign.get(c, "")) for c in columns)
    return Table(name, "", None, tuple(listed))


def imported(app: FastAPI, tables: Sequence[Table] = ()) -> Imported:
    return Imported("main:app", (), tables=tuple(tables), openapi=json.dumps(app.openapi()))


def cells(app: FastAPI, folder: Path, target: Target = TARGET) -> tuple[Cell, ...]:
    return generate(target, imported(app), databases(folder), ())


def statuses(app: FastAPI, sent: Sequence[Cell]) -> dict[str, list[int]]:
    """What the application answers to each cell, by operation."""
    return asyncio.run(_statuses(app, sent))


async def _statuses(app: FastAPI, sent: Sequence[Cell]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        for cell in sent:
            request = cell.request
            answer = await client.request(
                request.method, request.path, headers=list(request.headers), content=request.body or None
            )
            found.setdefault(cell.route, []).append(answer.status_code)
    return found
