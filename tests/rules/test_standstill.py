"""What holds the loop, by the source alone: one finding a cause, where it is mended."""

from collections.abc import Iterable
from pathlib import Path

from strop.finding import Finding
from strop.project.read import read_project
from strop.rules.registry import check, noticers
from strop.rules.sample import plain, shop
from strop.rules.standstill import HABIT


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


def test_a_health_check_that_is_asked_in_one_pool_with_much_work_is_a_warning(tmp_path: Path) -> None:
    code = """
@app.get("/health")
def health():
    return {"status": "ok"}
"""
    for number in range(20):
        code += f"""

@app.get("/words{number}")
def words{number}():
    return Path("words.txt").read_text()
"""
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\nHEALTHCHECK CMD curl localhost/health\n")
    (one,) = found(tmp_path, "ASY004", code)
    assert (one.span.symbol, one.severity) == ("health", "warning")


def test_a_handler_that_others_await_stays_async(tmp_path: Path) -> None:
    code = """
import requests


@app.get("/rates")
async def read_rates():
    return requests.get("https://rates.example", timeout=3).json()


@app.get("/all")
async def read_all():
    return [await read_rates()]
"""
    (one,) = found(tmp_path, "ASY003", code)
    assert "not def, since read_all would await it in vain" in one.solution


def test_a_handler_that_a_decorator_awaits_stays_async(tmp_path: Path) -> None:
    main = """
import requests
from functools import wraps


def allowed(func):
    @wraps(func)
    async def checked(*args, **kwargs):
        return await func(*args, **kwargs)

    return checked


@app.get("/words")
@allowed
async def words():
    return requests.get("https://words.test").json()
"""
    (one,) = found(tmp_path, "ASY003", main)
    assert one.solution.startswith("await run_in_threadpool(...) around what waits; not def, since")


def test_one_row_of_a_database_that_is_a_file_is_a_note(tmp_path: Path) -> None:
    code = """
import peewee

database = peewee.{0}("shop")


class Product(peewee.Model):
    name = peewee.CharField()

    class Meta:
        database = database


@app.get("/products/{{number}}")
async def read_product(number: int):
    await asyncio.sleep(0)
    return Product.get_by_id(number).name
"""
    (one,) = found(tmp_path, "ASY001", code.format("SqliteDatabase"))
    assert one.severity == "note"
    (one,) = found(tmp_path, "ASY001", code.format("PostgresqlDatabase"))
    assert one.severity == "error"


def test_what_is_fetched_where_it_is_missing_is_a_note(tmp_path: Path) -> None:
    code = """
import requests


def words(path):
    {0}
        path.write_bytes(requests.get("https://words.example", timeout=3).content)
    return path.read_text()


@app.get("/words")
async def read_words():
    await asyncio.sleep(0)
    return words(Path("/tmp/words"))
"""
    for place, severity in (
        ("if not path.exists():", "note"),
        ("if path.exists():\n        return path.read_text()\n    else:", "note"),
        ("if path.exists():\n        raise HTTPException(409)\n    else:", "error"),
        ("if path.name:", "error"),
    ):
        (one,) = found(tmp_path, "ASY001", code.format(place))
        assert one.severity == severity


def test_what_is_taken_from_a_queue_that_is_not_empty_is_a_note(tmp_path: Path) -> None:
    code = """
import queue

news = queue.Queue()


@app.get("/news")
async def read_news():
    await asyncio.sleep(0)
    if {0}:
        return news.get()
    return None
"""
    (one,) = found(tmp_path, "ASY001", code.format("not news.empty()"))
    assert one.severity == "note"
    (one,) = found(tmp_path, "ASY001", code.format("news.maxsize"))
    assert one.severity == "error"


def test_an_image_beside_a_question_to_a_model_is_a_note(tmp_path: Path) -> None:
    code = """
import openai
from PIL import Image

client = openai.AsyncOpenAI()


@app.get("/label")
async def read_label(path: str):
    image = Image.open(path)
    image = image.resize((512, 512))
    {0}
    return image.size
"""
    asks = 'await client.responses.create(model="small", input="what is this?")'
    assert {one.severity for one in found(tmp_path, "ASY002", code.format(asks))} == {"note"}
    assert {one.severity for one in found(tmp_path, "ASY002", code.format("await asyncio.sleep(0)"))} == {
        "warning"
    }


def test_what_is_only_shown_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    code = """
@app.get("/wait")
async def wait():
    time.sleep(1)
"""
    (one,) = found(tmp_path / "examples", "ASY001", code)
    assert one.severity == "error"
    every = check(read_project(tmp_path, (), (), noticers()), None)
    assert {one.severity for one in every if one.code == "ASY001"} == {"note"}


def test_a_class_that_stands_in_for_another_is_a_note(tmp_path: Path) -> None:
    code = """
class {0}Agent:
    async def answer(self):
        time.sleep(1)


@app.get("/answer")
async def answer():
    return await {0}Agent().answer()
"""
    (one,) = found(tmp_path, "ASY001", code.format("Mock"))
    assert one.severity == "note"
    (one,) = found(tmp_path, "ASY001", code.format("Quick"))
    assert one.severity == "error"


def waiting(names: Iterable[str], first: str = "    await asyncio.sleep(0)\n") -> str:
    """Async handlers that wait for a session, after their first line."""
    handler = '@app.get("/{0}")\nasync def read_{0}(session: Session = Depends(get_session)):\n'
    handler += first + "    return list(session.scalars(select(Customer.name)))\n"
    return "import asyncio\n\n\n" + "\n\n".join(map(handler.format, names))


def test_where_no_session_is_awaited_waiting_is_one_habit_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "more.py").write_text("from main import *\n\n" + waiting(["first", "second"]))
    code = waiting(f"n{number}" for number in range(HABIT))
    (one,) = found(tmp_path, "ASY001", code, database=True)
    assert len(one.places) == HABIT + 1
    assert {place.file for place in one.places} == {"main.py", "more.py"}


def test_where_no_session_is_awaited_handlers_without_await_are_one_habit_too(tmp_path: Path) -> None:
    (tmp_path / "more.py").write_text("from main import *\n\n" + waiting(["first", "second"], first=""))
    code = waiting((f"n{number}" for number in range(HABIT)), first="")
    (one,) = found(tmp_path, "ASY003", code, database=True)
    assert len(one.places) == HABIT + 1
