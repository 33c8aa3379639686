"""The project's own functions: what they call, what they do, and where they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from strop.span import Span, Step

Context = Literal["loop", "thread", "startup", "once", "background", "serialization", "import"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a library call does: blocks, burns (CPU), queries, commits, calls (outbound), builds, clock."""

    kind: str
    name: str  # "requests.get"
    note: str = ""  # "waits for the network, no timeout"


@dataclass(frozen=True, slots=True)
class Call:
    """One call site inside a function."""

    span: Span
    text: str  # source of the call, shortened
    name: str  # dotted name after imports are resolved: "shop.services.pdf.render", "requests.get"
    target: str = ""  # id of the project's function, "" for library or unresolved
    awaited: bool = False
    loop: int = 0  # line of the innermost enclosing loop or comprehension, 0 outside
    off_loop: bool = False  # handed to the thread pool
    effect: Effect | None = None  # from the catalogue, for library calls


@dataclass(frozen=True, slots=True)
class Function:
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


@dataclass(frozen=True, slots=True)
class Reach:
    """A way from a route to a function, and the context it runs in there."""

    function: str
    context: Context
    route: str
    chain: tuple[Step, ...]
