"""A request as one of the project's own tests makes it, with all that it needs to be made again."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import libcst as cst
from msgspec import Struct

from strop.fixes.code import Code, called_name, dotted, read_code, walk
from strop.fixes.suite import Suite
from strop.fixes.unfit import Unfit

LITERALS = (
    cst.SimpleString,
    cst.ConcatenatedString,
    cst.Integer,
    cst.Float,
    cst.Name,
    cst.Dict,
    cst.DictElement,
    cst.List,
    cst.Tuple,
    cst.Element,
    cst.UnaryOperation,
)
BUILT_IN = {"monkeypatch", "request", "tmp_path", "caplog", "capsys"}


class KnownRequest(Struct, frozen=True):
    """How a test asks for a route: everything as source text."""

    call: str  # 'await client.get("/orders", headers=admin)'
    is_async: bool  # the test function
    parameters: tuple[str, ...]  # fixtures, with their annotations if they have some
    imports: tuple[str, ...]  # one statement each
    module_lines: tuple[str, ...]  # pytestmark and the like
    decorators: tuple[str, ...]
    local_lines: tuple[str, ...]  # assignments of literals before the request


def find_request(suite: Suite, route: str) -> KnownRequest | None:
    """The simplest request to a route ("GET /orders/{id}") that any test makes and that can be repeated."""
    method, _, path = route.partition(" ")
    words = [f".{method.lower()}(", *(part for part in re.split(r"\{.*?\}", path) if part)]
    found = []
    for name, text in suite.texts:
        if PurePosixPath(name).name == "conftest.py" or not all(word in text for word in words):
            continue
        try:
            code = read_code(name, text)
        except Unfit:
            continue
        found += list(_in_file(suite, code, method, path))
    return min(found, key=lambda r: (len(r.local_lines) + len(r.module_lines), -len(r.call)), default=None)


def _in_file(suite: Suite, code: Code, method: str, path: str) -> Iterator[KnownRequest]:
    for call in code.nodes(cst.Call):
        if called_name(call) != method.lower() or not call.args or call.args[0].keyword is not None:
            continue
        url = _url(code, call.args[0].value)
        function = code.around(call, cst.FunctionDef)
        if url is None or not _matches(url, path) or function is None or not _is_plain(code, function, call):
            continue
        made = _copied(suite, code, function, call)
        if made is not None:
            yield made


def _is_plain(code: Code, function: cst.FunctionDef, call: cst.Call) -> bool:
    """A test function of a module, and a request that is not said to fail."""
    statement = code.statement(call)
    refused = statement is not None and re.search(
        r"status_code\s*(==|>=|in)\s*\(?[45]|HTTP_[45]", code.source(statement)
    )
    inner = any(
        isinstance(up, cst.For | cst.While | cst.With | cst.CompFor | cst.Lambda)
        for up in code.ancestors(call)
    )
    return (
        function.name.value.startswith("test")
        and code.qualname(function) == function.name.value
        and not refused
        and not inner
    )


def _url(code: Code, node: cst.BaseExpression) -> str | None:
    """The URL with every computed part as "\\0"."""
    if isinstance(node, cst.FormattedString):
        return "".join(p.value if isinstance(p, cst.FormattedStringText) else "\0" for p in node.parts)
    return node.raw_value if isinstance(node, cst.SimpleString) else None


def _matches(url: str, path: str) -> bool:
    pattern = re.sub(r"\\\{[^}]*?:path\\\}", ".+", re.escape(path))
    pattern = re.sub(r"\\\{.*?\\\}", "[^/?]+", pattern)
    return re.fullmatch(rf"(https?://[^/]+)?\0?{pattern}", url.partition("?")[0]) is not None


def _copied(suite: Suite, code: Code, function: cst.FunctionDef, call: cst.Call) -> KnownRequest | None:
    """The request with what its names stand for; None if something can't be had elsewhere."""
    parent = code.parent(call)
    whole = parent if isinstance(parent, cst.Await) else call
    names = _names(whole) | {n for d in function.decorators for n in _names(d)}
    fixtures = {p.name.value: p for p in function.params.params}
    parameters: list[str] = []
    local: list[str] = []
    module: list[str] = []
    imports: list[str] = []
    marks = _module_assign(code, "pytestmark")
    waiting, seen = sorted(names | ({"pytestmark"} if marks else set())), set()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        inside = _literal_assign(code, function, call, name)
        at_top = _module_assign(code, name)
        imported = _import_line(code, name)
        if name in fixtures:
            if not _is_fixture(suite, name):
                return None
            parameters.append(code.source(fixtures[name]).strip().rstrip(",").strip())
            annotation = fixtures[name].annotation
            waiting += sorted(_names(annotation)) if annotation is not None else []
        elif inside is not None:
            local.append(code.source(inside))
        elif at_top is not None:
            module.append(code.source(at_top))
            waiting += sorted(_names(at_top.value))
        elif imported:
            imports.append(imported)
        elif not hasattr(builtins, name):
            return None
    decorators = tuple(code.source(d).strip() for d in function.decorators)
    if any("parametrize" in text for text in decorators):
        return None
    return KnownRequest(
        code.source(whole),
        function.asynchronous is not None,
        tuple(parameters),
        tuple(imports),
        tuple(reversed(module)),
        decorators,
        tuple(local),
    )


def _names(node: cst.CSTNode) -> set[str]:
    """Names that a piece of code reads: no attributes, no keywords."""
    skip = {a.attr for a in walk(node) if isinstance(a, cst.Attribute)}
    skip |= {a.keyword for a in walk(node) if isinstance(a, cst.Arg) and a.keyword is not None}
    return {n.value for n in walk(node) if isinstance(n, cst.Name) and n not in skip}


def _literal_assign(code: Code, function: cst.FunctionDef, call: cst.Call, name: str) -> cst.Assign | None:
    found = [
        assign
        for assign in code.nodes(cst.Assign, function)
        if dotted(assign.targets[0].target) == name and code.start(assign) < code.start(call)
    ]
    if len(found) != 1 or not all(_is_literal(node) for node in walk(found[0].value)):
        return None
    return found[0]


def _is_literal(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Name):
        return node.value in ("True", "False", "None")
    return isinstance(node, LITERALS) or not isinstance(node, cst.BaseExpression)


def _module_assign(code: Code, name: str) -> cst.Assign | None:
    for line in code.module.body:
        part = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        if isinstance(part, cst.Assign) and dotted(part.targets[0].target) == name:
            return part
    return None


def _import_line(code: Code, name: str) -> str:
    """A statement that imports just this name as the test module does."""
    for line in code.module.body:
        part = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        if isinstance(part, cst.Import):
            for alias in part.names:
                if (dotted(alias.asname.name) if alias.asname else dotted(alias.name).split(".")[0]) == name:
                    return f"import {code.source(alias).strip().rstrip(',')}"
        if (
            isinstance(part, cst.ImportFrom)
            and not isinstance(part.names, cst.ImportStar)
            and not part.relative
        ):
            for alias in part.names:
                if (dotted(alias.asname.name) if alias.asname else dotted(alias.name)) == name:
                    return f"from {dotted(part.module)} import {code.source(alias).strip().rstrip(',')}"
    return ""


def _is_fixture(suite: Suite, name: str) -> bool:
    """Whether a conftest has the fixture (or pytest does): one of a test module is not seen elsewhere."""
    pattern = re.compile(rf"def {re.escape(name)}\(|name=[\"']{re.escape(name)}[\"']")
    return name in BUILT_IN or any(
        pattern.search(text) for file, text in suite.texts if PurePosixPath(file).name == "conftest.py"
    )
