"""Everything that `strop review` prints, the exit status first: every format, every way to be wrong, bad trees."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.actions.written import SLOW, commit, write
from tests.cli.run_strop import on_terminal, run_strop

APP = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/alive")
async def alive() -> str:
    return "yes"  # strop: ignore[ASI001] a typing error
"""
SETTINGS = "[tool.strop.review]\n"
FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit", "markdown")


@dataclass(frozen=True, slots=True)
class Case:
    """What lies in the folder, and how strop is called there. Only strop's own rules, which don't change."""

    arguments: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=lambda: {"main.py": APP})
    is_committed: bool = False


CASES = {
    **{form: Case(("--all", "--only", "strop", "--format", form)) for form in FORMATS},
    "clean": Case(("--all", "--only", "STR002")),
    "found but to end with 0": Case(("--only", "strop", "--exit-zero")),
    "nothing changed": Case(("--only", "strop"), is_committed=True),
    "nothing staged": Case(("--staged", "--only", "strop"), is_committed=True),
    "no such path": Case(("nowhere",)),
    "no such path as json": Case(("nowhere", "--format", "json")),
    "no such commit": Case(("--diff", "nowhere"), is_committed=True),
    "a path for a commit": Case(("--diff", "main.py"), is_committed=True),
    "a commit outside git": Case(("--diff=main",)),
    "two narrowings": Case(("--staged", "--all")),
    "static and evidence": Case(("--static", "--evidence", "last")),
    "no such run": Case(("--evidence", "last")),
    "no such code": Case(("--only", "ASI001")),
    "no such name": Case(("--ignore", "blocking-cal,confidence>=0.8")),
    "no number": Case(("--only", "confidence>=high")),
    "no baseline": Case(("--baseline", "known.json")),
    "a damaged baseline": Case(
        ("--baseline", "known.json"), {"main.py": APP, "known.json": "<<<<<<< HEAD\n"}
    ),
    "write and prune": Case(("--write-baseline", "--prune-baseline")),
    "a wrong setting": Case((), {"main.py": APP, "pyproject.toml": SETTINGS + "olny = ['ASY']\n"}),
    "a wrong word in a setting": Case(
        (), {"main.py": APP, "pyproject.toml": SETTINGS + "ignore = ['ASY9']\n"}
    ),
    "no fastapi": Case((), {"tool.py": "print('hello')\n"}),
    "no python": Case((), {"notes.txt": "nothing"}),
    "no python that can be read": Case((), {"main.py": ")"}),
    "no fastapi, and a broken file": Case((), {"tool.py": "print('hello')\n", "main.py": ")"}),
    "an empty folder": Case((), {}),
    "a broken file": Case(("--only", "strop"), {"main.py": SLOW, "broken.py": "def broken(:\n"}),
    "carriage returns": Case(("--only", "strop"), {"main.py": APP.replace("\n", "\r\n")}),
    "fixes to look at": Case(
        ("--fix", "--diff", "--only", "strop"), {"main.py": APP.replace("ASI001]", "ASY001]")}
    ),
    "fixes": Case(("--fix", "--only", "strop"), {"main.py": APP.replace("ASI001]", "ASY001]")}),
    "help": Case(("--help",)),
}


