"""Which library calls must not be given what a request says, and in which argument?

A sink's `parts` are the arguments that matter: positions, keyword names, "." for the receiver. `leading` sinks are
harmed only by a text whose beginning the request chooses: the host of a URL, not what follows a fixed host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Danger = Literal[
    "path", "url", "redirect", "code", "template", "pickle", "regex", "command", "html", "sql", "archive"
]


@dataclass(frozen=True, slots=True)
class Sink:
    """What goes wrong when these arguments come from a request."""

    danger: Danger
    parts: tuple[str, ...]
    leading: bool = False


_PATH_METHODS = (
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "rmdir", "iterdir", "touch",
    "rename", "replace",
)  # fmt: skip
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")


def _table() -> dict[str, Sink]:
    found: dict[str, Sink] = {}

    def add(sink: Sink, *names: str) -> None:
        found.update(dict.fromkeys(names, sink))

    add(
        Sink("path", ("0", "file")),
        "open",
        "io.open",
        "aiofiles.open",
        "aiofiles.threadpool.open",
        "anyio.open_file",
    )
    for owner in ("pathlib.Path", "anyio.Path"):
        add(Sink("path", (".",)), *(f"{owner}.{method}" for method in _PATH_METHODS))
    add(
        Sink("path", ("0", "path")),
        *(f"os.{n}" for n in ("remove", "unlink", "listdir", "rmdir", "scandir", "removedirs", "truncate")),
        *(f"aiofiles.os.{n}" for n in ("remove", "unlink", "listdir", "rmdir", "scandir")),
        "shutil.rmtree", "starlette.responses.FileResponse", "fastapi.responses.FileResponse",
    )  # fmt: skip
    add(
        Sink("path", ("0", "1", "src", "dst")), *(f"os.{n}" for n in ("rename", "replace", "link", "symlink"))
    )
    add(
        Sink("path", ("0", "1", "src", "dst")),
        *(f"shutil.{n}" for n in ("move", "copy", "copy2", "copyfile", "copytree")),
    )
    for owner in (
        "requests",
        "requests.Session",
        "httpx",
        "httpx.Client",
        "httpx.AsyncClient",
        "aiohttp.ClientSession",
    ):
        add(Sink("url", ("0", "url"), leading=True), *(f"{owner}.{verb}" for verb in _VERBS))
        add(
            Sink("url", ("1", "url"), leading=True),
            f"{owner}.request",
            f"{owner}.stream",
            f"{owner}.build_request",
        )
    add(
        Sink("url", ("0", "url"), leading=True),
        "urllib.request.urlopen",
        "urllib.request.urlretrieve",
        "urllib.request.Request",
        "aiohttp.ClientSession.ws_connect",
    )
    add(
        Sink("redirect", ("0", "url"), leading=True),
        "starlette.responses.RedirectResponse",
        "fastapi.responses.RedirectResponse",
    )
    add(
        Sink("redirect", ("Location",), leading=True),
        "fastapi.HTTPException",
        "starlette.exceptions.HTTPException",
        "fastapi.Response",
        "starlette.responses.Response",
        "fastapi.responses.Response",
    )
    add(Sink("code", ("0",)), "eval", "exec", "compile")
    add(
        Sink("template", ("0", "source")),
        "jinja2.Template",
        "jinja2.Environment.from_string",
        "jinja2.sandbox.Environment.from_string",
        "mako.template.Template",
        "?.from_string",
    )
    add(
        Sink("pickle", ("0",)),
        *(f"{m}.{n}" for m in ("pickle", "cloudpickle", "dill", "marshal") for n in ("load", "loads")),
        "pickle.Unpickler",
        "joblib.load",
        "jsonpickle.decode",
        "yaml.unsafe_load",
        "yaml.full_load",
        "yaml.load:unsafe",
        "pandas.read_pickle",
    )
    add(
        Sink("regex", ("0", "pattern")),
        *(
            f"{m}.{n}"
            for m in ("re", "regex")
            for n in ("compile", "search", "match", "fullmatch", "findall", "finditer", "sub", "split")
        ),
    )
    add(
        Sink("command", ("0", "cmd")),
        "os.system",
        "os.popen",
        "asyncio.create_subprocess_shell",
        *(f"subprocess.{n}:shell" for n in ("run", "Popen", "call", "check_call", "check_output")),
    )
    add(Sink("html", ("0", "content")), "starlette.responses.HTMLResponse", "fastapi.responses.HTMLResponse")
    add(
        Sink("sql", ("0", "text")), "sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text"
    )
    add(Sink("archive", (".",)), "tarfile.TarFile.extractall")
    return found


SINKS = _table()
LASTS = frozenset(name.rpartition(".")[2].partition(":")[0] for name in SINKS)
