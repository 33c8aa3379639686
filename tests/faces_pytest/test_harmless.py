"""Without --strop nothing happens; with it, nothing of what strop needs elsewhere is loaded or changed."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

from .conftest import Run

ROOT = Path(__file__).parents[2]

LOADED = """
import sys
from fastapi.testclient import TestClient
from books import app

def test_modules():
    assert TestClient(app).get("/authors/lazy").status_code == 200
    assert sorted(name for name in sys.modules if name.startswith("strop")) == {names}
    assert "__wrapped__" not in vars(__import__("starlette.applications").applications.Starlette.__call__)
"""

NEEDED = """
import sys
import strop.faces.pytest, strop.faces.pytest.budget, strop.faces.pytest.session
print(*sorted(sys.modules.keys() & set(sys.argv[1:])))
"""

REWRITTEN = """
from fastapi.testclient import TestClient
from books import app

def test_hops():
    TestClient(app).get("/authors/lazy")
"""


def test_nothing_is_loaded_or_changed_without_the_option(run: Run) -> None:
    names = ["strop", "strop.faces", "strop.faces.pytest"]
    ran = run({"test_loaded.py": LOADED.format(names=names)}, "-p", "no:anyio")
    assert ran.status == 0, ran.text
    assert "= strop =" not in ran.text


def test_the_plugin_needs_no_other_package() -> None:
    """It must run where strop was installed without its dependencies, beside other versions of them."""
    others = ["click", "jinja2", "libcst", "msgspec", "packaging.requirements", "rich", "sqlglot", "yaml"]
    done = subprocess.run(
        [sys.executable, "-c", NEEDED, *others], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ""


def test_a_package_that_pytest_rewrites_is_hooked(run: Run) -> None:
    """anyio is one, and thread hops are counted in it; without its plugin it is imported after the hooks."""
    ran = run({"test_hops.py": REWRITTEN}, "--strop-json=counts.json", "-p", "no:anyio")
    assert ran.counts["failures"] == {}
    assert ran.counts["total"]["threads"] >= 2


def test_the_entry_point_is_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    plugin = import_module(project["entry-points"]["pytest11"]["strop"])
    assert callable(plugin.pytest_addoption)


def test_a_folder_that_is_not_there_is_told_before_the_tests_run(run: Run) -> None:
    ran = run({"test_one.py": "def test_one():\n    pass\n"}, "--strop-json=missing/counts.json")
    assert ran.status == 4
    assert "there is no folder" in ran.text
    assert "passed" not in ran.text


def test_a_suite_that_strop_itself_runs_is_not_counted_twice(run: Run) -> None:
    conftest = "import sys, types\nsys.modules['strop_probe'] = types.ModuleType('strop_probe')\n"
    suite = (
        "from fastapi.testclient import TestClient\nfrom books import app\n"
        "def test_one(strop_budget):\n    with strop_budget(queries=0):\n"
        "        TestClient(app).get('/authors/lazy')\n"
    )
    ran = run({"early.py": conftest, "test_one.py": suite}, "-p", "early", "--strop")
    assert ran.status == 0, ran.text
    assert "= strop =" not in ran.text
