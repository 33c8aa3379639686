"""Which function of the source is the one that the imported application names?

The application says "module:qualname" and a place. Decorators move the place (a code object begins at its
first decorator) and may change the name, so both are used and neither is trusted alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from strop.project.function import Class, Function
from strop.project.project import Source
from strop.regex import regex
from strop.span import Span

_FURTHEST = 40  # lines of decorators above a `def`
_DOTTED = regex(r"[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*)?")


class Identifier:
    """Looks functions and classes of one source up by the application's names."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.by_file: dict[str, list[Function]] = {}
        for function in source.functions.values():
            if not function.id.endswith(":<module>"):
                self.by_file.setdefault(function.span.file, []).append(function)
        for functions in self.by_file.values():
            functions.sort(key=lambda f: f.span.line)
        self._found: dict[tuple[str, Span | None], Function | None] = {}
        self.class_names = {value.name: value for value in source.classes.values()}

    @cached_property
    def methods(self) -> dict[str, list[Function]]:
        """The methods of each class, by its id."""
        found: dict[str, list[Function]] = {}
        for function in self.source.functions.values():
            found.setdefault(function.id.rpartition(".")[0], []).append(function)
        return found

    @cached_property
    def simple_names(self) -> dict[str, list[Class]]:
        """The classes by their names without modules."""
        found: dict[str, list[Class]] = {}
        for value in self.source.classes.values():
            found.setdefault(value.span.symbol, []).append(value)
        return found

    @cached_property
    def below(self) -> dict[str, list[str]]:
        """The ids of the classes under each class, by its id."""
        found: dict[str, list[str]] = {}
        for value in self.source.classes.values():
            for base in value.bases:
                found.setdefault(base, []).append(value.id)
        return found

    @cached_property
    def ids(self) -> dict[str, str]:
        """The id of each function by its dotted name."""
        return {function.name: function.id for function in self.source.functions.values()}

    @cached_property
    def enums(self) -> frozenset[str]:
        """The ids of the project's enumerations."""
        return frozenset(
            value.id
            for value in self.source.classes.values()
            if any(base.startswith("enum.") for base in value.library_bases)
        )

    @classmethod
    def of(cls, source: Source) -> Identifier:
        """The one of this source: several rules ask in turn."""
        if not _LAST or _LAST[0].source is not source:
            _LAST[:] = [cls(source)]
        return _LAST[0]

    def function(self, name: str, span: Span | None) -> Function | None:
        """The function behind "module:qualname"; None for library code. Every answer is remembered."""
        key = (name, span)
        if key not in self._found:
            self._found[key] = self._function(name, span)
        return self._found[key]

    def _function(self, name: str, span: Span | None) -> Function | None:
        named = self._by_name(name)
        if span is None:
            return named
        if named is not None and _stands_at(named, span):
            return named
        return self._by_place(span, name.rpartition(":")[2].rpartition(".")[2]) or named

    def _by_name(self, name: str) -> Function | None:
        module, _, qualname = name.partition(":")
        file = self.source.modules.get(module)
        return self.source.functions.get(f"{file}:{qualname}") if file is not None else None

    def _by_place(self, span: Span, last: str) -> Function | None:
        functions = self.by_file.get(span.file, [])
        same = [f for f in functions if f.span.symbol.rpartition(".")[2] == last and _stands_at(f, span)]
        if same:
            return same[-1]
        around = [f for f in functions if f.span.line <= span.line <= f.span.end_line]
        below = [f for f in functions if span.line <= f.span.line <= span.line + _FURTHEST]
        if below and (not around or below[0].span.line <= around[-1].span.end_line):
            return below[0]
        return around[-1] if around else None

    def class_(self, name: str) -> Class | None:
        """The class behind "module:qualname" or a dotted name."""
        return self.class_names.get(name.replace(":", "."))

    def classes_in(self, text: str) -> Iterator[Class]:
        """The project's classes that a type's text names: `list[shop.schemas:OrderOut]`.

        The name that Pydantic gives a parametrised model has the module where that was written and bare names
        inside the brackets, so a name that only one class has is taken as well.
        """
        for part in _DOTTED.findall(text):
            alike = self.simple_names.get(part.replace(":", ".").rpartition(".")[2], [])
            found = self.class_(part) or (alike[0] if len(alike) == 1 else None)
            if found is not None:
                yield found

    def method(self, owner: Class, name: str) -> Function | None:
        """A method of a class, its own or inherited."""
        for class_id in (owner.id, *owner.bases):
            found = self.source.functions.get(f"{class_id}.{name}")
            if found is not None:
                return found
        return None


_LAST: list[Identifier] = []


def _stands_at(function: Function, span: Span) -> bool:
    """Whether the place is this function's, at its `def`, in its body or at one of its decorators."""
    if function.span.file != span.file:
        return False
    return function.span.line - _FURTHEST <= span.line <= function.span.end_line
