"""Changes that misbehave: each gets a verdict, nothing is left of it, and the user's row and file are as they were."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.actions.prove import ProveRequest, prove
from strop.actions.target import open_target
from strop.measure import serve
from strop.measure.observe import Workload
from strop.project.settings import Overrides
from strop.report.prove.proved import Proved
from strop.verdict import Behaviour
from strop.world import instance
from strop.world.marked import MARK
from tests import ledger
from tests.world.photograph import photograph

MAIN = """\
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/notes")
async def notes() -> list[str]:
    misbehave()
    with sqlite3.connect("notes.db") as database:
        return [text for (text,) in database.execute("select text from notes order by id")]


def misbehave() -> None:
    pass
"""
EAT = "kept = []\n    while True:\n        kept.append(bytes(1 << 24) + b'x')"
CASES = {
    "hangs": ("time.sleep(600)", "ProcessDied"),
    "exits": ("os._exit(3)", "ProcessDied"),
    "is killed": ("os.kill(os.getpid(), 9)", "ProcessDied"),
    "ends its thread's interpreter": ("sys.exit(3)", "SystemExit"),
    "eats memory": (EAT, "500"),
    "calls outward": ("socket.create_connection(('203.0.113.7', 80))", "500"),
    "removes the database": ("os.remove('notes.db')", "500"),
    "spoils the database": ("open('notes.db', 'wb').write(b'x' * 10000)", "500"),
}
UNSEEN = {
    "forks": "os.fork()",
    "starts a daemon": "subprocess.Popen(['sleep', '600'], start_new_session=True)",
    "starts a thread that never ends": "threading.Thread(target=time.sleep, args=(600,)).start()",
}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(instance, "MEMORY", 1 << 29)
    monkeypatch.setattr(serve, "REQUEST_LIMIT", 1.0)
    return folder


def proved(home: Path, misbehaving: str) -> Proved:
    ledger.make(home, {"main.py": MAIN, ".gitignore": "*.db\n"}, database=False)
    with sqlite3.connect(home / "notes.db") as database:
        database.execute("create table notes (id integer primary key, text varchar)")
        database.execute("insert into notes (text) values ('canary')")
    database.close()
    (home / "canary.txt").write_text("untouched")
    (home / "main.py").write_text(MAIN.replace("    pass\n", f"    {misbehaving}\n"))
    before = photograph(home)
    target = replace(open_target(home, Overrides(python=sys.executable), head=True), time_limit=60.0)
    try:
        return prove(ProveRequest(target, "", Workload(suite=False), cost=False))
    finally:
        assert photograph(home) == before


def left_running(temporary: Path) -> list[str]:
    found = []
    for each in Path("/proc").iterdir():
        try:
            environ = (each / "environ").read_bytes() if each.name.isdigit() else b""
        except OSError:
            continue
        if f"{MARK}={temporary}{os.sep}".encode() in environ:
            found.append((each / "cmdline").read_bytes().decode())
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_change_that_misbehaves_is_different(tmp_path: Path, temporary: Path, name: str) -> None:
    misbehaving, told = CASES[name]
    found = proved(tmp_path / "home", misbehaving)
    assert found.verdict.behaviour is Behaviour.DIFFERENT
    assert any(told in difference.after for difference in found.verdict.differences), found.verdict
    assert list(temporary.iterdir()) == []
    assert left_running(temporary) == []


@pytest.mark.parametrize("name", UNSEEN)
def test_what_no_client_sees_is_put_away_all_the_same(tmp_path: Path, temporary: Path, name: str) -> None:
    found = proved(tmp_path / "home", UNSEEN[name])
    assert found.verdict.behaviour is Behaviour.IDENTICAL, found.verdict.differences
    assert list(temporary.iterdir()) == []
    assert left_running(temporary) == []
