"""What a file says, as plain values: the expressions and statements that can take part in building an application.

They hold no syntax tree, compare by value, and can be written and read back by msgspec.
"""

from __future__ import annotations

import msgspec

Literal = str | int | float | bool | None


class _Term(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """The shape that all terms share; `line` is where it stands, 0 where that is of no interest."""


class Lit(_Term, frozen=True):
    """A constant."""

    value: Literal


class Ident(_Term, frozen=True):
    """A name."""

    name: str


class Dot(_Term, frozen=True):
    """An attribute."""

    value: Expr
    attr: str


class Apply(_Term, frozen=True):
    """A call; a keyword "**" spreads a mapping."""

    func: Expr
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    line: int
    end_line: int


class Spread(_Term, frozen=True):
    """`*value` in a call or a list."""

    value: Expr


class Index(_Term, frozen=True):
    """A subscript."""

    value: Expr
    index: Expr


class Slice(_Term, frozen=True):
    """`lower:upper` in a subscript."""

    lower: Expr | None
    upper: Expr | None


class Items(_Term, frozen=True):
    """A list, tuple or set that is written out."""

    kind: str
    items: tuple[Expr, ...]


class Pairs(_Term, frozen=True):
    """A dict that is written out; key None spreads a mapping."""

    pairs: tuple[tuple[Expr | None, Expr], ...]


class Joined(_Term, frozen=True):
    """An f-string."""

    parts: tuple[Expr, ...]


class Binary(_Term, frozen=True):
    """`left + right`, `left | right`, a comparison, and `left and right`."""

    op: str
    left: Expr
    right: Expr


class Either(_Term, frozen=True):
    """One of several: `a if test else b`, `a or b` (without a test)."""

    values: tuple[Expr, ...]
    test: Test | None = None


class Each(_Term, frozen=True):
    """A comprehension over one iterable; `value` is set for a dict."""

    element: Expr
    target: Expr
    over: Expr
    value: Expr | None = None


class Opaque(_Term, frozen=True):
    """Something else, as text."""

    text: str


class Parameter(_Term, frozen=True):
    """One parameter of a function; kinds are those of `inspect`: plain, only (keyword-only), args, kwargs."""

    name: str
    kind: str
    annotation: Expr | None
    default: Expr | None
    line: int


class Lambda(_Term, frozen=True):
    """A lambda."""

    parameters: tuple[Parameter, ...]
    result: Expr
    line: int


class Bind(_Term, frozen=True):
    """An assignment; the target is a name, an attribute, a subscript or a tuple of those."""

    target: Expr
    value: Expr
    line: int


class Note(_Term, frozen=True):
    """An annotated assignment to a name, with or without a value."""

    name: str
    annotation: Expr
    value: Expr | None
    line: int


class Do(_Term, frozen=True):
    """An expression for its effect."""

    value: Expr
    line: int


class Give(_Term, frozen=True):
    """`return value`."""

    value: Expr


class Loop(_Term, frozen=True):
    """`for target in over`."""

    target: Expr
    over: Expr
    body: tuple[Statement, ...]


class Test(_Term, frozen=True):
    """A test: whether a value is "none", "some" (not None), "true" or "false"."""

    op: str
    value: Expr


class Branch(_Term, frozen=True):
    """Blocks of which any may happen: if and else, try and except, cases."""

    test: Test | None
    blocks: tuple[tuple[Statement, ...], ...]
    apart: bool = False  # never two of them: not those of a `try`, which may stop halfway


class Bring(_Term, frozen=True):
    """An import: `name` stands for the dotted `target`; name "*" brings everything of a module."""

    name: str
    target: str


class Function(_Term, frozen=True):
    """A function or method. Without a `body` what it does is of no interest to an application's shape."""

    name: str
    qualname: str
    line: int
    end_line: int
    is_async: bool
    is_generator: bool
    parameters: tuple[Parameter, ...]
    returns: Expr | None
    decorators: tuple[tuple[Expr, int], ...]  # with their lines
    body: tuple[Statement, ...] | None
    doc: bool = False  # has a docstring


class Class(_Term, frozen=True):
    """A class."""

    name: str
    qualname: str
    line: int
    end_line: int
    bases: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    decorators: tuple[tuple[Expr, int], ...]
    body: tuple[Statement, ...]


Expr = (
    Lit
    | Ident
    | Dot
    | Apply
    | Spread
    | Index
    | Slice
    | Items
    | Pairs
    | Joined
    | Binary
    | Either
    | Each
    | Lambda
    | Opaque
)
Statement = Bind | Note | Do | Give | Loop | Branch | Bring | Function | Class


class Declarations(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one file declares. `active`: its top-level statements may build a part of an application."""

    module: str
    file: str
    is_package: bool
    active: bool
    body: tuple[Statement, ...]
    imports: tuple[str, ...] = ()  # modules (or names in modules) that importing this one imports, in order
    main: tuple[Statement, ...] = ()  # what runs when it is started: `if __name__ == "__main__"`


def write(term: Expr | None) -> str:
    """The term as source text, shortened where it is long."""
    return "" if term is None else _write(term)


def _write(term: Expr) -> str:
    match term:
        case Lit(value):
            return repr(value)
        case Ident(name):
            return name
        case Dot(value, attr):
            return f"{_write(value)}.{attr}"
        case Apply(func, args, keywords):
            named = [f"**{_write(v)}" if k == "**" else f"{k}={_write(v)}" for k, v in keywords]
            return f"{_write(func)}({', '.join([*map(_write, args), *named])})"
        case Spread(value):
            return f"*{_write(value)}"
        case Index(value, index):
            inside = _write(index)
            return f"{_write(value)}[{inside[1:-1] if isinstance(index, Items) and index.kind == 'tuple' else inside}]"
        case Slice(lower, upper):
            return f"{write(lower)}:{write(upper)}"
        case Items(kind, items):
            return _listed(kind, items)
        case Pairs(pairs):
            return (
                "{"
                + ", ".join(f"{_write(k)}: {_write(v)}" if k else f"**{_write(v)}" for k, v in pairs)
                + "}"
            )
        case Joined(parts):
            inner = (str(p.value) if isinstance(p, Lit) else "{" + _write(p) + "}" for p in parts)
            return 'f"' + "".join(inner) + '"'
        case Binary(op, left, right):
            return f"{_write(left)} {op} {_write(right)}"
        case Either(values):
            return " or ".join(map(_write, values))
        case Each(element, target, over):
            return f"[{_write(element)} for {_write(target)} in {_write(over)}]"
        case Lambda(_, result):
            return f"lambda: {_write(result)}"
        case Opaque(text):
            return text


def _listed(kind: str, items: tuple[Expr, ...]) -> str:
    inner = ", ".join(map(_write, items))
    match kind:
        case "list":
            return f"[{inner}]"
        case "set":
            return "{" + inner + "}"
    return f"({inner},)" if len(items) == 1 else f"({inner})"
