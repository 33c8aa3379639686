"""A file is opened, written or deleted under a name that the request chooses.

**What.** A query parameter, form field, body field or the file name of an upload becomes part of a path that is
opened, sent, written or removed.

**Why it costs.** "../../etc/passwd", or an absolute path (which replaces what stands left of `/` in `Path`), reads or
overwrites any file that the process may touch.

**How it is found.** What handlers and dependencies get from a request (query, form, body, headers, file names) is
followed through assignments, text building and calls of the project's functions; parameters that FastAPI parses
into numbers, UUIDs or enumerations are left out, and so is what the code tests or cleans on the way (by a function of its own too), the key of a row without which the code leaves, what is kept under a key, and what stands behind a fixed text within one segment. One segment of a URL's path holds no slash, so it counts only as `{name:path}`.

**How to fix it.** Store under a name that you make (`uuid4().hex`), or keep the last component alone
(`Path(name).name`) and refuse the path unless `path.resolve().is_relative_to(base)`.

**When it is no problem.** The name is looked up in a table of known files, or only administrators who have a shell
anyway can send it: a note, but a warning where it is the name of an uploaded file, which somebody else chose. A note too where plugins are installed: who may send one runs code as it is.

**Sources.** https://owasp.org/www-community/attacks/Path_Traversal ;
https://fastapi.tiangolo.com/reference/uploadfile/
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.rules.carried import carried
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop

RULE = Rule("SEC001", "path-traversal", "security", "error", "A path from the request", static=True)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that gets the path."""
    yield from carried(
        RULE,
        project,
        "path",
        message="{source} chooses the path that {call} gets in {function}",
        impact="whoever may send the request reads or overwrites files outside the folder that is meant",
        solution="keep Path(name).name or a name of your own, and refuse a path that is not is_relative_to() its folder",
        confidence=0.85,
    )


_BACKUPS = """
import shutil

from fastapi import File, UploadFile


@app.post("/admin/backups")
def add_backup(archive: UploadFile = File(), {more}):
    with Path("backups").joinpath({name}).open("wb") as kept:
        shutil.copyfileobj(archive.file, kept)
    return {{"kept": True}}
"""

