"""Which routes does an application serve, with what its includes and routers add to each?"""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from strop.project.declared import terms
from strop.project.declared.asked import parameter_of
from strop.project.declared.bundled import is_bundled
from strop.project.declared.classes import library_bases, member
from strop.project.declared.depend import Effective, Signature, Signatures, Wanted
from strop.project.declared.follow import Machine
from strop.project.declared.library import status_of
from strop.project.declared.named import name_of, plain, span_of, type_text
from strop.project.declared.register import listed, text_of
from strop.project.declared.values import (
    Cls,
    Depend,
    Func,
    Inclusion,
    Known,
    Lib,
    Marked,
    Mounted,
    Obj,
    Operation,
    Router,
    Several,
    Table,
    Unknown,
    Value,
)
from strop.project.route import Arms, Level, Route
from strop.regex import regex
from strop.span import Span

_PATH_NAME = regex(r"{([^}:]*)")
_DEFAULTS = {"by_alias": True, "exclude_unset": False, "exclude_defaults": False, "exclude_none": False}
_LEVELS: dict[str, Level] = {"app": "app", "router": "router", "include": "include", "route": "route"}
_DEEPEST = 30


class _Around(Struct, frozen=True):
    """What the routers around an operation add to it, outermost first."""

    prefix: str = ""
    dependencies: tuple[tuple[Value, str], ...] = ()
    tags: tuple[str, ...] = ()
    responses: tuple[int, ...] = ()
    hidden: bool = False
    deprecated: bool = False
    response_classes: tuple[Value, ...] = ()
    doubts: tuple[str, ...] = ()
    arms: Arms = ()
    path: tuple[int, ...] = field(default=())  # ids of the routers around


