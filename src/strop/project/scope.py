"""What names mean inside one file: scopes, what each name was bound to, and the types that follow.

These are the reader's working values: they point into syntax trees and don't leave this package.

What is read of a definition is noted under its key (`watch.py`): reading `node`, `scope` or `attributes` of a
definition notes all of it. The reader itself uses `definition`, `space` and `held`, and notes the part that it uses.
"""

from __future__ import annotations

import ast
from typing import Literal, NamedTuple

from msgspec import Struct, field

from strop.project.watch import Watch

RefKind = Literal["module", "name", "function", "class", "instance", "union", "typevar", "super"]


class Ref(NamedTuple):
    """What an expression is. `name` is the dotted name after imports and re-exports are resolved.

    "name" is something of a library, whose kind we don't know; "class" is the class itself and
    "instance" a value of it; `args` are type arguments, or the members of a union.
    """

    kind: RefKind
    name: str
    args: tuple[Ref, ...] = ()


# How a bound expression gives the value: the value itself, an element of it, what `with` enters,
# the n-th of a tuple, an annotation, an import, or a definition.
How = Literal["value", "element", "enter", "annotation", "import", "def", "class", "self", "cls", "instance"]


class Answer(Struct):
    """What was found out about something, and how far the search for it is (`fixpoint.py`)."""

    known: bool = False
    ref: Ref | None = None
    depth: int = -1  # place among what is being worked out; -1: it is not
    round: int = 0  # in which it was last looked at
    lowest: int = 0  # what it then waited for


class Binding(Struct):
    """One place where a name gets a value, and the block (branch or loop body) that it lies in."""

    how: How
    line: int  # uses after this line see it
    block: tuple[int, int]
    scope: Scope
    expr: ast.expr | None = None
    target: str = ""  # dotted name for imports, definitions, self and cls
    index: int = -1  # position when a tuple is unpacked
    default: ast.expr | None = None  # of a parameter
    key: str = ""
    answer: Answer = field(default_factory=Answer)


class Scope(Struct):
    """A namespace: of a module, a class, a function or a comprehension."""

    kind: Literal["module", "class", "function", "comprehension"]
    module: Module
    parent: Scope | None
    names: dict[str, list[Binding]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)  # declared global
    key: str = ""  # what the keys of its names begin with

    def bind(self, name: str, binding: Binding) -> None:
        """Record a binding of a name."""
        if not binding.key:
            binding.key = self.key + name
        self.names.setdefault(name, []).append(binding)


class Module:
    """One file under its dotted name."""

    __slots__ = (
        "by_id",
        "classes",
        "file",
        "functions",
        "is_package",
        "name",
        "space",
        "stars",
        "text",
        "watch",
        "whole",
    )

    def __init__(
        self, name: str, file: str, lines: tuple[str, ...], is_package: bool, watch: Watch | None = None
    ) -> None:
        self.name = name
        self.file = file
        self.text = lines
        self.is_package = is_package
        self.watch = watch or Watch()
        self.stars: list[str] = []  # modules imported with *
        self.space = Scope("module", self, None, key=f"{name}:")
        self.whole = ast.Module([], [])
        self.classes: dict[str, ClassNode] = {}  # by dotted name
        self.functions: dict[str, FunctionNode] = {}  # by dotted name
        self.by_id: dict[str, FunctionNode] = {}

    @property
    def tree(self) -> ast.Module:
        """Its syntax."""
        self.watch.note(f"{self.name}:*")
        return self.whole

    @property
    def lines(self) -> tuple[str, ...]:
        """Its text."""
        self.watch.note(f"{self.name}:*")
        return self.text

    @property
    def scope(self) -> Scope:
        """Its namespace."""
        self.watch.note(f"{self.name}:*")
        return self.space


class ClassNode:
    """A class of the project."""

    __slots__ = ("definition", "held", "key", "module", "name", "qualname", "space")

    def __init__(self, name: str, qualname: str, module: Module, node: ast.ClassDef, space: Scope) -> None:
        self.name = name  # dotted
        self.qualname = qualname
        self.module = module
        self.definition = node
        self.space = space
        self.held: dict[str, list[Binding]] = {}  # assigned to self
        self.key = f"{module.name}:{qualname}"

    @property
    def id(self) -> str:
        """ "file:qualname"."""
        return f"{self.module.file}:{self.qualname}"

    @property
    def node(self) -> ast.ClassDef:
        """Its syntax, with the bodies of its methods."""
        self.module.watch.note(self.key + "!")
        return self.definition

    @property
    def scope(self) -> Scope:
        """The namespace of its body."""
        self.module.watch.note(self.key + ".")
        return self.space

    @property
    def attributes(self) -> dict[str, list[Binding]]:
        """What its methods assign to self."""
        self.module.watch.note(self.key + ".")
        return self.held


class FunctionNode:
    """A function or method of the project."""

    __slots__ = (
        "answer",
        "definition",
        "id",
        "is_generator",
        "key",
        "marked",
        "module",
        "name",
        "owner",
        "qualname",
        "results",
        "space",
        "threaded",
        "yields",
    )

    def __init__(
        self,
        id: str,
        name: str,
        qualname: str,
        module: Module,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        space: Scope,
        owner: ClassNode | None = None,
    ) -> None:
        self.id = id
        self.name = name  # dotted
        self.qualname = qualname
        self.module = module
        self.definition = node
        self.space = space
        self.owner = owner
        self.results: list[ast.expr] = []  # returned
        self.yields: list[ast.expr] = []
        self.is_generator = False
        self.key = f"{module.name}:{qualname}"
        self.answer = Answer()  # the type of its result
        self.marked: tuple[str, ...] | None = None  # names of its decorators
        self.threaded: bool | None = None  # a decorator hands it to a thread

    @property
    def node(self) -> ast.FunctionDef | ast.AsyncFunctionDef:
        """Its syntax, with its body."""
        self.module.watch.note(self.key + "!")
        return self.definition

    @property
    def scope(self) -> Scope:
        """The namespace of its body."""
        self.module.watch.note(self.key + "!")
        return self.space
