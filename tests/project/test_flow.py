"""What a function passes on, and where a request's values end up."""

from pathlib import Path

from strop.project import flow
from strop.project.flow import Flow
from strop.project.read import read_project
from strop.project.taint import Tainted, tainted


def flows(text: str, tmp_path: Path) -> dict[str, Flow]:
    (tmp_path / "main.py").write_text(text)
    project = read_project(tmp_path, (), (), (flow.NOTICER,))
    return {f.symbol: f for f in map(Flow.of, project.source.marks.get(flow.CODE, ()))}


def leaks(files: dict[str, str], tmp_path: Path) -> tuple[Tainted, ...]:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tainted(read_project(tmp_path, (), (), (flow.NOTICER,)))


def test_origins_follow_text_paths_and_attributes(tmp_path: Path) -> None:
    found = flows(
        """
from pathlib import Path

def store(folder, name, body, count: int):
    target = Path("/srv") / f"{name.strip()}.{body.extension}"
    open(target)
    return f"{name}/{count}"
""",
        tmp_path,
    )["store"]
    assert found.calls[0].arguments == (("0", ("name", "~body.extension")),)
    assert found.returns == ("^name",)


def test_what_is_tested_is_guarded(tmp_path: Path) -> None:
    found = flows(
        """
def fetch(url, name):
    if url.host not in ALLOWED:
        raise ValueError
    return open(name)
""",
        tmp_path,
    )["fetch"]
    assert found.guarded == {"url.host"}


def test_the_last_part_of_a_path_is_harmless(tmp_path: Path) -> None:
    found = flows(
        """
from pathlib import Path

def store(a, b, c):
    open(Path(a).name)
    open(b.split("/")[-1])
    open(int(c))
""",
        tmp_path,
    )
    assert not found


APP = """
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel
from store import Store, read

app = FastAPI()
store = Store()


class Inner(BaseModel):
    name: str
    number: int


class Body(BaseModel):
    inner: Inner


def wanted(file: str) -> str:
    return file


@app.get("/dependency")
def by_dependency(name: str = Depends(wanted)):
    return read(name)


@app.post("/model")
def by_model(body: Body):
    return read(body.inner.name)


@app.post("/number")
def by_number(body: Body):
    return read(body.inner.number)


@app.get("/object")
def by_object(request: Request):
    store.keep(request.query_params["path"])
    return store.read()
"""
STORE = """
def read(name):
    return open(prepared(name)).read()


def prepared(name):
    return "/srv/" + name


class Store:
    def keep(self, path):
        self.path = path

    def read(self):
        return open(self.path).read()
"""


def test_values_go_through_dependencies_models_results_and_objects(tmp_path: Path) -> None:
    found = leaks({"main.py": APP, "store.py": STORE}, tmp_path)
    assert [(f.span.symbol, f.routes) for f in found] == [
        ("Store.read", ("GET /object",)),
        ("read", ("GET /dependency", "POST /model")),
    ]
    assert found[1].source in ('the query parameter "file"', 'the body field "inner.name"')
    assert found[0].chain[0].text == "GET /object"


def test_a_helper_that_refuses_has_tested_for_its_caller(tmp_path: Path) -> None:
    app = """
from fastapi import FastAPI
from store import inside

app = FastAPI()


@app.get("/file")
def file(name: str):
    inside(name)
    return open(name).read()
"""
    store = """
from pathlib import Path


def inside(name):
    if not Path(name).is_relative_to("/srv"):
        raise ValueError
"""
    assert not leaks({"main.py": app, "store.py": store}, tmp_path)
