"""When is a client that is made for each call a warning, and when a note?"""

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.registry import check, noticers
from strop.rules.sample import plain

_ROUTE = """
@app.get("/prices/{0}")
async def read_{0}():
    return await fetch("{0}")
"""
_MANY = ("eur", "usd", "chf", "nok", "sek", "dkk", "pln", "czk")
_FETCH = """
import httpx


async def fetch(name: str):
    async with httpx.AsyncClient({0}) as client:
        return (await client.get(f"https://rates.example/{{name}}")).json()
"""


def severity(folder: Path, main: str) -> str:
    for name, text in plain(main).items():
        (folder / name).write_text(text)
    every = check(read_project(folder, (), (), noticers()), None)
    (one,) = (finding for finding in every if finding.code == "HTTP002")
    return one.severity


@pytest.mark.parametrize(
    ("given", "routes", "said"),
    [
        ("timeout=5", ("eur",), "note"),
        ("timeout=5", _MANY[:7], "note"),
        ("timeout=5", _MANY, "warning"),
        ("timeout=300", _MANY, "note"),
    ],
)
def test_a_client_of_many_routes_is_a_warning(
    tmp_path: Path, given: str, routes: tuple[str, ...], said: str
) -> None:
    main = _FETCH.format(given) + "\n".join(map(_ROUTE.format, routes))
    assert severity(tmp_path, main) == said


def test_a_client_for_each_turn_of_a_loop_is_a_warning(tmp_path: Path) -> None:
    turns = """
@app.post("/prices")
async def read_prices(names: list[str]):
    return [await fetch(name) for name in names]
"""
    assert severity(tmp_path, _FETCH.format("") + turns) == "warning"


def test_a_client_that_another_library_is_given_is_a_note(tmp_path: Path) -> None:
    fetch = """
import httpx
from bank import Bank


async def fetch(name: str):
    own = httpx.AsyncClient(timeout=5)
    return await Bank(client=own).price(name)
"""
    assert severity(tmp_path, fetch + "\n".join(map(_ROUTE.format, _MANY))) == "note"


_LOCAL = """
import aiohttp

from settings import settings

BASE = f"{{settings.VAULT}}:{{settings.VAULT_PORT}}"


async def ask(url: str):
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            return await response.json()


async def fetch(name: str):
    return await ask(f"{0}/{{name}}")
"""
_SETTINGS = """
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    VAULT: str = "{0}"
    VAULT_PORT: int = 8002


settings = Settings()
"""


@pytest.mark.parametrize(
    ("base", "default", "said"),
    [
        ("{BASE}", "http://localhost", "note"),
        ("http://127.0.0.1:8002", "", "note"),
        ("{BASE}", "https://vault.example", "warning"),
        ("{BASE}", "http://localhost.example", "warning"),
        ("https://rates.example", "http://localhost", "warning"),
    ],
)
def test_a_client_for_a_service_on_the_same_machine_is_a_note(
    tmp_path: Path, base: str, default: str, said: str
) -> None:
    (tmp_path / "settings.py").write_text(_SETTINGS.format(default))
    assert severity(tmp_path, _LOCAL.format(base) + "\n".join(map(_ROUTE.format, _MANY))) == said


_DEPOT = """
import requests


class Depot:
    def __init__(self, address: str = "https://rates.example", password: str | None = None) -> None:
        self.address = address
        self.session = requests.Session()
        {0}

    def ask(self, name: str):
        return self.session.get(f"{{self.address}}/{{name}}", timeout=5).json()


def fetch(name: str):
    return Depot().ask(name)
"""


@pytest.mark.parametrize(
    ("login", "said"),
    [
        ("self.session.headers.update({'Authorization': password})", "note"),
        ("self.session.headers['Authorization'] = password", "note"),
        ("self.session.auth = ('depot', password)", "note"),
        ("self.name = self.session.headers['User-Agent']", "warning"),
    ],
    ids=["updated", "set", "auth", "only read"],
)
def test_a_session_that_is_logged_in(tmp_path: Path, login: str, said: str) -> None:
    routes = "".join(map(_ROUTE.replace("await fetch", "fetch").replace("async def", "def").format, _MANY))
    assert severity(tmp_path, _DEPOT.format(login) + routes) == said
