"""The steps of the action `prove/action.yml`, run by bash as a runner would, with a `gh` and a `strop` that only note
what they were told. There is no GitHub here: what its expressions, its cache and its API do is not tested.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ACTION = Path(__file__).parents[2] / "prove"
GIVEN = {"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ACTION_PATH", "GITHUB_REPOSITORY", "RUNNER_TEMP"}
MARKDOWN = "### ❌ DIFFERENT\n\nGET /books  body $\\[0\\].price: 3.333 before, 3.3 after.\n"

GH = """\
import json, os, sys
path, given = os.environ["COMMENTS"], sys.argv[1:]
comments = json.loads(open(path).read())
if os.environ.get("REFUSED", "") in given:
    sys.exit("HTTP 403: Resource not accessible by integration")
assert given[0] == "api"
if "--jq" in given:
    assert given[1:3] == ["--paginate", "repos/me/shop/issues/7/comments"]
    assert given[4].startswith(".[] | select(.body | startswith(")
    mark = json.loads(given[4].partition("startswith(")[2].partition("))")[0])
    print("\\n".join(str(c["id"]) for c in comments if c["body"].startswith(mark)))
else:
    body = open(given[-1].removeprefix("body=@"), encoding="utf-8").read()
    if given[2] == "POST":
        assert given[3] == "repos/me/shop/issues/7/comments"
        comments.append({"id": len(comments) + 1, "body": body})
    else:
        number = int(given[3].rpartition("/")[2])
        assert given[3] == f"repos/me/shop/issues/comments/{number}"
        comments[number - 1]["body"] = body
    open(path, "w").write(json.dumps(comments))
"""

STROP = """\
import os, pathlib, sys
print("reading the application", file=sys.stderr)
pathlib.Path(os.environ["TOLD"]).write_text("\\n".join(sys.argv[1:]))
if os.environ["STATUS"] in "014":
    for name in filter(None, os.environ["KEEPS"].split()):
        pathlib.Path(".strop/cache/bases").mkdir(parents=True, exist_ok=True)
        pathlib.Path(".strop/cache/bases", name).write_text("")
    sys.stdout.buffer.write(os.environ["MARKDOWN"].encode())
else:
    print("T104  no interpreter was found that has FastAPI", file=sys.stderr)
