"""What is an expression built from: which parameters of its function, which parts of the request?

An origin is a text: "url" for a parameter, "body.url" for its attribute or item, "@query.next" for what the function
reads from a `Request` itself, "self.url" for an attribute of the instance, "=3" for the result of its third noted
call. A leading "^" says that the expression begins with it: what follows a fixed text can't change that text. A leading
"~" says that it stands within a segment of a path, behind a fixed text or before a fixed name: it leads nowhere else,
because a folder "report-.." does not exist, and only files of that name are found.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from strop.project.body import Body
from strop.project.harmless import is_clean
from strop.project.scope import Binding
from strop.project.sinks import SINKS
from strop.project.spelling import last_name

Tokens = frozenset[str]
NONE: Tokens = frozenset()
DEPTH = 3  # attributes that are followed
_REQUESTS = frozenset({
    "fastapi.Request", "starlette.requests.Request", "starlette.requests.HTTPConnection", "fastapi.WebSocket",
    "fastapi.requests.Request", "fastapi.requests.HTTPConnection", "starlette.websockets.WebSocket",
    "fastapi.websockets.WebSocket",
})  # fmt: skip
_READS = {"query_params": "@query", "headers": "@header", "cookies": "@cookie", "path_params": "@path"}
_BODIES = {"json": "@json", "form": "@form", "body": "@body"}
_PASS = frozenset({
    "str", "bytes", "repr", "list", "tuple", "set", "sorted", "reversed", "dict", "next", "iter",
    "os.path.join", "os.path.abspath", "os.fspath", "os.path.normpath", "os.path.expanduser",
    "posixpath.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PurePosixPath", "anyio.Path",
    "urllib.parse.unquote", "urllib.parse.unquote_plus", "urllib.parse.urljoin", "urllib.parse.urlparse",
    "urllib.parse.urlsplit", "json.loads", "base64.b64decode", "base64.urlsafe_b64decode", "io.BytesIO",
    "io.StringIO", "typing.cast", "html.unescape", "zipfile.ZipFile", "tarfile.open", "copy.copy",
    "copy.deepcopy", "tarfile.TarFile", "binascii.unhexlify", "gzip.decompress", "httpx.URL", "yarl.URL",
})  # fmt: skip
_JOINS = frozenset({"os.path.join", "posixpath.join"})
_SHORTENS = frozenset({"os.path.abspath", "os.path.normpath"})  # "report-../x" is "x" to them
_SEPARATORS = ("/", "\\", ".", "..")
_CASTS = frozenset({"int", "uuid.UUID", "str", "ulid.ULID", "bson.ObjectId"})
_PASS_METHODS = frozenset({
    "strip", "lstrip", "rstrip", "lower", "upper", "casefold", "title", "capitalize", "encode", "decode",
    "replace", "removeprefix", "removesuffix", "split", "rsplit", "splitlines", "partition", "rpartition",
    "format", "get", "pop", "read", "readlines", "getvalue", "model_dump", "dict", "copy", "expanduser",
    "absolute", "resolve", "as_posix", "with_suffix", "joinpath", "items", "values", "unicode_string",
    "getlist", "geturl", "extractfile", "namelist", "infolist", "getnames", "getmembers", "json",
    "expandtabs", "ljust", "rjust", "zfill", "with_stem", "keys",
})  # fmt: skip
_HANDS_OVER = {"run_in_threadpool": 0, "to_thread": 0, "run_sync": 0, "add_task": 0, "run_in_executor": 1}
_PATH_NAMES = frozenset({"name", "stem", "suffix", "suffixes"})


class Origins:
    """Answers for one body; every answer is remembered."""

    def __init__(self, body: Body, *, whole: bool = False) -> None:
        self.body = body
        self.whole = whole  # numbers and ids are followed too, and through every call
        self.noted: dict[int, int] = {}  # calls whose result is asked for, by id, with their number
        self._known: dict[int, Tokens] = {}
        self._bound: dict[int, Tokens] = {}

    def of(self, expr: ast.expr | None) -> Tokens:
        """What the value is built from; empty where it is harmless, fixed or not known."""
        if expr is None or isinstance(expr, ast.Constant):
            return NONE
        key = id(expr)
        if key not in self._known:
            self._known[key] = NONE  # a cycle ends here
            self._known[key] = frozenset(self._find(expr))
        return self._known[key]

    def number(self, call: ast.Call) -> int:
        """The number under which a call's result is known."""
        return self.noted.setdefault(id(call), len(self.noted))

    def _find(self, expr: ast.expr) -> Iterable[str]:
        match expr:
            case ast.Name():
                return self._name(expr)
            case ast.Attribute():
                return self._attribute(expr)
            case ast.Subscript():
                return self._item(expr)
            case ast.Call():
                return self._call(expr)
            case ast.Await(value=inner) | ast.NamedExpr(value=inner) | ast.Starred(value=inner):
                return self.of(inner)
            case ast.FormattedValue(value=inner):
                return self.of(inner)
            case ast.JoinedStr(values=parts):
                return self._text(parts)
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(left, op, right)
            case ast.BoolOp(values=parts):
                return self.any(parts)
            case ast.IfExp(body=body, orelse=orelse):
                return self.any((body, orelse))
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return self.any(parts)
            case ast.Dict(values=parts):
                return inside(self.any(parts))
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part):
                return self.of(part)
        return NONE

    def any(self, parts: Iterable[ast.expr]) -> Iterator[str]:
        """What several values are built from."""
        for part in parts:
            yield from self.of(part)

    def _text(self, parts: list[ast.expr]) -> Iterator[str]:
        begins, before = True, ""
        for part in parts:
            tokens = self.of(part)
            yield from tokens if begins else self._behind(before, tokens)
            before = str(part.value) if isinstance(part, ast.Constant) else ""
            begins = begins and before in ("http://", "https://")

    def _behind(self, before: str, tokens: Iterable[str]) -> Iterator[str]:
        """What follows a text; behind one that does not end a folder's name it can't leave the folder."""
        return inside(tokens) if self.whole or not before or before.endswith(("/", "\\")) else within(tokens)

    def _has_fixed_name(self, last: ast.expr) -> bool:
        """Whether the last segment of a path is, or begins with, a text of the code."""
        value = self.body.constant(last)
        start = last.values[0] if isinstance(last, ast.JoinedStr) and last.values else None
        if isinstance(start, ast.Constant):
            value = start.value
        return isinstance(value, str) and value.strip("./\\") != "" and not self.whole

    def _operation(self, left: ast.expr, op: ast.operator, right: ast.expr) -> Iterator[str]:
        if isinstance(op, ast.Add):
            before = left.value if isinstance(left, ast.Constant) else ""
            yield from self.of(left)
            begins = before in ("http://", "https://")
            yield from self.of(right) if begins else self._behind(str(before), self.of(right))
        elif isinstance(op, ast.Div):
            yield from within(self.of(left)) if self._has_fixed_name(right) else self.of(left)
            yield from inside(self.of(right))
        elif isinstance(op, ast.Mod):
            yield from inside(self.of(left))
            yield from inside(self.of(right))

    # Names

    def _name(self, expr: ast.Name) -> Iterator[str]:
        for binding in self.body.bindings(expr):
            yield from self._binding(expr.id, binding)

    def _binding(self, name: str, binding: Binding) -> Tokens:
        key = id(binding)
        if key not in self._bound:
            self._bound[key] = NONE
            self._bound[key] = frozenset(self._bind(name, binding))
        return self._bound[key]

    def _bind(self, name: str, binding: Binding) -> Iterable[str]:
        if binding.how == "annotation" and binding.line == 0:
            own = binding.scope is self.body.scope
            return {f"^{name}"} if own and (self.whole or not is_clean(binding.expr)) else NONE
        if binding.how == "annotation":
            return NONE if is_clean(binding.expr) and not self.whole else self.of(binding.default)
        if binding.how in ("value", "element", "enter"):
            return self.of(binding.expr)
        return NONE

    # Parts of values

    def is_request(self, expr: ast.expr) -> bool:
        """Whether the value is the request itself."""
        return self.body.instance(expr) in _REQUESTS

    def _attribute(self, expr: ast.Attribute) -> Iterable[str]:
        if isinstance(expr.value, ast.Name) and expr.value.id == "self":
            return {f"^self.{expr.attr}"}
        if expr.attr in _READS and self.is_request(expr.value):
            return {f"^{_READS[expr.attr]}"}
        if expr.attr == "base_url" and self.is_request(expr.value):
            return {"^@host"}
        if expr.attr in _PATH_NAMES and self.is_path(expr.value):
            return NONE
        return extended(self.of(expr.value), expr.attr)

    def _item(self, expr: ast.Subscript) -> Iterable[str]:
        if self._is_last_part(expr):
            return NONE
        tokens = self.of(expr.value)
        key = expr.slice.value if isinstance(expr.slice, ast.Constant) else None
        return extended(tokens, key) if isinstance(key, str) else tokens

    def _is_last_part(self, expr: ast.Subscript) -> bool:
        """`name.split("/")[-1]` has no separator left."""
        match expr.value:
            case ast.Call(
                func=ast.Attribute(attr="split" | "rsplit"), args=[ast.Constant(value="/" | "\\"), *_]
            ):
                return True
        return False

    def is_path(self, expr: ast.expr) -> bool:
        """Whether the value is a `Path`."""
        if self.body.instance(expr) in ("pathlib.Path", "anyio.Path"):
            return True
        match self.body.value(expr):
            case ast.BinOp(op=ast.Div(), right=right):
                return isinstance(right, ast.JoinedStr) or bool(self.of(right))
            case ast.Call(func=ast.Attribute(attr="joinpath")):
                return True
        return False

    # Calls

    def _call(self, call: ast.Call) -> Iterable[str]:
        func = call.func
        name = self.body.name(func)
        if self.target(call, name):
            return {f"^={self.number(call)}"}
        if name in _PASS or (self.whole and name in _CASTS):
            given = [*call.args, *(k.value for k in call.keywords)]
            tokens = {*self.any(given[:1]), *inside(self.any(given[1:]))}
            if name in _JOINS and len(given) > 1 and self._has_fixed_name(given[-1]):
                return set(within(tokens))
            return {t.removeprefix("~") for t in tokens} if name in _SHORTENS else tokens
        if not isinstance(func, ast.Attribute):
            return {f"^={self.number(call)}"} if self.whole else NONE
        if func.attr in _BODIES and self.is_request(func.value):
            return {f"^{_BODIES[func.attr]}"}
        if func.attr == "join":
            return inside(self.any(call.args))
        if func.attr in _PASS_METHODS and (not self.whole or self.of(func.value)):
            return self._method(call, func)
        return {f"^={self.number(call)}"} if self.whole else NONE

    def _method(self, call: ast.Call, func: ast.Attribute) -> Iterable[str]:
        tokens = set(self.of(func.value))
        if func.attr == "replace" and call.args and self.body.constant(call.args[0]) in _SEPARATORS:
            tokens = set(within(tokens))
        if func.attr == "replace" and [self.body.constant(a) for a in call.args] == ["'", "''"]:
            return {t for t in tokens if self.whole}  # a text of SQL that nothing in it can end
        if func.attr == "resolve":
            tokens = {t.removeprefix("~") for t in tokens}
        if func.attr in ("get", "pop") and call.args and isinstance(call.args[0], ast.Constant):
            tokens = set(extended(tokens, str(call.args[0].value)))
        if func.attr in ("format", "joinpath", "with_suffix", "get", "with_stem"):
            named = [k.value for k in call.keywords]
            tokens |= set(inside(self.any([*call.args[self._keys(call, func) :], *named])))
        return tokens

    def _keys(self, call: ast.Call, func: ast.Attribute) -> int:
        """How many of its first arguments are a key: what is kept under it was put there by somebody else."""
        sink = SINKS.get(self.body.name(call.func))
        if func.attr != "get" or self.whole or not call.args or (sink is not None and sink.danger == "url"):
            return 0
        row = self.body.ref(call.args[0])
        return 2 if row is not None and row.kind == "class" else 1  # `session.get(Order, number)`

    def target(self, call: ast.Call, name: str) -> str:
        """The dotted name of the project's function that a call runs, through a thread pool or the background too."""
        if name in self.body.types.found.functions:
            return name
        given = self.handed(call)
        if given is not None:
            other = self.body.name(given)
            return other if other in self.body.types.found.functions else ""
        return ""

    def handed(self, call: ast.Call) -> ast.expr | None:
        """The function that a call hands to a thread or to the background."""
        place = handed_place(call)
        return call.args[place] if 0 <= place < len(call.args) else None


def handed_place(call: ast.Call) -> int:
    """Where in its arguments a call takes the function that it hands over; -1 for other calls."""
    func = call.func
    last = last_name(func)
    return _HANDS_OVER.get(last, -1)


def inside(tokens: Iterable[str]) -> Iterator[str]:
    """The same origins, where the text does not begin with them."""
    return (token.removeprefix("^") for token in tokens)


def within(tokens: Iterable[str]) -> Iterator[str]:
    """The same origins, where they lead to no other folder."""
    return (f"~{bare(token)}" for token in tokens)


def bare(token: str) -> str:
    """An origin alone, wherever it stands."""
    return token.lstrip("^~")


def extended(tokens: Iterable[str], part: str) -> Iterator[str]:
    """The origins of an attribute or item."""
    plain = re.fullmatch(r"[\w-]+", part)
    for token in tokens:
        yield (
            token
            if not plain or token.count(".") >= DEPTH or bare(token).startswith("=")
            else f"{token}.{part}"
        )
