"""Routes of routers that fastapi-users makes: those of the library, with what protects them."""

from __future__ import annotations

from pathlib import Path

from tests.declared.readers import declared, write

MAIN = """
    from fastapi import FastAPI
    from fastapi_users import FastAPIUsers
    from fastapi_users.authentication import AuthenticationBackend, BearerTransport

    async def get_manager():
        yield 1

    backend = AuthenticationBackend(name="jwt", transport=BearerTransport("/login"), get_strategy=lambda: 1)

    class Users(FastAPIUsers[int, int]):
        pass

    users = Users(get_manager, [backend])
    app = FastAPI()
    app.include_router(users.get_auth_router(backend), prefix="/auth/jwt", tags=["auth"])
    app.include_router(users.get_register_router(int, int), prefix="/auth")
    app.include_router(users.get_users_router(int, int), prefix="/users")
"""
MAKER = "fastapi_users.authentication.authenticator:Authenticator."
TOKEN = f"{MAKER}current_user_token.<locals>.current_user_token_dependency"
USER = f"{MAKER}current_user.<locals>.current_user_dependency"


def test_routes_are_the_librarys_and_protected_as_there(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": MAIN})
    routes = {r.key: r for r in declared(tmp_path).routes if "fastapi_users" in r.name}
    outermost = {key: [d.name for d in r.dependencies if d.depth == 1] for key, r in routes.items()}
    assert outermost == {
        "POST /auth/jwt/login": [],
        "POST /auth/jwt/logout": [TOKEN],
        "POST /auth/register": [],
        "GET /users/me": [USER],
        "PATCH /users/me": [USER],
        "GET /users/{id}": [USER],
        "PATCH /users/{id}": [USER],
        "DELETE /users/{id}": [USER],
    }
    assert all(r.span is None and r.is_async and "library" in r.uncertain for r in routes.values())
    assert routes["DELETE /users/{id}"].status == 204
    assert routes["POST /auth/jwt/login"].name == "fastapi_users.router.auth:get_auth_router.<locals>.login"
