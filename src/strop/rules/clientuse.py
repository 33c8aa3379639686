"""Whose is an HTTP client, and what do its requests wait for? What its function says of whether one for the process is worth it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.spelling import last_name, targets_of
from strop.regex import regex

_MINUTES = 60  # seconds
_PAUSE = 2  # seconds between two questions, next to which a new connection is nothing
_DEEPEST = 3  # names behind names
_SLEEPS = frozenset({"asyncio.sleep", "anyio.sleep", "trio.sleep", "time.sleep"})
_CALLERS = frozenset({"headers", "base_url"})
_LOGIN = frozenset({"headers", "cookies", "auth"})
_MODEL = regex(  # paths of the services of language models
    r"/(chat/)?completions\b|/v1/(messages|responses|embeddings)\b|:(streamG|g)enerateContent|/api/(generate|chat)$"
)


def is_hardly_worth(body: Body, call: ast.Call) -> bool:
    """Whether to keep this client saves little, or can't be done with one for the process."""
    return (
        _is_patient(body, call)
        or _is_given(body, call)
        or _is_of_one_caller(body, call)
        or _polls(body, call)
        or _asks_model(body)
    )


def _is_given(body: Body, call: ast.Call) -> bool:
    """Whether it is made for another library's client, which may keep it: `Bank(http_client=httpx.Client())`."""
    parent = body.parent(call)
    given: list[ast.expr] = [call]
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
        given = [n for n in body.of(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
    return any(_is_handed_to_library(body, each) for each in given)


def _is_handed_to_library(body: Body, value: ast.expr) -> bool:
    """Whether a value is a named argument of a class or function that is not the project's."""
    keyword = body.parent(value)
    above = body.parent(keyword) if isinstance(keyword, ast.keyword) else None
    ref = body.ref(above.func) if isinstance(above, ast.Call) else None
    return ref is not None and ref.kind == "name"


def _is_patient(body: Body, call: ast.Call) -> bool:
    """Whether it is made for an answer that takes minutes: to connect is little of that."""
    given = next((body.value(k.value) for k in call.keywords if k.arg == "timeout"), None)
    numbers = (
        [given] if not isinstance(given, ast.Call) else [*given.args, *(k.value for k in given.keywords)]
    )
    seconds = (body.constant(number) for number in numbers)
    return any(isinstance(s, int | float) and s >= _MINUTES for s in seconds)


def _is_of_one_caller(body: Body, call: ast.Call) -> bool:
    """Whether its headers or its address are those of the caller: one client for all would mix them."""
    given = (k.value for k in call.keywords if k.arg in _CALLERS)
    return any(_follows(body, value, _DEEPEST) for value in given) or _is_logged_in(body, call)


def _is_logged_in(body: Body, call: ast.Call) -> bool:
    """Whether the class that keeps it as `self.session` writes a login into it: `self.session.headers.update(...)`."""
    above = body.parent(call)
    kept = (
        {t.attr for t in targets_of(above) if isinstance(t, ast.Attribute)}
        if isinstance(above, ast.Assign)
        else set()
    )
    for node in ast.walk(body.owner.node) if kept and body.owner is not None else ():
        match node:
            case ast.Attribute(value=ast.Attribute(attr=name), attr="auth", ctx=ast.Store()) if name in kept:
                return True
            case (
                ast.Subscript(value=ast.Attribute(value=ast.Attribute(attr=name), attr=part), ctx=ast.Store())
                | ast.Call(
                    func=ast.Attribute(
                        value=ast.Attribute(value=ast.Attribute(attr=name), attr=part), attr="update"
                    )
                )
            ) if name in kept and part in _LOGIN:
                return True
    return False


def _follows(body: Body, value: ast.expr, deepest: int) -> bool:
    """Whether an expression is made of parameters, or of what the object was made with, through any local names."""
    for node in ast.walk(value):
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                if _is_own(body, name, deepest):
                    return True
            case ast.Name(id=name) if name != "self":
                if name in _parameters(body.node):
                    return True
                if deepest and any(_follows(body, each, deepest - 1) for each in _assigned(body, name)):
                    return True
    return False


def _assigned(body: Body, name: str) -> Iterator[ast.expr]:
    """What a local name, or an element of it, is assigned here."""
    for node in body.of(ast.Assign):
        for target in node.targets:
            holder = target.value if isinstance(target, ast.Subscript) else target
            if isinstance(holder, ast.Name) and holder.id == name:
                yield node.value
    for each in body.of(ast.AnnAssign):
        if isinstance(each.target, ast.Name) and each.target.id == name and each.value is not None:
            yield each.value


def _is_own(body: Body, name: str, deepest: int) -> bool:
    """Whether an attribute, or what a method of this name reads, is set from what `__init__` takes."""
    inside = body.owner.node.body if body.owner is not None and deepest else []
    for method in inside:
        if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if method.name == name:
            read = (n.attr for n in ast.walk(method) if isinstance(n, ast.Attribute) and _is_of_self(n))
            if any(_is_own(body, each, deepest - 1) for each in set(read) - {name}):
                return True
        if method.name == "__init__" and any(_is_set_from(method, n, name) for n in ast.walk(method)):
            return True
    return False


def _is_set_from(method: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.AST, name: str) -> bool:
    """Whether a statement sets this attribute from a parameter."""
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if value is None or not any(isinstance(t, ast.Attribute) and t.attr == name for t in targets_of(node)):
        return False
    return any(isinstance(n, ast.Name) and n.id in _parameters(method) for n in ast.walk(value))


def _is_of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _parameters(node: ast.AST) -> frozenset[str]:
    """The names of a function's parameters that have no default: a default is everybody's."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return frozenset()
    args = node.args
    positional = [*args.posonlyargs, *args.args]
    plain = positional[: len(positional) - len(args.defaults)]
    named = [a for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is None]
    return frozenset(a.arg for a in (*plain, *named)) - {"self", "cls"}


def _polls(body: Body, call: ast.Call) -> bool:
    """Whether it is made in a loop that pauses for seconds before it asks again."""
    loop = body.loop(call)
    if loop is None:
        return False
    for each in body.of(ast.Call):
        seconds = body.constant(each.args[0]) if each.args and last_name(each.func) == "sleep" else None
        pauses = isinstance(seconds, int | float) and seconds >= _PAUSE and body.name(each.func) in _SLEEPS
        if pauses and body.loop(each) is loop and body.within(each, ast.ExceptHandler) is None:
            return True
    return False


def _asks_model(body: Body) -> bool:
    """Whether the function writes the path of a language model's service."""
    return any(isinstance(n.value, str) and _MODEL.search(n.value) for n in body.of(ast.Constant))
