"""What a request carries is unpickled, or unpacked with the paths that it names.

**What.** An upload, a body or a cookie goes to `pickle`, `dill`, `marshal`, `joblib` or an unsafe YAML loader; or to
`TarFile.extractall` without a filter.

**Why it costs.** These formats say which code to run while they are read; a tar file names paths outside the folder.

**How it is found.** What handlers and dependencies get from a request (query, form, body, headers, file names) is
followed through assignments, text building and calls of the project's functions; parameters that FastAPI parses
into numbers, UUIDs or enumerations are left out, and so is what the code tests or cleans on the way.

**How to fix it.** JSON, or `yaml.safe_load`; `extractall(folder, filter="data")`.

**When it is no problem.** The data is signed by the service itself, and the signature is checked first.

**Sources.** https://docs.python.org/3/library/pickle.html ;
https://docs.python.org/3/library/tarfile.html#extraction-filters
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.rules.carried import carried
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain

RULE = Rule("SEC006", "unpickled-request", "security", "error", "A request is unpickled", static=True)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that gets the data."""
    yield from carried(
        RULE,
        project,
        "pickle",
        "archive",
        message="{source} is read by {call} in {function}, which runs what the data says",
        impact="whoever may send the request runs code with the rights of the service, or writes files anywhere",
        solution='read JSON or yaml.safe_load(); extract with filter="data"',
        confidence=0.9,
    )


EXAMPLES = (
    Example(
        "a model that is uploaded",
        plain("""
import pickle

from fastapi import UploadFile


@app.post("/models")
async def upload(file: UploadFile):
    model = pickle.loads(await file.read())
    return {"name": model.name}
"""),
        bad=True,
    ),
    Example(
        "parameters as JSON",
        plain("""
import json

from fastapi import UploadFile


@app.post("/models")
async def upload(file: UploadFile):
    model = json.loads(await file.read())
    return {"name": model["name"]}
"""),
        bad=False,
        mends="a model that is uploaded",
    ),
    Example(
        "a loader that adds to the safe one",
        plain("""
import yaml
from fastapi import UploadFile


class Loader(yaml.CSafeLoader):
    def construct_scalar(self, node):
        return super().construct_scalar(node).strip()


@app.post("/workflows")
async def upload(file: UploadFile):
    return {"steps": len(yaml.load(await file.read(), Loader=Loader))}
"""),
        bad=False,
    ),
    Example(
        "what the service itself has stored",
        plain("""
import pickle

FOLDER = Path("/srv/models")


@app.get("/models/{number}")
def load(number: int):
    model = pickle.loads((FOLDER / str(number)).read_bytes())
    return {"name": model.name}
"""),
        bad=False,
    ),
)
