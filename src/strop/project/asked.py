"""What does a rule look at? A project that notes it, so that the rule is asked again only when one of these things changed.

| key | what was looked at |
|---|---|
| `marks ASY001` | what a rule noticed; `mark ASY001 app/orders.py:total` in one function, `marked ASY001` in which ones |
| `function app/orders.py:total` | a function by its id, or a step of a chain in it; `functions app/orders.py` those of a file by their places |
| `class app/orders.py:Order` | a class by its id |
| `callers app/orders.py:total` | the calls of a function; `doing queries` those that do a thing; `mention total` whether a call of what is not known has a word |
| `names app/orders.py:total` | the names of what a function calls besides the project's own |
| `functions`, `classes`, `modules`, `marks` | all of them |
| `application routes` | what the application declares; `shipped images` what lies beside the code |
| `ways` | which functions run for which route, and which function a name means: without places and texts |
| `file app/orders.py` | the text of a file |

`changes.py` tells in the same keys what is different. What several rules share looks for itself, and they look with it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from strop.project.function import Call, Class, Function, Reach
from strop.project.functions import Functions
from strop.project.identify import Identifier
from strop.project.mark import Mark
from strop.project.marks import Marks
from strop.project.project import Imported, Project, Source
from strop.project.shipped.values import Shipped
from strop.span import Span, Step

T = TypeVar("T")
V = TypeVar("V")


_NO_PATH = "\0"  # who reads a file asks for its `path`, so that it is noted


class Asked(Project, frozen=True, kw_only=True):
    """A project that notes what is looked at, for one rule or for one thing that rules share."""

    behind: Project
    noted: Noted
    board: dict[Callable[[Project], object], tuple[object, Asked]]  # what is shared, and who looks for it

    @classmethod
    def of(cls, project: Project, board: dict[Callable[[Project], object], tuple[object, Asked]]) -> Asked:
        """The same project for one more who asks."""
        noted = Noted(project.source.functions)
        return cls(
            root=_NO_PATH,
            imported=cast(Imported, _Fields(project.imported, "application", noted)),
            source=cast(Source, _Source(project.source, noted)),
            reaches=_Ways(project.reaches, noted),
            shipped=cast(Shipped, _Fields(project.shipped, "shipped", noted)),
            behind=project,
            noted=noted,
            board=board,
        )

    def path(self, file: str) -> Path:
        """Where a file lies, for who reads it."""
        self.noted.keys.add(f"file {file}")
        return self.behind.path(file)

    def shared(self, make: Callable[[Project], T]) -> T:
        """What `make` gives, made once for all who look; see `shared.py`."""
        if make is identifier:
            return cast(T, _Names(Identifier.of(self.behind.source), self.noted))
        found = self.board.get(make)
        if found is None:
            one = Asked.of(self.behind, self.board)
            found = self.board[make] = make(one), one
        self.noted.uses[id(found[1])] = found[1].noted
        return cast(T, found[0])


class Noted:
    """What one has looked at."""

    def __init__(self, functions: Container[str]) -> None:
        self.functions = functions
        self.keys: set[str] = set()
        self.uses: dict[int, Noted] = {}  # what was shared with others
        self.ways: list[tuple[Reach, ...]] = []

    def all(self) -> set[str]:
        """The keys of everything that was looked at, chains with the files through which they lead."""
        found: set[str] = set()
        waiting, met = [self], {id(self)}
        while waiting:
            here = waiting.pop()
            found |= here.keys
            for reach in (reach for ways in here.ways for reach in ways):
                found.update(map(self._place, reach.seen))
            for each in here.uses.values():
                if id(each) not in met:
                    met.add(id(each))
                    waiting.append(each)
        return found

    def _place(self, step: Step) -> str:
        """The key of where a step stands."""
        function = f"{step.span.file}:{step.span.symbol}"
        return f"function {function}" if function in self.functions else f"file {step.span.file}"


class _Fields:
    """A value whose fields are looked at one by one."""

    def __init__(self, value: object, name: str, noted: Noted) -> None:
        self._value = value
        self._name = name
        self._keys = noted.keys

    def __getattr__(self, name: str) -> Any:
        self._keys.add(f"{self._name} {name}")
        value = getattr(self._value, name)
        setattr(self, name, value)  # looked at from now on
        return value


class _Source(_Fields):
    """What the files say; its tables are looked at entry by entry."""

    def __init__(self, source: Source, noted: Noted) -> None:
        super().__init__(source, "source", noted)
        self.functions = _Functions(source.functions, noted)
        self.classes: Mapping[str, Class] = _Table(source.classes, "class", "classes", noted)
        self.modules: Mapping[str, str] = _Table(source.modules, "", "modules", noted)
        self.marks = _Marks(source.marks, noted)


_OWN = ("function", "class")  # tables whose ids, without what they stand for, are part of `ways`


class _Table(Mapping[str, V]):
    """A table; `one` begins the keys of its entries, "" where they have none of their own."""

    def __init__(self, table: Mapping[str, V], one: str, name: str, noted: Noted) -> None:
        self._table = table
        self._one = one
        self._name = name
        self._keys = noted.keys

    def _note(self, key: object) -> None:
        if key:
            self._keys.add(f"{self._one} {key}" if self._one else self._name)

    def __getitem__(self, key: str) -> V:
        self._note(key)
        return self._table[key]

    def get(self, key: str, default: Any = None) -> Any:
        """The entry, or the default."""
        self._note(key)
        return self._table.get(key, default)

    def __contains__(self, key: object) -> bool:
        if self._one in _OWN:
            self._keys.add("ways")
        else:
            self._note(key)
        return key in self._table

    def __iter__(self) -> Iterator[str]:
        self._keys.add("ways" if self._one in _OWN else self._name)
        return iter(self._table)

    def __len__(self) -> int:
        self._keys.add("ways" if self._one in _OWN else self._name)
        return len(self._table)

    def values(self) -> Any:
        """All of them."""
        self._keys.add(self._name)
        return self._table.values()

    def items(self) -> Any:
        """All of them, with their keys."""
        self._keys.add(self._name)
        return self._table.items()


class _Functions(_Table[Function]):
    """The functions: also by what rules look for."""

    def __init__(self, functions: Functions, noted: Noted) -> None:
        super().__init__(functions, "function", "functions", noted)
        self._functions = functions

    def callers(self, target: str) -> Sequence[tuple[Function, Call]]:
        self._keys.add(f"callers {target}")
        return self._functions.callers(target)

    def leads(self, function: str) -> Sequence[Call]:
        self._keys.add("ways")
        return self._functions.leads(function)

    def names(self, function: str) -> frozenset[str]:
        self._keys.add(f"names {function}")
        return self._functions.names(function)

    def doing(self, *words: str) -> Sequence[Function]:
        self._keys.update(f"doing {word}" for word in words)
        return self._functions.doing(*words)

    def mentioned(self, word: str) -> bool:
        self._keys.add(f"mention {word}")
        return self._functions.mentioned(word)

    def within(self, file: str) -> Sequence[Function]:
        self._keys.add(f"functions {file}")
        return self._functions.within(file)


class _Marks(_Table[tuple[Mark, ...]]):
    """What rules noticed: also function by function."""

    def __init__(self, marks: Marks, noted: Noted) -> None:
        super().__init__(marks, "marks", "marks", noted)
        self._marks = marks

    def within(self, rule: str, function: str) -> Sequence[Mark]:
        self._keys.add(f"mark {rule} {function}")
        return self._marks.within(rule, function)

    def functions(self, rule: str) -> frozenset[str]:
        self._keys.add(f"marked {rule}")
        return self._marks.functions(rule)


class _Ways(Mapping[str, tuple[Reach, ...]]):
    """The ways from routes: which there are, and the chains that somebody looks at."""

    def __init__(self, ways: Mapping[str, tuple[Reach, ...]], noted: Noted) -> None:
        self._ways = ways
        self._noted = noted

    def __getitem__(self, function: str) -> tuple[Reach, ...]:
        self._noted.keys.add("ways")
        found = self._ways[function]
        self._noted.ways.append(found)
        return found

    def __contains__(self, function: object) -> bool:
        self._noted.keys.add("ways")
        return function in self._ways

    def __iter__(self) -> Iterator[str]:
        self._noted.keys.add("ways")
        return iter(self._ways)

    def __len__(self) -> int:
        self._noted.keys.add("ways")
        return len(self._ways)


class _Names(Identifier):
    """What the names of the application mean: a function or class of the same name, else the one at the place."""

    def __init__(self, names: Identifier, noted: Noted) -> None:
        self._names = names
        self._keys = noted.keys
        self.source = names.source

    @cached_property
    def methods(self) -> dict[str, list[Function]]:
        self._keys.add("ways")
        return self._names.methods

    @cached_property
    def simple_names(self) -> dict[str, list[Class]]:
        self._keys.add("ways")
        return self._names.simple_names

    @cached_property
    def below(self) -> dict[str, list[str]]:
        self._keys.add("ways")
        return self._names.below

    @cached_property
    def ids(self) -> dict[str, str]:
        self._keys.add("ways")
        return self._names.ids

    @cached_property
    def enums(self) -> frozenset[str]:
        self._keys.add("ways")
        return self._names.enums

    def function(self, name: str, span: Span | None) -> Function | None:
        found = self._names.function(name, span)
        if span is not None and (found is None or not found.id.endswith(f":{name.partition(':')[2]}")):
            self._keys.add(f"functions {span.file}")  # it was told by the place
        return self._saw(found)

    def class_(self, name: str) -> Class | None:
        return self._saw(self._names.class_(name))

    def classes_in(self, text: str) -> Iterator[Class]:
        self._keys.add("ways")
        for found in self._names.classes_in(text):
            self._saw(found)
            yield found

    def method(self, owner: Class, name: str) -> Function | None:
        return self._saw(self._names.method(owner, name))

    def _saw(self, found: V) -> V:
        self._keys.add("ways")
        if isinstance(found, Function | Class):
            self._keys.add(f"{'function' if isinstance(found, Function) else 'class'} {found.id}")
        return found


def identifier(project: Project) -> Identifier:
    """What the names of a project's application mean; the one of this project, see `shared.py`."""
    return Identifier.of(project.source)
