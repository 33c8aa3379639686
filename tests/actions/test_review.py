"""What `strop review` reports: of changed code, of paths, beside comments, settings and a baseline."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.actions.review import Reviewed, ReviewRequest, review
from strop.problem import Problem
from tests.actions.written import SLOW, SLOW_FILES, commit, edit, git, write

DEEP = "fetch waits"  # any word of the cause two helpers away


def ask(*paths: Path, **options: object) -> Reviewed:
    return review(ReviewRequest(paths, **options))  # type: ignore[arg-type]  # options by name, as the tests write them


def causes(done: Reviewed) -> set[tuple[str, str, str]]:
    """Code, file and symbol of what is reported about the event loop, and of strop's own rules."""
    entries = (entry.finding for entry in done.review.entries)
    return {
        (f.code, f.span.file, f.span.symbol)
        for f in entries
        if f.code in ("ASY001", "ASY003") or f.domain == "strop"
    }


def files(done: Reviewed) -> set[str]:
    return {step.span.file for e in done.review.entries for step in e.finding.chain} | {
        e.finding.span.file for e in done.review.entries
    }


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    commit(write(tmp_path, SLOW_FILES))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_everything_is_found_with_its_route_and_chain(slow: Path) -> None:
    done = ask(everything=True)
    routes = {route for entry in done.review.entries for route in entry.finding.routes}
    assert routes == {"GET /picture", "GET /export"}
    assert (done.review.routes, done.review.files, done.review.changed) == (2, 2, None)
    deep = next(e for e in done.review.entries if "GET /picture" in e.finding.routes)
    assert [step.span.file for step in deep.finding.chain][-1] == "pictures.py"


def test_nothing_changed_nothing_reported(slow: Path) -> None:
    done = ask()
    assert causes(done) == set()
    assert (done.review.changed, done.review.base) == (0, "main")


def test_a_changed_helper_alters_the_route_that_calls_it(slow: Path) -> None:
    edit(slow, "pictures.py", "fetch(name).upper()", "fetch(name).lower()")
    done = ask()
    assert {route for e in done.review.entries for route in e.finding.routes} == {"GET /picture"}
    assert done.review.changed == 1


def test_what_a_branch_committed_and_what_is_new_counts(slow: Path) -> None:
    git(slow, "checkout", "-q", "-b", "feature")
    edit(slow, "main.py", 'return "done"', 'return "ready"')
    commit(slow)
    write(
        slow,
        {
            "more.py": "import time\n\nfrom main import app\n\n\n@app.get('/more')\nasync def more():\n    time.sleep(1)\n"
        },
    )
    found = {route for e in ask().review.entries for route in e.finding.routes}
    assert found == {"GET /export", "GET /more"}


def test_a_decorator_belongs_to_its_function(slow: Path) -> None:
    edit(slow, "main.py", '@app.get("/export")', '@app.get("/exports")')
    assert {route for e in ask().review.entries for route in e.finding.routes} == {"GET /exports"}


def test_staged_is_not_what_lies_beside_it(slow: Path) -> None:
    edit(slow, "main.py", 'return "done"', 'return "ready"')
    git(slow, "add", "main.py")
    edit(slow, "pictures.py", ".upper()", ".lower()")
    done = ask(staged=True)
    assert {route for e in done.review.entries for route in e.finding.routes} == {"GET /export"}


def test_since_a_tag(slow: Path) -> None:
    git(slow, "tag", "v1")
    edit(slow, "main.py", 'return "done"', 'return "ready"')
    commit(slow)
    assert causes(ask(since="HEAD")) == set()
    assert {route for e in ask(since="v1").review.entries for route in e.finding.routes} == {"GET /export"}


def test_a_path_is_reviewed_whole_and_judged_with_the_rest(slow: Path) -> None:
    write(slow / "other", {"x.py": ""})
    found = {route for e in ask(slow / "pictures.py").review.entries for route in e.finding.routes}
    assert found == {"GET /picture"}
    assert ask(slow / "other").review.entries == ()


def test_from_a_folder_below_the_project_is_read_and_the_folder_reviewed(
    slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        slow,
        {
            "api/late.py": "import time\n\nfrom main import app\n\n\n@app.get('/late')\nasync def late():\n    time.sleep(1)\n"
        },
    )
    monkeypatch.chdir(slow / "api")
    done = ask(everything=True)
    assert done.review.routes == 3
    assert {e.finding.span.file for e in done.review.entries} == {"api/late.py"}


def test_a_project_below_the_top_of_the_repository_keeps_its_own_paths(tmp_path: Path) -> None:
    write(tmp_path / "backend", {**SLOW_FILES, "pyproject.toml": ""})
    commit(tmp_path)
    edit(tmp_path, "backend/main.py", 'return "done"', 'return "ready"')
    done = ask(tmp_path / "backend", since="main")
    assert {e.finding.span.file for e in done.review.entries} == {"main.py"}
    assert done.review.prefix == "backend/"


