"""What does a function try again, and after which errors: a retry of tenacity, stamina or backoff, or a loop of its own?

Only errors that leave open whether the request arrived count: after a refused connection a second try is the first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from msgspec import Struct

from strop.project.body import Body
from strop.project.spelling import keyword, last_name

_OPEN = frozenset({  # what leaves open whether the request arrived
    "Exception", "BaseException", "TimeoutError", "Timeout", "ReadTimeout", "TimeoutException", "RequestException",
    "HTTPError", "RequestError", "TransportError", "NetworkError", "ReadError", "RemoteProtocolError", "ClientError",
    "ServerTimeoutError", "ServerDisconnectedError", "ClientConnectionError", "ClientOSError", "ConnectionError", "HTTPStatusError",
    "ClientResponseError", "OSError", "ConnectionResetError",
})  # fmt: skip
_RETRIES = frozenset({"tenacity.retry", "stamina.retry", "retry.retry", "retrying.retry", "retry.api.retry"})
_BACKOFF = "backoff.on_exception"
_TRIES = frozenset({"tenacity.Retrying", "tenacity.AsyncRetrying", "stamina.retry_context"})


class Tried(Struct, frozen=True):
    """What is tried again: the lines, and how the retry is written."""

    node: ast.AST
    lines: range
    text: str


def tried_again(body: Body, posts: list[ast.Call]) -> list[Tried]:
    """All that the function repeats; of its own loops those that repeat one of `posts` as it was."""
    return [*_decorated(body), *_attempts(body), *_loops(body, posts)]


def _decorated(body: Body) -> Iterator[Tried]:
    """The whole function, behind a decorator that retries what may have arrived."""
    assert not isinstance(body.node, ast.Module)
    for decorator in body.node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = body.name(call.func if call is not None else decorator)
        repeats = name in _RETRIES and (call is None or _retries_open(body, call))
        if repeats or (name == _BACKOFF and call is not None and _backs_off(call)):
            lines = range(body.node.lineno, (body.node.end_lineno or body.node.lineno) + 1)
            yield Tried(decorator, lines, f"@{body.brief(decorator, 80)}")


def _attempts(body: Body) -> Iterator[Tried]:
    """`for attempt in Retrying(...)`."""
    loops: list[ast.For | ast.AsyncFor] = [*body.of(ast.For), *body.of(ast.AsyncFor)]
    for loop in loops:
        made = loop.iter
        if isinstance(made, ast.Call) and body.name(made.func) in _TRIES and _retries_open(body, made):
            yield Tried(loop, _inside(loop), body.brief(made, 80))


def _loops(body: Body, posts: list[ast.Call]) -> Iterator[Tried]:
    """A loop of one's own: leaves by success, and goes on after an error that leaves open whether it arrived."""
    for tried in body.of(ast.Try):
        loop = body.loop(tried)
        if not isinstance(loop, ast.For | ast.While) or not _is_counted(loop):
            continue
        handler = next((h for h in tried.handlers if _goes_on(h) and is_open(h.type)), None)
        inside = [p for p in posts if any(p in ast.walk(s) for s in tried.body)]
        if handler is None or not _leaves(tried, loop) or any(_differs(loop, p) for p in inside):
            continue
        yield Tried(
            tried,
            range(tried.lineno, tried.handlers[0].lineno),
            f"except {body.text(handler.type) if handler.type else ''}".strip(),
        )


def spelled(name: str) -> str:
    """A name in small letters with its words apart."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _is_counted(loop: ast.For | ast.While) -> bool:
    """Whether a loop counts tries: `for attempt in range(3)`, `while attempt < 3`."""
    if isinstance(loop, ast.For):
        return isinstance(loop.iter, ast.Call) and last_name(loop.iter.func) == "range"
    return isinstance(loop.test, ast.Compare) and any(
        re.search(r"attempt|retr|tries|try", spelled(last_name(n))) for n in ast.walk(loop.test)
    )


def _goes_on(handler: ast.ExceptHandler) -> bool:
    return not any(isinstance(s, ast.Raise | ast.Return | ast.Break) for s in handler.body)


def _leaves(tried: ast.Try, loop: ast.AST) -> bool:
    """Whether success ends the tries."""
    after = [
        s for s in (*tried.body, *tried.orelse) for n in ast.walk(s) if isinstance(n, ast.Return | ast.Break)
    ]
    return bool(after)


def _differs(loop: ast.For | ast.While, post: ast.Call) -> bool:
    """Whether each turn sends something else: the loop's own name is in what is sent."""
    if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name):
        return False
    return any(isinstance(n, ast.Name) and n.id == loop.target.id for n in ast.walk(post))


def _inside(loop: ast.For | ast.AsyncFor) -> range:
    return range(loop.lineno, (loop.end_lineno or loop.lineno) + 1)


def _retries_open(body: Body, call: ast.Call) -> bool:
    """Whether a retry of tenacity or stamina takes errors that leave open whether the request arrived."""
    if any(k.arg is None for k in call.keywords):
        return False
    if body.name(call.func).startswith("stamina."):
        return is_open(keyword(call, "on"))
    if body.name(call.func).startswith(("retry.", "retrying.")):
        return keyword(call, "retry_on_exception") is None and is_open(
            call.args[0] if call.args else keyword(call, "exceptions") or ast.Name("Exception")
        )
    which = keyword(call, "retry")
    if which is None:
        return True
    found = [
        c
        for c in ast.walk(which)
        if isinstance(c, ast.Call) and last_name(c.func) == "retry_if_exception_type"
    ]
    return any(is_open(c.args[0] if c.args else ast.Name("Exception")) for c in found)


def _backs_off(call: ast.Call) -> bool:
    if keyword(call, "giveup") is not None:
        return False
    which = call.args[1] if len(call.args) > 1 else keyword(call, "exception")
    return is_open(which)


def is_open(which: ast.expr | None) -> bool:
    """Whether one of these classes says no more than that something went wrong on the way; nothing is everything."""
    if which is None:
        return True
    each = which.elts if isinstance(which, ast.Tuple) else [which]
    return any(last_name(one) in _OPEN for one in each)
