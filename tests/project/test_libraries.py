"""What installed libraries say of their functions' results and their objects' attributes, read as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.actions.review import Reviewed, ReviewRequest, review
from strop.project.catalogue import default_catalogue
from strop.project.libraries.library import Known, Library, fill
from strop.project.scope import Ref
from tests.project.example import write

REQUESTS = {
    "requests/__init__.py": "from .sessions import Session\n",
    "requests/sessions.py": "class Session:\n    def get(self, url): ...\n    def close(self): ...\n",
}
ACME = {
    "acme/__init__.py": """
    from ._client import Client, make_client
    from ._client import *
    VERSION = "1"
    """,
    "acme/_client.py": """
    from __future__ import annotations
    import typing as t
    from contextlib import contextmanager
    from requests import Session
    from . import _pages
    T = t.TypeVar("T")

    class Client(Session):
        limit: int

        def __init__(self, url: str) -> None:
            self.url = url
            self.session = Session()

        @property
        def pages(self) -> _pages.Page[str]: return _pages.Page()

        @t.overload
        def fetch(self, key: str) -> str: ...
        @t.overload
        def fetch(self, key: int) -> int: ...
        def fetch(self, key): return key

        @classmethod
        def of(cls, url: str) -> t.Self: return cls(url)

        def build(self, kind: type[T], times: int = 1) -> list[T]: return []

        def close(self) -> None: ...

    def make_client(url: str) -> "Client": return Client(url)
    def guess(url): return Client(url)

    @contextmanager
    def opened() -> t.Iterator[Client]: yield Client("")
    """,
    "acme/_pages.py": """
    from typing import Generic, TypeVar
    E = TypeVar("E")

    class Page(Generic[E]):
        first: E
        def __enter__(self) -> "Page[E]": return self
        def __getitem__(self, place: int) -> E: ...
    """,
}
STR = Ref("instance", "str")
INT = Ref("instance", "int")
CLIENT = Ref("instance", "acme.Client")
SESSION = Ref("instance", "requests.Session")


def library(folder: Path, files: dict[str, str]) -> Library:
    write(folder, files)
    return Library((folder,), default_catalogue())


@pytest.fixture
def acme(tmp_path: Path) -> Library:
    return library(tmp_path, ACME | REQUESTS)


@pytest.mark.parametrize(
    ("name", "gives"),
    [
        ("acme.make_client", CLIENT),
        ("acme.Client.fetch", Ref("union", "", (STR, INT))),
        ("acme.Client.pages", Ref("instance", "acme._pages.Page", (STR,))),
        ("acme.Client.session", SESSION),
        ("acme.Client.url", STR),
        ("acme.Client.limit", INT),
        ("acme.Client.pages.first", STR),
        ("acme.VERSION", STR),
        ("acme.opened", Ref("instance", "typing.Iterator", (CLIENT,))),
        ("acme.Client.of", Ref("typevar", "Self")),
        ("acme.Client.build", Ref("instance", "list", (Ref("typevar", "A1"),))),
        ("acme._pages.Page.first", Ref("typevar", "T0")),
        ("acme._pages.Page.__getitem__", Ref("typevar", "T0")),
        ("acme.Client.close", None),
        ("acme.guess", None),
        ("acme.nothing", None),
        ("absent.thing", None),
    ],
)
def test_what_a_name_gives(acme: Library, name: str, gives: Ref | None) -> None:
    assert acme.look(name).gives == gives


def test_a_method_is_known_by_the_class_that_defines_it(acme: Library) -> None:
    assert acme.inherited("acme.Client.get") == "requests.Session.get"
    assert acme.inherited("acme.Client.close") == ""


def test_what_the_catalogue_follows_by_its_name_keeps_it(tmp_path: Path) -> None:
    docker = {
        "docker/__init__.py": """
        class Containers:
            def run(self) -> str: ...
        class DockerClient:
            containers: Containers
            base_url: str
        """
    }
    found = library(tmp_path, docker)
    assert found.value("docker.DockerClient.containers", None) is None
    assert found.value("docker.DockerClient.base_url", None) == STR


def test_stubs_come_before_source(tmp_path: Path) -> None:
    files = {
        "one/__init__.py": "def f() -> int: ...\n",
        "one/__init__.pyi": "def f() -> str: ...\n",
        "two/__init__.py": "def f(): ...\ndef g() -> int: ...\n",
        "two-stubs/__init__.pyi": "def f() -> str: ...\n",
        "space/part/thing.py": "def f() -> str: ...\n",
    }
    found = library(tmp_path, files)
    assert [found.look(f"{name}.f").gives for name in ("one", "two", "space.part.thing")] == [STR] * 3


def test_a_broken_or_endless_library_says_nothing(tmp_path: Path) -> None:
    files = {
        "broken/__init__.py": "def f() -> int:\n  return (\n",
        "circle/__init__.py": "from .other import f\nfrom .other import *\n",
        "circle/other.py": "from . import f\nfrom . import *\nclass A(A): ...\nclass B(C): ...\nclass C(B): ...\n",
        "deep/__init__.py": "x = " + "-" * 5000 + "1\n",
    }
    found = library(tmp_path, files)
    for name in ("broken.f", "circle.f", "circle.other.A.x", "circle.other.B.x", "deep.x"):
        assert found.look(name) == Known("") or found.look(name).gives is None


def test_variables_stand_for_what_a_call_knows() -> None:
    page = Ref("instance", "acme._pages.Page", (STR,))
    assert fill(Ref("typevar", "T0"), page, lambda: None) == STR
    assert fill(Ref("typevar", "T0"), None, lambda: None) is None
    listed = Ref("instance", "list", (Ref("typevar", "A1"),))
    assert fill(listed, None, lambda: INT) == Ref("instance", "list", (INT,))
    assert fill(Ref("typevar", "Self"), CLIENT, lambda: None) == CLIENT


MAIN = """
import acme
from fastapi import FastAPI

