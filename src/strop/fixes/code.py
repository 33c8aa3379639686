"""A source file as a tree whose nodes know their place in the bytes."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeVar

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper
from msgspec import Struct

from strop.fixes.unfit import Unfit

Node = TypeVar("Node", bound=cst.CSTNode)
BOM = "\ufeff"


class Style(Struct, frozen=True):
    """How the project writes: its line length, and the top-level modules that are its own."""

    limit: int = 88
    own: frozenset[str] = frozenset()


class Code:
    """One parsed file, never changed. Offsets are bytes into `data`, lines are 1-based."""

    def __init__(self, file: str, text: str, style: Style | None = None) -> None:
        self.file = file
        self.style = style or Style()
        self.text = text
        self.data = text.encode()
        self._skip = len(BOM.encode()) if text.startswith(BOM) else 0
        try:
            module = cst.parse_module(text.removeprefix(BOM))
        except cst.ParserSyntaxError as error:
            raise Unfit(f"{file} can't be parsed (line {error.raw_line})") from error
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        self.module = wrapper.module
        self._spans = wrapper.resolve(ByteSpanPositionProvider)
        self._parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self._nodes: list[cst.CSTNode] = []
        self._collect(self.module)
        self._lines = [0, *(i + 1 for i, byte in enumerate(self.data) if byte == 10)]

    def _collect(self, node: cst.CSTNode) -> None:
        self._nodes.append(node)
        for child in node.children:
            self._parents[child] = node
            self._collect(child)

    @property
    def limit(self) -> int:
        """The longest line that the project's formatter leaves."""
        return self.style.limit

    @property
    def newline(self) -> str:
        """The file's line ending."""
        return self.module.default_newline

    @property
    def module_name(self) -> str:
        """The dotted name that the path suggests."""
        return self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def start(self, node: cst.CSTNode) -> int:
        """First byte of the node, its own parentheses not counted."""
        return self._spans[node].start + self._skip

    def end(self, node: cst.CSTNode) -> int:
        """The byte after the node."""
        return self.start(node) + self._spans[node].length

    def source(self, node: cst.CSTNode) -> str:
        """The node's own text."""
        return self.data[self.start(node) : self.end(node)].decode()

    def line_at(self, offset: int) -> int:
        """The line in which a byte is."""
        return bisect_right(self._lines, offset)

    def line(self, node: cst.CSTNode) -> int:
        """The line where the node begins."""
        return self.line_at(self.start(node))

    def last_line(self, node: cst.CSTNode) -> int:
        """The line where the node ends."""
        return self.line_at(max(self.start(node), self.end(node) - 1))

    def start_of(self, line: int) -> int:
        """The first byte of a line."""
        return self._lines[line - 1]

    def line_start(self, offset: int) -> int:
        """The first byte of the line in which `offset` is."""
        return self._lines[self.line_at(offset) - 1]

    def line_end(self, offset: int) -> int:
        """The byte of the line's newline character ("\\r" of "\\r\\n"), or the end of the file."""
        at = self.data.find(b"\n", offset)
        if at < 0:
            return len(self.data)
        return at - 1 if self.data[at - 1 : at] == b"\r" and at > offset else at

    def indent_at(self, offset: int) -> str:
        """The white space that begins the line of `offset`."""
        start = self.line_start(offset)
        text = self.data[start : self.line_end(start)].decode()
        return text[: len(text) - len(text.lstrip(" \t"))]

    def begins_line(self, node: cst.CSTNode) -> bool:
        """Whether only white space stands before the node on its line."""
        return not self.data[self.line_start(self.start(node)) : self.start(node)].strip()

    def nodes(self, kind: type[Node], within: cst.CSTNode | None = None) -> Iterator[Node]:
        """All nodes of a kind, in the order of the source; only those inside `within` if given."""
        for node in self._nodes if within is None else walk(within):
            if isinstance(node, kind):
                yield node

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node that holds this one."""
        return self._parents.get(node)

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes around this one, innermost first."""
        up = self._parents.get(node)
        while up is not None:
            yield up
            up = self._parents.get(up)

    def around(self, node: cst.CSTNode, kind: type[Node]) -> Node | None:
        """The innermost node of a kind around this one."""
        return next((up for up in self.ancestors(node) if isinstance(up, kind)), None)

    def function_at(self, line: int) -> cst.FunctionDef | None:
        """The innermost function whose lines (decorators too) hold this one."""
        holding = [f for f in self.nodes(cst.FunctionDef) if self.first_line(f) <= line <= self.last_line(f)]
        return min(holding, key=lambda f: self.last_line(f) - self.line(f), default=None)

    def first_line(self, function: cst.FunctionDef | cst.ClassDef) -> int:
        """The line of the first decorator, or of the definition itself."""
        return min(self.line(node) for node in (function, *function.decorators))

    def qualname(self, node: cst.FunctionDef | cst.ClassDef) -> str:
        """The name with those of the classes and functions around it, as Python writes it."""
        names = [node.name.value]
        for up in self.ancestors(node):
            if isinstance(up, cst.FunctionDef):
                names += ["<locals>", up.name.value]
            elif isinstance(up, cst.ClassDef):
                names.append(up.name.value)
        return ".".join(reversed(names))

    def function(self, qualname: str) -> cst.FunctionDef | None:
        """The function with this qualified name; the last one wins, as in Python."""
        found = [f for f in self.nodes(cst.FunctionDef) if self.qualname(f) == qualname]
        return found[-1] if found else None

    def class_(self, name: str) -> cst.ClassDef | None:
        """The class of this name."""
        return next((c for c in self.nodes(cst.ClassDef) if c.name.value == name), None)

    def statement(self, node: cst.CSTNode) -> cst.SimpleStatementLine | None:
        """The line of simple statements that holds the node."""
        return (
            node if isinstance(node, cst.SimpleStatementLine) else self.around(node, cst.SimpleStatementLine)
        )


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and everything in it, in the order of the source."""
    yield node
    for child in node.children:
        yield from walk(child)


def own_nodes(function: cst.FunctionDef) -> Iterator[cst.CSTNode]:
    """What a function's own body holds: not the bodies of functions, classes and lambdas in it."""

    def inner(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        yield node
        if isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            return
        for child in node.children:
            yield from inner(child)

    for child in function.body.children:
        yield from inner(child)


def dotted(node: cst.CSTNode | None) -> str:
    """ "a.b.c" for names and attributes of names, "" for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr.value}" if left else ""
    return ""


def called_name(call: cst.Call) -> str:
    """The last word of what is called: "execute" of `self.session.execute(...)`."""
    if isinstance(call.func, cst.Attribute):
        return call.func.attr.value
    return call.func.value if isinstance(call.func, cst.Name) else ""


def text_of(node: cst.BaseExpression | None) -> str | None:
    """The value of a plain string literal, or None."""
    if not isinstance(node, cst.SimpleString):
        return None
    value = ast.literal_eval(node.value)
    return value if isinstance(value, str) else None


@lru_cache(maxsize=64)  # the suite and the models are asked for with every finding; 5.5 kB a line
def read_code(file: str, text: str, style: Style | None = None) -> Code:
    """Parse a file; Unfit if it can't be parsed."""
    return Code(file, text, style)
