"""Has what a key names changed? A print of each: equal prints, equal answers for all who looked at it.

Prints are of texts, never of line numbers: what moves in its file has not changed. (`watch.py` lists the keys.)
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from strop.project.body import segment
from strop.project.found import Found
from strop.project.members import is_abstract
from strop.project.scope import Binding, ClassNode, FunctionNode, Module

_TELLING = (ast.Yield, ast.YieldFrom, ast.NamedExpr)


def print_of(found: Found, key: str, everything: str) -> str:
    """The print of what a key names; `everything` is that of all files."""
    if key == "*":
        return everything
    if key == "?*":
        return _digest(f"{entry.name}={entry.file}" for entry in found.entries.values())
    if key.startswith("?"):
        prefix = found.prefix(key[1:])
        return f"{prefix}={found.entries[prefix].file if prefix in found.entries else ''}" if prefix else ""
    name, _, path = key.partition(":")
    module = found.module(name)
    return _digest((module.file, *_parts(module, path))) if module is not None else ""


def _digest(parts: Iterable[str]) -> str:
    return blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=9).hexdigest()


def _parts(module: Module, path: str) -> Iterator[str]:
    if path == "*":
        yield from module.text
    elif path == "<stars>":
        yield from module.stars
    elif "!" in path:
        yield from _whole(module, path.partition("!")[0])
    elif path.endswith("^"):
        yield from (_above(each) for each in _classes(module, path[:-1]))
    elif path.endswith("."):
        for each in _classes(module, path[:-1]):
            yield from _shape(each)
    elif path.endswith("@"):
        for function in _functions(module, path[:-1]):
            yield from (segment(module.text, d) for d in function.definition.decorator_list)
    else:
        yield from _named(module, path)


def _classes(module: Module, qualname: str) -> Iterator[ClassNode]:
    node = module.classes.get(f"{module.name}.{qualname}")
    if node is not None:
        yield node


def _functions(module: Module, qualname: str) -> list[FunctionNode]:
    main = module.functions.get(f"{module.name}.{qualname}")
    if main is None:
        return []
    prefix = f"{module.file}:{qualname}"
    return [n for i, n in module.by_id.items() if i.startswith(prefix) and n.qualname == qualname]


def _whole(module: Module, qualname: str) -> Iterator[str]:
    """The text of a function or class, with its decorators."""
    nodes: list[FunctionNode | ClassNode] = [*_functions(module, qualname), *_classes(module, qualname)]
    for node in nodes:
        yield from module.text[_first(node.definition) - 1 : node.definition.end_lineno]


def _first(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return min((d.lineno for d in node.decorator_list), default=node.lineno)


def _above(node: ClassNode) -> str:
    """What a class says before its body."""
    parts = (
        *node.definition.decorator_list,
        *node.definition.bases,
        *(k.value for k in node.definition.keywords),
    )
    return "\0".join(segment(node.module.text, part) for part in parts)


def _shape(node: ClassNode) -> Iterator[str]:
    """The names of a class, and what each is."""
    yield _above(node)
    for name in (*node.space.names, *node.held):
        yield name
        yield from _named(node.module, f"{node.qualname}.{name}")


def _named(module: Module, path: str) -> Iterator[str]:
    """What a module or class has under a name."""
    for function in _functions(module, path):
        yield from _signature(function)
    for each in _classes(module, path):
        yield each.id
    owner, _, name = path.rpartition(".")
    if not owner:
        yield from (part for b in module.space.names.get(name, ()) for part in _bound(module, b))
    for each in _classes(module, owner) if owner else ():
        held = (*each.space.names.get(name, ()), *each.held.get(name, ()))
        yield from (part for b in held for part in _bound(module, b))


def _signature(node: FunctionNode) -> Iterator[str]:
    """What can be told of a function without its body; with it where only the body tells what it returns, but for
    statements that neither bind nor give anything.
    """
    definition = node.definition
    yield f"{node.id} {node.is_generator} {is_abstract(node)}"
    if definition.returns is not None:
        yield from module_lines(
            node, _first(definition), max(definition.body[0].lineno - 1, definition.lineno)
        )
        return
    left_out = {line for each in ast.walk(definition) if _is_silent(each, node) for line in _lines(each)}
    first = _first(definition)
    for line, text in enumerate(module_lines(node, first, definition.end_lineno or definition.lineno), first):
        if line not in left_out:
            yield text


def _is_silent(each: ast.AST, node: FunctionNode) -> bool:
    """Whether this is an expression that stands alone on its lines and is evaluated for what it does: `log(text)`."""
    if not isinstance(each, ast.Expr) or any(isinstance(part, _TELLING) for part in ast.walk(each.value)):
        return False
    before, after = node.module.text[each.lineno - 1], node.module.text[(each.end_lineno or each.lineno) - 1]
    rest = after.encode()[each.end_col_offset or 0 :].strip()
    return not before.encode()[: each.col_offset].strip() and (not rest or rest.startswith(b"#"))


def _lines(each: ast.AST) -> range:
    assert isinstance(each, ast.Expr)
    return range(each.lineno, (each.end_lineno or each.lineno) + 1)


def module_lines(node: FunctionNode, first: int, last: int) -> tuple[str, ...]:
    """Lines of the file in which a function lies, both included."""
    return node.module.text[first - 1 : last]


def _bound(module: Module, binding: Binding) -> Iterator[str]:
    yield f"{binding.how} {binding.index} {binding.target} {binding.scope.kind}"
    for part in (binding.expr, binding.default):
        yield segment(module.text, part) if part is not None else ""