@pytest.mark.parametrize("name", CASES)
def test_output(name: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    case = CASES[name]
    write(tmp_path, case.files)
    if case.is_committed:
        commit(tmp_path)
    status, out, err = run_strop(tmp_path, "review", *case.arguments)
    command = " ".join(("strop review", *case.arguments))
    more = f"--- standard error\n{err}" if err else ""
    shown = f"exit {status}\n$ {command}\n{out}{more}"
    assert "Traceback" not in shown
    assert shown == snapshot


def test_the_same_input_gives_the_same_output(tmp_path: Path) -> None:
    write(
        tmp_path, {"main.py": SLOW, "pictures.py": "import time\n\n\ndef render(name):\n    time.sleep(1)\n"}
    )
    for form in FORMATS:
        first = run_strop(tmp_path, "review", "--format", form, PYTHONHASHSEED="1")
        assert first == run_strop(tmp_path, "review", "--format", form, PYTHONHASHSEED="2")


def test_a_terminal_gets_colours_and_the_time(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": APP})
    status, shown = on_terminal(tmp_path, "review", "--only", "strop")
    assert status == 1
    assert "\x1b[1;33mwarning[STR001]" in shown
    assert shown.rstrip().removesuffix("\x1b[0m").endswith(" s")
    _, plain = on_terminal(tmp_path, "review", "--only", "strop", NO_COLOR="1")
    assert "\x1b" not in plain


def test_what_others_measure_with_keeps_working(tmp_path: Path) -> None:
    write(
        tmp_path / "tree",
        {"main.py": SLOW, "pictures.py": "import time\n\n\ndef render(name):\n    time.sleep(1)\n"},
    )
    status, out, _ = run_strop(tmp_path, "review", "--static", "--all", "--format", "json", "tree")
    found = json.loads(out)["findings"]
    assert status == 1
    assert {finding["file"] for finding in found} <= {"main.py", "pictures.py"}
    keys = "code slug domain severity confidence file line end_line symbol routes chain message impact solution fingerprint"
    for finding in found:
        assert set(keys.split()) <= set(finding)
        assert all(set(step) == {"text", "file", "line", "symbol"} for step in finding["chain"])


def test_a_tree_of_everything_that_is_wrong_is_no_crash(tmp_path: Path) -> None:
    deep = "".join(f"{'  ' * level}def f{level}():\n" for level in range(300)) + "  " * 300 + "pass\n"
    write(
        tmp_path,
        {
            "main.py": SLOW.replace("from pictures import render", "import first as render"),
            "first.py": "import second\n\n\nclass A(second.B):\n    pass\n\n\ndef f():\n    return second.g()\n",
            "second.py": "import first\n\n\nclass B(first.A):\n    pass\n\n\ndef g():\n    return first.f()\n",
            "loops.py": "class A(B):\n    pass\n\n\nclass B(A):\n    pass\n",
            "parentheses.py": "x = " + "(" * 3000 + "1" + ")" * 3000 + "\n",
            "chain.py": "x = " + " + ".join(["1"] * 20000) + "\n",
            "nested.py": deep,
            "newer.py": "try:\n    pass\nexcept A, B:\n    pass\ntype X[T] = list[T]\n",
            "empty.py": "",
            "marked.py": "\ufeffx = 1\r\n",
            "here/inside.py": "x = 1\n",
        },
    )
    (tmp_path / "binary.py").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nname = '\xe4'\n")
    (tmp_path / "wrong.py").write_bytes(b"# -*- coding: no-such-thing -*-\n")
    (tmp_path / "nul.py").write_bytes(b"x = 1\0\n")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "here" / "again").symlink_to(tmp_path / "here")
    (tmp_path / "nowhere.py").symlink_to(tmp_path / "gone.py")
    os.mkfifo(tmp_path / "pipe.py")
    status, out, err = run_strop(tmp_path, "review", "--format", "json")
    document = json.loads(out)
    unread = {entry["file"] for entry in document["summary"]["unread"]}
    assert (status, err) == (1, "")
    assert {"binary.py", "wrong.py", "nul.py", "nowhere.py", "parentheses.py"} <= unread
    assert not unread & {"latin.py", "newer.py", "empty.py", "marked.py", "first.py", "here/inside.py"}
    assert any(finding["code"] == "ASY001" for finding in document["findings"])


def test_a_file_that_cannot_be_read_never_looks_clean(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": APP, "broken.py": "def broken(:\n"})
    for form in FORMATS:
        status, out, _ = run_strop(tmp_path, "review", "--only", "STR002", "--exit-zero", "--format", form)
        assert (status, "broken.py" in out) == (3, True)
