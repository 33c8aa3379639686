"""Is a future done when a function asks for its result? It is where the function is only what the future calls when it is done."""

from __future__ import annotations

from collections.abc import Iterator

from strop.project.body import Body
from strop.project.function import Call, Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.stretches import Stretches

WORDS = frozenset({"add_done_callback"})
_KIND = "called back"
_ASKS = ("concurrent.futures.Future.exception", "concurrent.futures.Future.result")


def note_callbacks(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for each `future.add_done_callback(lambda done: log(done))`."""
    for call in body.calls("add_done_callback"):
        for given in call.args[:1]:
            yield body.mark(rule, given, kind=_KIND, last=given.end_lineno)


class Callbacks:
    """The calls of one project that futures make when they are done."""

    def __init__(self, project: Project, rule: str) -> None:
        self._functions = project.source.functions
        self._made = Stretches(project, rule, _KIND)

    def ask(self, function: Function, call: Call) -> bool:
        """Whether a call asks the future, which is a parameter here, that has called this function, and no one else does."""
        if call.name not in _ASKS or call.text.partition(".")[0] not in function.parameters:
            return False
        called = [each for _, each in self._functions.callers(function.id)]
        return bool(called) and all(self._made.has(each.span) for each in called)
