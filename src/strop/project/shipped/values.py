"""What the files around the code say: images, services, how the server is started, what is required."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from strop.project.table import Index
from strop.span import Span

How = Literal[
    "exec", "shell", "script", "line", "task"
]  # a list of words, `sh -c`, a shell script, another tool's file, a Makefile or a runner of tasks


class Instruction(Struct, frozen=True):
    """One instruction of a container file. `span.symbol` is the stage's name or number."""

    name: str  # upper case: FROM, RUN, ENTRYPOINT
    text: str  # its arguments on one line
    span: Span
    words: tuple[str, ...] = ()  # of the JSON form; empty for the shell form


class Stage(Struct, frozen=True):
    """One stage of an image: what it starts from, and its own instructions."""

    name: str  # "" when it has none
    base: str  # image or stage
    instructions: tuple[Instruction, ...]


class Image(Struct, frozen=True):
    """One container file."""

    file: str
    stages: tuple[Stage, ...]


class Service(Struct, frozen=True):
    """One service of a compose file."""

    name: str
    span: Span
    image: str = ""
    command: str = ""  # entrypoint and command on one line
    command_line: int = 0
    environment: tuple[tuple[str, str, int], ...] = ()  # name, value, line
    ports: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    builds: str = ""  # the container file that it builds, from the root; "" for none
    context: str = ""  # the folder from which it is built, from the root; "." for the root
    mounts: tuple[
        str, ...
    ] = ()  # folders of the repository that it sees as they are, from the root; "." for the root


class Launch(Struct, frozen=True):
    """One command that starts an ASGI server."""

    server: str  # uvicorn, gunicorn, hypercorn, granian, fastapi
    words: tuple[str, ...]  # of the server's own command line, its name first
    span: Span
    how: How
    execs: bool = True  # the server becomes the process that gets the signals
    condition: bool = False  # only in a branch of a script
    development: bool = False  # the file, stage or service is named for development or tests
    stage: str = ""  # of a container file; the service of a compose file; the task

    def option(self, *names: str) -> str | None:
        """The value of the first of these options that is given; "" for a flag."""
        for place, word in enumerate(self.words):
            name, equals, value = word.partition("=")
            if name in names:
                if equals:
                    return value
                after = self.words[place + 1 : place + 2]
                return after[0] if after and not after[0].startswith("-") else ""
        return None

    @property
    def application(self) -> str:
        """The "module:attribute" that is served, "" when the command doesn't name it."""
        plain = (w for w in self.words[1:] if ":" in w and "/" not in w and not w.startswith(("-", "$")))
        return next((w for w in plain if not w.split(":")[-1].isdigit()), "")


class Task(Struct, frozen=True):
    """A target of a Makefile, or a task of pyproject.toml."""

    name: str  # "serve"; of an environment of Hatch "docs:serve"
    runner: str  # make, poe, task, pdm, rye, hatch
    file: str
    commands: tuple[tuple[str, int], ...]  # with their lines
    others: tuple[str, ...] = ()  # the tasks that it runs


class Script(Struct, frozen=True):
    """A shell script that a container starts with, and the words in it."""

    file: str
    words: frozenset[str]


class Requirement(Struct, frozen=True):
    """One package that the project asks for, or that a lock file fixes."""

    name: str  # normalised: "python-jose"
    specifier: str  # ">=3.3,<4"; "==3.3.0" of a lock file
    span: Span
    locked: bool = False  # from a lock file


class Shipped(Struct, frozen=True):
    """All of it, in the order of the files."""

    images: tuple[Image, ...] = ()
    services: tuple[Service, ...] = ()
    launches: tuple[Launch, ...] = ()
    scripts: tuple[Script, ...] = ()  # what a container starts with
    requirements: tuple[Requirement, ...] = ()
    locks: tuple[str, ...] = ()  # lock files
    probes: tuple[tuple[str, Span], ...] = ()  # path that an orchestrator asks, and where it says so
    proxies: tuple[str, ...] = field(default=())  # files of a reverse proxy in the repository
    debug: tuple[tuple[str, Span], ...] = ()  # settings of a server's configuration: "reload = True"
    upstreams: tuple[str, ...] = ()  # ports to which the proxies' files hand requests on
    upstream_hosts: tuple[
        str, ...
    ] = ()  # names of the machines or services with these ports, in the same order
    indexes: tuple[tuple[str, Index], ...] = ()  # by table: what Alembic's revisions make
    unbuilt: tuple[
        str, ...
    ] = ()  # container files that nothing in the repository builds, though its workflows build others
