"""The application, its interpreter, sources, tests and migrations are found without running anything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from strop.problem import Problem
from strop.project import interpreter
from strop.project.find import find
from strop.project.settings import Overrides, read_settings
from strop.target import Login
from tests.project.example import write

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
FACTORY = "import fastapi\n\ndef create_app() -> fastapi.FastAPI:\n    return fastapi.FastAPI()\n"
CALLS_FACTORY = "from .factory import create_app\n\napp = create_app()\n"
SUBCLASS = "from fastapi import FastAPI\n\nclass Api(FastAPI): ...\n\napp: Api = Api()\n"
GLOB = '[tool.pytest.ini_options]\ntestpaths = ["*/t"]\n'


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)


def environment(folder: Path, *distributions: str) -> Path:
    """A virtual environment that only looks like one."""
    site = folder / "lib/python3.12/site-packages"
    (site / "fastapi").mkdir(parents=True)
    (site / "fastapi/__init__.py").touch()
    for name in distributions:
        (site / f"{name}.dist-info").mkdir()
    (folder / "bin").mkdir()
    (folder / "bin/python").touch()
    (folder / "pyvenv.cfg").touch()
    return folder / "bin/python"


def refused(folder: Path, overrides: Overrides | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        find(folder, overrides)
    return caught.value


@pytest.mark.parametrize(
    ("files", "app", "factory", "sources"),
    [
        ({"main.py": APP}, "main:app", False, (".",)),
        ({"app/main.py": APP, "app/__init__.py": ""}, "app.main:app", False, (".",)),
        ({"src/shop/main.py": APP, "src/shop/__init__.py": ""}, "shop.main:app", False, ("src",)),
        ({"src/shop/main.py": APP}, "shop.main:app", False, ("src",)),
        ({"shop/__init__.py": APP}, "shop:app", False, (".",)),
        ({"shop/web.py": APP.replace("app =", "site =")}, "shop.web:site", False, (".",)),
        ({"shop/factory.py": FACTORY}, "shop.factory:create_app", True, (".",)),
        (
            {"shop/factory.py": FACTORY, "shop/asgi.py": CALLS_FACTORY},
            "shop.asgi:app",
            False,
            (".",),
        ),
        (
            {"backend/app/main.py": f"import app.core\n{APP}", "backend/app/core.py": ""},
            "app.main:app",
            False,
            ("backend",),
        ),
        ({"app/main.py": f"import core\n{APP}", "app/core.py": ""}, "main:app", False, ("app",)),
        ({"main.py": SUBCLASS}, "main:app", False, (".",)),
        ({"main.py": APP, "shop/v1.py": APP, "docs/main.py": APP}, "main:app", False, (".",)),
        ({"main.py": APP, "shop/factory.py": FACTORY}, "main:app", False, (".",)),
        ({"main.py": "import fastapi as f\nif True:\n    app = f.FastAPI()\n"}, "main:app", False, (".",)),
    ],
)  # fmt: skip
def test_applications(
    tmp_path: Path, files: dict[str, str], app: str, factory: bool, sources: tuple[str, ...]
) -> None:
    target = find(write(tmp_path, files))
    assert (target.app, target.factory, target.sources) == (app, factory, sources)
    assert target.root == str(tmp_path.resolve())


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"main.py": "app = object()\n"},
        {"main.py": "class FastAPI: ...\napp = FastAPI()\n"},
        {"main.py": "from fastapi import FastAPI\n\ndef make(settings):\n    return FastAPI()\n"},
        {"main.py": "from fastapi import FastAPI\n\ndef make():\n    app = FastAPI()\n"},
        {"main.py": "from fastapi import FastAPI\n\nif __name__ == '__main__':\n    app = FastAPI()\n"},
        {"tests/main.py": APP},
        {"venv/pyvenv.cfg": "", "venv/main.py": APP},
        {"main.py": "from fastapi import FastAPI\napp = FastAPI(\n"},
    ],
)
def test_no_application(tmp_path: Path, files: dict[str, str]) -> None:
    problem = refused(write(tmp_path, files))
    assert problem.code == "T101"
    assert problem.status == 3
    assert "--app" in problem.do


def test_two_applications_are_listed(tmp_path: Path) -> None:
    problem = refused(write(tmp_path, {"billing/main.py": APP, "shop/main.py": APP}))
    assert problem.code == "T102"
    assert problem.where == ("billing/main.py:3", "shop/main.py:3")
    assert "--app billing.main:app" in problem.do


def test_a_choice_is_taken_from_option_settings_or_fastapi(tmp_path: Path) -> None:
    files = {"billing/main.py": APP, "shop/main.py": APP, "shop/factory.py": FACTORY}
    write(tmp_path, {**files, "pyproject.toml": '[tool.fastapi]\nentrypoint = "billing.main:app"\n'})
    assert find(tmp_path).app == "billing.main:app"
    write(tmp_path, {"pyproject.toml": '[tool.strop]\napp = "shop.factory:create_app"\n'})
    assert (find(tmp_path).app, find(tmp_path).factory) == ("shop.factory:create_app", True)
    assert find(tmp_path, Overrides(app="shop.main:app")).app == "shop.main:app"


def test_a_missing_folder_and_a_wrong_name(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere").code == "T100"
    write(tmp_path, {"main.py": APP})
    assert refused(tmp_path / "main.py").code == "T100"
    assert refused(tmp_path, Overrides(app="main.app")).code == "T110"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("app = 3", "app: expected str, got int"),
        ('app = "main.py"', 'app: expected "module:attribute", got "main.py"'),
        ('time_limit = "long"', "time_limit: expected float, got str"),
        ("time_limit = 0", "time_limit: expected seconds above 0"),
        ('tests = "tests"', "tests: expected array, got str"),
        ('skip_routes = ["/orders"]', 'skip_routes: expected "METHOD /path", got "/orders"'),
        ("env = {A = 1}", "env[...]: expected str, got int"),
        ('login = {path = "/login"}', "login: object missing required field username"),
        ("[tool.strop.catalogue]\nslow = ['a.b']", 'catalogue: expected one of blocks, burns'),
    ],
)  # fmt: skip
def test_a_wrong_setting_says_which_and_what_was_expected(tmp_path: Path, line: str, words: str) -> None:
    write(tmp_path, {"main.py": APP, "pyproject.toml": f"[tool.strop]\n{line}\n"})
    problem = refused(tmp_path)
    assert (problem.code, problem.status) == ("T110", 2)
    assert words in problem.message


def test_a_mistyped_key_gets_a_suggestion(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.strop]\nskip_route = []\n"})
    with pytest.raises(Problem) as caught:
        read_settings(tmp_path)
    assert caught.value.do == "did you mean skip_routes?"
    write(tmp_path, {"pyproject.toml": '[tool.strop.login]\npath = "/"\nuser = "a"\n'})
    with pytest.raises(Problem) as caught:
        read_settings(tmp_path)
    assert caught.value.do == "did you mean login.username?"


def test_a_broken_pyproject_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool\n"})
    assert refused(tmp_path).code == "T110"


def test_all_settings_reach_the_target(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.py": APP,
            "pyproject.toml": """
            [tool.strop]
            sources = ["lib", "."]
            tests = ["checks"]
            pytest_args = ["-x"]
            migrations = "db"
            copy = ["build"]
            skip_routes = ["POST /mail"]
            allow_remote = ["db.internal"]
            time_limit = 5
            headers = {X-Tenant = "1"}
            login = {path = "/login", username = "a", password = "b", json = true}
            [tool.strop.env]
            DATA = "{root}/data"
            """,
        },
    )
    target = find(tmp_path, Overrides(env=(("A", "1"),), time_limit=7.0))
    assert target.sources == ("lib", ".")
    assert (target.tests, target.pytest_args, target.migrations) == (("checks",), ("-x",), "db")
    assert (target.copy, target.skip_routes, target.allow_remote) == (
        ("build",), ("POST /mail",), ("db.internal",),
    )  # fmt: skip
    assert target.environ == (("A", "1"), ("DATA", "{root}/data"))
    assert target.headers == (("X-Tenant", "1"),)
    assert target.login == Login("/login", "a", "b", json=True)
    assert target.time_limit == 7.0


def test_the_projects_own_environment_comes_first(tmp_path: Path) -> None:
    write(tmp_path, {".git/HEAD": "", "api/main.py": APP, "api/pyproject.toml": ""})
    assert find(tmp_path / "api").python == sys.executable
    top = environment(tmp_path / "venv", "fastapi-0.1", "Pydantic_Core-2.9", "left_pad-1")
    assert find(tmp_path / "api").python == str(top)
    assert find(tmp_path / "api").versions == (("fastapi", "0.1"), ("pydantic-core", "2.9"))
    own = environment(tmp_path / "api/.venv")
    assert find(tmp_path / "api").python == str(own)


def test_an_active_environment_counts_if_it_has_fastapi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"api/main.py": APP, "empty/bin/python": ""})
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "empty"))
    assert find(tmp_path / "api").python == sys.executable
    active = environment(tmp_path / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    assert find(tmp_path / "api").python == str(active)


def test_an_interpreter_that_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": APP, "bare/bin/python": ""})
    other = environment(tmp_path / "other")
    assert find(tmp_path, Overrides(python=str(other))).python == str(other)
    assert find(tmp_path, Overrides(python="other")).python == str(other)
    assert refused(tmp_path, Overrides(python="nowhere/python")).code == "T110"
    assert refused(tmp_path, Overrides(python="bare/bin/python")).code == "T104"


def test_no_interpreter_has_fastapi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"main.py": APP, "venv/bin/python": ""})
    monkeypatch.setattr(sys, "executable", str(tmp_path / "strop/bin/python"))
    monkeypatch.setattr(interpreter, "_own_folders", list)
    problem = refused(tmp_path)
    assert problem.code == "T104"
    assert problem.where == (str(tmp_path / "venv/bin/python"), str(tmp_path / "strop/bin/python"))


@pytest.mark.parametrize(
    ("files", "tests"),
    [
        ({}, ()),
        ({"tests/x.py": ""}, ("tests",)),
        ({"test/x.py": ""}, ("test",)),
        ({"tests/x.py": "", "checks/x.py": "", "pytest.ini": "[pytest]\ntestpaths = checks\n"}, ("checks",)),
        ({"checks/x.py": "", "setup.cfg": "[tool:pytest]\ntestpaths =\n  checks\n  gone\n"}, ("checks",)),
        ({"a/t/x.py": "", "b/t/x.py": "", "pyproject.toml": GLOB}, ("a/t", "b/t")),
        ({"tests/x.py": "", "tox.ini": "[pytest\n"}, ("tests",)),
    ],
)  # fmt: skip
def test_tests(tmp_path: Path, files: dict[str, str], tests: tuple[str, ...]) -> None:
    assert find(write(tmp_path, {"main.py": APP, **files})).tests == tests


@pytest.mark.parametrize(
    ("files", "migrations"),
    [
        ({"alembic.ini": "[alembic]\nscript_location = db\n", "db/env.py": ""}, "db"),
        ({"alembic.ini": "[alembic]\nscript_location = %(here)s/db/m\n", "db/m/env.py": ""}, "db/m"),
        ({"alembic.ini": "[alembic]\nscript_location = shop:m\n", "shop/m/env.py": ""}, "shop/m"),
        ({"pyproject.toml": '[tool.alembic]\nscript_location = "db"\n', "db/env.py": ""}, "db"),
        ({"alembic.ini": "[alembic]\nscript_location = gone\n"}, ""),
        ({"db/env.py": ""}, ""),
    ],
)
def test_migrations(tmp_path: Path, files: dict[str, str], migrations: str) -> None:
    assert find(write(tmp_path, {"main.py": APP, **files})).migrations == migrations
