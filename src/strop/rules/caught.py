"""What does an `except` catch, and what does it do with it?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.spelling import last_name
from strop.rules.secretive import words

_BROAD = frozenset({"Exception", "BaseException"})
_SPOKEN = frozenset(  # exceptions of Python whose text is most often the project's own words
    {
        "ValueError",
        "TypeError",
        "KeyError",
        "LookupError",
        "IndexError",
        "RuntimeError",
        "NotImplementedError",
    }
    | {"AssertionError", "AttributeError", "StopIteration", "PermissionError", "FileNotFoundError"}
    | {"FileExistsError", "TimeoutError", "asyncio.TimeoutError", "asyncio.CancelledError"}
    | {
        "concurrent.futures.TimeoutError",
        "UnicodeDecodeError",
        "json.JSONDecodeError",
        "json.decoder.JSONDecodeError",
    }
)
_MEANT = (  # what clients sent is wrong, and the text says where
    *("fastapi.", "starlette.", "pydantic", "werkzeug.", "email_validator.", "marshmallow.", "jsonschema."),
    *("yaml.", "packaging.", "tomllib.", "croniter.", "jinja2.", "zoneinfo.", "binascii.", "xml.", "lxml."),
    *("phonenumbers.", "dateutil.", "isodate.", "ipaddress.", "csv.", "decimal.", "uuid.", "msgspec."),
)
LOGS = frozenset(
    {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "fatal", "notice"}
    | {"print_exc", "capture_exception", "capture_message", "print_exception", "adebug", "ainfo", "aerror"}
    | {"awarning", "aexception", "record_exception", "notice_error", "opt", "success", "trace", "echo"}
)

_TELLING = frozenset(
    {"log", "logs", "logger", "logging", "traceback", "capture"}
)  # words of a name that tells
_ENTERING = frozenset({"in", "out", "on", "off"})  # log_in, log_out: another verb


def types_of(handler: ast.ExceptHandler) -> list[ast.expr]:
    """The expressions of the types that a handler catches; empty for a bare `except`."""
    if handler.type is None:
        return []
    return list(handler.type.elts) if isinstance(handler.type, ast.Tuple) else [handler.type]


def caught_names(body: Body, handler: ast.ExceptHandler) -> list[str]:
    """Dotted names of what a handler catches, "" where one can't be told."""
    return [body.name(expr) for expr in types_of(handler)]


def is_broad(body: Body, handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches every exception."""
    return handler.type is None or bool(_BROAD & set(caught_names(body, handler)))


def is_foreign(body: Body, handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches only a library's exceptions, whose text nobody here wrote."""
    names = caught_names(body, handler)
    return bool(names) and all(
        name and not is_own(body, name) and name not in _SPOKEN and not name.startswith(_MEANT)
        for name in names
    )


def is_own(body: Body, name: str) -> bool:
    """Whether a dotted name lies in the project, found there or not."""
    modules = body.types.found.modules
    if name in body.types.found.classes or body.types.names.split(name.partition(".")[0])[0].kind == "module":
        return True
    below = f".{name.rpartition('.')[0]}"  # imported from a folder that is no root of ours
    return any(module.endswith(below) for module in modules)


def logs(handler: ast.ExceptHandler) -> bool:
    """Whether a handler tells anybody: a logger, a print, an error tracker."""
    return any(is_told(last_name(call.func)) for call in walked(handler.body) if isinstance(call, ast.Call))


def is_told(name: str) -> bool:
    """Whether a function of this name, a library's or the project's own, tells what it is given: log_traceback."""
    parts = words(name)
    return name in LOGS or bool(_TELLING.intersection(parts) and not _ENTERING.intersection(parts))


def raises(handler: ast.ExceptHandler) -> bool:
    """Whether a handler raises anything, on any of its ways."""
    return any(isinstance(node, ast.Raise) for node in walked(handler.body))


def walked(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    """All nodes of these statements, nested definitions left out."""
    waiting: list[ast.AST] = list(statements)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
