"""The project model: one value that rules query."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from strop.project.function import Class, Reach
from strop.project.functions import Functions
from strop.project.marks import Marks
from strop.project.route import ExceptionHandler, Middleware, Route
from strop.project.shipped.values import Shipped
from strop.project.table import Engine, Relationship, Table
from strop.span import Span


class Imported(Struct, frozen=True):
    """What the application says of itself when it is imported in a child process."""

    title: str
    routes: tuple[Route, ...]
    middleware: tuple[Middleware, ...] = ()
    handlers: tuple[ExceptionHandler, ...] = ()
    tables: tuple[Table, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    engines: tuple[Engine, ...] = ()
    lifespan: str = ""
    versions: tuple[tuple[str, str], ...] = ()  # ">=1.2" where files tell no more than a floor
    openapi: str = ""  # canonical JSON text, "" when the schema can't be built
    mounted: tuple[tuple[str, str], ...] = ()  # prefix and OpenAPI text of each mounted application
    thread_limit: int = 40
    options: tuple[tuple[str, str], ...] = ()  # keyword arguments of FastAPI() as text; source reader only
    span: Span | None = None  # where the application is made; source reader only
    lifespans: tuple[str, ...] = ()  # of the project's other applications; source reader only


class Source(Struct, frozen=True):
    """What the files say: functions, their calls and effects, model classes with places."""

    functions: Functions = field(default_factory=Functions)
    unread: tuple[tuple[str, str], ...] = ()  # file, why it could not be parsed
    lines: int = 0
    resolved: int = 0  # calls to project or known library functions
    unresolved: int = 0
    classes: dict[str, Class] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)  # dotted name of each file
    marks: Marks = field(default_factory=Marks)  # by the code of the rule
    linked: dict[str, bool] = field(
        default_factory=dict
    )  # functions of which other files decide: also what they call?


class Project(Struct, frozen=True):
    """Both readings together. `root` is absolute."""

    root: str
    imported: Imported
    source: Source
    reaches: Mapping[str, tuple[Reach, ...]] = field(default_factory=dict)  # by function id
    shipped: Shipped = field(default_factory=Shipped)  # what lies beside the code; source reader only

    def path(self, file: str) -> Path:
        """Where a file of the project lies."""
        return Path(self.root, file)

    def route(self, key: str) -> Route | None:
        """The route with this key, if there is one."""
        return next((r for r in self.imported.routes if r.key == key), None)

    def table(self, name: str) -> Table | None:
        """The table with this name, if there is one."""
        return next((t for t in self.imported.tables if t.name == name), None)

    def relationship(self, key: str) -> Relationship | None:
        """The relationship "Owner.attribute", if there is one."""
        return next((r for r in self.imported.relationships if r.key == key), None)
