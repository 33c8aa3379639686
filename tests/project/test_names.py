"""A call finds its function through every kind of import, and only through imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.example import called, named, read

PDF = {
    "shop/__init__.py": "",
    "shop/services/__init__.py": "from .pdf import render as make_pdf\n",
    "shop/services/pdf.py": "def render(order): ...\n",
}


@pytest.mark.parametrize(
    ("imports", "use"),
    [
        ("from shop.services.pdf import render", "render(1)"),
        ("from shop.services.pdf import render as paint", "paint(1)"),
        ("from shop.services import pdf", "pdf.render(1)"),
        ("import shop.services.pdf", "shop.services.pdf.render(1)"),
        ("import shop.services.pdf as p", "p.render(1)"),
        ("from shop.services import make_pdf", "make_pdf(1)"),
        ("import shop", "shop.services.make_pdf(1)"),
        ("from ..services.pdf import render", "render(1)"),
        ("from .. import services", "services.pdf.render(1)"),
        ("from shop.services.pdf import *", "render(1)"),
    ],
)
def test_imports(tmp_path: Path, imports: str, use: str) -> None:
    source = read(tmp_path, {**PDF, "shop/api/orders.py": f"{imports}\n\ndef handler():\n    return {use}\n"})
    assert called(source, "handler") == ["render"]


def test_import_inside_a_function_and_behind_type_checking(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            **PDF,
            "shop/late.py": """
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                from shop.late2 import Service

            def handler(service: "Service"):
                from shop.services.pdf import render
                render(1)
                service.work()
            """,
            "shop/late2.py": "class Service:\n    def work(self): ...\n",
        },
    )
    assert called(source, "handler") == ["render", "Service.work"]


def test_cycles_of_imports_and_stars_end(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "a.py": "from b import *\nfrom b import missing\n\ndef one(): return missing() or two()\n",
            "b.py": "from a import *\nfrom a import missing\n\ndef two(): return one()\n",
        },
    )
    assert called(source, "one") == ["two"]
    assert called(source, "two") == ["one"]


def test_names_that_begin_with_an_underscore_do_not_come_with_a_star(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {"a.py": "def _hidden(): ...\n", "b.py": "from a import *\n\ndef use():\n    _hidden()\n"},
    )
    assert called(source, "use") == []


def test_a_local_name_hides_an_imported_one(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {**PDF, "x.py": "from shop.services.pdf import render\n\ndef use(render):\n    render(1)\n"},
    )
    assert called(source, "use") == []


def test_the_same_name_elsewhere_is_not_meant(tmp_path: Path) -> None:
    """Resolving by name alone is what other tools get wrong."""
    source = read(
        tmp_path,
        {
            "jobs.py": "class Job:\n    def execute(self): ...\n",
            "use.py": "def use(cursor):\n    cursor.execute('select 1')\n    execute()\n",
        },
    )
    assert called(source, "use") == []
    assert named(source, "use") == ["?.execute", "?.execute"]


def test_library_names_keep_their_dotted_name(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "clients.py": "import datetime as dates\nfrom httpx import AsyncClient\n",
            "use.py": """
            from clients import dates, AsyncClient

            def use():
                dates.timedelta(1)
                AsyncClient()
            """,
        },
    )
    assert named(source, "use") == ["datetime.timedelta", "httpx.AsyncClient"]


def test_source_folders_decide_the_dotted_name(tmp_path: Path) -> None:
    files = {
        "src/shop/main.py": "from shop.work import work\n\ndef main():\n    work()\n",
        "src/shop/work.py": "def work(): ...\n",
    }
    assert called(read(tmp_path, files, ("src",)), "main") == ["work"]
    assert called(read(tmp_path, files, (".",)), "main") == []


def test_tests_migrations_and_environments_are_not_source(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": "",
            "tests/test_app.py": "def test(): ...\n",
            "test_more.py": "def test(): ...\n",
            "conftest.py": "",
            "db/env.py": "",
            "db/versions/1.py": "def upgrade(): ...\n",
            "myenv/pyvenv.cfg": "",
            "myenv/lib/x.py": "def x(): ...\n",
            ".hidden/y.py": "",
        },
    )
    assert list(source.modules.values()) == ["app.py"]