EXAMPLES = (
    Example(
        "an administrator uploads what somebody else named",
        plain(_BACKUPS.format(name="archive.filename", more="")),
        bad=True,
    ),
    Example(
        "an administrator says where: a note",
        plain(_BACKUPS.format(name="name", more='name: str = "latest"')),
        bad=True,
    ),
    Example(
        "an upload stored under its own name",
        plain("""
from fastapi import UploadFile

FOLDER = Path("/srv/backups")


@app.post("/backups")
def upload(archive: UploadFile):
    target = FOLDER / archive.filename
    with target.open("wb") as file:
        file.write(archive.file.read())
    return {"name": archive.filename}
"""),
        bad=True,
    ),
    Example(
        "the last component, in its folder",
        plain("""
from fastapi import UploadFile

FOLDER = Path("/srv/backups")


@app.post("/backups")
def upload(archive: UploadFile):
    target = FOLDER / Path(archive.filename).name
    with target.open("wb") as file:
        file.write(archive.file.read())
    return {"name": archive.filename}
"""),
        bad=False,
        mends="an upload stored under its own name",
    ),
    Example(
        "a helper that opens what the query names",
        plain(
            """
from reports import read_report


@app.get("/reports")
def report(name: str):
    return read_report(f"{name}.txt")
""",
            reports="""
from pathlib import Path

FOLDER = Path("/srv/reports")


def read_report(name):
    return (FOLDER / name).read_text()
""",
        ),
        bad=True,
    ),
    Example(
        "a path that is checked first",
        plain("""
FOLDER = Path("/srv/reports")


@app.get("/reports")
def report(name: str):
    path = (FOLDER / name).resolve()
    if not path.is_relative_to(FOLDER):
        raise HTTPException(404)
    return path.read_text()
"""),
        bad=False,
        mends="a helper that opens what the query names",
    ),
    Example(
        "a function elsewhere says whether it lies inside",
        plain(
            """
from folders import is_below, is_right_in, lies_in, same_tree

FOLDER = Path("/srv/reports")


@app.get("/reports")
def report(name: str):
    path = (FOLDER / name).resolve()
    if not is_below(path, FOLDER):
        raise HTTPException(404)
    return path.read_text()


@app.get("/drafts")
def draft(name: str):
    path = FOLDER / name
    if not lies_in(path, str(FOLDER)) or not same_tree(path, str(FOLDER)):
        raise HTTPException(404)
    return path.read_text()


@app.get("/notes")
def note(name: str):
    path = FOLDER / name
    if not is_right_in(path, FOLDER):
        raise HTTPException(404)
    return path.read_text()
""",
            folders="""
import os
from pathlib import Path


def is_below(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents


def is_right_in(path: Path, folder: Path) -> bool:
    return path.is_file() and path.parent.samefile(folder)


def lies_in(path: Path, folder: str) -> bool:
    found = os.path.realpath(path)
    return found.startswith(folder + os.sep)


def same_tree(path: Path, folder: str) -> bool:
    return os.path.commonpath([os.path.realpath(folder), os.path.realpath(path)]) == folder
""",
        ),
        bad=False,
    ),
    Example(
        "a function elsewhere that looks at something else",
        plain(
            """
from folders import is_long

FOLDER = Path("/srv/reports")


@app.get("/reports")
def report(name: str):
    path = (FOLDER / name).resolve()
    if is_long(path, FOLDER):
        raise HTTPException(404)
    return path.read_text()
""",
            folders="""
from pathlib import Path


def is_long(path: Path, folder: Path) -> bool:
    return len(path.parents) > len(folder.parents) + 5
""",
        ),
        bad=True,
    ),
    Example(
        "what is kept under a key that the request names",
        plain("""
KEPT: dict[str, dict[str, Path]] = {}


def find_job(number: str):
    return KEPT.get(number)


@app.get("/reports")
def report(number: str, kind: str):
    job = find_job(number)
    if job is None:
        raise HTTPException(404)
    return (job.get(kind) or job["summary"]).read_text()
"""),
        bad=False,
    ),
    Example(
        "what a row says whose key is sent",
        shop("""
from pathlib import Path


@app.get("/reports")
def report(number: str, session: Session = Depends(get_session)):
    return Path(session.get(Order, number).number).read_text()
"""),
        bad=False,
    ),
    Example(
        "what the request says where nothing is kept",
        plain("""
KEPT: dict[str, str] = {}


@app.get("/reports")
def report(name: str):
    return Path(KEPT.get("main", name)).read_text()
"""),
        bad=True,
    ),
    Example(
        "a number and one segment",
        plain("""
FOLDER = Path("/srv/reports")


@app.get("/reports/{year}/{name}")
def report(year: int, name: str, page: int = 1):
    return (FOLDER / str(year) / f"{page}.txt").read_text() + name
"""),
        bad=False,
    ),
    Example(
        "behind a fixed text, and above a fixed name",
        plain("""
FOLDER = Path("/srv/reports")


@app.get("/reports")
def report(year: str, name: str):
    return (FOLDER / f"report-{name}.txt").read_text() + (FOLDER / year / "summary.txt").read_text()
"""),
        bad=False,
    ),
    Example(
        "the key of a row that must be there",
        shop("""
from pathlib import Path

FOLDER = Path("/srv/reports")


@app.get("/reports")
def report(number: str, session: Session = Depends(get_session)):
    order = session.scalars(select(Order).where(Order.number == number)).first()
    if order is None:
        raise HTTPException(404)
    return (FOLDER / number / "summary.txt").read_text()
"""),
        bad=False,
    ),
    Example(
        "a row is looked for, and nobody minds that there is none",
        shop("""
from pathlib import Path

FOLDER = Path("/srv/reports")


@app.get("/reports")
def report(number: str, session: Session = Depends(get_session)):
    order = session.scalars(select(Order).where(Order.number == number)).first()
    return {"order": order is not None, "text": (FOLDER / number).read_text()}
"""),
        bad=True,
    ),
    Example(
        "the archive of a plugin, whose code is run: a note",
        plain("""
from fastapi import UploadFile

FOLDER = Path("/srv/plugins")


@app.post("/plugins")
def install_plugin(archive: UploadFile):
    (FOLDER / archive.filename).write_bytes(archive.file.read())
    return {"name": archive.filename}
"""),
        bad=True,
    ),
)
