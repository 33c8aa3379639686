"""The functions of a project by id, and by what rules look for: who calls one, which do a thing, which lie in a file."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from strop.project.function import Call, Function
from strop.regex import regex

_BUILTINS = frozenset(vars(builtins))
_END = regex(r"[._]")


class Functions(dict[str, Function]):
    """All functions by id, in the order of the ids. What is looked for is put in order at the first question."""

    def callers(self, target: str) -> Sequence[tuple[Function, Call]]:
        """The calls of a function, in the order of the functions that call it."""
        return self._callers.get(target, ())

    def leads(self, function: str) -> Sequence[Call]:
        """What a function calls of the project. Who asks looks at where the calls lead, not at their places and texts."""
        found = self.get(function)
        return [call for call in found.calls if call.target] if found is not None else ()

    def names(self, function: str) -> frozenset[str]:
        """The last names of what a function calls besides, and Python does not have itself."""
        found = self.get(function)
        return named_by(found) if found is not None else frozenset()

    def doing(self, *words: str) -> Sequence[Function]:
        """The functions that do one of these things: kinds of effects ("queries"), libraries ("sqlalchemy"),
        "memoised" for those that remember.
        """
        found = [self._doing.get(word, ()) for word in words]
        return (
            found[0]
            if len(found) == 1
            else sorted({f.id: f for each in found for f in each}.values(), key=_id)
        )

    def within(self, file: str) -> Sequence[Function]:
        """The functions of a file."""
        return self._within.get(file, ())

    def mentioned(self, word: str) -> bool:
        """Whether a call of what can't be told has this word in its text."""
        return word in self._mentioned

    @cached_property
    def _callers(self) -> dict[str, list[tuple[Function, Call]]]:
        found: dict[str, list[tuple[Function, Call]]] = {}
        for function in self.values():
            for call in function.calls:
                if call.target:
                    found.setdefault(call.target, []).append((function, call))
        return found

    @cached_property
    def _doing(self) -> dict[str, list[Function]]:
        return self._ordered(done_by)

    @cached_property
    def _within(self) -> dict[str, list[Function]]:
        return self._ordered(lambda function: (function.span.file,))

    @cached_property
    def _mentioned(self) -> frozenset[str]:
        return frozenset(word for function in self.values() for word in mentioned_by(function))

    def _ordered(self, by: Callable[[Function], Iterable[str]]) -> dict[str, list[Function]]:
        found: dict[str, list[Function]] = {}
        for function in self.values():
            for name in by(function):
                found.setdefault(name, []).append(function)
        return found


def _id(function: Function) -> str:
    return function.id


def library(name: str) -> str:
    """The word that a library's names begin with: "langchain" of `langchain_openai.ChatOpenAI`."""
    return _END.split(name, maxsplit=1)[0]


def done_by(function: Function) -> set[str]:
    """What a function does, in the words of `Functions.doing`."""
    found = {"memoised"} if function.memoised else set()
    for call in function.calls:
        if not call.target:
            found.add(library(call.name))
        if call.effect is not None:
            found.update((call.effect.kind, library(call.effect.name)))
    return found


def named_by(function: Function) -> frozenset[str]:
    """The last names of its calls of libraries, and of what is not known."""
    names = (call.name for call in function.calls if not call.target)
    return frozenset(name.rpartition(".")[2] for name in names if name not in _BUILTINS)


def mentioned_by(function: Function) -> set[str]:
    """The words of its calls whose target is not known."""
    found: set[str] = set()
    for call in function.calls:
        if not call.target:
            found.add(call.name.rpartition(".")[2])
            found.update(word for word in call.text.replace("(", ".").split(".") if word.isidentifier())
    return found
