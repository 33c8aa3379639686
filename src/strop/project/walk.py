"""Which nodes lie below a node? What `ast.walk` and `ast.iter_child_nodes` give, in their order, in half the time:
whether a name is read or stored, which they give as a node of its own, is left out, and fields that hold none are passed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_PLAIN = frozenset({
    "arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "level", "module", "name", "rest", "simple",
    "tag", "type_comment",
})  # fmt: skip


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of each kind of node that may hold nodes."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        named = kind.__name__ == "TypeAlias"  # whose name is a node
        self[kind] = tuple(f for f in kind._fields if f not in _PLAIN or (named and f == "name"))
        return self[kind]


_FIELDS = _Fields({ast.Constant: ()})


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below a node."""
    found: list[ast.AST] = []
    for name in _FIELDS[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, level by level."""
    waiting = [node]
    for each in waiting:  # grows while it is read
        for name in _FIELDS[each.__class__]:
            value = getattr(each, name, None)
            if value.__class__ is list:
                waiting += [one for one in value if isinstance(one, ast.AST)]
            elif isinstance(value, ast.AST):
                waiting.append(value)
        yield each
