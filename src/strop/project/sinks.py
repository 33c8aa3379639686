"""Which library calls must not be given what a request says, and in which argument?

A sink's `parts` are the arguments that matter: positions, keyword names, "." for the receiver. `leading` sinks are
harmed only by a text whose beginning the request chooses: the host of a URL, not what follows a fixed host.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from strop.project.backtracking import USES
from strop.project.entities import OLD, OLDER, OPEN, PARSES, SAX, STEPS

Danger = Literal[
    "path",
    "url",
    "redirect",
    "code",
    "template",
    "pickle",
    "regex",
    "command",
    "html",
    "sql",
    "archive",
    "slow",
    "xml",
]


class Sink(Struct, frozen=True):
    """What goes wrong when these arguments come from a request."""

    danger: Danger
    parts: tuple[str, ...]
    leading: bool = False

    @property
    def least(self) -> int:
        """How much of the argument must be the request's own: 2 for its beginning, 1 for a segment of a path."""
        return 2 if self.leading else 1 if self.danger == "path" else 0


_FIRST = ("0", "url")
_PATH_METHODS = (
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "rmdir", "iterdir", "touch",
    "rename", "replace",
)  # fmt: skip
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_CLIENTS = (
    "requests",
    "requests.Session",
    "httpx",
    "httpx.Client",
    "httpx.AsyncClient",
    "aiohttp.ClientSession",
)
_RESPONSES = ("starlette.responses", "fastapi.responses")


def _each(owners: tuple[str, ...], *names: str) -> tuple[str, ...]:
    return tuple(f"{owner}.{name}" for owner in owners for name in names)


_PATHS = (
    (
        Sink("path", ("0", "file")),
        ("open", "io.open", "aiofiles.open", "aiofiles.threadpool.open", "anyio.open_file"),
    ),
    (Sink("path", (".",)), _each(("pathlib.Path", "anyio.Path"), *_PATH_METHODS)),
    (
        Sink("path", ("0", "path")),
        (
            *_each(("os", "aiofiles.os"), "remove", "unlink", "listdir", "rmdir", "scandir"),
            *("os.removedirs", "os.truncate", "shutil.rmtree", *_each(_RESPONSES, "FileResponse")),
        ),
    ),
    (
        Sink("path", ("0", "1", "src", "dst")),
        (
            *_each(("os",), "rename", "replace", "link", "symlink"),
            *_each(("shutil",), "move", "copy", "copy2", "copyfile", "copytree"),
        ),
    ),
)
_ADDRESSES = (
    (
        Sink("url", _FIRST, leading=True),
        (
            *_each(_CLIENTS, *_VERBS),
            *("urllib.request.urlopen", "urllib.request.urlretrieve", "urllib.request.Request"),
            "aiohttp.ClientSession.ws_connect",
        ),
    ),
    (Sink("url", ("1", "url"), leading=True), _each(_CLIENTS, "request", "stream", "build_request")),
    (Sink("redirect", _FIRST, leading=True), _each(_RESPONSES, "RedirectResponse")),
    (
        Sink("redirect", ("Location",), leading=True),
        (
            *("fastapi.HTTPException", "starlette.exceptions.HTTPException", "fastapi.Response"),
            *_each(_RESPONSES, "Response"),
        ),
    ),
)
_PROGRAMS = (
    (Sink("code", ("0",)), ("eval", "exec", "compile")),
    (
        Sink("template", ("0", "source")),
        (
            *("jinja2.Template", "jinja2.Environment.from_string", "jinja2.sandbox.Environment.from_string"),
            *("mako.template.Template", "?.from_string"),
        ),
    ),
    (
        Sink("pickle", ("0",)),
        (
            *_each(("pickle", "cloudpickle", "dill", "marshal"), "load", "loads"),
            *("pickle.Unpickler", "joblib.load", "jsonpickle.decode", "pandas.read_pickle"),
            *("yaml.unsafe_load", "yaml.full_load", "yaml.load:unsafe"),
        ),
    ),
    (
        Sink("regex", ("0", "pattern")),
        _each(
            ("re", "regex"),
            *("compile", "search", "match", "fullmatch", "findall", "finditer", "sub", "split"),
        ),
    ),
    (
        Sink("command", ("0", "cmd")),
        (
            *("os.system", "os.popen", "asyncio.create_subprocess_shell"),
            *(f"subprocess.{n}:shell" for n in ("run", "Popen", "call", "check_call", "check_output")),
        ),
    ),
)
_REST = (
    (Sink("html", ("0", "content")), _each(_RESPONSES, "HTMLResponse")),
    (
        Sink("sql", ("0", "text")),
        ("sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text"),
    ),
    (Sink("archive", (".",)), ("tarfile.TarFile.extractall",)),
    (
        Sink("xml", ("0", "text", "source")),
        (
            *(f"{name}{how}" for name in PARSES for how in (OPEN, OLD)),
            f"{STEPS}{OPEN}",
            f"{STEPS}{OLDER}",
            SAX,
        ),
    ),
)
_SLOW = tuple(  # what is searched is "0" of a compiled pattern's methods; a replacement stands before it
    (Sink("slow", (str(place + (use in ("sub", "subn"))), "string")), (f"{owner}.{use}:slow",))
    for owner, place in (("re", 1), ("re.Pattern", 0))
    for use in USES
)

SINKS = {
    name: sink
    for table in (_PATHS, _ADDRESSES, _PROGRAMS, _REST, _SLOW)
    for sink, names in table
    for name in names
}
LASTS = frozenset(name.rpartition(".")[2].partition(":")[0] for name in SINKS)
