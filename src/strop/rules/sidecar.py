"""Does a function only ask a service beside it, on the same machine? There a connection needs no name and no TLS."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.function import Function
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.syntax import FunctionNode, function_node, module

_HERE = regex(r"http://(localhost|127\.0\.0\.1|\[::1\])(?![\w.-])")
_ASKS = frozenset({"get", "post", "put", "patch", "delete", "head", "request", "ws_connect"})
_DEEPEST = 4  # names behind names


def asks_this_machine(project: Project, function: Function) -> bool:
    """Whether every address that it asks is, or is by its setting's default, one of the machine it runs on."""
    node = function_node(project, function)
    asked = [url for call in _calls(node) if (url := _address(call)) is not None] if node is not None else []
    return (
        node is not None
        and bool(asked)
        and all(_is_always_here(project, function, node, url) for url in asked)
    )


def _calls(node: FunctionNode) -> Iterator[ast.Call]:
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in _ASKS:
            yield each


def _address(call: ast.Call) -> ast.expr | None:
    """What a request goes to; None for a `get` of something else: `headers.get("name")`."""
    place = 1 if last_name(call.func) == "request" else 0
    given = next((k.value for k in call.keywords if k.arg == "url"), None)
    given = given or (call.args[place] if len(call.args) > place else None)
    plain = isinstance(given, ast.Constant) and "://" not in str(given.value)
    return None if plain else given


def _is_always_here(project: Project, function: Function, node: FunctionNode, url: ast.expr) -> bool:
    """Whether an address is one of this machine; what a parameter gives has to be so for all callers."""
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    if not (isinstance(url, ast.Name) and url.id in names):
        return _is_here(project, function.span.file, url)
    given = list(_given(project, function, url.id, names.index(url.id)))
    return bool(given) and all(each is not None and _is_here(project, file, each) for file, each in given)


def _given(
    project: Project, function: Function, name: str, place: int
) -> Iterator[tuple[str, ast.expr | None]]:
    """What callers give for a parameter, with their files; None where that can't be told."""
    for caller in project.source.functions.values():
        lines = {call.span.line for call in caller.calls if call.target == function.id}
        node = function_node(project, caller) if lines else None
        for each in ast.walk(node) if node is not None else ():
            if isinstance(each, ast.Call) and each.lineno in lines and _is_of(each, function):
                named = next((k.value for k in each.keywords if k.arg == name), None)
                yield caller.span.file, named or (each.args[place] if len(each.args) > place else None)


def _is_of(call: ast.Call, function: Function) -> bool:
    return isinstance(call.func, ast.Name) and function.id.endswith(f":{call.func.id}")


def _is_here(project: Project, file: str, url: ast.expr, deepest: int = _DEEPEST) -> bool:
    """Whether a text begins with an address of this machine, through constants of modules and defaults of settings."""
    match url:
        case ast.Constant(value=str() as text):
            return bool(_HERE.match(text))
        case ast.JoinedStr(values=[ast.FormattedValue(value=first) | (ast.Constant() as first), *_]):
            return _is_here(project, file, first, deepest)
        case ast.BinOp(op=ast.Add(), left=left):
            return _is_here(project, file, left, deepest)
        case ast.Name(id=name) if deepest:
            found = _assigned(project, file, name)
            return len(found) == 1 and _is_here(project, file, found[0], deepest - 1)
        case ast.Attribute(value=ast.Name(id=owner), attr=attribute) if deepest:
            return _is_default_here(project, file, owner, attribute)
    return False


def _assigned(project: Project, file: str, name: str) -> list[ast.expr]:
    """What a file assigns to a name, in any place."""
    tree = module(project, file)
    nodes = (n for n in ast.walk(tree) if isinstance(n, ast.Assign)) if tree is not None else ()
    return [n.value for n in nodes if any(isinstance(t, ast.Name) and t.id == name for t in n.targets)]


def _is_default_here(project: Project, file: str, owner: str, attribute: str) -> bool:
    """Whether a field of the settings, imported from a module that defines them, has such a default."""
    tree = module(project, file)
    for each in ast.walk(tree) if tree is not None else ():
        if isinstance(each, ast.ImportFrom) and any((a.asname or a.name) == owner for a in each.names):
            file = project.source.modules.get(each.module or "", file)
    tree = module(project, file)
    defaults = [
        n.value
        for n in (ast.walk(tree) if tree is not None else ())
        if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name) and n.target.id == attribute
    ]
    return len(defaults) == 1 and defaults[0] is not None and _is_here(project, file, defaults[0], 0)
