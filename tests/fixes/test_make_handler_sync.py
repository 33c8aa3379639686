from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from strop.project.function import Reach
from tests.fixes.check import Case, Dependency, Imported, Route, Span, check_noop, check_transformed

SOURCE = """
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/report")
    async def report(year: int) -> dict:  # slow
        return {"year": build(year)}
"""


def case(folder: Path, source: str = SOURCE, **more: Any) -> Case:
    route = Route("GET", "/report", "main:report", Span("main.py", 7), True, kind=more.pop("kind", "http"))
    return Case(
        folder,
        "make_handler_sync",
        {"main.py": source, **more.pop("files", {})},
        code=more.pop("code", "ASY003"),
        facts={"function": "main.py:report", "call": "build"},
        at=more.pop("at", "def report"),
        imported=Imported("app", more.pop("routes", (route,))),
    )


@pytest.mark.parametrize("code", ["ASY001", "ASY002", "ASY003"])
def test_a_handler(tmp_path: Path, code: str) -> None:
    check_transformed(
        case(tmp_path, code=code, at="build(year)"), "def", main=SOURCE.replace("async def", "def")
    )


def test_a_dependency(tmp_path: Path) -> None:
    source = (
        SOURCE.replace('    @router.get("/report")\n', "")
        + """

    @router.get("/x", dependencies=[Depends(report)])
    async def other(x: Annotated[dict, Depends(report)], y=Security(report)):
        return await x
"""
    )
    dependency = Dependency("main:report", Span("main.py", 6), True)
    routes = (Route("GET", "/x", "main:other", None, True, (dependency,)),)
    files = {
        "tests/test_a.py": "from main import app, report\n\napp.dependency_overrides[report] = lambda: {}\n"
    }
    after = source.replace("async def report", "def report")
    check_transformed(case(tmp_path, source, routes=routes, files=files), "def", main=after)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("build(year)", "await build(year)", "awaits"),
        ("build(year)", "[x async for x in year]", "async for"),
        ("return {", "async with x: pass\n        return {", "async with"),
        ("return", "yield", "generator"),
        ("async def", "def", "already"),
        ("build(year)", "asyncio.create_task(year)", "event loop"),
        ("build(year)", "user_ctx.set(year)", "context variable"),
        ("build(year)", "CACHE.setdefault(year, 1)", "other requests share"),
        ("year: int", "session: AsyncSession", "AsyncSession"),
        ("year: int", "session: SessionDep", "AsyncSession"),
        ("@router", "@cached\n    @router", "decorator"),
        ('@router.get("/report")', '@tracer.wrap("x")', "decorator"),
    ],
)
def test_no_change(tmp_path: Path, old: str, new: str, reason: str) -> None:
    head = (
        "    import asyncio\n    CACHE = {}\n    SessionDep = Annotated[AsyncSession, Depends(get_session)]\n"
    )
    check_noop(case(tmp_path, head + SOURCE.lstrip("\n").replace(old, new)), reason=reason)


@pytest.mark.parametrize(
    "use",
    [
        "async def f():\n    return await report(1)\n",
        "HANDLERS = {1: report}\n",
        "f = partial(report, 1)\n",
        "run(report)\n",
    ],
)
def test_somebody_else_calls_it(tmp_path: Path, use: str) -> None:
    check_noop(
        case(tmp_path, files={"other.py": f"from main import report\n\n\n{use}"}),
        reason="other.py:4 uses" if "async" not in use else "other.py:5 uses",
    )


def test_somebody_calls_it_through_its_module(tmp_path: Path) -> None:
    files = {"other.py": "import main\n\n\nx = main.report(1)\n"}
    check_noop(case(tmp_path, files=files), reason="other.py:4 uses")


def test_web_sockets_stay(tmp_path: Path) -> None:
    check_noop(case(tmp_path, kind="websocket"), reason="no handler")


def test_a_plain_function_stays(tmp_path: Path) -> None:
    check_noop(case(tmp_path, routes=()), reason="no handler")


VIEW = """
    from fastapi import APIRouter

    router = APIRouter()


    @controller(router)
    class Reports:
        @router.get("/report")
        async def report(self, year: int) -> dict:
            return {"year": build(year)}
"""


def view(folder: Path, source: str = VIEW, **files: str) -> Case:
    route = Route("GET", "/report", "main:Reports.report", Span("main.py", 9), True)
    return Case(
        folder,
        "make_handler_sync",
        {"main.py": source, **{f"{name}.py": text for name, text in files.items()}},
        code="ASY003",
        facts={"function": "main.py:Reports.report", "call": "build"},
        at="def report",
        imported=Imported("app", (route,)),
    )


def test_a_method_of_a_class_based_view(tmp_path: Path) -> None:
    after = VIEW.replace("async def", "def")
    check_transformed(view(tmp_path, other="report = 1\n"), "def", main=after)


@pytest.mark.parametrize(
    ("more", "other", "reason"),
    [
        ("\n        def other(self):\n            return self.report\n", "", "uses Reports.report itself"),
        ("", "from main import Reports\n", "names Reports"),
    ],
)
def test_a_method_that_may_be_called(tmp_path: Path, more: str, other: str, reason: str) -> None:
    check_noop(view(tmp_path, VIEW + more, other=other), reason=reason)


def test_state_that_threads_share_already(tmp_path: Path) -> None:
    source = "    CACHE = {}\n" + SOURCE.lstrip("\n").replace("build(year)", "CACHE.setdefault(year, 1)")
    before = case(tmp_path, source)
    check_noop(before, reason="other requests share")
    way = Reach("main.py:report", "thread", "GET /other", ())
    shared = replace(before, reaches={"main.py:report": (way,)})
    check_transformed(shared, "def", main=source.replace("async def", "def"))
