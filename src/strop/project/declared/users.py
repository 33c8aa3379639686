"""What do the dependencies that fastapi-users makes ask for? Its signature is made when it runs, so no source has it."""

from __future__ import annotations

from strop.project.declared.register import listed
from strop.project.declared.values import Lib, Obj, Value

_TOKEN = "fastapi_users.authentication.authenticator:Authenticator.{0}.<locals>.{0}_dependency"
_MAKERS = ("current_user", "current_user_token")
_SCHEMES = {
    "BearerTransport": "fastapi.security.oauth2.OAuth2PasswordBearer",
    "CookieTransport": "fastapi.security.api_key.APIKeyCookie",
}


def made_name(call: Value) -> str:
    """The name of the function that `fastapi_users.current_user(...)` gives; "" for anything else."""
    if isinstance(call, Obj) and isinstance(call.cls, Lib) and call.cls.name.startswith("fastapi_users."):
        last = call.cls.name.rpartition(".")[2]
        return _TOKEN.format(last) if last in _MAKERS else ""
    return ""


def made_wants(call: Obj) -> list[tuple[str, Value]]:
    """The dependencies of that function by parameter: the user manager, then a scheme and a strategy a backend."""
    users = call.attrs.get("self")
    if not made_name(call) or not isinstance(users, Obj):
        return []
    manager = users.args[0] if users.args else users.keywords.get("get_user_manager")
    found: list[tuple[str, Value]] = [("user_manager", manager)] if manager is not None else []
    backends = users.args[1] if len(users.args) > 1 else users.keywords.get("auth_backends")
    for backend in listed(backends):
        if isinstance(backend, Obj):
            found += _of_backend(backend)
    enabled = call.keywords.get("get_enabled_backends")
    return [*found, ("enabled_backends", enabled)] if enabled is not None else found


def _of_backend(backend: Obj) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    named = dict(zip(("name", "transport", "get_strategy"), backend.args, strict=False)) | backend.keywords
    transport = named.get("transport")
    if isinstance(transport, Obj) and isinstance(transport.cls, Lib):
        scheme = _SCHEMES.get(transport.cls.name.rpartition(".")[2])
        if scheme is not None:
            made = transport.attrs.setdefault("scheme", Obj(Lib(scheme), [], {}))
            found.append(("scheme", made))
    if "get_strategy" in named:
        found.append(("strategy", named["get_strategy"]))
    return found
