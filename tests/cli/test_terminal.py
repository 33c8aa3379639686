"""Saved runs on terminals and in pipes of every kind, and arguments that are wrong."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run_strop import environment, on_terminal, run_strop
from tests.cli.saved_run import save_damaged, save_sample
from tests.report.sample import RESULT

FINDING = RESULT.changes[0].finding.id
SHOWN = (("show",), ("plan",), ("runs",))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    save_sample(folder)
    save_damaged(folder)
    return folder


@pytest.mark.parametrize(
    ("encoding", "arguments"),
    [("ascii", ("show",)), ("latin-1", ("plan",)), ("ascii", ("show", "--format", "json"))],
)
def test_a_terminal_that_does_not_know_a_character_gets_a_question_mark(
    encoding: str, arguments: tuple[str, ...], home: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "strop", *arguments],
        cwd=home, env=environment({"PYTHONIOENCODING": encoding}), capture_output=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode in (0, 1), done.stderr) == (True, b"")
    text = done.stdout.decode(encoding)
    assert len(text) > 500
    assert "?" in text or encoding == "latin-1"
    if "json" in arguments:
        json.loads(text)


@pytest.mark.parametrize("arguments", [*SHOWN, ("--help",)])
def test_a_terminal_of_twenty_columns(arguments: tuple[str, ...], home: Path) -> None:
    status, text = on_terminal(home, *arguments, COLUMNS="20")
    assert status in (0, 1)
    assert "Traceback" not in text
    assert len(text) > 50


def test_a_terminal_that_can_do_nothing(home: Path) -> None:
    status, text = on_terminal(home, "show", FINDING, TERM="dumb")
    assert status == 0
    assert "\x1b" not in text


@pytest.mark.parametrize("arguments", [("show", "--format", "json"), ("explain",)])
def test_a_reader_that_stops_after_the_first_line(arguments: tuple[str, ...], home: Path) -> None:
    """As `| head -1` does, while more is written than a pipe holds."""
    command = [sys.executable, "-m", "strop", *arguments]
    with subprocess.Popen(
        command, cwd=home, env=environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(timeout=60) in (0, 1)


def test_output_that_can_not_be_written(home: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this machine has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "strop", "plan"],
            cwd=home, env=environment({}), stdout=full, stderr=subprocess.PIPE, text=True, timeout=120,
        )  # fmt: skip
    assert done.returncode == 2
    assert "no space is left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_standard_output(home: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m strop runs >&-"],
        cwd=home, env=environment({}), stderr=subprocess.PIPE, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


WRONG = {
    ("optimize", "--minutes", "-1"): "--minutes",
    ("optimize", "--minutes", "soon"): "--minutes",
    ("optimize", "--minutes", "nan"): "--minutes",
    ("optimize", "--most", "-1"): "--most",
    ("optimize", "--most", "2.5"): "--most",
    ("optimize", "--format", "yaml"): "--format",
    ("optimize", "--workload", "traffic"): "--workload",
    ("measure", "--login", "/login", "ann"): "--login",
    ("measure", "--har"): "--har",
    ("measure", "--env", "=x"): "--env",
    ("measure", "one", "two"): "two",
    ("measure", "--nope"): "--nope",
    ("--nope",): "--nope",
    ("optimise",): "optimize",
    ("show", "F123456"): "R504",
    ("show", "Fzzz"): "R502",
    ("show", "nothing"): "R502",
    ("show", "0ddba11"): "R503",
    ("plan", "nothing"): "R502",
    ("plan", "0ddba11"): "R503",
    ("plan", "last", "nowhere"): "T100",
    ("runs", "nowhere"): "T100",
    ("runs", "a file"): "T100",
    ("measure", "a file"): "T100",
    ("measure", "nowhere"): "T100",
    ("explain", "DB999"): "R505",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_arguments_are_named(
    arguments: tuple[str, ...],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (home / "a file").touch()
    before = sorted(os.walk(home))
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "argv", ["strop", *arguments])
    status = importlib.import_module("strop.faces.cli.main")._run()
    printed = capsys.readouterr()
    assert (status, printed.out) == (2, "")
    assert WRONG[arguments] in printed.err
    assert sorted(os.walk(home)) == before


def test_a_run_of_another_version_hides_none_of_the_others(home: Path) -> None:
    status, out, _ = run_strop(home, "runs")
    assert status == 0
    assert "another version" in out
    assert len([line for line in out.splitlines() if "shop" in line or "0ddba11" in line]) >= 2
    assert run_strop(home, "show", FINDING)[0] == 0
