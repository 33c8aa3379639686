"""One request of a test, in counts: what a test's report carries, from a worker to the controller too.

The user's environment holds strop for the plugin, and maybe nothing of what strop needs elsewhere: what the
plugin imports lives on the standard library alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["repeat", "block", "blocking", "slow"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that one request did and should not, at one place."""

    kind: Kind
    place: str  # "file:line" of the user's code, or of the handler where a library acts alone; "" if unknown
    what: str  # what is repeated, blocks or is slow, in a few words
    times: int = 1  # in this request
    duration: int = 0  # us, all times together
    by: tuple[str, ...] = ()  # the lines that called the place, innermost first
    statement: str = ""  # without its values


@dataclass(frozen=True, slots=True)
class Served:
    """One request: how often each thing happened."""

    route: str  # method and template, or "GET (no route)"
    path: str
    status: int
    handler: str = ""  # "file:line"
    queries: int = 0
    rows: int = 0
    threads: int = 0  # hops to the thread pool
    hops: tuple[str, ...] = ()  # what went there: "function file:line"
    troubles: tuple[Trouble, ...] = ()

    def number(self, kind: Kind) -> int:
        """How often a kind of trouble was met; each blocking call counts, each repeated statement once."""
        found = [trouble for trouble in self.troubles if trouble.kind == kind]
        return sum(trouble.times for trouble in found) if kind == "blocking" else len(found)

    @property
    def blocked(self) -> int:
        """How long the event loop stood still, in us."""
        return sum(trouble.duration for trouble in self.troubles if trouble.kind == "block")

    def to_wire(self) -> dict[str, Any]:
        """In lists, dicts, texts and numbers, which every channel between processes carries."""
        return asdict(self)

    @classmethod
    def from_wire(cls, sent: Mapping[str, Any]) -> Served:
        """Back from what was sent; channels make tuples lists."""
        troubles = (Trouble(**{**each, "by": tuple(each["by"])}) for each in sent["troubles"])
        return cls(**{**sent, "hops": tuple(sent["hops"]), "troubles": tuple(troubles)})


@dataclass(frozen=True, slots=True)
class Asked:
    """The statements of one shape from one line in one request."""

    place: str
    what: str
    times: int
