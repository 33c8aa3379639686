"""Bad input: what is said, with which exit status; and nothing of the user's is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests import ledger
from tests.cli.command import Ended, untouched

HEAD = "from fastapi import FastAPI\n\napp = FastAPI()\n"
APP = HEAD + "\n\n@app.get('/')\ndef root() -> int:\n    return 1\n"
TEST = "from fastapi.testclient import TestClient\n\nfrom main import app\n\n\ndef test_root():\n    assert TestClient(app).get('/').json() == 1\n"
HASTE = '[project]\nname = "small"\nversion = "1"\n\n[tool.strop]\ntime_limit = 3\n'
PATIENCE = HASTE.replace("3", "6")
MEASURE = ("measure", "--workload", "openapi")
SLEEP = "import time\n\ntime.sleep(600)\n"
LIFESPAN = """\
import time
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    {0}
    yield


app = FastAPI(lifespan=lifespan)
"""
REMOTE = """\
import sqlalchemy
from fastapi import FastAPI

app = FastAPI()
engine = sqlalchemy.create_engine("postgresql+psycopg://shop:hidden-password@db.example.com/shop")


@app.get('/')
def root() -> int:
    with engine.connect() as database:
        return database.scalar(sqlalchemy.text("select 1"))
"""


@dataclass(frozen=True, slots=True)
class Case:
    """What is wrong in the folder, and how strop is called."""

    files: Mapping[str, str]
    arguments: Sequence[str] = MEASURE
    environ: Mapping[str, str] = field(default_factory=dict)
    status: int = 3


STOPPED = {
    "no application": Case({"main.py": "print('hello')\n"}),
    "two applications": Case({"one.py": APP, "two.py": APP}),
    "no folder": Case({"main.py": APP}, ("measure", "nowhere"), status=2),
    "import fails": Case({"main.py": "from shop.deep import nothing\n" + APP, "shop/__init__.py": "", "shop/deep.py": "def price():\n    return rate * 2\n\n\nprice()\n"}),
    "syntax error": Case({"main.py": APP + "\n\ndef broken(:\n"}),
    "missing variable": Case({"main.py": "import os\n\nKEY = os.environ['PAYMENT_KEY']\n" + APP}),
    "missing setting": Case(
        {"main.py": "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    payment_key: str\n\n\nsettings = Settings()\n" + APP}
    ),
    "killed at import": Case({"main.py": "import os\n\nprint('out of luck')\nos.abort()\n" + APP}),
    "hangs at import": Case({"main.py": SLEEP + APP, "pyproject.toml": HASTE}),
    "start-up fails": Case({"main.py": LIFESPAN.format("raise RuntimeError('no queue')")}),
    "hangs at start-up": Case({"main.py": LIFESPAN.format("time.sleep(600)"), "pyproject.toml": HASTE}),
    "remote database": Case({"main.py": REMOTE}),
    "no application there": Case({"main.py": APP + "thing = 3\n"}, (*MEASURE, "--app", "main:thing")),
    "half a name": Case({"main.py": APP}, (*MEASURE, "--app", "main"), status=2),
    "no such interpreter": Case({"main.py": APP}, (*MEASURE, "--python", "nowhere/python"), status=2),
    "no git program": Case({"main.py": APP}, environ={"PATH": "/nowhere"}, status=2),
    "broken pyproject": Case({"main.py": APP, "pyproject.toml": "[tool.strop\n"}, status=2),
    "wrong setting": Case({"main.py": APP, "pyproject.toml": "[tool.strop]\ntime_limit = 'long'\n"}, status=2),
    "unknown setting": Case({"main.py": APP, "pyproject.toml": "[tool.strop]\ntime_limits = 3\n"}, status=2),
    "no tests": Case({"main.py": APP}, ("measure", "--workload", "suite"), status=2),
    "no HAR file": Case({"main.py": APP}, ("measure", "--har", "nowhere.har"), status=2),
    "bad HAR file": Case({"main.py": APP, "a.har": '{"log": {"entries": [{}]}}'}, ("measure", "--har", "a.har"), status=2),
    "wrong option": Case({"main.py": APP}, ("measure", "--env", "NOVALUE"), status=2),
    "wrong verb": Case({"main.py": APP}, ("measur3",), status=2),
    "no run": Case({"main.py": APP}, ("show", "last"), status=2),
    "no plan": Case({"main.py": APP}, ("plan",), status=2),
    "login fails": Case(
        {"main.py": APP, "pyproject.toml": PATIENCE + '\n[tool.strop.login]\npath = "/login"\nusername = "a"\npassword = "hidden-password"\n'}
    ),
    "suite can't be collected": Case(
        {"main.py": APP, "tests/test_a.py": "import no_such_package\n"}, ("measure", "--workload", "suite")
    ),
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def check(home: Path, case: Case, snapshot: SnapshotAssertion) -> Ended:
    with untouched(home, home.parent / "tmp", case.environ) as bench:
        ended = bench.run(*case.arguments)
    assert ended.status == case.status, str(ended)
    assert "Traceback" not in ended.err
    assert "hidden-password" not in str(ended)
    assert str(ended) == snapshot
    return ended


@pytest.mark.parametrize("name", STOPPED)
def test_what_stops_strop(home: Path, name: str, snapshot: SnapshotAssertion) -> None:
    case = STOPPED[name]
    ledger.make(home, case.files, database=False)
    ended = check(home, case, snapshot)
    assert ended.out == ""
    assert not (home / ".strop").exists()


def test_changes_that_are_not_committed(home: Path, snapshot: SnapshotAssertion) -> None:
    ledger.make(home, {"main.py": APP, "other.py": "", "notes.txt": ""}, database=False)
    ledger.write(home, {"main.py": APP + "# mine\n", "new.py": "", "untracked.txt": "", "notes.txt": "mine"})
    check(home, Case({}, MEASURE, status=2), snapshot)


def test_the_last_commit_on_request(home: Path) -> None:
    ledger.make(home, {"main.py": APP}, database=False)
    ledger.write(home, {"main.py": APP + "\n\n@app.get('/new')\ndef new():\n    return 2\n"})
    with untouched(home, home.parent / "tmp") as bench:
        ended = bench.run(*MEASURE, "--head")
    assert ended.status in (0, 1)
    assert "GET / " in ended.out
    assert "GET /new" not in ended.out


DIFFICULT = {
    "main.py": "import os\nimport time\n\n"
    + APP
    + "\n\n@app.get('/slow')\ndef slow():\n    time.sleep(600)\n"
    + "\n\n@app.get('/dead')\ndef dead():\n    os._exit(3)\n"
    + "\n\n@app.get('/wrong')\ndef wrong():\n    return 1 / 0\n",
    "unfinished.py": "def broken(:\n",
    "tests/test_a.py": "import no_such_package\n",
    "pyproject.toml": PATIENCE,
}


def test_what_is_noted_and_worked_around(home: Path, snapshot: SnapshotAssertion) -> None:
    """Requests that hang, kill or raise, files that can't be read, tests that can't be run: the rest is measured."""
    home.mkdir()
    (home / "bytes.py").write_bytes(b"\x00\xff\xfe")
    ledger.make(home, DIFFICULT, database=False)
    with untouched(home, home.parent / "tmp") as bench:
        ended = bench.run("measure")
    assert f"exit status {ended.status}\n{ended.err}" == snapshot
    assert "route  GET / " in ended.out


def test_flaky_and_failing_tests_are_named_and_set_aside(home: Path) -> None:
    flaky = (
        "\n\ndef test_process():\n    assert TestClient(app).get(f'/?pid={os.getpid()}').status_code == 200\n"
        "\n\ndef test_wrong():\n    assert TestClient(app).get('/').json() == 2\n"
    )
    app = APP.replace("root() -> int", "root(pid: int = 0) -> dict[str, int]").replace(
        "1\n", "{'pid': pid}\n"
    )
    text = "import os\n\n" + TEST.replace("== 1", "== {'pid': 0}") + flaky
    ledger.make(home, {"main.py": app, "tests/test_a.py": text}, database=False)
    with untouched(home, home.parent / "tmp") as bench:
        ended = bench.run("optimize", "--no-latency", "--workload", "suite")
    assert ended.status in (0, 1), str(ended)
    assert "1 tests fail before any change and are set aside: tests/test_a.py::test_wrong\n" in ended.err
    assert "1 tests differ between two runs and are set aside: tests/test_a.py::test_process\n" in ended.err


def test_a_strange_place(tmp_path: Path) -> None:
    """No git, a name that shells and URLs stumble over, a temporary folder too deep for a socket's path."""
    home = tmp_path / "my app é; $(x) 100%"
    ledger.write(home, {"main.py": APP})
    with untouched(home, tmp_path / ("deep " * 20)) as bench:
        ended = bench.run(*MEASURE)
    assert ended.status in (0, 1), str(ended)
    assert not (home / ".git").exists()


def test_a_run_that_can_not_be_saved(home: Path, snapshot: SnapshotAssertion) -> None:
    ledger.make(home, {"main.py": APP, ".strop": "a file of mine\n"}, database=False)
    check(home, Case({}, MEASURE, status=2), snapshot)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB; only where this machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        os.geteuid() != 0
        or mount is None
        or os.system(f"{mount} -t tmpfs -o size=300k none {folder} 2>/dev/null")
    ):
        pytest.skip("no disk can be mounted here")
    yield folder
    os.system(f"umount {folder}")


def test_a_full_disk(home: Path, tiny_disk: Path, snapshot: SnapshotAssertion) -> None:
    ledger.make(home, {"main.py": APP, "data.txt": "x" * 400_000}, database=False)
    with untouched(home, tiny_disk) as bench:
        ended = bench.run(*MEASURE)
    assert ended.status == 2, str(ended)
    assert str(ended) == snapshot
