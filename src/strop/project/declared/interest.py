"""Which files and functions may build a part of an application? Told by words in them, before anything is read."""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from strop.project.scope import Module
from strop.project.spelling import last_name
from strop.regex import regex

_Def = ast.FunctionDef | ast.AsyncFunctionDef
_MAKES = (
    "FastAPI", "APIRouter", "Starlette", "outer", "include_", "add_api", "add_route", "add_websocket",
    "add_middleware", "exception_handler", "on_event", "mount(", "middleware", "api_route",
    "app.", "(app", " app,", " app)", "app =", "app:", "application",
)  # fmt: skip
_GIVES = ("Depends", "Security")  # a function that speaks of them may give a dependency
_OPERATES = regex(r"@[\w.]+\.(?:get|post|put|patch|delete|head|options|trace|websocket|route|api_route)\(")
_SHORT = 4  # statements of a function whose body is kept in any case


class Interest:
    """The lines of a file that speak of applications; `active` when it has any that may make or change one."""

    def __init__(self, module: Module) -> None:
        text = "\n".join(module.lines)
        makes = [at for word in _MAKES for at in _places(word, text)]
        makes += [match.start() for match in _OPERATES.finditer(text)]
        self.active = bool(makes)
        starts = _line_starts(module.lines)
        self.hits = _lines_of([*makes, *(at for word in _GIVES for at in _places(word, text))], starts)
        self.yields = _lines_of(_places("yield", text), starts)

    def keeps(self, node: _Def) -> bool:
        """Whether calling it may build a part of an application, or give a dependency."""
        first, last = node.body[0].lineno, node.end_lineno or node.lineno
        if _within(self.hits, first, last):
            return True
        if any(isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for s in node.body):
            return True
        if isinstance(node, ast.FunctionDef):
            return len(node.body) <= _SHORT
        return _may_start(node)

    def is_generator(self, node: _Def) -> bool:
        """Whether a `yield` of this very function lies in it."""
        if not _within(self.yields, node.body[0].lineno, node.end_lineno or node.lineno):
            return False
        return any(_yields(statement) for statement in node.body)


def _may_start(node: ast.AsyncFunctionDef) -> bool:
    """Whether it may be what an application does when it starts."""
    if not (node.args.args or node.args.kwonlyargs):
        return len(node.body) <= _SHORT
    return any(last_name(decorator) == "asynccontextmanager" for decorator in node.decorator_list)


def _yields(node: ast.AST) -> bool:
    """Whether a `yield` of this very function lies in the node."""
    if isinstance(node, ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return False
    return any(_yields(child) for child in ast.iter_child_nodes(node))


def _places(word: str, text: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def _line_starts(lines: tuple[str, ...]) -> list[int]:
    return list(accumulate((len(line) + 1 for line in lines), initial=0))


def _lines_of(places: Iterable[int], starts: list[int]) -> list[int]:
    """The lines (1-based, sorted) in which these places of the text lie."""
    return sorted({bisect_right(starts, place) for place in places})


def _within(lines: list[int], first: int, last: int) -> bool:
    place = bisect_left(lines, first)
    return place < len(lines) and lines[place] <= last
