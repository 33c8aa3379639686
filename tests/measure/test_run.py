"""Saved runs: written whole or not at all, found by the begin of their id, and refused when they can't be read."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from strop.evidence import SCHEMA
from strop.measure.run import choose, load, load_plan, nearest, save, save_plan, saved, summarize, update
from strop.plan import Plan
from strop.problem import Problem
from tests.report.sample import RESULT

BASE = RESULT.base
PLAN = Plan("surface", "criteria", tuple(change.item for change in RESULT.changes))


def write(root: Path, name: str, when: int = 0, data: bytes | None = None) -> Path:
    folder = root / ".strop" / "runs" / name
    folder.mkdir(parents=True)
    (folder / "evidence.json").write_bytes(
        msgspec.json.encode(replace(BASE, run=name)) if data is None else data
    )
    os.utime(folder / "evidence.json", (1_790_000_000 + when, 1_790_000_000 + when))
    return folder


def refused(root: Path, run: str) -> Problem:
    with pytest.raises(Problem) as caught:
        load(root, run)
    return caught.value


def test_a_run_is_read_back_as_it_was(tmp_path: Path) -> None:
    kept, folder = save(tmp_path, replace(BASE, run=""))
    save_plan(folder, PLAN)
    assert folder == tmp_path / ".strop" / "runs" / kept.run
    assert load(tmp_path, kept.run) == kept
    assert load_plan(folder) == PLAN
    assert replace(kept, run="") == replace(BASE, run="")
    assert (tmp_path / ".strop" / ".gitignore").read_text() == "*\n"
    assert sorted(p.name for p in folder.iterdir()) == ["evidence.json", "plan.json"]


def test_the_id_follows_from_the_content(tmp_path: Path) -> None:
    one, two = (save(tmp_path / name, replace(BASE, run=""))[0].run for name in ("a", "b"))
    other = save(tmp_path / "a", replace(BASE, run="", notes=("more",)))[0].run
    assert one == two != other


def test_the_newest_first_and_by_name_where_they_are_equally_old(tmp_path: Path) -> None:
    for name, when in (("bbb", 5), ("aaa", 5), ("ccc", 9)):
        write(tmp_path, name, when)
    (tmp_path / ".strop" / "runs" / "empty").mkdir()
    assert [folder.name for folder in saved(tmp_path)] == ["ccc", "aaa", "bbb"]
    assert load(tmp_path, "").run == load(tmp_path, "last").run == "ccc"


def test_the_begin_of_an_id_is_enough_when_it_is_the_only_one(tmp_path: Path) -> None:
    for name in ("6f2c1111", "6f2d2222", "a0000000"):
        write(tmp_path, name)
    assert load(tmp_path, "a").run == "a0000000"
    assert load(tmp_path, "6f2c").run == "6f2c1111"
    both = refused(tmp_path, "6f2")
    assert (both.code, set(both.where)) == ("R502", {"6f2c1111", "6f2d2222"})
    assert refused(tmp_path, "7").code == "R502"
    assert refused(tmp_path / "elsewhere", "last").message.startswith("no run is saved")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "evidence.json"),
        (b"\xff\xfe", "evidence.json"),
        (b"[]", "evidence.json"),
        (b'{"schema": "one"}', "evidence.json"),
        (msgspec.json.encode(BASE)[:-20], "evidence.json"),
        (b'{"schema": %d, "run": 3}' % SCHEMA, "evidence.json"),
        (b'{"schema": %d}' % (SCHEMA + 1), "another version"),
        (b'{"schema": 0, "something": "else"}', "another version"),
    ],
)
def test_what_can_not_be_read(data: bytes, why: str, tmp_path: Path) -> None:
    folder = write(tmp_path, "damaged", data=data)
    problem = refused(tmp_path, "last")
    assert (problem.code, problem.status) == ("R503", 2)
    assert why in problem.message
    with pytest.raises(Problem):
        summarize(folder)


def test_a_newer_field_is_no_hindrance(tmp_path: Path) -> None:
    document = msgspec.json.decode(msgspec.json.encode(BASE)) | {"run": "a", "of a later version": [1]}
    write(tmp_path, "a", data=msgspec.json.encode(document))
    assert load(tmp_path, "a").routes == BASE.routes


def test_a_run_without_a_plan(tmp_path: Path) -> None:
    folder = write(tmp_path, "a")
    with pytest.raises(Problem) as caught:
        load_plan(folder)
    assert caught.value.code == "R503"
    (folder / "plan.json").write_text("{")
    with pytest.raises(Problem):
        load_plan(folder)


def test_a_summary_agrees_with_the_whole(tmp_path: Path) -> None:
    kept, folder = save(tmp_path, BASE)
    summary = summarize(folder)
    assert (summary.run, summary.app, summary.routes) == (kept.run, kept.app, kept.routes)
    assert summary.requests == sum(route.requests for route in kept.routes)


def test_a_run_that_learned_more_keeps_its_id(tmp_path: Path) -> None:
    kept, folder = save(tmp_path, BASE)
    update(folder, replace(kept, notes=("more",)))
    assert load(tmp_path, kept.run) == replace(kept, notes=("more",))
    assert len(saved(tmp_path)) == 1


def test_the_nearest_folder_above_that_has_runs(tmp_path: Path) -> None:
    write(tmp_path, "a")
    below = tmp_path / "shop" / "api"
    below.mkdir(parents=True)
    assert nearest(below) == tmp_path
    write(tmp_path / "shop", "b")
    assert nearest(below) == tmp_path / "shop"
    (tmp_path / "file").touch()
    for wrong in (tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(Problem) as caught:
            nearest(wrong)
        assert caught.value.code == "T100"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / ".strop").write_text("a file of mine\n")
    with pytest.raises(Problem) as caught:
        save(tmp_path, BASE)
    assert (caught.value.code, caught.value.retry) == ("R501", "same")
    assert (tmp_path / ".strop").read_text() == "a file of mine\n"


def test_an_interrupted_write_leaves_the_run_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, folder = save(tmp_path, BASE)

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    for write_again in (lambda: save(tmp_path, kept), lambda: update(folder, replace(kept, notes=("more",)))):
        with pytest.raises(Problem) as caught:
            write_again()
        assert caught.value.code == "R501"
        assert load(tmp_path, kept.run) == kept


@given(st.text(max_size=12))
def test_no_name_of_a_run_is_too_odd(name: str) -> None:
    with pytest.raises(Problem) as caught:
        choose(Path("/nowhere"), name)
    assert caught.value.code == "R502"


def test_an_id_is_no_pattern_and_no_path(tmp_path: Path) -> None:
    write(tmp_path, "abc")
    for name in ("*", "a*", "../abc", "[a]"):
        assert refused(tmp_path, name).code == "R502"
