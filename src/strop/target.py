"""The user's repository and how its application is found, imported and run."""

from __future__ import annotations

from msgspec import Struct, field


class Login(Struct, frozen=True):
    """How generated requests get an identity: a form or JSON login that answers with a token."""

    path: str
    username: str
    password: str
    token: str = "access_token"
    json: bool = False


class Reply(Struct, frozen=True):
    """What another service answers: to requests of `method` to `url` ("*" stands for anything) with the body `sent`.

    Several for the same request are given one after the other; `sent` None: whatever the body is.
    """

    method: str
    url: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    sent: bytes | None = None


class Configuration(Struct, frozen=True):
    """Other settings under which a change is proved as well; `environ` is for the application."""

    name: str
    environ: tuple[tuple[str, str], ...]


class Target(Struct, frozen=True):
    """What strop knows about a target before anything of it runs.

    `root` is the absolute path of the project's folder, `repo` that of the git top level ("" without git);
    `sources` are folders relative to root that go on `sys.path`, first one first.
    """

    root: str
    app: str  # "module:attribute"
    factory: bool
    python: str  # absolute path of the interpreter that can import the application
    repo: str = ""
    commit: str = ""
    branch: str = ""
    dirty: tuple[str, ...] = ()
    sources: tuple[str, ...] = (".",)
    tests: tuple[str, ...] = ()  # folders or files that pytest is given
    pytest_args: tuple[str, ...] = ()
    migrations: str = ""  # folder of Alembic's env.py, relative to root
    environ: tuple[tuple[str, str], ...] = ()  # for the application; "{root}" is the world's folder
    copy: tuple[str, ...] = ()  # untracked paths that the application needs beside it
    login: Login | None = None
    headers: tuple[tuple[str, str], ...] = ()  # sent with generated requests
    skip_routes: tuple[str, ...] = ()  # "METHOD /path" that must not be called
    allow_remote: tuple[str, ...] = ()  # database hosts named on purpose
    outbound: tuple[Reply, ...] = ()  # what other services answer; without any, calls to them are refused
    configurations: tuple[Configuration, ...] = ()
    time_limit: float = 60.0  # seconds for import and start-up
    versions: tuple[tuple[str, str], ...] = field(default=())  # installed distributions that matter
