"""Who may call a route? What its dependencies, its handler and the layers around it say, and what is not known.

A route is called open only where everything about it is known and nothing refuses: where in doubt it is protected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from strop.project.asked import identifier
from strop.project.catalogue import default_catalogue
from strop.project.function import Function, Reach
from strop.project.handling import CODE, OPTIONAL, REFUSING, Handling
from strop.project.project import Project
from strop.project.route import Dependency, Route
from strop.project.shared import shared
from strop.regex import regex

_DEEPEST = 6
_GUARD = regex(
    r"auth|user|permission|principal|login|logged|admin|superuser|role|scope|token|identity|api_?key|jwt|credential|secur|access"
    r"|member|rbac|acl|policy|verif|signature|protect|guard|require|session_user|account|tenant|subject|owner|signed|hmac|csrf|captcha",
    re.IGNORECASE,
)
_PLAIN = regex(
    r"(service|repo|repository|repositories|dao|crud|manager|db|database|session|store|factory|settings|config|cache|client|pagination|page|params|filters?|query|uow|unit_of_work|engine|logger|bus|queue|storage)$",
    re.IGNORECASE,
)
_PUBLIC = regex(
    r"log_?in|log_?out|sign_?(in|up|out)|regist|token|auth|oauth|sso|saml|oidc|callback|health|ping|ready|alive|live\b|liveness|status|version|about|info|docs|openapi"
    r"|webhook|hook|public|share|password|forgot|reset|recover|verif|confirm|invit|accept|setup|install|onboard|manifest|static|favicon|robots|metrics"
    r"|csrf|otp|mfa|totp|well.?known|unsubscrib|subscribe|exchange|schema|legal|terms|privacy|heartbeat|root|index|home|landing|spa|frontend|captcha|challenge"
    r"|email|magic|discover|providers?|config|settings|embed|rss|feed|ical|badge|icon|logo|avatar|image|media|thumbnail|asset|theme|locale|language|i18n|translation|announce"
    r"|slack|github|google|teams_bot|stripe|paypal|twilio|sitemap|demo|example|start|init|sandbox",
    re.IGNORECASE,
)
_CARRIED = regex(
    r"token|secret|signature|key|code|state|hash|nonce|otp|credential|password|authorization|ticket|sig$|signed",
    re.IGNORECASE,
)
_CALLER = regex(
    r"^(current_|auth_|request_)?(user|principal|account|member|identity|actor|subject)$|^auth$",
    re.IGNORECASE,
)
_ASKS = regex(
    r"^_?(assert|require|check|ensure|verify|authori[sz]e|enforce|validate|must|needs?|is|has|can|may)_",
    re.IGNORECASE,
)
_OF_OPERATORS = regex(
    r"^_?(assert|require|check|ensure|verify|authori[sz]e|enforce|validate|must|demand)_\w*(admin|superuser|staff|operator)",
    re.IGNORECASE,
)
_OPTIONAL = regex(
    r"(^|_)(optional|maybe|if_any|or_none|or_anonymous|no_exception|soft)(ly)?(_|$)|Optional", re.IGNORECASE
)
_CARRIERS = frozenset({"session", "cookies", "headers", "user", "auth", "principal", "state"})
_PASSING = frozenset({
    "starlette.middleware.sessions:SessionMiddleware", "starlette.middleware.cors:CORSMiddleware",
    "starlette.middleware.gzip:GZipMiddleware",
})  # fmt: skip
_OPERATED = {"admin", "backoffice"}  # parts of paths behind which nobody but administrators works
_REGISTERS = regex(
    r"\.(get|post|put|patch|delete|head|options|trace|api_route|route|websocket|websocket_route|add_api_route)$|staticmethod|classmethod|^functools\.wraps"
)


class Protection:
    """Answers about one project's routes; every answer is remembered."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.finder = shared(project, identifier)
        self.refusing = project.source.marks.functions(REFUSING)
        self.optional = project.source.marks.functions(OPTIONAL)
        self._refuses: dict[str, bool] = {}
        self._guards: dict[Dependency, bool] = {}
        self._for_operators: dict[str, bool] = {}
        self._handled: dict[str, Handling | None] = {}  # by function id

    @classmethod
    def of(cls, project: Project) -> Protection:
        """The one of this project: several rules ask in turn."""
        return shared(project, cls)

    def handler(self, route: Route) -> Function | None:
        """The function that serves a route."""
        return self.finder.function(route.name, route.span)

    def handling(self, route: Route) -> Handling | None:
        """What the handler of a route does with its parameters."""
        function = self.handler(route)
        if function is None:
            return None
        if function.id not in self._handled:
            mark = next(reversed(self.project.source.marks.within(CODE, function.id)), None)
            self._handled[function.id] = Handling.of(mark) if mark is not None else None
        return self._handled[function.id]

    def is_keyed(self, function: str) -> bool:
        """Whether a function refuses by a key that it compares."""
        return any(mark.fact("keyed") for mark in self.project.source.marks.within(REFUSING, function))

    def refuses(self, function: str) -> bool:
        """Whether a function, or one that it calls, raises or answers that somebody must not."""
        if function not in self._refuses:
            self._refuses[function] = self._reaches_refusal(function)
        return self._refuses[function]

    def _reaches_refusal(self, function: str) -> bool:
        return any(level & self.refusing for level in self._levels(function))

    def _levels(self, function: str) -> Iterator[set[str]]:
        """The functions that one runs: itself, what it calls, what that calls ..."""
        level, seen = {function}, {function}
        for _ in range(_DEEPEST + 1):
            yield level
            level = {c.target for f in level for c in self.project.source.functions.leads(f)} - seen
            seen |= level

    def _may_ask(self, function: str) -> bool:
        """Whether something below a function is called that can't be followed and is named for a check of who calls."""
        return any(
            _ASKS.search(last) and _GUARD.search(last)
            for level in self._levels(function)
            for one in level
            for last in self.project.source.functions.names(one)
        )

    def _looks(self, route: Route) -> bool:
        """Whether a handler gets or reads something that tells who calls: it may refuse in a way of its own."""
        handling = self.handling(route)
        return any(_CALLER.match(d.parameter) for d in route.dependencies if d.parameter) or (
            handling is not None and not _CARRIERS.isdisjoint(handling.attributes)
        )

    def guards(self, route: Route) -> tuple[Dependency, ...]:
        """The dependencies of a route that say who may call it."""
        return tuple(d for d in route.dependencies if self.is_guard(d))

    def demands(self, route: Route) -> tuple[Dependency, ...]:
        """The guards of a route that let nobody in who is unknown, as far as can be told."""
        return tuple(d for d in self.guards(route) if not self.is_optional(d))

    def is_optional(self, dependency: Dependency) -> bool:
        """Whether a guard is content not to know who calls, as its name or its result says."""
        if _OPTIONAL.search(dependency.name.rpartition(":")[2]):
            return True
        found = self.finder.function(dependency.name, dependency.span)
        return found is not None and found.id in self.optional and not dependency.scopes

    def is_guard(self, dependency: Dependency) -> bool:
        """Whether a dependency checks, or finds out, who calls."""
        if dependency not in self._guards:
            self._guards[dependency] = self._is_guard(dependency)
        return self._guards[dependency]

    def _is_guard(self, dependency: Dependency) -> bool:
        if dependency.scheme or dependency.scopes:
            return True
        name = dependency.name.rpartition(":")[2]
        last = name.partition("(")[0].rpartition(".")[2] or name
        if _GUARD.search(name) and not _PLAIN.search(last):
            return True
        found = self.finder.function(dependency.name, dependency.span)
        if found is not None:
            return self.refuses(found.id)
        owner = self.finder.class_(dependency.name)
        methods = (
            [self.finder.method(owner, m) for m in ("__call__", "__init__")] if owner is not None else []
        )
        return any(m is not None and self.refuses(m.id) for m in methods)

    @cached_property
    def around(self) -> bool:
        """Whether a layer around the application may refuse: then no route is called open."""
        for middleware in self.project.imported.middleware:
            name = middleware.name.rpartition(":")[2]
            if middleware.name in _PASSING:
                continue
            if re.search(
                r"auth|jwt|login|permission|session|protect|apikey|api_key|basic|oauth|sso|access",
                name,
                re.IGNORECASE,
            ):
                return True
            owner = self.finder.class_(middleware.name)
            found = self.finder.function(middleware.name, middleware.span)
            methods = (
                [self.finder.method(owner, m) for m in ("__call__", "dispatch")]
                if owner is not None
                else [found]
            )
            if any(m is not None and self.refuses(m.id) for m in methods):
                return True
        return False

    def is_open(self, route: Route) -> bool:
        """Whether it is certain that nothing asks who calls."""
        function = self.handler(route)
        if function is None or self.guards(route) or self.refuses(function.id) or _is_veiled(route):
            return False
        if self._looks(route) or self._may_ask(function.id):
            return False
        return self.is_plain(function.id) and not any(
            _GUARD.search(c.name.rpartition(".")[2]) and not _PLAIN.search(c.name) for c in function.calls
        )

    def is_registration(self, route: Route) -> bool:
        """Whether nobody must be known to call a handler; that it may refuse (registration is closed) is no login."""
        function = self.handler(route)
        return function is not None and not self.guards(route) and self.is_plain(function.id)

    def is_entrance(self, key: str) -> bool:
        """Whether it is certain that anybody may call a route (by key): nothing asks, neither it nor a layer around."""
        route = self.project.route(key)
        return route is not None and not self.around and self.is_open(route)

    def is_plain(self, function: str) -> bool:
        """Whether nothing is put around a handler but its registration: a decorator may check anything."""
        found = self.project.source.functions.get(function)
        return found is not None and all(_REGISTERS.search(d) for d in found.decorators)

    def is_public(self, route: Route) -> bool:
        """Whether a route is open by design, as its path, its name or what it asks for say."""
        if route.method in ("OPTIONS", "HEAD") or route.plain:
            return True
        if re.search(r"public|anonymous|guest|unauth", route.name, re.IGNORECASE):
            return True
        name = route.name.rpartition(".")[2].rpartition(":")[2]
        path = re.sub(r"\{[^}]*\}", "", route.path)
        if _PUBLIC.search(name) or any(_PUBLIC.search(part) for part in path.split("/")[-2:]):
            return True
        if any(
            _PUBLIC.search(tag) and re.search("public|auth|health", tag, re.IGNORECASE) for tag in route.tags
        ):
            return True
        return any(_CARRIED.search(p.name) for p in route.parameters)

    def is_for_operators(self, key: str) -> bool:
        """Whether a route (by key) is for administrators, as its path, its guards or what its handler calls say."""
        if key not in self._for_operators:
            self._for_operators[key] = self._is_for_operators(key)
        return self._for_operators[key]

    def _is_for_operators(self, key: str) -> bool:
        route = self.project.route(key)
        if route is None:
            return False
        guards = " ".join(f"{d.name} {' '.join(d.scopes)}" for d in self.guards(route))
        return (
            bool(_OPERATED & set(route.path.lower().split("/")))
            or bool(re.search("admin|superuser|staff|operator", guards, re.IGNORECASE))
            or any(map(self._wants_operator, self.guards(route)))
            or self._asks_for_operator(route)
        )

    def _wants_operator(self, dependency: Dependency) -> bool:
        """Whether a guard refuses who is no administrator, whatever its name."""
        found = self.finder.function(dependency.name, dependency.span)
        marks = self.project.source.marks.within(REFUSING, found.id) if found is not None else ()
        return any(mark.fact("operators") for mark in marks)

    def _asks_for_operator(self, route: Route) -> bool:
        handler = self.handler(route)
        if handler is None:
            return False
        functions = self.project.source.functions
        own = (call.target.rpartition(":")[2].rpartition(".")[2] for call in functions.leads(handler.id))
        return any(map(_OF_OPERATORS.search, (*functions.names(handler.id), *own)))

    def are_for_operators(self, ways: Iterable[Reach]) -> bool:
        """Whether nobody but administrators comes these ways."""
        routes = {way.route for way in ways if way.route}
        return bool(routes) and all(map(self.is_for_operators, routes))

    def principals(self, route: Route) -> Iterator[str]:
        """The handler's parameters that hold who calls."""
        known = {d.parameter for d in route.dependencies if d.depth == 1} | {p.name for p in route.parameters}
        for dependency in route.dependencies:
            named = _CALLER.match(dependency.parameter)
            if dependency.depth == 1 and dependency.parameter and (named or self.is_guard(dependency)):
                yield dependency.parameter
        handling = self.handling(route)
        for name in (
            sorted(handling.parameters - known) if handling is not None and self.guards(route) else ()
        ):
            if _CALLER.match(
                name
            ):  # FastAPI calls a dependency once: the include's may be the one that is listed
                yield name


def _is_veiled(route: Route) -> bool:
    """Whether it asks for something that can't be followed, which may check who calls. A path in doubt hides nothing."""
    doubts = route.uncertain.split("; ") if route.uncertain else []
    if any(not doubt.startswith(("path: ", "prefix: ")) for doubt in doubts):
        return True
    return any(
        (each.uncertain or each.span is None) and not _is_anonymous(each) for each in route.dependencies
    )


def _is_anonymous(dependency: Dependency) -> bool:
    """Whether a library made it that is known not to ask who calls: a rate limiter, say."""
    return default_catalogue().is_anonymous(dependency.name.replace(":", "."))
