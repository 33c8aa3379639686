"""Is a value handed to a function of the project that closes it: `close_session(session)`, in a thread too?"""

from __future__ import annotations

import ast

from strop.project.body import Body
from strop.project.origins import handed_place
from strop.project.scope import FunctionNode

CLOSES = ("close", "aclose", "remove", "__exit__", "__aexit__")


def is_closed_by(body: Body, use: ast.Name) -> bool:
    """Whether the call that gets a name runs a function that closes what it is given there."""
    above = body.parent(use)
    call = body.parent(above) if isinstance(above, ast.keyword) else above
    if not isinstance(call, ast.Call):
        return False
    place = handed_place(call)
    func = call.args[place] if 0 <= place < len(call.args) else call.func
    function = body.types.found.functions.get(body.name(func))
    word = above.arg if isinstance(above, ast.keyword) else None
    return function is not None and _closes(function, word or _parameter(function, call, use, place))


def _parameter(function: FunctionNode, call: ast.Call, use: ast.Name, place: int) -> str:
    """The name under which a function gets an argument that has none at the call."""
    own = 1 if function.owner is not None else 0
    names = [arg.arg for arg in (*function.node.args.posonlyargs, *function.node.args.args)][own:]
    number = call.args.index(use) - place - 1 if use in call.args else -1
    return names[number] if 0 <= number < len(names) else ""


def _closes(function: FunctionNode, parameter: str) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in CLOSES
        and isinstance(node.value, ast.Name)
        and node.value.id == parameter != ""
        for node in ast.walk(function.node)
    )