sys.exit(int(os.environ["STATUS"]))
"""


@dataclass
class Runner:
    """A folder with what a runner gives a step."""

    folder: Path
    home: Path  # the checked out repository

    def __post_init__(self) -> None:
        (self.folder / "strop/bin").mkdir(parents=True)
        self._program("gh", GH)
        self._program("strop/bin/strop", STROP)
        (self.folder / "comments").write_text(json.dumps([{"id": 1, "body": "nice"}]))

    def _program(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o755)

    def step(self, script: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """One step with the variables that `action.yml` gives it."""
        (step,) = (s for s in steps() if s.get("run", "").endswith(f'/{script}"'))
        assert environ.keys() - {"STATUS", "KEEPS", "MARKDOWN", "REFUSED"} <= step["env"].keys()
        given = {
            **os.environ,
            "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_REPOSITORY": "me/shop",
            "RUNNER_TEMP": str(self.folder),
            "COMMENTS": str(self.folder / "comments"),
            "TOLD": str(self.folder / "told"),
            "MARKDOWN": MARKDOWN,
            "KEEPS": "",
            "REFUSED": "nothing",
            **environ,
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        return subprocess.run(command, cwd=self.home, env=given, capture_output=True, text=True, check=False)

    def outputs(self) -> dict[str, str]:
        """What the last step said to the later ones."""
        lines = (self.folder / "output").read_text().splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def comments(self) -> list[str]:
        return [comment["body"] for comment in json.loads((self.folder / "comments").read_text())]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path / "runner", tmp_path)


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((ACTION / "action.yml").read_text())["runs"]["steps"]
    return found


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_each_script_gets_what_it_reads() -> None:
    ran = [step for step in steps() if "run" in step]
    for step in ran:
        script = ACTION / re.fullmatch(r'"\$GITHUB_ACTION_PATH/(\w+\.sh)"', step["run"]).group(1)  # type: ignore[union-attr]  # a step that runs something else fails here
        text = script.read_text()
        own = set(re.findall(r"^\s*(?:for )?([A-Z_]+)(?:=| in )", text, re.MULTILINE))
        assert set(re.findall(r"\$\{?([A-Z_]+)\b", text)) - own - GIVEN <= step["env"].keys()
        assert os.access(script, os.X_OK)
        assert "${{" not in text
    assert {script.name for script in ACTION.glob("*.sh")} == {step["run"].split("/")[1][:-1] for step in ran}


def test_the_base_is_where_both_sides_part(runner: Runner, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    git(home, "init", "-q", "-b", "main")
    commits: dict[str, str] = {}
    for name, start in (("fork", ""), ("main", ""), ("head", "fork")):
        if start:
            git(home, "checkout", "-q", commits[start])
        git(home, "commit", "-q", "--allow-empty", "-m", name)
        commits[name] = git(home, "rev-parse", "HEAD")
    git(home, "branch", "topic")
    git(home, "checkout", "-q", "main")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", "--branch", "topic", f"file://{home}", str(shallow))
    for place in (home, shallow):
        runner.home = place
        done = runner.step("range.sh", BASE=commits["main"], HEAD=commits["head"])
        assert done.returncode == 0, done.stderr
        assert runner.outputs() == {
            "base": commits["fork"],
            "range": f"{commits['main']}..{commits['head']}",
        }
    done = runner.step("range.sh", BASE="1234567890", HEAD=commits["head"])
    assert (done.returncode, "fetch-depth: 0" in done.stdout) == (1, True)


def test_a_verdict_is_an_output_and_a_summary(runner: Runner) -> None:
    given = {"RANGE": "a..b", "PYTHON": ".venv/bin/python", "ARGUMENTS": "--mutants 20"}
    done = runner.step("prove.sh", STATUS="1", KEEPS="key1", **given)
    assert done.returncode == 0, done.stderr
    told = (runner.folder / "told").read_text().split("\n")
    assert told == [
        *("prove", "a..b", "--mutants", "20", "--python", ".venv/bin/python", "--format", "markdown")
    ]
    found = runner.outputs()
    assert (found["status"], found["verdict"]) == ("1", "DIFFERENT")
    assert Path(found["report"]).read_text() == (runner.folder / "summary").read_text() == MARKDOWN
    assert len(found["known"]) == 16
    runner.step("prove.sh", STATUS="0", KEEPS="key1", **given)
    assert runner.outputs()["known"] == ""  # what was fetched is all that is known: it is not stored again


def test_a_proof_that_does_not_end_says_why(runner: Runner) -> None:
    done = runner.step("prove.sh", STATUS="3", RANGE="a..b", PYTHON="", ARGUMENTS="")
    assert done.returncode == 0
    found = runner.outputs()
    assert (found["status"], found["verdict"]) == ("3", "")
    assert "no interpreter was found that has FastAPI" in (runner.folder / "summary").read_text()
    assert runner.step("verdict.sh", STATUS="3", FAIL_ON="never").returncode == 3


def test_one_comment_is_written_and_then_changed(runner: Runner) -> None:
    report = runner.folder / "report.md"
    given = {"GH_TOKEN": "t", "NUMBER": "7", "REPORT": str(report)}
    for text in (MARKDOWN, "### ✅ IDENTICAL\n" + "x" * 70_000):
        report.write_text(text)
        done = runner.step("comment.sh", **given)
        assert done.returncode == 0, done.stderr
        nice, ours = runner.comments()
        assert nice == "nice"
        assert ours.startswith("<!-- strop prove -->\n" + text[:100])
        assert len(ours) < 65_536


@pytest.mark.parametrize("refused", ["--jq", "--method"])
def test_a_token_that_may_not_comment_fails_nothing(runner: Runner, refused: str) -> None:
    report = runner.folder / "report.md"
    report.write_text(MARKDOWN)
    done = runner.step("comment.sh", GH_TOKEN="t", NUMBER="7", REPORT=str(report), REFUSED=refused)
    assert (done.returncode, "::notice::" in done.stdout, runner.comments()) == (0, True, ["nice"])


@pytest.mark.parametrize(
    ("fail_on", "fails"),
    [("different", {"1", "2", "3"}), ("insufficient", {"1", "2", "3", "4"}), ("never", {"2", "3"})],
)
def test_what_fails_the_job(runner: Runner, fail_on: str, fails: set[str]) -> None:
    found = {s for s in "01234" if runner.step("verdict.sh", STATUS=s, FAIL_ON=fail_on).returncode}
    assert found == fails
    assert runner.step("verdict.sh", STATUS="1", FAIL_ON="sometimes").returncode
