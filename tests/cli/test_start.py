"""What starting the command line costs, and what it prints where."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run_strop import environment, on_terminal, run_strop
from tests.cli.saved_run import save_sample
from tests.report.sample import RESULT

HEAVY = ("libcst", "rich", "sqlglot", "jinja2", "msgspec", "pygments", "asyncio", "sqlite3")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]m")


@pytest.mark.parametrize("arguments", [["--help"], ["optimize", "--help"], ["show", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import json, sys\n"
        f"sys.argv = ['strop', *{arguments!r}]\n"
        "from strop.faces.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n"
        f"    sys.stderr.write(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.startswith("Usage: strop")
    assert json.loads(done.stderr) == []


def test_a_unique_begin_of_a_verb_is_enough(tmp_path: Path) -> None:
    status, out, _ = run_strop(tmp_path, "opt", "--help")
    assert (status, out.split("\n")[0]) == (0, "Usage: strop optimize [OPTIONS] [FOLDER]")


def test_a_terminal_gets_colours_unless_no_color_is_set(tmp_path: Path) -> None:
    save_sample(tmp_path)
    name = RESULT.changes[0].finding.id
    (_, coloured), (_, plain) = (
        on_terminal(tmp_path, "show", name),
        on_terminal(tmp_path, "show", name, NO_COLOR="1"),
    )
    assert COLOUR.search(coloured)
    assert name in plain
    assert not COLOUR.search(plain)


def test_a_pipe_gets_no_escape_and_whole_lines(tmp_path: Path) -> None:
    save_sample(tmp_path)
    for arguments in (("show",), ("plan",), ("explain", "T103"), ("runs",)):
        _, out, _ = run_strop(tmp_path, *arguments, COLUMNS="40")
        assert "\x1b" not in out
        assert max(map(len, out.splitlines())) > 80


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "strop", "explain"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(timeout=60) == 0


def test_runs_are_found_from_a_folder_below(tmp_path: Path) -> None:
    place = save_sample(tmp_path)
    below = tmp_path / "shop" / "api"
    below.mkdir(parents=True)
    status, out, _ = run_strop(below, "show", place.name[:2])
    assert status == 0
    assert place.name in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, tmp_path: Path) -> None:
    status, out, _ = run_strop(tmp_path, _STROP_COMPLETE=f"{shell}_source")
    assert status == 0
    assert "_STROP_COMPLETE=" + shell + "_complete" in out


def test_completion_knows_verbs_runs_and_findings(tmp_path: Path) -> None:
    place = save_sample(tmp_path)
    assert complete(tmp_path, "strop ru") == ["runs"]
    assert complete(tmp_path, f"strop show {place.name[:3]}") == [place.name]
    assert complete(tmp_path, "strop explain lazy") == ["lazy-load"]
    assert all(re.fullmatch("F[0-9a-f]{6}", name) for name in complete(tmp_path, "strop show F"))


def complete(folder: Path, typed: str) -> list[str]:
    words = len(typed.split()) - 1
    _, out, _ = run_strop(folder, _STROP_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=str(words))
    return [line.partition(",")[2] for line in out.splitlines()]
