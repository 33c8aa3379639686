"""What are the names of FastAPI and Starlette, whatever module they were imported from?"""

from __future__ import annotations

import http

VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
_RESPONSES = frozenset(
    {
        "Response",
        "JSONResponse",
        "HTMLResponse",
        "PlainTextResponse",
        "RedirectResponse",
        "StreamingResponse",
        "FileResponse",
    }
)
_HOMES = {
    "FastAPI": "fastapi.applications",
    "APIRouter": "fastapi.routing",
    "APIRoute": "fastapi.routing",
    "Depends": "fastapi.params",
    "Security": "fastapi.params",
    "BackgroundTasks": "fastapi.background",
    "HTTPException": "fastapi.exceptions",
    "UploadFile": "fastapi.datastructures",
    "Request": "starlette.requests",
    "Response": "starlette.responses",
    "WebSocket": "starlette.websockets",
    "WebSocketDisconnect": "starlette.websockets",
}
_SECURITY = {
    "OAuth2": "oauth2",
    "OAuth2AuthorizationCodeBearer": "oauth2",
    "OAuth2PasswordBearer": "oauth2",
    "OAuth2PasswordRequestForm": "oauth2",
    "OAuth2PasswordRequestFormStrict": "oauth2",
    "SecurityScopes": "oauth2",
    "APIKeyCookie": "api_key",
    "APIKeyHeader": "api_key",
    "APIKeyQuery": "api_key",
    "HTTPBase": "http",
    "HTTPBasic": "http",
    "HTTPBasicCredentials": "http",
    "HTTPBearer": "http",
    "HTTPAuthorizationCredentials": "http",
    "HTTPDigest": "http",
    "OpenIdConnect": "open_id_connect_url",
}
_MOVED = (
    "concurrency",
    "middleware",
    "staticfiles",
    "templating",
    "testclient",
    "websockets",
    "requests",
    "middleware.cors",
    "middleware.gzip",
    "middleware.httpsredirect",
    "middleware.trustedhost",
    "middleware.wsgi",
)
ROUTERS = frozenset(
    {
        "fastapi.routing.APIRouter",
        "starlette.routing.Router",
        "fastapi_utils.inferring_router.InferringRouter",
        "fastapi_restful.inferring_router.InferringRouter",
        "prefect.server.utilities.server.PrefectRouter",
    }
)
APPLICATIONS = frozenset({"fastapi.applications.FastAPI", "starlette.applications.Starlette"})
INJECTED = frozenset(
    {
        "starlette.requests.Request",
        "starlette.requests.HTTPConnection",
        "starlette.websockets.WebSocket",
        "starlette.responses.Response",
        "fastapi.background.BackgroundTasks",
        "starlette.background.BackgroundTasks",
        "fastapi.security.oauth2.SecurityScopes",
    }
)
BASE_HTTP = frozenset(
    {
        "starlette.middleware.base.BaseHTTPMiddleware",
        "starlette_context.middleware.ContextMiddleware",
        "starlette_context.middleware.context_middleware.ContextMiddleware",
        "slowapi.middleware.SlowAPIMiddleware",
        "starlette_exporter.middleware.PrometheusMiddlewareBase",
    }
)
SCHEMES = frozenset(f"fastapi.security.{home}.{name}" for name, home in _SECURITY.items()) - {
    "fastapi.security.oauth2.OAuth2PasswordRequestForm",
    "fastapi.security.oauth2.OAuth2PasswordRequestFormStrict",
    "fastapi.security.oauth2.SecurityScopes",
    "fastapi.security.http.HTTPBasicCredentials",
    "fastapi.security.http.HTTPAuthorizationCredentials",
}


def canonical(name: str) -> str:
    """The dotted name under which the library itself defines it."""
    if name == "pydantic.ValidationError":
        return "pydantic_core._pydantic_core.ValidationError"
    package, _, rest = name.partition(".")
    if package not in ("fastapi", "starlette") or not rest:
        return name
    module, _, last = rest.rpartition(".")
    if package == "fastapi":
        if last in _SECURITY and module in ("security", f"security.{_SECURITY[last]}"):
            return f"fastapi.security.{_SECURITY[last]}.{last}"
        if module == "responses" and last in _RESPONSES:
            return f"starlette.responses.{last}"
        if module in _MOVED:
            return f"starlette.{rest}"
        if module == "routing" and last in ("Mount", "Route", "WebSocketRoute"):
            return f"starlette.{rest}"
        if (
            module in ("", "applications", "routing", "params", "param_functions", "datastructures")
            and last in _HOMES
        ):
            return f"{_HOMES[last]}.{last}"
        if module == "param_functions":
            return f"fastapi.{last}"
    elif module == "middleware" and last == "Middleware":
        return name
    return name


def qualified(name: str) -> str:
    """ "module:qualname" of a library's dotted name: classes begin with a capital letter."""
    parts = name.split(".")
    place = next((i for i, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    if "<locals>" in parts:
        place = parts.index("<locals>") - 1
    place = place or len(parts) - 1
    module, qualname = ".".join(parts[:place]), ".".join(parts[place:])
    return f"{module}:{qualname}" if module else qualname


def status_of(name: str) -> int | None:
    """The number of `status.HTTP_201_CREATED` or `http.HTTPStatus.CREATED`."""
    last = name.removesuffix(".value").rpartition(".")[2]
    if last.startswith(("HTTP_", "WS_")):
        digits = last.split("_")[1]
        return int(digits) if digits.isdigit() else None
    found = http.HTTPStatus.__members__.get(last) if "HTTPStatus" in name else None
    return int(found) if found is not None else None


def is_router_class(name: str) -> bool:
    """Whether instances of this library class are applications or routers."""
    return name in ROUTERS or name in APPLICATIONS
