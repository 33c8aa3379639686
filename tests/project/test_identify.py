"""The application's name and place of a function lead to the function of the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.project.identify import Identifier
from strop.span import Span
from tests.project.example import read

API = {
    "shop/api.py": """
    from functools import wraps

    def audited(func):
        @wraps(func)
        def wrapper(*args):
            return func(*args)
        return wrapper

    @audited
    @audited
    def handler(): ...

    class Items:
        @audited
        def get(self): ...

    def other(): ...
    """
}


@pytest.mark.parametrize(
    ("name", "line", "found"),
    [
        ("shop.api:handler", 11, "handler"),  # the `def`
        ("shop.api:handler", 9, "handler"),  # its first decorator, as code objects say
        ("shop.api:Items.get", 14, "Items.get"),
        ("shop.api:Items.get", 15, "Items.get"),
        ("__main__:handler", 9, "handler"),  # imported under another name
        ("api:Items.get", 14, "Items.get"),
        ("shop.api:renamed", 17, "other"),  # a decorator changed the name
        ("shop.api:audited.<locals>.wrapper", 4, "audited.<locals>.wrapper"),
    ],
)
def test_by_name_and_place(tmp_path: Path, name: str, line: int, found: str) -> None:
    source = read(tmp_path, API)
    function = Identifier(source).function(name, Span("shop/api.py", line))
    assert function is not None
    assert function.span.symbol == found


def test_a_name_without_a_place_is_enough_and_a_library_is_nothing(tmp_path: Path) -> None:
    finder = Identifier(read(tmp_path, API))
    known = finder.function("shop.api:other", None)
    assert known is not None
    assert known.span.line == 17
    assert finder.function("fastapi.applications:FastAPI.openapi", None) is None
    assert finder.function("x:y", Span("elsewhere.py", 3)) is None


def test_classes_in_the_text_of_a_type(tmp_path: Path) -> None:
    finder = Identifier(
        read(
            tmp_path,
            {
                "shop/schemas.py": "class OrderOut: ...\nclass Page: ...\nclass Twin: ...\n",
                "shop/other.py": "class Twin: ...\n",
            },
        )
    )

    def names(text: str) -> list[str]:
        return [found.name for found in finder.classes_in(text)]

    assert names("list[shop.schemas:OrderOut]") == ["shop.schemas.OrderOut"]
    assert names("shop.api:Page[OrderOut]") == ["shop.schemas.Page", "shop.schemas.OrderOut"]
    assert names("dict[str, shop.schemas.Twin] | None") == ["shop.schemas.Twin"]
    assert names("Twin") == []
