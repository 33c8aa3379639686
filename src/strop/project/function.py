"""The project's own functions: what they call, what they do, and where they run."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from strop.span import Span, Step

Context = Literal["loop", "thread", "startup", "once", "background", "serialization", "import"]
Chain = tuple[Step, ...]


class Effect(Struct, frozen=True, array_like=True, gc=False):
    """What a library call does: blocks, burns (CPU), queries, commits, calls (outbound), builds, clock."""

    kind: str
    name: str  # "requests.get"
    note: str = ""  # "waits for the network, no timeout"


class Call(Struct, frozen=True, array_like=True, gc=False):
    """One call site inside a function."""

    span: Span
    text: str  # source of the call, shortened
    name: str  # dotted name after imports are resolved: "shop.services.pdf.render", "requests.get"
    target: str = ""  # id of the project's function, "" for library or unresolved
    awaited: bool = False
    loop: int = 0  # line of the innermost enclosing loop or comprehension, 0 outside
    off_loop: bool = False  # handed to the thread pool
    effect: Effect | None = (
        None  # from the catalogue, for library calls; a call with two effects stands twice
    )
    background: bool = False  # handed to run after the answer
    once: bool = False  # behind `if shared is None:` that it fills: not done again
    is_abstract: bool = (
        False  # of a method that is implemented elsewhere; `project/link.py` puts those in its place
    )
    when: tuple[str, ...] = ()  # what the function's parameters must be to come here: "session none"
    gives: tuple[str, ...] = ()  # what it hands over that may choose a branch: "session set" (`switches.py`)
    on: str = ""  # whose method it is: "=" the same object's, and the class (dotted) where it is inherited


class Function(Struct, frozen=True, array_like=True, gc=False):
    """One function or method of the project. `id` is "file:qualname"."""

    id: str
    span: Span  # of the `def` line, with its last line
    is_async: bool
    calls: tuple[Call, ...] = ()
    decorators: tuple[str, ...] = ()
    awaits: int = 0  # await, async for, async with in its own body
    is_property: bool = False
    is_generator: bool = False
    memoised: bool = False  # behind lru_cache or cache
    off_loop: bool = False  # a decorator hands its body to a thread
    name: str = ""  # dotted name: "shop.services.pdf.render"
    takes: tuple[str, ...] = ()  # ids of the project's classes in parameter annotations
    returns: tuple[str, ...] = ()  # ids of the project's classes in the result, where it can be told
    parameters: tuple[str, ...] = ()  # names
    is_abstract: bool = False  # a method that only says what subclasses do
    asks: tuple[str, ...] = ()  # parameters that choose a branch here or below; `project/link.py` finds them
    constant: str = ""  # where it does nothing but return True, False or None: "true", "false", "none"
    sets: tuple[
        str, ...
    ] = ()  # attributes that it assigns; "=name" those that a constructor gives its own object


class Member(Struct, frozen=True, array_like=True, gc=False):
    """One name that a class body assigns or annotates, as text: `name: annotation = value`."""

    name: str
    line: int
    annotation: str = ""
    value: str = ""


class Class(Struct, frozen=True, array_like=True, gc=False):
    """One class of the project. `id` is "file:qualname"."""

    id: str
    span: Span
    name: str  # dotted name
    bases: tuple[str, ...] = ()  # ids of the project's classes above it, in order of look-up
    library_bases: tuple[str, ...] = ()  # dotted names of bases outside the project
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()  # annotated names with the project's classes in them
    validators: tuple[str, ...] = ()  # ids of functions, inherited ones too
    properties: tuple[tuple[str, str], ...] = ()  # name and id of the function, inherited ones too
    members: tuple[Member, ...] = ()  # of its own body, in order
    decorators: tuple[str, ...] = ()  # text
    keywords: tuple[tuple[str, str], ...] = ()  # of the class statement: `table=True`


class Way(Protocol):
    """A way whose calls have not been asked for."""

    def chain(self) -> Chain:
        """The calls from the route to the function."""
        ...

    def length(self) -> int:
        """How many they are."""
        ...

    def to(self, call: Call) -> Way | None:
        """The shortest way on which the function comes to this call of it; None where there is none."""
        ...


class Reach:
    """A way from a route to a function, and the context it runs in there; its chain is made when it is asked for."""

    __slots__ = ("_chain", "_narrowed", "_way", "context", "function", "route")

    def __init__(self, function: str, context: Context, route: str, chain: Chain | Way = ()) -> None:
        self.function = function
        self.context = context
        self.route = route
        self._chain = chain
        self._way = None if isinstance(chain, tuple) else chain  # also when its chain was asked for
        self._narrowed: dict[tuple[str, ...], Reach | None] = {}  # by what a call asks for

    @property
    def chain(self) -> Chain:
        """The calls from the route to the function."""
        if not isinstance(self._chain, tuple):
            self._chain = self._chain.chain()
        return self._chain

    @property
    def length(self) -> int:
        """How many calls that are; cheaper than the chain."""
        return len(self._chain) if isinstance(self._chain, tuple) else self._chain.length()

    @property
    def seen(self) -> Chain:
        """The chain if somebody has asked for it, and those of ways that were asked for by a call."""
        own = self._chain if isinstance(self._chain, tuple) else ()
        narrowed = (way.seen for way in self._narrowed.values() if way is not None)
        return (*own, *(step for steps in narrowed for step in steps)) if self._narrowed else own

    def to(self, call: Call) -> Reach | None:
        """The way on which the function also comes to this call of it; None where its callers exclude that."""
        if not call.when or self._way is None:
            return self
        if call.when not in self._narrowed:
            way = self._way.to(call)
            found = Reach(self.function, self.context, self.route, way) if way is not None else None
            self._narrowed[call.when] = found
        return self._narrowed[call.when]

    def _key(self) -> tuple[str, str, str, Chain]:
        return self.function, self.context, self.route, self.chain

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reach) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.function, self.context, self.route))

    def __repr__(self) -> str:
        return f"Reach{self._key()}"
