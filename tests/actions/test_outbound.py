"""A change that calls another service otherwise is different, though no client sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.actions.prove import ProveRequest, prove
from strop.actions.target import open_target
from strop.measure.observe import Workload
from strop.project.settings import Overrides
from strop.report.prove.proved import Proved
from strop.target import Reply
from strop.verdict import Behaviour
from tests import ledger

MAIN = """\
import smtplib
import sys

import httpx
from fastapi import FastAPI

app = FastAPI()


@app.post("/orders/{number}")
async def order(number: int) -> dict[str, int]:
    async with httpx.AsyncClient() as client:
        answer = await client.post("https://bank.example.com/pay", json={"order": number})
    with smtplib.SMTP("localhost") as server:
        server.sendmail("shop@example.com", ["ann@example.com"], "Subject: Thank you\\n\\nBye\\n")
    return {"paid": answer.status_code}


@app.get("/rate")
def rate() -> str:
    try:
        return httpx.get("https://rates.example.com/").text
    except httpx.ConnectError:
        return "1"
"""
ANSWERS = (Reply("POST", "https://bank.example.com/pay", 201),)


def proved(home: Path, old: str, new: str, answers: tuple[Reply, ...] = ANSWERS) -> Proved:
    ledger.make(home, {"main.py": MAIN}, database=False)
    assert old in MAIN
    (home / "main.py").write_text(MAIN.replace(old, new))
    target = replace(open_target(home, Overrides(), head=True), outbound=answers)
    return prove(ProveRequest(target, "", Workload(suite=False), cost=False))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("bank.example.com/pay", "bank.example.org/pay", "outbound POST https://bank.example.com/pay"),
        ('{"order": number}', '{"order": number + 1}', "outbound POST https://bank.example.com/pay $.order"),
        ("Subject: Thank", "Subject: Many thank", "outbound mail to ann@example.com"),
    ],
)
def test_what_is_sent_otherwise(tmp_path: Path, old: str, new: str, path: str) -> None:
    judged = proved(tmp_path / "home", old, new).verdict
    assert judged.behaviour is Behaviour.DIFFERENT
    assert path in {difference.path for difference in judged.differences}


def test_what_was_refused_and_what_was_taken_is_said(tmp_path: Path) -> None:
    found = proved(tmp_path / "home", "import sys\n", "", answers=())
    assert found.verdict.behaviour is Behaviour.IDENTICAL
    said = [line for line in found.verdict.unproved if "called out" in line or "mail" in line]
    assert sorted(said) == [
        "1 request called out to bank.example.com and was refused; give answers with --outbound FILE",
        "1 request called out to rates.example.com and was refused; give answers with --outbound FILE",
    ]
    found = proved(tmp_path / "other", "import sys\n", "")
    assert [line for line in found.verdict.unproved if "called out" in line or "mail" in line] == [
        "1 request called out to rates.example.com and was refused; give answers with --outbound FILE",
        "1 request sent mail: what was sent is compared, and nobody got it",
    ]
