"""How long does a call hold the event loop? What its text and its place say of the size of its work."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from strop.project.function import Call, Effect, Function
from strop.project.project import Project
from strop.regex import regex
from strop.rules.called_back import Callbacks
from strop.rules.detours import Detours
from strop.rules.ending import Endings
from strop.rules.filework import is_short
from strop.rules.loop import SESSIONS
from strop.rules.nearby import Nearby, is_brief, is_one_row
from strop.rules.remembering import Remembering

RULE = "ASY001"  # under whose code the places were noted
WAITS, COMPUTES, FILEWORK, SHORT = range(4)  # weights, the heaviest first
INSTANT = "touches"  # the note of what takes microseconds
SLOW_HASH = "slowly"
FILES = "file"
GROWS = "input is large"
SLEEPS = "sleeps"
STARTS = "starts a process"
HOLDING = ("blocks", "burns")
_MOMENT = "a moment"  # of computing, unless it is done again and again
_PROCESSES = ("subprocess.", "os.")
_NUMBER = regex(r"\(\s*(\d*\.?\d+)\s*\)$")
_NAP = 0.02  # seconds


class Hold(Struct, frozen=True):
    """A call that holds the thread it is made on, and the effect that does.

    `weight` is 0 for what waits for another machine or is slow by design, 1 for long computing, 2 for long work on
    files and in a database that is one, 3 for what is over in a moment, or seldom done.
    """

    function: Function
    call: Call
    effect: Effect
    weight: int = WAITS

    @property
    def session(self) -> bool:
        """Whether it is a statement of a synchronous session."""
        return self.effect.name.startswith(SESSIONS)

    @property
    def library(self) -> str:
        """The package that the call lies in; for files it does not matter."""
        return "" if self.has(FILES) else self.call.name.partition(".")[0]

    def has(self, note: str) -> bool:
        """Whether the catalogue's note has this word."""
        return note in self.effect.note


class Burden:
    """Weighs the calls of one project."""

    def __init__(self, project: Project) -> None:
        self.detours = Detours(project, RULE)
        self.endings = Endings(project, RULE)
        self.nearby = Nearby(project, RULE)
        self.remembering = Remembering(project)
        self.callbacks = Callbacks(project, RULE)

    def holds(self, function: Function) -> Iterator[Hold]:
        """The calls of a function that hold the thread they are made on."""
        for call in function.calls:
            effect = call.effect
            if effect is None or effect.kind not in HOLDING or INSTANT in effect.note:
                continue
            if self.callbacks.ask(function, call):
                continue
            if not (call.off_loop or call.once or call.background or call.awaited):
                yield Hold(function, call, effect, self._weight(function, call, effect))

    def _weight(self, function: Function, call: Call, effect: Effect) -> int:
        weight = _usual(function, call, effect)
        if weight == WAITS and self.nearby.has(call):
            weight = SHORT if is_one_row(call) else FILEWORK
        unawaited = self.remembering.has(call.span) or self.endings.has(call.span)
        return SHORT if unawaited or self.is_seldom(call, weight) else weight

    def is_seldom(self, call: Call, weight: int) -> bool:
        """Whether a call stands where a usual request does not come; what computes or runs a program is long then too."""
        lasting = weight == COMPUTES or call.name.startswith(_PROCESSES)
        return not lasting and self.detours.has(call.span)


def _usual(function: Function, call: Call, effect: Effect) -> int:
    """The weight of a call by its effect and its text."""
    if effect.kind == "burns":
        if SLOW_HASH in effect.note:
            return WAITS
        if _MOMENT in effect.note:
            return COMPUTES if call.loop else SHORT
        return SHORT if GROWS in effect.note else COMPUTES
    if FILES in effect.note:
        return SHORT if is_short(call, function) else FILEWORK
    if STARTS in effect.note or (SLEEPS in effect.note and _is_nap(call)) or is_brief(call, effect):
        return SHORT
    return WAITS


def _is_nap(call: Call) -> bool:
    """Whether it sleeps for a few milliseconds."""
    seconds = _NUMBER.search(call.text)
    return seconds is not None and float(seconds[1]) < _NAP
