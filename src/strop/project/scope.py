"""What names mean inside one file: scopes, what each name was bound to, and the types that follow.

These are the reader's working values: they point into syntax trees and don't leave this package.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

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


@dataclass(slots=True)
class Binding:
    """One place where a name gets a value, and the block (branch or loop body) that it lies in."""

    how: How
    line: int  # uses after this line see it
    block: tuple[int, int]
    scope: Scope
    expr: ast.expr | None = None
    target: str = ""  # dotted name for imports, definitions, self and cls
    index: int = -1  # position when a tuple is unpacked
    default: ast.expr | None = None  # of a parameter
    busy: bool = False
    known: bool = False
    ref: Ref | None = None


@dataclass(slots=True)
class Scope:
    """A namespace: of a module, a class, a function or a comprehension."""

    kind: Literal["module", "class", "function", "comprehension"]
    module: Module
    parent: Scope | None
    names: dict[str, list[Binding]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)  # declared global

    def bind(self, name: str, binding: Binding) -> None:
        """Record a binding of a name."""
        self.names.setdefault(name, []).append(binding)


@dataclass(slots=True)
class Module:
    """One file under its dotted name."""

    name: str
    file: str
    lines: tuple[str, ...]
    is_package: bool
    stars: list[str] = field(default_factory=list)  # modules imported with *
    scope: Scope = field(init=False)
    tree: ast.Module = field(default_factory=lambda: ast.Module([], []))

    def __post_init__(self) -> None:
        """Give the module its own namespace."""
        self.scope = Scope("module", self, None)


@dataclass(slots=True)
class ClassNode:
    """A class of the project."""

    name: str  # dotted
    qualname: str
    module: Module
    node: ast.ClassDef
    scope: Scope
    attributes: dict[str, list[Binding]] = field(default_factory=dict)  # assigned to self
    subclasses: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FunctionNode:
    """A function or method of the project."""

    id: str
    name: str  # dotted
    qualname: str
    module: Module
    node: ast.FunctionDef | ast.AsyncFunctionDef
    scope: Scope
    owner: ClassNode | None = None
    results: list[ast.expr] = field(default_factory=list)  # returned
    yields: list[ast.expr] = field(default_factory=list)
    is_generator: bool = False
    decorators: tuple[str, ...] = ()
    off_loop: bool = False  # a decorator hands it to a thread
    busy: bool = False
    known: bool = False
    ref: Ref | None = None  # the type of its result
