"""What may a rule ask about one function, class body or module while its file is read?

The tree is walked once for all rules: nodes are kept by type and by the name that a call goes to, names are
resolved through imports and types. What a rule notices leaves as a `Mark`; nothing here outlives the reading.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Literal, TypeVar

from msgspec import Struct

from strop.project.infer import Types
from strop.project.mark import Mark
from strop.project.scope import Binding, ClassNode, FunctionNode, Module, Ref, Scope
from strop.project.spelling import last_name
from strop.project.unreached import unreached
from strop.project.walk import children, walk
from strop.project.wrappers import decorators
from strop.regex import regex
from strop.span import Span

Kind = Literal["function", "class", "module"]
Node = TypeVar("Node", bound=ast.AST)
_WORD = regex(r"[^\W\d]\w*")
_Inner = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Body:
    """One function, class body or module as rules see it: its own nodes, nested definitions left out.

    Decorators, defaults and annotations of a function belong to the function; a nested definition is a node
    here (so it can be seen that it exists), but what lies in it belongs to its own body.
    """

    def __init__(
        self,
        types: Types,
        module: Module,
        kind: Kind,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module,
        scope: Scope,
        symbol: str,
        function: FunctionNode | None = None,
        owner: ClassNode | None = None,
    ) -> None:
        self.types = types
        self.module = module
        self.kind = kind
        self.node = node
        self.scope = scope
        self.symbol = symbol
        self.function = function
        self.owner = owner  # the class, of a class body or a method
        self.id = f"{module.file}:{symbol}"
        self._words: frozenset[str] | None = None
        self._nodes: dict[type[ast.AST], list[ast.AST]] | None = None
        self._parents: dict[int, ast.AST] = {}
        self._inner: dict[
            int, tuple[_Inner, ...]
        ] = {}  # what a node is in of comprehensions, outermost first
        self._calls: dict[str, list[ast.Call]] = {}

    @property
    def words(self) -> frozenset[str]:
        """Every identifier in the text, and words of strings and comments: cheap to ask before anything else."""
        if self._words is None:
            self._words = frozenset(_WORD.findall("\n".join(self.lines)))
        return self._words

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text, decorators included."""
        if isinstance(self.node, ast.Module):
            return self.module.text
        first = min((d.lineno for d in self.node.decorator_list), default=self.node.lineno)
        return self.module.text[first - 1 : self.node.end_lineno]

    @cached_property
    def unreached(self) -> tuple[range, ...]:
        """The lines of branches that are never taken."""
        found = unreached(self.node.body) if self.kind == "function" else []
        return tuple(range(each.body[0].lineno, (each.body[-1].end_lineno or 0) + 1) for each in found)

    # Nodes

    def of(self, *types: type[Node]) -> Iterator[Node]:
        """The nodes of exactly these types, in the order of the text (one type after the other)."""
        nodes = self._indexed()
        for kind in types:
            yield from nodes.get(kind, ())  # type: ignore[misc]  # the index is keyed by the type

    def calls(self, *names: str) -> Iterator[ast.Call]:
        """The calls whose function's last name, as written or as resolved, is one of these."""
        self._indexed()
        seen: set[int] = set()
        for name in names:
            for call in self._calls.get(name, ()):
                if id(call) not in seen:
                    seen.add(id(call))
                    yield call

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node around a node of this body; None for the body itself."""
        self._indexed()
        return self._parents.get(id(node))

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, innermost first, the body's own node left out."""
        here = self.parent(node)
        while here is not None and here is not self.node:
            yield here
            here = self._parents.get(id(here))

    def conditions(self, node: ast.AST) -> Iterator[ast.expr]:
        """What has held where a node stands: the test of each `if` around it whose body it is in, innermost first."""
        inside = node
        for each in self.around(node):
            if isinstance(each, ast.If) and inside in each.body:
                yield each.test
            inside = each

    def within(self, node: ast.AST, *types: type[Node]) -> Node | None:
        """The innermost node of these types around a node."""
        return next((each for each in self.around(node) if isinstance(each, types)), None)

    def loop(self, node: ast.AST) -> ast.AST | None:
        """The innermost loop or comprehension that repeats a node."""
        inside = node
        for each in self.around(node):
            match each:
                case ast.For() | ast.AsyncFor() if inside in each.body:
                    return each
                case ast.While() if inside not in each.orelse:
                    return each
                case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                    first = each.generators[0]
                    if inside is not first or not _holds(first.iter, node):
                        return each
            inside = each
        return None

    def is_awaited(self, node: ast.AST) -> bool:
        """Whether a call is awaited, or entered with `async with`, or iterated with `async for`."""
        match self.parent(node):
            case ast.Await():
                return True
            case ast.withitem() as item:
                return isinstance(self.parent(item), ast.AsyncWith)
            case ast.AsyncFor(iter=over):
                return over is node
        return False

    # Meaning

    def name(self, expr: ast.expr) -> str:
        """The dotted name of the function, class or module that an expression is; "" where it can't be told.

        `session.get` of an AsyncSession is "sqlalchemy.ext.asyncio.AsyncSession.get", whatever the variable's name.
        """
        ref = self.ref(expr)
        return ref.name if ref is not None and ref.kind in ("name", "function", "class", "module") else ""

    def instance(self, expr: ast.expr) -> str:
        """The dotted name of the class that an expression is a value of; "" where it can't be told."""
        ref = self.ref(expr)
        return ref.name if ref is not None and ref.kind == "instance" else ""

    def bases(self, class_name: str) -> tuple[str, ...]:
        """A class with everything above it: dotted names, the project's own first, then the libraries'."""
        if not self.types.members.is_class(class_name):
            return (class_name,)
        lineage = self.types.members.lineage(class_name)
        return (*(owner.name for owner, _ in lineage.classes), *lineage.library)

    def decorators(self) -> tuple[str, ...]:
        """The dotted names of a function's decorators; of anything else none."""
        return decorators(self.types, self.function) if self.function is not None else ()

    def ref(self, expr: ast.expr) -> Ref | None:
        """The reader's own answer for an expression."""
        return self.types.infer(expr, self.scope_of(expr))

    def scope_of(self, expr: ast.expr) -> Scope:
        """The namespace that an expression is read in."""
        self._indexed()
        scope = self.scope
        for each in self._inner.get(id(expr), ()):
            if not isinstance(each, ast.Lambda) and _holds(each.generators[0].iter, expr):
                continue
            scope = self.types.inner(each, scope)
        return scope

    def bindings(self, name: ast.Name) -> list[Binding]:
        """The assignments, parameters, imports ... that a use of a name may see."""
        found, _ = self.types.names.visible(self.scope_of(name), name.id, name.lineno)
        return found

    def value(self, expr: ast.expr) -> ast.expr:
        """What a name stands for where it was assigned exactly once, here or in another module; else itself."""
        for _ in range(5):
            if not isinstance(expr, ast.Name):
                return expr
            found = self.bindings(expr) if id(expr) in self._parents else []
            if len(found) != 1 or found[0].how != "value" or found[0].expr is None or found[0].index >= 0:
                return expr
            expr = found[0].expr
        return expr

    def constant(self, expr: ast.expr | None) -> object:
        """The literal that an expression is, or that its name stands for; None where there is none."""
        if expr is None:
            return None
        value = self.value(expr)
        return value.value if isinstance(value, ast.Constant) else None

    def text(self, node: ast.AST) -> str:
        """The source of a node, on one line."""
        return " ".join(segment(self.module.text, node).split())

    def brief(self, node: ast.AST, most: int) -> str:
        """The source of a node on one line of at most so many characters; an ellipsis says that it was cut."""
        text = self.text(node)
        return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"

    def span(self, node: ast.AST) -> Span:
        """Where a node is."""
        line = getattr(node, "lineno", 1)
        end = getattr(node, "end_lineno", None) or line
        return Span(self.module.file, line, self.symbol, end if end != line else 0)

    def mark(self, rule: str, node: ast.AST, **facts: object) -> Mark:
        """A lead at a node; facts may have values of any type, empty ones are left out."""
        told = ((name, value) for name, value in facts.items() if value not in ("", None, False))
        pairs = sorted((name, str(value).encode(errors="replace").decode()) for name, value in told)
        return Mark(rule, self.span(node), self.id, tuple(pairs))

    def _indexed(self) -> dict[type[ast.AST], list[ast.AST]]:
        if self._nodes is None:
            self._nodes = {}
            self._index()
            for call in self._nodes.get(ast.Call, ()):
                assert isinstance(call, ast.Call)
                for name in self._call_names(call):
                    self._calls.setdefault(name, []).append(call)
        return self._nodes

    def _index(self) -> None:
        assert self._nodes is not None
        nodes, parents, inner = self._nodes, self._parents, self._inner
        waiting = children(self.node)
        for child in waiting:
            parents[id(child)] = self.node
        waiting.reverse()
        while waiting:
            node = waiting.pop()
            kind = type(node)
            if kind in nodes:
                nodes[kind].append(node)
            else:
                nodes[kind] = [node]
            if kind in _DEFINITIONS:
                continue
            below = children(node)
            around = inner.get(id(node), ())
            if isinstance(node, _Inner):
                around = (*around, node)
            for child in below:
                parents[id(child)] = node
                if around:
                    inner[id(child)] = around
            below.reverse()
            waiting += below

    def _call_names(self, call: ast.Call) -> set[str]:
        func = call.func
        written = last_name(func)
        names = {written}
        if isinstance(func, ast.Name):  # imported under another name
            names.add(self.name(func).rpartition(".")[2])
        return names - {""}


def segment(lines: tuple[str, ...], node: ast.AST) -> str:
    """The source of a node as it is written; "" for a node without a place."""
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", None) or 0
    if not first or not last:
        return ""
    start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", None) or 0
    raw = [line.encode() for line in lines[first - 1 : last]]  # columns count bytes
    raw[-1] = raw[-1][:end]
    raw[0] = raw[0][start:]
    return b"\n".join(raw).decode(errors="replace")


def _holds(outer: ast.AST, node: ast.AST) -> bool:
    return any(each is node for each in walk(outer))


class Noticer(Struct, frozen=True):
    """What a rule wants to see: bodies of these kinds that contain one of the words (any body without words)."""

    rule: str
    notice: Callable[[Body], Iterator[Mark]]
    words: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = frozenset({"function"})
