"""What can an expression be while the code that builds an application is followed, without running it?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from strop.project.declared import terms
from strop.span import Span


@dataclass(slots=True, eq=False)
class Value:
    """Anything; values are the same when they are the same object."""


@dataclass(slots=True, eq=False)
class Unknown(Value):
    """What can't be told, as text."""

    text: str


@dataclass(slots=True, eq=False)
class Known(Value):
    """A constant; `doubt` says which parts of a text could not be told."""

    value: terms.Literal
    doubt: str = ""


@dataclass(slots=True, eq=False)
class Several(Value):
    """A list, tuple or set; `rest`: it has more that can't be told."""

    items: list[Value]
    rest: bool = False


@dataclass(slots=True, eq=False)
class Table(Value):
    """A dict."""

    pairs: dict[str | int | float | bool | None, Value]
    rest: bool = False


@dataclass(slots=True, eq=False)
class Lib(Value):
    """Something of a library, by its dotted name."""

    name: str


@dataclass(slots=True, eq=False)
class Mod(Value):
    """A module or package of the project."""

    name: str


@dataclass(slots=True, eq=False)
class Frame:
    """A namespace while code is followed."""

    kind: Literal["module", "class", "function"]
    module: str
    file: str
    parent: Frame | None
    names: dict[str, Value] = field(default_factory=dict)
    results: list[Value] = field(default_factory=list)
    owner: Cls | None = None  # of a method
    receiver: Value | None = None
    path: str = ""  # qualname of the function or class


@dataclass(slots=True, eq=False)
class Later(Value):
    """What a name will be when somebody asks for it; `prior` is what it was before."""

    find: Callable[[], Value]
    prior: Value | None = None
    busy: bool = False


@dataclass(slots=True, eq=False)
class Func(Value):
    """A function of the project; `wrapped` is the function that it stands for (`functools.wraps`)."""

    term: terms.Function | terms.Lambda
    frame: Frame
    owner: Cls | None = None
    receiver: Value | None = None
    wrapped: Value | None = None
    kind: str = ""  # staticmethod, classmethod, property
    memoised: bool = False
    remembered: Value | None = None
    given: tuple[str, ...] = ()  # parameters that `partial` has filled


@dataclass(slots=True, eq=False)
class Cls(Value):
    """A class of the project."""

    term: terms.Class
    frame: Frame  # around it
    body: Frame | None = None  # its own names, once asked for
    line: list[Cls | Lib] | None = None  # bases in order of look-up, itself first
    view: bool = False  # its methods are operations, an instance of it is their dependency


@dataclass(slots=True, eq=False)
class Obj(Value):
    """An instance of a class of the project or of a library."""

    cls: Cls | Lib
    args: list[Value]
    keywords: dict[str, Value]
    attrs: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Super(Value):
    """`super()` in a method of a class."""

    after: Cls
    receiver: Value


@dataclass(slots=True, eq=False)
class Method(Value):
    """A method that a library gives one of our values."""

    receiver: Value
    name: str


@dataclass(slots=True, eq=False)
class Native(Value):
    """What follows from calling it, as a function of ours: a decorator that FastAPI returns."""

    call: Callable[[list[Value], dict[str, Value]], Value]


@dataclass(slots=True, eq=False)
class Depend(Value):
    """`Depends(call)` or `Security(call, scopes)`; call None takes the annotation."""

    call: Value | None
    text: str
    scopes: tuple[str, ...] = ()
    cached: bool = True


@dataclass(slots=True, eq=False)
class Marked(Value):
    """`Annotated[base, *notes]`."""

    base: Value
    notes: list[Value]


@dataclass(slots=True, eq=False)
class Generic(Value):
    """`origin[args]`."""

    origin: Value
    args: list[Value]


@dataclass(slots=True, eq=False)
class Union(Value):
    """`A | B`, or `typing.Union[A, B]` when it is written `spelled`."""

    members: list[Value]
    spelled: bool = False


Kind = Literal["api", "websocket", "plain", "plain websocket"]


@dataclass(slots=True, eq=False)
class Operation:
    """A route as it was declared: path with its router's prefix, dependencies with its router's."""

    kind: Kind
    methods: tuple[str, ...]
    path: Known
    endpoint: Value
    options: dict[str, Value]
    dependencies: list[tuple[Value, str]]  # with the level at which each is declared
    span: Span
    router: Router
    text: str = ""
    doubt: str = ""  # on what it depends whether it is registered


@dataclass(slots=True, eq=False)
class Inclusion:
    """A router inside of another."""

    router: Value
    prefix: Known
    options: dict[str, Value]
    dependencies: list[tuple[Value, str]]
    span: Span


@dataclass(slots=True, eq=False)
class Mounted:
    """An application under a path."""

    path: Known
    app: Value
    span: Span


@dataclass(slots=True, eq=False)
class Layer:
    """Middleware that was added."""

    cls: Value
    dispatch: Value | None
    options: dict[str, Value]
    span: Span


@dataclass(slots=True, eq=False)
class Router(Value):
    """An application or a router, with all that was registered on it."""

    is_app: bool
    span: Span
    module: str
    cls: Cls | Lib
    plain: bool = False  # Starlette's own
    name: str = ""  # of the variable that it was first assigned to
    prefix: Known = field(default_factory=lambda: Known(""))
    dependencies: list[Value] = field(default_factory=list)
    options: dict[str, Value] = field(default_factory=dict)
    entries: list[Operation | Inclusion | Mounted] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    wrappers: list[Layer] = field(default_factory=list)
    handlers: list[tuple[Value, Value]] = field(default_factory=list)
    startup: list[Value] = field(default_factory=list)
    attrs: dict[str, Value] = field(default_factory=dict)
    configured: bool = False
    below: bool = False  # included or mounted somewhere


Args = list[Value]  # of a call, by place
Keywords = dict[str, Value]  # and by name


def named(keywords: Keywords) -> Table:
    """A dict of what was given by name."""
    table = Table({})
    table.pairs.update(keywords.items())
    return table