app = FastAPI()


@app.get("/one")
async def one():
    client = acme.make_client("http://one")
    return client.get("/").text


@app.get("/two")
async def two():
    with acme.opened() as client:
        return client.session.get("/")


@app.get("/three")
async def three():
    return acme.make_client("x").fetch("y").strip()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backend beside which its libraries are installed."""
    environment = {
        f".venv/lib/python3.11/site-packages/{file}": text for file, text in (ACME | REQUESTS).items()
    }
    installed = {".venv/bin/python": "", ".venv/pyvenv.cfg": ""}
    fastapi = {".venv/lib/python3.11/site-packages/fastapi/__init__.py": "class FastAPI: ...\n"}
    write(tmp_path, {"main.py": MAIN, "pyproject.toml": "", **environment, **installed, **fastapi})
    monkeypatch.chdir(tmp_path)
    for name in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def ask(**options: object) -> Reviewed:
    return review(ReviewRequest(everything=True, only=("async-without-await",), **options))  # type: ignore[arg-type]


def routes(done: Reviewed) -> set[str]:
    return {route for entry in done.review.entries for route in entry.finding.routes}


@pytest.mark.parametrize("cache", [True, False])
def test_a_review_follows_what_the_environment_says(project: Path, cache: bool) -> None:
    first = ask(cache=cache)
    assert routes(first) == {"GET /one", "GET /two"}
    assert routes(ask(cache=cache)) == routes(first)
    assert first.review.resolved == first.review.calls


def test_another_environment_is_read_anew(project: Path) -> None:
    assert routes(ask()) == {"GET /one", "GET /two"}
    packages = project / ".venv/lib/python3.11/site-packages"
    packages.joinpath("acme/_client.py").write_text("def make_client(url): ...\n")
    assert routes(ask()) == {"GET /one", "GET /two"}  # nobody edits an installed library
    packages.joinpath("acme-2.dist-info").mkdir()
    assert routes(ask()) == set()


def test_an_edit_takes_the_answers_that_were_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask()
    monkeypatch.setattr(Library, "_look", lambda self, name: pytest.fail(f"{name} was read again"))
    project.joinpath("main.py").write_text(MAIN.replace('"/one"', '"/uno"'))
    assert routes(ask()) == {"GET /uno", "GET /two"}


def test_without_an_environment_the_catalogue_alone_speaks(project: Path) -> None:
    project.joinpath(".venv/bin/python").unlink()
    assert routes(ask()) == set()
