"""Which routes do routers have that a library makes? fastapi-users', by the method that gives the router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from strop.project.declared.values import Depend, Known, Lib, Obj, Operation, Router, Value
from strop.span import Span

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine

_USERS = "fastapi_users.fastapi_users.FastAPIUsers"
_HOME = "fastapi_users.router"


class _Bundled(Struct, frozen=True):
    """One route; `needs` is the method of fastapi-users that makes the dependency which protects it."""

    method: str
    path: str
    handler: str
    needs: str = ""
    status: int = 200


_USER = "current_user"
_ROUTERS: dict[str, tuple[str, tuple[_Bundled, ...]]] = {  # with the module of the library that makes it
    "get_auth_router": (
        "auth",
        (_Bundled("POST", "/login", "login"), _Bundled("POST", "/logout", "logout", "current_user_token")),
    ),
    "get_register_router": ("register", (_Bundled("POST", "/register", "register", status=201),)),
    "get_verify_router": (
        "verify",
        (
            _Bundled("POST", "/request-verify-token", "request_verify_token", status=202),
            _Bundled("POST", "/verify", "verify"),
        ),
    ),
    "get_reset_password_router": (
        "reset",
        (
            _Bundled("POST", "/forgot-password", "forgot_password", status=202),
            _Bundled("POST", "/reset-password", "reset_password"),
        ),
    ),
    "get_users_router": (
        "users",
        (
            _Bundled("GET", "/me", "me", _USER),
            _Bundled("PATCH", "/me", "update_me", _USER),
            _Bundled("GET", "/{id}", "get_user", _USER),
            _Bundled("PATCH", "/{id}", "update_user", _USER),
            _Bundled("DELETE", "/{id}", "delete_user", _USER, 204),
        ),
    ),
    "get_oauth_router": (
        "oauth",
        (_Bundled("GET", "/authorize", "authorize"), _Bundled("GET", "/callback", "callback")),
    ),
    "get_oauth_associate_router": (
        "oauth",
        (
            _Bundled("GET", "/authorize", "authorize", _USER),
            _Bundled("GET", "/callback", "callback", _USER),
        ),
    ),
}


def bundled_router(machine: Machine, users: Obj, base: str, method: str, span: Span) -> Router | None:
    """The router that calling this method of an instance of `base` gives; None where it gives none."""
    if not base.startswith("fastapi_users.") or base.rpartition(".")[2] != "FastAPIUsers":
        return None
    if method not in _ROUTERS:
        return None
    module, routes = _ROUTERS[method]
    router = Router(False, span, "", Lib("fastapi.routing.APIRouter"), configured=True)
    for each in routes:
        handler = Lib(f"{_HOME}.{module}.{method}.<locals>.{each.handler}")
        options: dict[str, Value] = {"status_code": Known(each.status)}
        needed = [(_protection(users, each.needs), "route")] if each.needs else []
        router.entries.append(
            Operation("api", (each.method,), Known(each.path), handler, options, needed, span, router)
        )
    machine.routers.append(router)
    return router


def is_bundled(handler: Value) -> bool:
    """Whether it is a handler of these routes: all are `async def`."""
    return isinstance(handler, Lib) and handler.name.startswith(f"{_HOME}.")


def _protection(users: Obj, maker: str) -> Value:
    call = Obj(Lib(f"{_USERS}.{maker}"), [], {}, {"self": users})
    return Depend(call, f"{maker}()")
