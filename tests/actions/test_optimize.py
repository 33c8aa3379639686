"""The whole loop on a small application: what is delivered, and that nothing else of the user's is touched."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.actions.optimize import Optimized, OptimizeRequest, optimize
from strop.actions.target import open_target
from strop.faces.cli.written import write_reports
from strop.fixes.diff import unified
from strop.measure.observe import Workload
from strop.measure.run import load, load_plan
from strop.project.settings import Overrides
from strop.report import document
from strop.target import Target
from strop.verdict import Behaviour
from tests import ledger
from tests.world.photograph import photograph

CANARY = "sings"
OWN = (".strop", ".git/objects")  # what strop writes on purpose, and what git keeps the new commits in


@dataclass
class Ran:
    """A run in a folder, and what was there before."""

    home: Path
    target: Target
    before: dict[str, str]
    after: dict[str, str]
    done: Optimized
    left: list[str]  # in the folder for temporary files


def run(base: Path, with_git: bool, **more: object) -> Ran:
    home, temporary = base / "home", base / "tmp"
    temporary.mkdir()
    home.mkdir()
    ledger.write(home, ledger.FILES)
    ledger.fill(home / "ledger.db")
    with sqlite3.connect(home / "ledger.db") as database:
        database.execute("create table canary (song text)")
        database.execute("insert into canary values (?)", (CANARY,))
    database.close()
    if with_git:
        ledger.commit(home)
    ledger.write(home, {"notes.txt": CANARY, "data/mine.csv": CANARY})
    target = open_target(home, Overrides(python=sys.executable))
    before, environ = photograph(home), dict(os.environ)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(temporary))
        request = OptimizeRequest(target, latency=False)
        done = optimize(replace(request, **more))
    assert dict(os.environ) == environ
    return Ran(
        home, target, before, photograph(home), done, sorted(path.name for path in temporary.iterdir())
    )


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(tmp_path_factory.mktemp("git"), True, most=2)


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(tmp_path_factory.mktemp("plain"), False, workload=Workload(suite=False), most=1)


def new(ran: Ran) -> set[str]:
    """Files that are there since the run, without what strop and git keep for themselves."""
    return {n for n in ran.after.keys() - ran.before.keys() if not n.startswith(OWN) and "logs" not in n}


def test_one_branch_is_delivered_and_nothing_else_is_touched(delivered: Ran) -> None:
    branch = f"strop/{delivered.target.commit[:8]}"
    assert delivered.done.result.branch == branch
    assert new(delivered) == {".git/refs/heads/strop", f".git/refs/heads/{branch}"}
    assert {name: delivered.after.get(name) for name in delivered.before} == delivered.before
    assert delivered.left == []
    assert delivered.done.patches == ()
    with sqlite3.connect(delivered.home / "ledger.db") as database:
        assert database.execute("select song from canary").fetchall() == [(CANARY,)]
    database.close()


def test_every_kept_patch_is_one_commit_with_its_files_alone(delivered: Ran) -> None:
    result, home = delivered.done.result, delivered.home
    listed = ledger.git(home, "log", "--reverse", "--format=%H", f"main..{result.branch}").split()
    assert listed == [change.commit for change in result.changes]
    assert len(listed) == 2
    for change in result.changes:
        assert change.commit is not None
        files = ledger.git(home, "show", "--format=", "--name-only", change.commit).splitlines()
        assert sorted(files) == sorted(edit.file for edit in (*change.patch.edits, *change.patch.tests))
        assert ledger.git(home, "show", "-s", "--format=%s", change.commit) == change.patch.title


def test_each_commit_can_be_reverted_alone(delivered: Ran, tmp_path: Path) -> None:
    result, clone = delivered.done.result, tmp_path / "clone"
    ledger.git(tmp_path, "clone", "-q", str(delivered.home), str(clone))
    commits = [change.commit for change in result.changes]
    assert len(commits) == 2
    for commit, change in zip(commits, result.changes, strict=True):
        ledger.git(clone, "checkout", "-q", "--detach", f"origin/{result.branch}")
        ledger.git(clone, "revert", "--no-edit", commit)
        without = ledger.git(clone, "rev-parse", "HEAD^{tree}")
        assert all(compile((clone / edit.file).read_text(), edit.file, "exec") for edit in change.patch.edits)
        ledger.git(clone, "checkout", "-q", "--detach", "origin/main")
        ledger.git(clone, "cherry-pick", *(other for other in commits if other != commit))
        assert without == ledger.git(clone, "rev-parse", "HEAD^{tree}")  # what the others alone give


def test_the_result_says_what_was_proved(delivered: Ran) -> None:
    result = delivered.done.result
    assert result.verdict is not None
    assert (result.verdict.behaviour, result.verdict.kept) == (Behaviour.IDENTICAL, True)
    assert [(gate.number, gate.passed) for gate in result.verdict.gates] == [
        (1, True),
        (2, True),
        (3, True),
        (6, True),
        (8, True),
    ]
    assert result.noise.cells == result.noise.identical == result.workload.requests
    assert all(change.verdict.kept and change.diff == unified(change.patch) for change in result.changes)
    saved = {gain.name: gain for gain in result.verdict.gains}
    assert saved["queries"].after < saved["queries"].before
    assert [box.ticked for box in result.acceptance] == [
        False,
        True,
        True,
    ]  # the diff is for a person to read
    assert result.final is not None
    assert {route.route for route in result.final.routes} == {route.route for route in result.base.routes}


def test_the_run_and_its_reports_are_saved(delivered: Ran) -> None:
    done = delivered.done
    assert load(delivered.home, "last").run == done.result.run
    assert {item.finding.id for item in load_plan(done.folder).items} >= {
        c.finding.id for c in done.result.changes
    }
    page = write_reports(done.result, done.folder)
    assert str(delivered.home) not in page.read_text()
    read = document.read((done.folder / "report.json").read_bytes())
    assert [change.commit for change in read.changes] == [change.commit for change in done.result.changes]


def test_without_git_patch_files_are_delivered_that_apply(patched: Ran, tmp_path: Path) -> None:
    done = patched.done
    assert done.result.branch == ""
    assert not (patched.home / ".git").exists()
    assert new(patched) == set()
    assert {name: patched.after.get(name) for name in patched.before} == patched.before
    assert patched.left == []
    assert len(done.patches) == len(done.result.changes) == 1
    assert all(path.parent == done.folder for path in done.patches)
    ledger.write(tmp_path, ledger.FILES)
    for path in done.patches:
        ledger.git(tmp_path, "apply", str(path))
    changed = {edit.file for change in done.result.changes for edit in change.patch.edits}
    for file in changed:
        assert (tmp_path / file).read_text() != ledger.FILES[file]
        compile((tmp_path / file).read_text(), file, "exec")
