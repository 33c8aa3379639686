"""From which folders modules are imported, told by imports alone."""

from __future__ import annotations

import pytest

from strop.project.files import module_name
from strop.project.roots import source_roots


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"main.py": "import os\n"}, (".",)),
        ({"shop/main.py": "from shop.api import router\n", "shop/api.py": "router = 1\n"}, (".",)),
        ({"src/shop/main.py": "from shop.api import router\n", "src/shop/api.py": "router = 1\n"}, ("src",)),
        ({"app/main.py": "from routers import items\n", "app/routers/items.py": ""}, ("app",)),
        ({"app/main.py": "import settings\n", "app/settings.py": ""}, ("app",)),
    ],
    ids=["nothing of its own", "flat", "src layout", "folder on the path", "one module"],
)
def test_a_root_is_where_the_imports_start(files: dict[str, str], expected: tuple[str, ...]) -> None:
    assert source_roots((file, text.encode()) for file, text in files.items()) == expected


def test_a_module_with_a_library_s_name_does_not_make_its_package_a_root() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/redis.py": "from redis import Redis\nfrom shop.config import url\n",
        "shop/openai/openai.py": "from openai import AsyncOpenAI\n",
        "shop/openai/prompts.py": "import openai\nfrom shop.openai.openai import ask\n",
        "shop/config.py": "import redis\nfrom sqlalchemy.types import TypeDecorator\n",
        "shop/kit/sqlalchemy/types.py": "from sqlalchemy.types import String\n",
        "shop/main.py": "from shop.config import url\nfrom shop.openai import prompts\nfrom redis import Redis\n"
        "from shop.kit.sqlalchemy.types import X\n",
    }
    assert source_roots((file, text.encode()) for file, text in files.items()) == (".",)


def test_every_project_of_a_repository_has_its_root() -> None:
    files = {
        "server/polar/main.py": "from polar.api import router\n",
        "server/polar/api.py": "",
        "sdk/python/client/main.py": "from client.http import get\n",
        "sdk/python/client/http.py": "",
    }
    found = source_roots((file, text.encode()) for file, text in files.items())
    assert set(found) == {"server", "sdk/python"}
    assert module_name("server/polar/api.py", found) == "polar.api"
    assert module_name("sdk/python/client/http.py", found) == "client.http"


def test_scripts_beside_a_package_don_t_rename_it() -> None:
    files = {
        "backend/app/main.py": "from app.core import config\n",
        "backend/app/core/config.py": "",
        "backend/app/core/db.py": "from app.core.config import url\n",
        "backend/app/core/run.py": "from config import url\n",
    }
    found = source_roots((file, text.encode()) for file, text in files.items())
    assert found == ("backend",)