def test_outside_git_everything_is_reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path, SLOW_FILES))
    done = ask()
    assert done.review.changed is None
    assert len({route for e in done.review.entries for route in e.finding.routes}) == 2


def test_a_detached_head_is_compared_with_the_main_branch(slow: Path) -> None:
    git(slow, "checkout", "-q", "--detach")
    edit(slow, "main.py", 'return "done"', 'return "ready"')
    commit(slow)
    done = ask()
    assert {route for e in done.review.entries for route in e.finding.routes} == {"GET /export"}


def test_without_a_main_branch_everything_is_reviewed_and_said(slow: Path) -> None:
    git(slow, "branch", "-q", "-m", "main", "something")
    done = ask()
    assert len({route for e in done.review.entries for route in e.finding.routes}) == 2
    assert "no main branch" in done.review.notes[0]


def test_a_shallow_clone_is_compared_with_what_it_has(
    slow: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    git(slow, "checkout", "-q", "-b", "feature")
    edit(slow, "main.py", 'return "done"', 'return "ready"')
    commit(slow)
    edit(slow, "main.py", 'return "ready"', 'return "steady"')
    commit(slow)
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "-q", "--depth=1", "--branch=feature", slow.as_uri(), "shallow")
    shallow = clone / "shallow"
    git(shallow, "fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    done = ask(shallow, since="origin/main")
    assert {route for e in done.review.entries for route in e.finding.routes} == {"GET /export"}
    assert "shallow" in done.review.notes[0]


@pytest.mark.parametrize("ref", ["nowhere", "--all", "HEAD~40", ""])
def test_a_commit_that_is_none(ref: str, slow: Path) -> None:
    if ref == "":
        (slow / ".git").rename(slow / "was")
        ref = "main"
    with pytest.raises(Problem) as caught:
        ask(since=ref)
    assert (caught.value.code, caught.value.status) == ("R506", 2)


def test_a_comment_hides_a_finding_and_says_why(slow: Path) -> None:
    edit(slow, "pictures.py", "time.sleep(0.03)", "time.sleep(0.03)  # strop: ignore[ASY001] a stub")
    done = ask(everything=True)
    (hidden,) = [e for e in done.review.suppressed if e.suppressed and e.suppressed.kind == "comment"]
    assert hidden.suppressed is not None
    assert (hidden.finding.code, hidden.suppressed.reason) == ("ASY001", "a stub")
    assert hidden.suppressed.place == "pictures.py:9"
    assert not [e for e in done.review.entries if e.finding.domain == "strop"]


@pytest.mark.parametrize("where", ["# strop: ignore[{0}] why\n@app.get", "@app.get"])
def test_a_comment_at_the_head_hides_what_is_in_the_function(where: str, slow: Path) -> None:
    found = {
        e.finding.code
        for e in ask(everything=True, only=("async",)).review.entries
        if "GET /export" in e.finding.routes
    }
    codes = ", ".join(sorted(found))
    if "{0}" in where:
        edit(slow, "main.py", '@app.get("/export")', where.format(codes) + '("/export")')
    else:
        edit(
            slow,
            "main.py",
            "async def export() -> str:",
            f"async def export() -> str:  # strop: ignore[{codes}] why",
        )
    done = ask(everything=True, only=("async",))
    assert not [e for e in done.review.entries if "GET /export" in e.finding.routes]


def test_settings_choose_and_files_are_excepted(slow: Path) -> None:
    write(
        slow,
        {
            "pyproject.toml": '[tool.strop.review.per-file-ignores]\n"pict*" = ["async"]\n"main.py" = ["ASY"]\n'
        },
    )
    assert causes(ask(everything=True)) == set()
    write(slow, {"pyproject.toml": '[tool.strop.review]\nonly = ["database"]\n'})
    assert ask(everything=True).review.entries == ()
    assert causes(ask(everything=True, only=("async",))) != set()  # the command line wins


def test_a_baseline_hides_what_is_known_and_nothing_else(slow: Path) -> None:
    written = ask(everything=True, write_baseline=True)
    assert written.review.entries == ()
    text = (slow / ".strop-baseline.json").read_text()
    assert text.count("fingerprint") == len(written.review.suppressed) > 0
    write(slow, {"pyproject.toml": '[tool.strop.review]\nbaseline = ".strop-baseline.json"\n'})
    write(slow, {"main.py": "# a new line\n" + SLOW.replace('"/export"', '"/exported"')})
    assert ask(everything=True).review.entries == ()
    write(
        slow,
        {
            "more.py": "import time\n\nfrom main import app\n\n\n@app.get('/more')\nasync def more():\n    time.sleep(1)\n"
        },
    )
    found = {route for e in ask(everything=True).review.entries for route in e.finding.routes}
    assert found == {"GET /more"}


def test_a_stale_entry_is_an_error_until_it_is_pruned(slow: Path) -> None:
    ask(everything=True, write_baseline=True)
    write(slow, {"pyproject.toml": '[tool.strop.review]\nbaseline = ".strop-baseline.json"\n'})
    edit(slow, "main.py", "    time.sleep(1)\n", "")
    commit(slow)
    stale = ask().review.entries  # nothing is changed, and yet it is said
    assert {(e.finding.code, e.finding.severity) for e in stale} == {("STR004", "error")}
    assert all(e.finding.span.line > 1 for e in stale)
    pruned = ask(everything=True, prune_baseline=True).review
    assert pruned.entries == ()
    assert "taken out" in pruned.notes[0]
    assert ask(everything=True).review.entries == ()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": 1}', '{"schema": 7, "findings": []}', "<<<<<<< HEAD\n", "\xff"]
)
def test_a_damaged_baseline_is_no_clean_result(text: str, slow: Path) -> None:
    (slow / "known.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(Problem) as caught:
        ask(everything=True, baseline=slow / "known.json")
    assert (caught.value.code, caught.value.status) == ("R508", 2)


def test_unresolved_calls_are_listed_only_when_asked_for(slow: Path) -> None:
    edit(slow, "main.py", 'return "done"', "return app.state.thing.make()(1)")
    assert ask(everything=True).review.unresolved == ()
    (step, *_) = ask(everything=True, strict=True).review.unresolved
    assert (step.span.file, step.span.symbol) == ("main.py", "export")


def test_a_file_that_cannot_be_read_is_named(slow: Path) -> None:
    write(slow, {"broken.py": "def broken(:\n"})
    done = ask(everything=True)
    assert [file for file, _ in done.review.unread] == ["broken.py"]
    assert done.review.blind == 1
    commit(slow)
    assert ask().review.blind == 0  # it is not among what changed


def test_a_project_without_fastapi_is_told_so(tmp_path: Path) -> None:
    for files in ({"tool.py": "print('hello')\n"}, {"notes.txt": "nothing"}):
        write(tmp_path, files)
        with pytest.raises(Problem) as caught:
            ask(tmp_path)
        assert (caught.value.code, caught.value.status) == ("T101", 3)


HALF_HIDDEN = """\
from fastapi import FastAPI

app = FastAPI(docs_url=None, redoc_url=None)


@app.get("/things")
def things() -> list[str]:
    return []
"""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, False),
        ({"notes": True}, True),
        ({"only": ("API018",)}, True),
        ({"only": ("note",)}, True),
        ({"only": ("confidence>=0.1",)}, False),
        ({"only": ("ASY",)}, False),
    ],
    ids=str,
)
def test_notes_are_counted_and_told_to_whom_asks(
    tmp_path: Path, asked: dict[str, object], told: bool
) -> None:
    review = ask(write(tmp_path, {"main.py": HALF_HIDDEN}), **asked).review
    assert ("API018" in {entry.finding.code for entry in review.entries}) is told
    assert (review.hidden > 0) is (not told and asked != {"only": ("ASY",)})