class Served:
    """Routes of applications."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.signatures = Signatures(machine)
        self.unread: list[tuple[Router, Span, str]] = []  # includes of routers that can't be told

    def application(self, app: Router, prefix: str = "") -> Iterator[Route]:
        """Every operation of an application in the order of matching, mounted ones too."""
        if app.plain:
            yield from self.router(app, _Around(prefix))
            return
        yield from (replace(r, path=prefix + r.path) for r in _defaults(app))
        hidden = _is_off(app.options.get("openapi_url"))  # nothing is published, so no client is generated
        yield from self.router(app, self._inside(_Around(prefix, hidden=hidden), app.options, app))

    def alone(self, router: Router) -> Iterator[Route]:
        """Every operation of a router that nothing is known around."""
        yield from self.router(router, self._inside(_Around(), router.options, router))

    def router(self, router: Router, around: _Around) -> Iterator[Route]:
        """Every operation of a router, with what is around it."""
        if id(router) in around.path or len(around.path) > _DEEPEST:
            return
        around = replace(around, path=(*around.path, id(router)))
        for entry in router.entries:
            match entry:
                case Operation():
                    yield from self._operation(entry, around)
                case Inclusion():
                    yield from self._included(router, entry, around)
                case Mounted():
                    yield from self._mounted(router, entry, around)

    def _inside(self, around: _Around, options: dict[str, Value], router: Router | None) -> _Around:
        """With the options of a router or of an include."""
        kind = options.get("default_response_class")
        return replace(
            around,
            tags=(*around.tags, *self.tags(options.get("tags")))
            if router is None or not router.is_app
            else around.tags,
            responses=(*around.responses, *_codes(options.get("responses"))),
            hidden=around.hidden or _is_false(options.get("include_in_schema")),
            deprecated=around.deprecated or _is_true(options.get("deprecated")),
            response_classes=(kind, *around.response_classes)
            if kind is not None
            else around.response_classes,
        )

    def _included(self, outer: Router, entry: Inclusion, around: _Around) -> Iterator[Route]:
        inner = entry.router
        if not isinstance(inner, Router):
            self.unread.append((outer, entry.span, name_of(inner)))
            return
        inside = self._inside(around, entry.options, None)
        inside = replace(
            inside,
            prefix=f"{around.prefix}{entry.prefix.value}",
            dependencies=(*around.dependencies, *entry.dependencies),
            doubts=(*around.doubts, *([f"prefix: {entry.prefix.doubt}"] if entry.prefix.doubt else [])),
            arms=(*around.arms, *entry.arms),
        )
        yield from self.router(inner, self._inside(inside, inner.options, inner))

    def _mounted(self, outer: Router, entry: Mounted, around: _Around) -> Iterator[Route]:
        path = f"{around.prefix}{outer.prefix.value if not outer.is_app else ''}{entry.path.value}"
        app = entry.app
        doubt = f"path: {entry.path.doubt}" if entry.path.doubt else ""
        name = name_of(app.cls) if isinstance(app, Router) else name_of(app)
        yield Route(
            "MOUNT", path, name, span_of(app), self._is_async_app(app), kind="mount", decorator=entry.span, router=outer.name,
            uncertain=doubt,
        )  # fmt: skip
        if isinstance(app, Router):
            within = str(app.span)
            for route in self.application(app, path):
                yield replace(route, mounted=(within, *route.mounted))

    def _is_async_app(self, app: Value) -> bool:
        """Whether an ASGI application is called on the loop: those of libraries are."""
        if isinstance(app, Obj) and isinstance(app.cls, Cls):
            call = member(self.machine, app.cls, "__call__", app)
            return call is None or self._is_async(call)
        return self._is_async(app) if isinstance(app, Func) else not isinstance(app, Unknown)

    # One operation

    def _operation(self, entry: Operation, around: _Around) -> Iterator[Route]:
        path = f"{around.prefix}{entry.path.value}"
        if entry.path.doubt or around.doubts:
            path = path.replace("//", "/")  # where a part can't be told
        doubts = [*around.doubts, *([f"path: {entry.path.doubt}"] if entry.path.doubt else [])]
        doubts += [entry.doubt] if entry.doubt else []
        base = Route(
            "",
            path,
            name_of(entry.endpoint),
            span_of(entry.endpoint),
            self._is_async(entry.endpoint) or is_bundled(entry.endpoint),
            decorator=entry.span,
            router=entry.router.name,
            kind="websocket" if "websocket" in entry.kind else "http",
            plain=entry.kind.startswith("plain"),
            in_schema=not (around.hidden or _is_false(entry.options.get("include_in_schema"))),
            arms=(*around.arms, *entry.arms),
        )
        if not base.plain:
            base = self._resolved(base, entry, around, doubts)
        base = replace(base, uncertain="; ".join(doubts))
        for method in entry.methods or ("WEBSOCKET",):
            yield replace(base, method=method)

    def _resolved(self, base: Route, entry: Operation, around: _Around, doubts: list[str]) -> Route:
        signature = self._signature(entry.endpoint)
        if isinstance(plain(entry.endpoint), Unknown):
            doubts.append(f"handler: {name_of(entry.endpoint)}")
        if isinstance(entry.endpoint, Lib):
            doubts.append(f"{name_of(entry.endpoint)} is a library's, it may ask for more")
        effective = Effective(self.signatures)
        effective.visit(
            [*self._extra((*around.dependencies, *entry.dependencies), doubts), *signature.wanted]
        )
        names = frozenset(_PATH_NAME.findall(base.path))
        callables = [(entry.endpoint, signature), *effective.signed]
        base = replace(
            base,
            dependencies=tuple(effective.found),
            parameters=tuple(
                parameter_of(self.machine, asked, names, name_of(call))
                for call, each in callables
                for asked in each.asked
            ),
        )
        return base if base.kind == "websocket" else self._answer(base, entry, around)

    def _extra(self, given: tuple[tuple[Value, str], ...], doubts: list[str]) -> Iterator[Wanted]:
        """What `dependencies=` around and on the operation wants."""
        for value, level in given:
            if isinstance(value, Depend):
                yield Wanted(value, value.call or Unknown(value.text), "", _LEVELS[level])
            else:
                doubts.append(f"dependencies of the {level}: {name_of(value)}")
                yield Wanted(Depend(value, name_of(value)), value, "", _LEVELS[level])

    def _signature(self, endpoint: Value) -> Signature:
        call = plain(endpoint)
        if isinstance(call, Func) and call.owner is not None and call.receiver is None and call.owner.view:
            return self.signatures.view(call, call.owner)
        return self.signatures.of(endpoint)

    def _is_async(self, endpoint: Value) -> bool:
        call = plain(endpoint)
        if isinstance(call, Func):
            return isinstance(call.term, terms.Function) and call.term.is_async
        return False

    def _answer(self, base: Route, entry: Operation, around: _Around) -> Route:
        options = entry.options
        classes = [options.get("response_class"), *around.response_classes]
        kind = next((each for each in classes if each is not None and not _is_none(each)), None)
        return replace(
            base,
            response_model=self._model(entry),
            response_model_params=_params(options),
            response_class="starlette.responses:JSONResponse" if kind is None else type_text(kind),
            status=status_in(options.get("status_code")) or 200,
            tags=(*around.tags, *self.tags(options.get("tags"))),
            responses=tuple(dict.fromkeys((*around.responses, *_codes(options.get("responses"))))),
            operation_id=str(text_of(options.get("operation_id")).value),
            deprecated=around.deprecated or _is_true(options.get("deprecated")),
        )

    def _model(self, entry: Operation) -> str:
        given = entry.options.get("response_model")
        if given is None:
            given = self._returned(entry.endpoint)
        return "" if given is None or _is_none(given) else type_text(given)

    def _returned(self, endpoint: Value) -> Value | None:
        """The return annotation, where it is a type to answer with."""
        call = plain(endpoint)
        if not (isinstance(call, Func) and isinstance(call.term, terms.Function)):
            return None
        if call.term.returns is None:
            return None
        given = self.machine.value(call.term.returns, call.frame)
        return None if self._is_response(given) else given

    def _is_response(self, kind: Value) -> bool:
        match kind:
            case Lib(name):
                return name.startswith(("starlette.responses.", "fastapi.responses.")) or name.endswith(
                    "Response"
                )
            case Cls():
                return any(base.endswith("Response") for base in library_bases(self.machine, kind))
            case Marked(base, _):
                return self._is_response(base)
        return False

    def tags(self, value: Value | None) -> tuple[str, ...]:
        """Tags as text."""
        return tuple(_tag(each) for each in listed(value))


def _tag(value: Value) -> str:
    match value:
        case Known(text):
            return str(text)
        case Unknown(text):
            return text
    return name_of(value)


def _is_none(value: Value) -> bool:
    return isinstance(value, Known) and value.value is None


def _is_false(value: Value | None) -> bool:
    return isinstance(value, Known) and value.value is False


def _is_true(value: Value | None) -> bool:
    return isinstance(value, Known) and value.value is True


def status_in(value: Value | None) -> int | None:
    """A status code."""
    match value:
        case Known(int(code)):
            return code
        case Lib(name):
            return status_of(name)
    return None


def _codes(value: Value | None) -> tuple[int, ...]:
    """The documented status codes."""
    if not isinstance(value, Table):
        return ()
    found = []
    for key, each in value.pairs.items():
        if isinstance(each, Several) and isinstance(key, str) and key.startswith("\0"):
            code = status_in(each.items[0])
        else:
            code = int(str(key)) if str(key).isdigit() else None
        found += [code] if code is not None else []
    return tuple(found)


def _params(options: dict[str, Value]) -> str:
    """Parameters of the response model that differ from their defaults, as canonical JSON."""
    found: dict[str, object] = {}
    for name in ("include", "exclude"):
        names = [str(v.value) for v in listed(options.get(f"response_model_{name}")) if isinstance(v, Known)]
        found |= {name: sorted(names)} if names else {}
    for name, default in _DEFAULTS.items():
        value = options.get(f"response_model_{name}")
        if isinstance(value, Known) and value.value != default:
            found[name] = value.value
    return json.dumps(found, sort_keys=True) if found else ""


_PAGES = (
    ("openapi_url", "/openapi.json", "openapi"),
    ("docs_url", "/docs", "swagger_ui_html"),
    ("swagger_ui_oauth2_redirect_url", "/docs/oauth2-redirect", "swagger_ui_redirect"),
    ("redoc_url", "/redoc", "redoc_html"),
)


def _defaults(app: Router) -> Iterator[Route]:
    """The pages that FastAPI adds by itself."""
    given = {name: app.options.get(name) for name, _, _ in _PAGES}
    if _is_off(given["openapi_url"]):
        return
    for name, path, function in _PAGES:
        value = given[name]
        if _is_off(value) or (name == "swagger_ui_oauth2_redirect_url" and _is_off(given["docs_url"])):
            continue
        known = isinstance(value, Known) and isinstance(value.value, str)
        text = str(value.value) if isinstance(value, Known) and known else path
        handler = f"fastapi.applications:FastAPI.setup.<locals>.{function}"
        yield Route("GET", text, handler, None, True, in_schema=False, router=app.name, plain=True)


def _is_off(value: Value | None) -> bool:
    return isinstance(value, Known) and not value.value and not value.doubt
