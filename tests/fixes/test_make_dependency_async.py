from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strop.project.functions import Functions
from tests.fixes.check import (
    Call,
    Case,
    Dependency,
    Effect,
    Function,
    Imported,
    Route,
    Source,
    Span,
    check_noop,
    check_transformed,
)

SOURCE = """
    from collections.abc import Iterator

    from fastapi import Depends


    def get_page(
        limit: int = 20,
    ) -> Page:
        return Page(limit)


    @app.get("/")
    def home(page=Depends(get_page)):
        return page
"""


def case(folder: Path, source: str = SOURCE, **more: Any) -> Case:
    dependency = Dependency("main:get_page", Span("main.py", 6), False)
    route = Route("GET", "/", "main:home", None, False, more.pop("dependencies", (dependency,)))
    return Case(
        folder,
        "make_dependency_async",
        {"main.py": source, **more.pop("files", {})},
        facts={"function": "main.py:get_page"},
        imported=Imported("app", (route,)),
        **more,
    )


def test_a_dependency(tmp_path: Path) -> None:
    check_transformed(case(tmp_path), "async def", main=SOURCE.replace("def get_page", "async def get_page"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Iterator[Page]", "AsyncIterator[Page]"),
        ("Generator[Page, None, None]", "AsyncGenerator[Page, None]"),
    ],
)
def test_a_generator(tmp_path: Path, before: str, after: str) -> None:
    name = before.partition("[")[0]
    source = (
        SOURCE.replace("Iterator", name)
        .replace("-> Page", f"-> {before}")
        .replace("return Page", "yield Page")
    )
    then = source.replace("def get_page", "async def get_page").replace(before, after)
    check_transformed(
        case(tmp_path, source), "async def", main=then.replace(f"import {name}", f"import Async{name}")
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("    def get_page", "    async def get_page", "async already"),
        ("    def get_page", "    @lru_cache\n    def get_page", "decorator"),
        ("return Page(limit)", "yield from pages(limit)", "yield from"),
        ("return Page(limit)", "yield 1\n        return 2", "returns a value"),
        ("return Page(limit)", "yield 1", "annotation"),
        ("return page", "return get_page()", "uses get_page"),
        ("return page", "return list(map(get_page, page))", "uses get_page"),
        ("Depends(get_page)", "Depends(partial(get_page, 1))", "uses get_page"),
    ],
)
def test_no_change(tmp_path: Path, old: str, new: str, reason: str) -> None:
    check_noop(case(tmp_path, SOURCE.replace(old, new)), reason=reason)


def test_what_is_no_dependency(tmp_path: Path) -> None:
    check_noop(case(tmp_path, dependencies=()), reason="no dependency")


def test_a_class_is_no_function(tmp_path: Path) -> None:
    dependency = Dependency("main:get_page", Span("main.py", 6), False, is_class=True)
    check_noop(case(tmp_path, dependencies=(dependency,)), reason="no dependency")


@pytest.mark.parametrize("depth", [1, 2])
def test_what_waits_stays_in_a_thread(tmp_path: Path, depth: int) -> None:
    effect = Call(Span("main.py", 9), "f()", "time.sleep", effect=Effect("blocks", "time.sleep"))
    helper = Call(Span("main.py", 9), "g()", "g", "main.py:g")
    functions = {
        "main.py:get_page": Function(
            "main.py:get_page", Span("main.py", 6), False, (effect if depth == 1 else helper,)
        ),
        "main.py:g": Function("main.py:g", Span("main.py", 99), False, (effect,)),
    }
    made = case(tmp_path)
    made.source = Source(Functions(functions))
    check_noop(made, reason="time.sleep")
