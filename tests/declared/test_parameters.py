"""Parameters lie where FastAPI itself puts them, and say what limits them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strop.project.route import Parameter
from tests.declared.readers import application, declared, write

FILES = {
    "main.py": """
        from dataclasses import dataclass
        from enum import Enum
        from typing import Annotated, Any, List, Literal, Optional, Union
        from uuid import UUID
        from fastapi import BackgroundTasks, Body, Cookie, Depends, FastAPI, File, Form, Header, Path, Query
        from fastapi import Request, Response, UploadFile
        from pydantic import BaseModel, Field
        from models import Item, PageSize

        app = FastAPI()

        class Color(str, Enum):
            red = "red"

        @dataclass
        class Point:
            x: int

        class Filters(BaseModel):
            limit: int = Field(10, le=100)

        class Inherited(Item):
            more: str = ""

        def page(size: PageSize = 10, offset: int = 0): ...

        @app.get("/query/{item_id}")
        def query(item_id: UUID, q: str, n: int = 1, many: list[str] = Query([]), color: Color | None = None,
                  limited: Annotated[int, Query(ge=1, le=5, alias="lim")] = 2, which: Literal["a", "b"] = "a",
                  token: str = Header(), agent: Annotated[str | None, Header()] = None, seen: str = Cookie("no"),
                  filters: Filters = Depends(), paged=Depends(page), odd: Union[int, str] = 1, any_one: Any = None,
                  untyped=3, maybe: Optional[int] = None, exact: int = Query(..., gt=0)): ...

        @app.get("/model")
        def model(filters: Annotated[Filters, Query()]): ...

        @app.post("/body/{key}")
        def body(key: Annotated[str, Path(max_length=5)], item: Item, also: Inherited, words: list[str], table: dict[str, int],
                 point: Point, amount: int = Body(1, ge=0), optional: Item | None = None, items: List[Item] = [],
                 request: Request = None, response: Response = None, tasks: BackgroundTasks = None): ...

        @app.post("/form")
        def form(name: Annotated[str, Form(min_length=2)], upload: UploadFile, raw: bytes = File(), more: list[UploadFile] = [],
                 other: str = Form("x")): ...
    """,
    "models.py": """
        from typing import Annotated
        from fastapi import Query
        from pydantic import BaseModel

        class Item(BaseModel):
            name: str

        PageSize = Annotated[int, Query(le=50)]
    """,
}
PLACES = {
    "path_params": "path",
    "query_params": "query",
    "header_params": "header",
    "cookie_params": "cookie",
}


def asked(dependant: Any) -> Iterator[tuple[str, str, bool]]:
    """Name, place and whether it is required, of all that FastAPI reads for a route."""
    for field, place in PLACES.items():
        yield from ((each.name, place, each.field_info.is_required()) for each in getattr(dependant, field))
    for each in dependant.body_params:
        place = type(each.field_info).__name__.lower()
        yield each.name, place, each.field_info.is_required()
    for inner in dependant.dependencies:
        yield from asked(inner)


def parameters(root: Path) -> dict[str, tuple[Parameter, ...]]:
    return {route.path: route.parameters for route in declared(root).routes}


@pytest.mark.parametrize("path", ["/query/{item_id}", "/model", "/body/{key}", "/form"])
def test_places_are_those_of_fastapi(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, FILES)
    app = application(tmp_path, "main:app", monkeypatch)
    route = next(each for each in app.routes if each.path == path)
    ours = {(each.name, each.place, each.required) for each in parameters(tmp_path)[path]}
    assert ours == set(asked(route.dependant))


def test_limits_models_and_owners_are_told(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    found = {(path, each.name): each for path, all_ in parameters(tmp_path).items() for each in all_}
    assert found["/query/{item_id}", "limited"].limits == (("alias", "'lim'"), ("ge", "1"), ("le", "5"))
    assert found["/query/{item_id}", "size"].limits == (("le", "50"),)
    assert found["/query/{item_id}", "size"].owner == "main:page"
    assert found["/query/{item_id}", "limit"].default == "10"  # the model checks its limits, FastAPI does not
    assert found["/query/{item_id}", "exact"].required
    assert found["/body/{key}", "key"].limits == (("max_length", "5"),)
    assert found["/body/{key}", "item"].model == "models.py:Item"
    assert found["/body/{key}", "items"].model == "models.py:Item"
    assert found["/body/{key}", "also"].model == "main.py:Inherited"
    assert found["/query/{item_id}", "n"].default == "1"
    assert found["/query/{item_id}", "seen"].default == "'no'"
    assert found["/form", "name"].limits == (("min_length", "2"),)
    assert found["/body/{key}", "item"].type == "Item"
