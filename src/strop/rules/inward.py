"""Does a piece of work stay within the process's memory? Then nothing outside of it makes it fail.

It reckons, logs, and hands coroutines to tasks, which fail on their own. What can't be told counts as going out.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta

from strop.project.function import Call, Function
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules.syntax import function_node

_TASKS = frozenset({"add_task", "create_task", "ensure_future"})
_OUTWARD = frozenset(
    {"socket", "ssl", "http", "urllib", "smtplib", "ftplib", "imaplib", "poplib", "subprocess", "multiprocessing", "os",
     "shutil", "pathlib", "tempfile", "sqlite3", "dbm", "shelve", "io", "select", "signal", "importlib", "xmlrpc"}
)  # fmt: skip
_INWARD = (
    sys.stdlib_module_names | frozenset(vars(builtins)) | {"pydantic", "loguru", "structlog"}
) - _OUTWARD
_OPENS = frozenset({"open", "input", "exec", "eval", "__import__"})
_ASYNCIO = frozenset({"sleep", "Lock", "Event", "Queue", "Condition", "create_task", "Task", "current_task"})
_PLAIN = frozenset((*dir(str), *dir(datetime), *dir(timedelta)))  # of values whose type can't be told
_MOST = 100  # functions that are looked at


def stays_inward(project: Project, function: Function, lines: range) -> bool:
    """Whether what a function does on these lines stays in memory, also where a caller gives it the work."""
    here = [c for c in function.calls if c.span.line in lines]
    given = {name for c in here if (name := c.text.partition("(")[0]) in function.parameters}
    rest = [c for c in here if c.text.partition("(")[0] not in given]
    if not here or not _all_inward(project, rest):
        return False
    return all(_is_given_inward(project, function, name) for name in given)


def _all_inward(project: Project, calls: Iterable[Call]) -> bool:
    waiting, seen = [list(calls)], set[str]()
    models = {each.name for each in project.source.classes.values()}  # those without a body of __init__
    while waiting:
        block = waiting.pop()
        handed = [c.text for c in block if c.name.rpartition(".")[2] in _TASKS]
        for call in block:
            below = project.source.functions.get(call.target) if call.target else None
            if call.background or (
                not call.awaited and any(call.text in t for t in handed if t != call.text)
            ):
                continue  # it runs in a task of its own
            if below is None:
                if call.name not in models and not _is_inward(call):
                    return False
            elif below.id not in seen and (call.awaited or not below.is_async):
                seen.add(below.id)
                waiting.append(list(below.calls))
        if len(seen) > _MOST:
            return False
    return True


def _is_inward(call: Call) -> bool:
    """Whether a call of a library stays in memory."""
    if call.effect is not None and call.effect.kind != "clock":
        return False
    first, _, rest = call.name.partition(".")
    last = call.name.rpartition(".")[2]
    if first == "asyncio":
        return rest.partition(".")[0] in _ASYNCIO
    if call.awaited or first in _OPENS:
        return False
    return last in _PLAIN if first == "?" else first in _INWARD


def _is_given_inward(project: Project, function: Function, parameter: str) -> bool:
    """Whether every caller gives a function for this parameter that stays in memory."""
    place = function.parameters.index(parameter)
    found = [
        _handed(project, caller, call, function, parameter, place)
        for caller, call in project.source.functions.callers(function.id)
    ]
    return bool(found) and all(f is not None and _all_inward(project, f.calls) for f in found)


def _handed(
    project: Project, caller: Function, call: Call, called: Function, parameter: str, place: int
) -> Function | None:
    """The function that a call hands over."""
    node, name = function_node(project, caller), called.id.rpartition(":")[2].rpartition(".")[2]
    for each in ast.walk(node) if node is not None else ():
        if isinstance(each, ast.Call) and each.lineno == call.span.line and last_name(each.func) == name:
            named = [k.value for k in each.keywords if k.arg == parameter]
            given = [*named, *each.args[place : place + 1]]
            return _meant(project, caller, given[0]) if given else None
    return None


def _meant(project: Project, caller: Function, given: ast.expr) -> Function | None:
    """The function that an argument names: a nested one, one of the file, a method of the same object."""
    if isinstance(given, ast.Call) and last_name(given.func) == "partial" and given.args:
        given = given.args[0]
    file, _, symbol = caller.id.partition(":")
    ids: tuple[str, ...] = ()
    match given:
        case ast.Name(id=name):
            ids = (f"{caller.id}.<locals>.{name}", f"{file}:{name}")
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            ids = (f"{file}:{symbol.rpartition('.')[0]}.{name}",)
    found = (project.source.functions.get(each) for each in ids)
    return next((each for each in found if each is not None), None)
