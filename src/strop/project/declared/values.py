"""What can an expression be while the code that builds an application is followed, without running it?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct, field

from strop.project.declared import terms
from strop.project.route import Arms
from strop.span import Span


class Value(Struct, eq=False):
    """Anything; values are the same when they are the same object."""


class Unknown(Value, eq=False):
    """What can't be told, as text."""

    text: str


class Known(Value, eq=False):
    """A constant; `doubt` says which parts of a text could not be told."""

    value: terms.Literal
    doubt: str = ""


class Several(Value, eq=False):
    """A list, tuple or set; `rest`: it has more that can't be told."""

    items: list[Value]
    rest: bool = False


class Table(Value, eq=False):
    """A dict."""

    pairs: dict[str | int | float | bool | None, Value]
    rest: bool = False


class Lib(Value, eq=False):
    """Something of a library, by its dotted name."""

    name: str


class Mod(Value, eq=False):
    """A module or package of the project."""

    name: str


class Frame(Struct, eq=False):
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


class Later(Value, eq=False):
    """What a name will be when somebody asks for it; `prior` is what it was before."""

    find: Callable[[], Value]
    prior: Value | None = None
    busy: bool = False


class Func(Value, eq=False):
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


class Cls(Value, eq=False):
    """A class of the project."""

    term: terms.Class
    frame: Frame  # around it
    body: Frame | None = None  # its own names, once asked for
    line: list[Cls | Lib] | None = None  # bases in order of look-up, itself first
    view: bool = False  # its methods are operations, an instance of it is their dependency


class Obj(Value, eq=False):
    """An instance of a class of the project or of a library."""

    cls: Cls | Lib
    args: list[Value]
    keywords: dict[str, Value]
    attrs: dict[str, Value] = field(default_factory=dict)


class Super(Value, eq=False):
    """`super()` in a method of a class."""

    after: Cls
    receiver: Value


class Method(Value, eq=False):
    """A method that a library gives one of our values."""

    receiver: Value
    name: str


class Native(Value, eq=False):
    """What follows from calling it, as a function of ours: a decorator that FastAPI returns."""

    call: Callable[[list[Value], dict[str, Value]], Value]


class Depend(Value, eq=False):
    """`Depends(call)` or `Security(call, scopes)`; call None takes the annotation."""

    call: Value | None
    text: str
    scopes: tuple[str, ...] = ()
    cached: bool = True


class Marked(Value, eq=False):
    """`Annotated[base, *notes]`."""

    base: Value
    notes: list[Value]


class Generic(Value, eq=False):
    """`origin[args]`."""

    origin: Value
    args: list[Value]


class Union(Value, eq=False):
    """`A | B`, or `typing.Union[A, B]` when it is written `spelled`."""

    members: list[Value]
    spelled: bool = False


Kind = Literal["api", "websocket", "plain", "plain websocket"]


class Operation(Struct, eq=False):
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
    arms: Arms = ()


class Inclusion(Struct, eq=False):
    """A router inside of another."""

    router: Value
    prefix: Known
    options: dict[str, Value]
    dependencies: list[tuple[Value, str]]
    span: Span
    arms: Arms = ()


class Mounted(Struct, eq=False):
    """An application under a path."""

    path: Known
    app: Value
    span: Span


class Layer(Struct, eq=False):
    """Middleware that was added."""

    cls: Value
    dispatch: Value | None
    options: dict[str, Value]
    span: Span


class Router(Value, eq=False):
    """An application or a router, with all that was registered on it."""

    is_app: bool
    span: Span
    module: str
    cls: Cls | Lib
    plain: bool = False  # Starlette's own
    name: str = ""  # of the variable that it was first assigned to, one of a module if there is any
    is_local: bool = False  # its name is that of a function's variable
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


def name_router(value: Value, frame: Frame, name: str) -> None:
    """Let a router know the variable that it is assigned to: what a function called its own, a module names anew."""
    local = frame.kind == "function"
    if isinstance(value, Router) and (not value.name or (value.is_local and not local)):
        value.name, value.is_local = f"{frame.module}:{name}", local


Args = list[Value]  # of a call, by place
Keywords = dict[str, Value]  # and by name


def named(keywords: Keywords) -> Table:
    """A dict of what was given by name."""
    table = Table({})
    table.pairs.update(keywords.items())
    return table
