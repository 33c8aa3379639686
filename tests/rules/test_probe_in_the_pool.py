"""A health check in the thread pool is a warning where something asks for it and many work there, or where many wait for
other services there; otherwise it is a note.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.actions.review import ReviewRequest, review

PROBE = """\
import sqlite3

from fastapi import FastAPI

app = FastAPI()


@app.get("{path}")
{how} healthcheck():
    return {{"alive": True}}
"""
ONE = """

@app.get("/{name}")
def list_{name}():
    return sqlite3.connect("{name}.db").execute("SELECT number FROM {name}").fetchall()
"""
ASK = """

@app.get("/{name}")
def ask_{name}():
    import httpx

    return httpx.get("https://{name}.example").json()
"""
WORK = "".join(ONE.format(name=f"orders{number}") for number in range(20))
ASKS = "".join(ASK.format(name=f"stock{number}") for number in range(20))
COMPOSE = """
services:
  {name}:
    image: {image}
    healthcheck:
      test: ["CMD", "true"]
"""


@pytest.mark.parametrize(
    ("path", "how", "work", "severity"),
    [
        ("/health", "def", WORK, "warning"),
        ("/internal/readyz", "def", WORK, "warning"),
        ("/health", "async def", WORK, None),
        ("/health", "def", ONE.format(name="orders"), "note"),
        ("/health", "def", "", "note"),
        ("/colours", "def", WORK, "note"),
    ],
)
def test_probe(tmp_path: Path, path: str, how: str, work: str, severity: str | None) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\nHEALTHCHECK CMD curl localhost/health\n")
    assert severities(tmp_path, PROBE.format(path=path, how=how) + work) == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("beside", "text", "work", "severity"),
    [
        ("Dockerfile", "FROM python:3.12\n", WORK, "note"),
        ("Dockerfile", "FROM python:3.12\nHEALTHCHECK NONE\n", WORK, "note"),
        ("Dockerfile", "FROM python:3.12\n", ASKS, "warning"),
        ("compose.yaml", COMPOSE.format(name="db", image="postgres:17"), WORK, "note"),
        ("compose.yaml", COMPOSE.format(name="api", image="shop/api:1"), WORK, "warning"),
        ("deploy/api.yaml", "livenessProbe:\n  httpGet:\n    path: /health\n", WORK, "warning"),
    ],
)
def test_who_asks(tmp_path: Path, beside: str, text: str, work: str, severity: str) -> None:
    (tmp_path / beside).parent.mkdir(exist_ok=True)
    (tmp_path / beside).write_text(text)
    assert severities(tmp_path, PROBE.format(path="/health", how="def") + work) == [severity]


def severities(folder: Path, text: str) -> list[str]:
    (folder / "main.py").write_text(text)
    entries = review(ReviewRequest((folder,), only=("ASY004",), cache=False)).review.entries
    return [e.finding.severity for e in entries]
