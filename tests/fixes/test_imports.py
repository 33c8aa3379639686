from __future__ import annotations

import textwrap

import pytest

from strop.fixes.code import Code, Style
from strop.fixes.imports import spell
from strop.fixes.splice import splice
from strop.fixes.unfit import Unfit


def imported(source: str, module: str = "fastapi.concurrency", name: str = "run", limit: int = 60) -> str:
    source = textwrap.dedent(source).lstrip("\n")
    code = Code("shop/api.py", source, Style(limit, frozenset({"shop", "lib"})))
    return splice(code.data, spell(code, module, name).splices).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n", "from fastapi.concurrency import run\n\n\nx = 1\n"),
        ('"""Page."""\n', '"""Page."""\n\nfrom fastapi.concurrency import run\n'),
        (
            '"""Page."""\n\nfrom __future__ import annotations\n\nx = 1\n',
            '"""Page."""\n\nfrom __future__ import annotations\n\nfrom fastapi.concurrency import run\n\nx = 1\n',
        ),
        (
            "import os\nfrom typing import Any\n\nfrom lib import x\n",
            "import os\nfrom typing import Any\n\nfrom fastapi.concurrency import run\n\nfrom lib import x\n",
        ),
        (
            "import os\n\nimport sqlalchemy\nfrom alembic import op\nfrom httpx import get\n\nfrom . import x\n",
            "import os\n\nimport sqlalchemy\nfrom alembic import op\nfrom fastapi.concurrency import run\n"
            "from httpx import get\n\nfrom . import x\n",
        ),
        ("from shop import a\n", "from fastapi.concurrency import run\n\nfrom shop import a\n"),
        ("from fastapi.concurrency import one, two\n", "from fastapi.concurrency import one, run, two\n"),
        (
            "from fastapi.concurrency import (\n    one,  # first\n    two,\n)\n",
            "from fastapi.concurrency import (\n    one,  # first\n    run,\n    two,\n)\n",
        ),
        (
            "from fastapi.concurrency import contextmanager_in_threadpool\n",
            "from fastapi.concurrency import (\n    contextmanager_in_threadpool,\n    run,\n)\n",
        ),
        ("from fastapi.concurrency import run as r\n", "from fastapi.concurrency import run as r\n"),
        ("import fastapi.concurrency as c\n", "import fastapi.concurrency as c\n"),
        ("from fastapi import concurrency\n", "from fastapi import concurrency\n"),
        ("import os\r\nx = 1\r\n", "import os\r\n\r\nfrom fastapi.concurrency import run\r\nx = 1\r\n"),
        (
            "import os\n\nif os.name:\n    import sys\nimport late\n",
            "import os\n\nfrom fastapi.concurrency import run\n\nif os.name:\n    import sys\nimport late\n",
        ),
    ],
)
def test_where_an_import_goes(before: str, after: str) -> None:
    assert imported(before) == after


@pytest.mark.parametrize(
    "source", ["def run(): ...\n", "run = 1\n", "from other import run\n", "def f(run): ...\n"]
)
def test_a_name_that_is_taken(source: str) -> None:
    with pytest.raises(Unfit, match="something else"):
        imported(source)


@pytest.mark.parametrize(
    ("names", "joined"),
    [
        ("MAX, Session, relationship", "MAX, Session, func, relationship"),
        ("Session, a", "Session, a, func"),
        ("z, a", "func, z, a"),
    ],
)
def test_the_order_of_names(names: str, joined: str) -> None:
    assert imported(f"from x import {names}\n", "x", "func") == f"from x import {joined}\n"
