"""Where is it in the application's source: files below the root, and the spans of functions and classes."""

from __future__ import annotations

import ast
import functools
import inspect
import os
import sys
import traceback
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

Span = dict[str, Any]
Frame = list[Any]  # [file, line, function]

_LIBRARY = ("site-packages", "dist-packages", ".venv")
_root = ""


def set_root(root: str) -> None:
    """Let `root` (absolute) be the folder of the application."""
    global _root
    _root = os.path.realpath(root)
    relative.cache_clear()


@functools.cache
def relative(file: str) -> str | None:
    """The path of an application's file relative to the root, None for anything else."""
    if file.startswith("<"):  # generated code has no file
        return None
    real = os.path.realpath(file)
    if not real.startswith(_root + os.sep):
        return None
    path = real[len(_root) + 1 :]
    return None if any(part in _LIBRARY for part in Path(path).parts) else path.replace(os.sep, "/")


def frames_of(error: BaseException) -> list[Frame]:
    """The application's frames of an exception, outermost first, and the place of a syntax error last."""
    found = [
        [file, line, frame.f_code.co_name]
        for frame, line in _walk(error.__traceback__)
        if (file := relative(frame.f_code.co_filename))
    ]
    if isinstance(error, SyntaxError) and error.filename and (file := relative(error.filename)):
        found.append([file, error.lineno or 1, "<module>"])
    return found


def frames_of_stack(frame: FrameType | None) -> list[Frame]:
    """The application's frames of a running stack, outermost first."""
    return [
        [file, line, each.f_code.co_name]
        for each, line in reversed(list(traceback.walk_stack(frame)))
        if (file := relative(each.f_code.co_filename))
    ]


def _walk(trace: TracebackType | None) -> list[tuple[FrameType, int]]:
    return [(frame, line) for frame, line in traceback.walk_tb(trace)]


def caller_span() -> Span | None:
    """The innermost line of the application that is being executed."""
    for frame, line in traceback.walk_stack(sys._getframe(1)):
        if file := relative(frame.f_code.co_filename):
            return {"file": file, "line": line, "symbol": _qualname(frame.f_code)}
    return None


def _qualname(code: CodeType) -> str:
    name = code.co_qualname
    return "" if name == "<module>" else name


def function_of(call: Any) -> Any:
    """The function behind partials, decorators that keep `__wrapped__`, methods and callable objects."""
    while isinstance(call, functools.partial):
        call = call.func
    call = inspect.unwrap(call) if callable(call) else call
    while isinstance(call, functools.partial):
        call = call.func
    return getattr(call, "__func__", call)


def name_of(call: Any) -> str:
    """ "module:qualname" of a function or class, of the class for any other object."""
    call = function_of(call)
    if not hasattr(call, "__qualname__"):
        call = type(call)
    return f"{call.__module__}:{call.__qualname__}"


def span_of(call: Any) -> Span | None:
    """The span of a function's `def` line, or of a class; None for library code."""
    call = function_of(call)
    if inspect.isclass(call):
        return class_span(call)
    code = getattr(call, "__code__", None)
    if not isinstance(code, CodeType):
        return class_span(type(call)) if type(call).__module__ != "builtins" else None
    file = relative(code.co_filename)
    if file is None:
        return None
    node = next(
        (each for each in _definitions(code.co_filename) if _first_line(each) == code.co_firstlineno), None
    )
    line, end = (node.lineno, node.end_lineno or 0) if node else (code.co_firstlineno, 0)
    return {"file": file, "line": line, "symbol": _qualname(code), "end_line": end}


def class_span(cls: type) -> Span | None:
    """The span of a class of the application."""
    path, node = class_node(cls)
    if node is None or (file := relative(path)) is None:
        return None
    return {"file": file, "line": node.lineno, "symbol": cls.__qualname__, "end_line": node.end_lineno or 0}


def class_node(cls: type) -> tuple[str, ast.ClassDef | None]:
    """The file of a class and its node in there; None when no file of the application holds it."""
    path = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
    if not path or relative(path) is None:
        return path, None
    return path, _classes(path).get(cls.__qualname__.replace("<locals>.", ""))


def attribute_line(cls: type, name: str) -> tuple[type, ast.stmt] | None:
    """The application's class in the MRO of `cls` that assigns or defines `name`, and the statement."""
    for each in cls.__mro__:
        _, node = class_node(each)
        for statement in node.body if node else ():
            if name in _names(statement):
                return each, statement
    return None


def _names(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.AnnAssign):
        targets: list[ast.expr] = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.FunctionDef):
        return [statement.name]
    else:
        targets = []
    return [target.id for target in targets if isinstance(target, ast.Name)]


@functools.cache
def _parse(path: str) -> ast.Module:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - may run while the application has patched pathlib
            return ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


@functools.cache
def _definitions(path: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node for node in ast.walk(_parse(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min((each.lineno for each in node.decorator_list), default=node.lineno)


@functools.cache
def _classes(path: str) -> dict[str, ast.ClassDef]:
    found: dict[str, ast.ClassDef] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{prefix}{child.name}"
                if isinstance(child, ast.ClassDef):
                    found[name] = child
                visit(child, f"{name}.")
            else:
                visit(child, prefix)

    visit(_parse(path), "")
    return found
