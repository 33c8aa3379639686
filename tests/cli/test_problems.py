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
    "not a folder": Case({"main.py": APP}, ("measure", "main.py"), status=2),
    "import fails": Case({"main.py": "from shop.deep import nothing\n" + APP, "shop/__init__.py": "", "shop/deep.py": "def price():\n    return rate * 2\n\n\nprice()\n"}),
    "import error": Case({"main.py": "import no_such_package\n" + APP}),
    "syntax error": Case({"main.py": APP + "\n\ndef broken(:\n"}),
    "missing variable": Case({"main.py": "import os\n\nKEY = os.environ['PAYMENT_KEY']\n" + APP}),
    "missing setting": Case(
        {"main.py": "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    payment_key: str\n\n\nsettings = Settings()\n" + APP}
    ),
    "exit at import": Case({"main.py": "import sys\n\nsys.exit('no licence')\n" + APP}),
    "killed at import": Case({"main.py": "import os\n\nprint('out of luck')\nos.abort()\n" + APP}),
    "hangs at import": Case({"main.py": SLEEP + APP, "pyproject.toml": HASTE}),
    "start-up fails": Case({"main.py": LIFESPAN.format("raise RuntimeError('no queue')")}),
    "hangs at start-up": Case({"main.py": LIFESPAN.format("time.sleep(600)"), "pyproject.toml": HASTE}),
    "remote database": Case({"main.py": REMOTE}),
    "no such attribute": Case({"main.py": APP}, (*MEASURE, "--app", "main:application")),
    "no application there": Case({"main.py": APP + "thing = 3\n"}, (*MEASURE, "--app", "main:thing")),
    "half a name": Case({"main.py": APP}, (*MEASURE, "--app", "main"), status=2),
    "no such interpreter": Case({"main.py": APP}, (*MEASURE, "--python", "nowhere/python")),
    "no git program": Case({"main.py": APP}, environ={"PATH": "/nowhere"}, status=2),
    "broken pyproject": Case({"main.py": APP, "pyproject.toml": "[tool.strop\n"}, status=2),
    "wrong setting": Case({"main.py": APP, "pyproject.toml": "[tool.strop]\ntime_limit = 'long'\n"}, status=2),
    "unknown setting": Case({"main.py": APP, "pyproject.toml": "[tool.strop]\ntime_limits = 3\n"}, status=2),
    "no tests": Case({"main.py": APP}, ("measure", "--workload", "suite"), status=2),
    "no requests": Case({"main.py": HEAD}, status=2),
    "no HAR file": Case({"main.py": APP}, ("measure", "--har", "nowhere.har"), status=2),
    "bad HAR file": Case({"main.py": APP, "a.har": '{"log": {"entries": [{}]}}'}, ("measure", "--har", "a.har"), status=2),
    "wrong option": Case({"main.py": APP}, ("measure", "--env", "NOVALUE"), status=2),
    "wrong verb": Case({"main.py": APP}, ("measur3",), status=2),
    "no run": Case({"main.py": APP}, ("show", "last"), status=2),
    "no plan": Case({"main.py": APP}, ("plan",), status=2),
    "login fails": Case(
        {"main.py": APP, "pyproject.toml": HASTE + '\n[tool.strop.login]\npath = "/login"\nusername = "a"\npassword = "hidden-password"\n'}
    ),
    "suite can't be collected": Case(
        {"main.py": APP, "tests/test_a.py": "import no_such_package\n"}, ("measure", "--workload", "suite"), status=2
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
    ledger.write(home, {"main.py": "this is not finished\n"})
    with untouched(home, home.parent / "tmp") as bench:
        assert bench.run(*MEASURE, "--head").status in (0, 1)


WORKS = {
    "an unfinished file": {"main.py": APP, "other.py": "def broken(:\n"},
    "a file that is not text": {"main.py": APP, "other.py": "\0\udcff"},
    "failing tests": {"main.py": APP, "tests/test_a.py": TEST + "\n\ndef test_wrong():\n    assert TestClient(app).get('/').json() == 2\n"},
    "tests that can't be run": {"main.py": APP, "tests/test_a.py": "import no_such_package\n"},
    "a request that hangs": {"main.py": "import time\n\n" + APP + "\n\n@app.get('/slow')\ndef slow():\n    time.sleep(600)\n", "pyproject.toml": HASTE},
    "a request that kills": {"main.py": "import os\n\n" + APP + "\n\n@app.get('/dead')\ndef dead():\n    os._exit(3)\n"},
    "a request that raises": {"main.py": APP + "\n\n@app.get('/wrong')\ndef wrong():\n    return 1 / 0\n"},
}  # fmt: skip


@pytest.mark.parametrize("name", WORKS)
def test_what_is_noted_and_worked_around(home: Path, name: str, snapshot: SnapshotAssertion) -> None:
    files = {file: text for file, text in WORKS[name].items() if "\0" not in text}
    for file in WORKS[name].keys() - files.keys():
        home.mkdir(exist_ok=True)
        (home / file).write_bytes(b"\x00\xff\xfe")
    ledger.make(home, files, database=False)
    with untouched(home, home.parent / "tmp") as bench:
        ended = bench.run("measure", *(("--workload", "openapi") if "tests" not in name else ()))
    assert ended.status in (0, 1), str(ended)
    assert f"exit status {ended.status}\n{ended.err}" == snapshot


def test_flaky_tests_are_named_and_set_aside(home: Path, snapshot: SnapshotAssertion) -> None:
    flaky = "import os\n\n\ndef test_flaky():\n    assert TestClient(app).get(f'/?pid={os.getpid()}').json() == 1\n\n\ndef test_luck():\n    assert os.getpid() % 2\n"
    app = APP.replace("root()", "root(pid: int = 0)").replace("return 1", "return {'pid': pid}")
    ledger.make(home, {"main.py": app, "tests/test_a.py": TEST + "\n\n" + flaky}, database=False)
    with untouched(home, home.parent / "tmp") as bench:
        ended = bench.run("optimize", "--no-latency")
    assert ended.status in (0, 1), str(ended)
    assert "tests/test_a.py::test_flaky" in ended.err
    assert "test_root" not in ended.err


def test_a_folder_without_git(home: Path) -> None:
    ledger.write(home, {"main.py": APP})
    with untouched(home, home.parent / "tmp") as bench:
        assert bench.run(*MEASURE).status in (0, 1)
    assert not (home / ".git").exists()


def test_a_folder_with_a_strange_name(tmp_path: Path) -> None:
    home = ledger.make(tmp_path / "my app é; $(x)", {"main.py": APP}, database=False)
    long = "a temporary folder with a long name that sockets do not like" * 2
    with untouched(home, tmp_path / long) as bench:
        assert bench.run(*MEASURE).status in (0, 1)


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