def test_settings_ask_for_notes_and_a_comment_hides_one_for_good(tmp_path: Path) -> None:
    wants = "[tool.strop.review]\nnotes = true\n"
    folder = write(tmp_path, {"main.py": HALF_HIDDEN, "pyproject.toml": wants})
    assert "API018" in {entry.finding.code for entry in ask(folder).review.entries}
    counted = ask(write(tmp_path, {"pyproject.toml": ""})).review.hidden
    hushed = HALF_HIDDEN.replace("app = ", "# strop: ignore[API018] an own page shows them\napp = ")
    assert ask(write(tmp_path, {"main.py": hushed})).review.hidden == counted - 1


def test_a_changed_place_beside_a_finding_brings_it_and_is_named_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = (
        "@app.get('/{0}')\nasync def read_{0}():\n    urllib.request.urlopen('https://rates.example')\n\n\n"
    )
    start = "import urllib.request\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
    names = [f"n{number}" for number in range(9)]
    commit(write(tmp_path, {"main.py": start + "".join(map(handler.format, names))}))
    monkeypatch.chdir(tmp_path)
    edit(tmp_path, "main.py", "async def read_n7():\n", "async def read_n7():\n    # longer\n")
    (entry,) = (e for e in ask().review.entries if e.finding.code == "ASY003")
    assert entry.finding.span.symbol != "read_n7"
    assert entry.finding.places[0].symbol == "read_n7"
