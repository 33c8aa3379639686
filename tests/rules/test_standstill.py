"""What holds the loop, by the source alone: one finding a cause, where it is mended."""

from pathlib import Path

from strop.finding import Finding
from strop.project.read import read_project
from strop.rules.registry import check, noticers
from strop.rules.sample import plain, shop


def found(folder: Path, code: str, main: str, *, database: bool = False) -> list[Finding]:
    for name, text in (shop(main) if database else plain(main)).items():
        (folder / name).write_text(text)
    every = check(read_project(folder, (), (), noticers()), None)
    return [finding for finding in every if finding.code == code]


def test_two_routes_through_one_async_helper_are_one_finding_at_the_helper(tmp_path: Path) -> None:
    code = """
import asyncio


async def names(session: Session):
    await asyncio.sleep(0)
    return list(session.scalars(select(Customer.name)))


@app.get("/a")
async def read_a(session: Session = Depends(get_session)):
    return await names(session)


@app.get("/b")
async def read_b(session: Session = Depends(get_session)):
    return await names(session)
"""
    (one,) = found(tmp_path, "ASY001", code, database=True)
    assert (one.span.symbol, one.routes) == ("names", ("GET /a", "GET /b"))


def test_a_handler_that_awaits_nothing_is_named_itself(tmp_path: Path) -> None:
    code = """
import requests


def fetch():
    return requests.get("https://rates.example", timeout=3).json()


@app.get("/rates")
async def read_rates():
    return fetch()
"""
    (one,) = found(tmp_path, "ASY003", code)
    assert (one.span.symbol, one.span.end_line, one.severity) == ("read_rates", 0, "error")
    assert [step.text for step in one.chain][1:] == [
        "fetch()",
        'requests.get("https://rates.example", timeout=3)',
    ]
    assert found(tmp_path, "ASY001", code) == []


def test_many_handlers_of_a_file_are_one_finding(tmp_path: Path) -> None:
    handler = """
@app.get("/list{0}")
async def list_{0}(session: Session = Depends(get_session)):
    return list(session.scalars(select(Customer.name)))
"""
    (one,) = found(tmp_path, "ASY003", "\n".join(handler.format(n) for n in range(9)), database=True)
    assert len(one.routes) == 9
    assert "8 handlers beside it" in one.message


def test_what_sleeps_is_said_where_it_sleeps(tmp_path: Path) -> None:
    code = """
def load():
    time.sleep(1)


@app.get("/load")
async def read_load():
    load()
"""
    (one,) = found(tmp_path, "ASY001", code)
    assert one.span.symbol == "load"
    assert found(tmp_path, "ASY003", code) == []


def test_a_health_check_in_one_pool_with_work_is_a_warning(tmp_path: Path) -> None:
    code = """
@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/words")
def words():
    return Path("words.txt").read_text()
"""
    (one,) = found(tmp_path, "ASY004", code)
    assert (one.span.symbol, one.severity) == ("health", "warning")
