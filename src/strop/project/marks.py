"""What rules noticed, by rule, and of one rule by the function in which it was noticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from strop.project.mark import Mark


class Marks(dict[str, tuple[Mark, ...]]):
    """All marks by the code of the rule, in the order of their places."""

    def __init__(self, marks: Mapping[str, tuple[Mark, ...]] = MappingProxyType({})) -> None:
        super().__init__(marks)
        self._by_function: dict[str, dict[str, list[Mark]]] = {}

    def within(self, rule: str, function: str) -> Sequence[Mark]:
        """What a rule noticed in one function."""
        return self._of(rule).get(function, ())

    def functions(self, rule: str) -> frozenset[str]:
        """The functions in which a rule noticed something."""
        return frozenset(self._of(rule))

    def _of(self, rule: str) -> dict[str, list[Mark]]:
        if rule not in self._by_function:
            found: dict[str, list[Mark]] = {}
            for mark in self.get(rule, ()):
                found.setdefault(mark.function, []).append(mark)
            self._by_function[rule] = found
        return self._by_function[rule]
