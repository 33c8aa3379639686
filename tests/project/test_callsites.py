"""What is recorded of a call: awaited, in a loop, off the loop, after the answer, once, and its effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.example import call, called, effects_of, function, named, read


def test_awaits_are_counted_and_awaited_calls_marked(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            async def work(): ...

            async def use(lines):
                await work()
                task = work()
                async with task: ...
                async for x in lines: ...
                return [y async for y in lines]
            """
        },
    )
    assert function(source, "use").awaits == 4
    assert [c.awaited for c in function(source, "use").calls if c.target] == [True, False]


def test_the_innermost_loop_is_named(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            def a(): ...
            def b(): ...
            def c(): ...
            def d(): ...
            def e(): ...

            def use(rows):
                for row in a():
                    for part in row:
                        b()
                    else:
                        c()
                [d() for _ in rows]
                while e(): ...
            """
        },
    )
    assert [(c.text, c.loop) for c in function(source, "use").calls] == [
        ("a()", 0),
        ("b()", 9),
        ("c()", 8),
        ("d()", 13),
        ("e()", 14),
    ]


OFF_LOOP = """
import asyncio, functools, threading
from concurrent.futures import ThreadPoolExecutor
import anyio, anyio.to_thread, requests
from asgiref.sync import sync_to_async
from asyncer import asyncify
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

pool = ThreadPoolExecutor()

def f(*a): ...

def lines():
    yield 1

async def alines():
    yield 1

async def use(loop):
    {use}
"""


@pytest.mark.parametrize(
    "use",
    [
        "await run_in_threadpool(f, 1)",
        "await asyncio.to_thread(f, 1)",
        "await anyio.to_thread.run_sync(f)",
        "await asyncio.get_running_loop().run_in_executor(None, f, 1)",
        "await loop.run_in_executor(None, f)",
        "await run_in_threadpool(functools.partial(f, 1))",
        "await run_in_threadpool(lambda: f(1))",
        "await sync_to_async(f)(1)",
        "await asyncify(f)(1)",
        "pool.submit(f, 1)",
        "threading.Thread(target=f).start()",
    ],
)
def test_what_is_handed_to_a_thread_is_off_the_loop(tmp_path: Path, use: str) -> None:
    source = read(tmp_path, {"app.py": OFF_LOOP.format(use=use)})
    found = [c for c in function(source, "use").calls if c.target]
    assert [(c.name, c.off_loop) for c in found] == [("app.f", True)]


@pytest.mark.parametrize(
    "use",
    [
        "f()",
        "await run_in_threadpool(print, f())",
        "run_in_threadpool(functools.partial(print, f()))",
        "sorted([1], key=lambda x: f(x))",
        "list(map(f, [1]))",
    ],
)
def test_what_only_stands_near_a_thread_is_not(tmp_path: Path, use: str) -> None:
    source = read(tmp_path, {"app.py": OFF_LOOP.format(use=use)})
    found = [c for c in function(source, "use").calls if c.target]
    assert [(c.name, c.off_loop) for c in found] == [("app.f", False)]


def test_a_library_call_that_is_handed_over_keeps_its_effect(tmp_path: Path) -> None:
    source = read(tmp_path, {"app.py": OFF_LOOP.format(use="await asyncio.to_thread(requests.get, '/')")})
    kinds = {(c.effect.kind, c.off_loop) for c in function(source, "use").calls if c.effect is not None}
    assert kinds == {("blocks", True), ("calls", True)}


def test_a_streamed_generator_runs_in_the_pool_and_an_async_one_on_the_loop(tmp_path: Path) -> None:
    source = read(tmp_path, {"app.py": OFF_LOOP.format(use="return StreamingResponse(lines())")})
    assert call(source, "use", "lines()").off_loop
    source = read(tmp_path, {"app.py": OFF_LOOP.format(use="return StreamingResponse(alines())")})
    assert not call(source, "use", "alines()").off_loop


@pytest.mark.parametrize(
    ("use", "off"),
    [
        ("rows = lines(); return StreamingResponse(rows)", True),
        ("rows = lines(); return StreamingResponse(content=rows)", True),
        ("rows = lines(); next(rows); return StreamingResponse(rows)", False),
        ("rows = lines(); return list(rows)", False),
        ("rows = alines(); return StreamingResponse(rows)", False),
        ("rows = lines(f()); return StreamingResponse(rows)", True),
    ],
)
def test_a_generator_in_a_name_that_is_only_streamed(tmp_path: Path, use: str, off: bool) -> None:
    source = read(tmp_path, {"app.py": OFF_LOOP.format(use=use)})
    found = [c for c in function(source, "use").calls if c.target]
    assert next(c.off_loop for c in found if c.name != "app.f") is off
    assert not any(c.off_loop for c in found if c.name == "app.f")


QUEUED = """
import functools
from jobs import broker, run

HELD = {{}}

def queued(func):
    name = func.__name__
    {keeps}
    @functools.wraps(func)
    def wrapper(*args):
        {does}
    {gives}

@queued
def slow(): ...

def send(name, *args):
    broker.send_task(name, args)

def use():
    slow()
"""


@pytest.mark.parametrize(
    ("keeps", "does", "gives", "runs"),
    [
        ("", "send(name, *args)", "return wrapper", "queued.<locals>.wrapper"),
        ("HELD[name] = func", "send(name, *args)", "return wrapper", "queued.<locals>.wrapper"),
        ("HELD[name] = func", "broker.send_task(name)", "return wrapper", "queued.<locals>.wrapper"),
        ("HELD[name] = func", "run(name, *args)", "return wrapper", "slow"),
        ("HELD[name] = func", "send(name); return HELD[name]()", "return wrapper", "slow"),
        ("", "return func(*args)", "return wrapper", "slow"),
        ("", "return run(func, *args)", "return wrapper", "slow"),
        ("task = broker.task(func)", "task()", "return wrapper", "slow"),
        ("", "return wrapper.__wrapped__(*args)", "return wrapper", "slow"),
        ("", "send(name, *args)", "return wrapper if broker else func", "slow"),
        ("if not broker: return func", "send(name, *args)", "return wrapper", "slow"),
    ],
)
def test_what_a_decorator_only_queues_is_not_run_by_its_call(
    tmp_path: Path, keeps: str, does: str, gives: str, runs: str
) -> None:
    source = read(tmp_path, {"app.py": QUEUED.format(keeps=keeps, does=does, gives=gives)})
    assert called(source, "use") == [runs]


def test_a_function_that_its_decorator_runs_in_a_thread(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            import functools
            from starlette.concurrency import run_in_threadpool

            def threaded(func):
                @functools.wraps(func)
                async def wrapper(*args):
                    return await run_in_threadpool(func, *args)
                return wrapper

            def logged(func):
                @functools.wraps(func)
                def wrapper(*args):
                    return func(*args)
                return wrapper

            @threaded
            def slow(): ...

            @logged
            def plain(): ...

            async def use():
                await slow()
                plain()
            """
        },
    )
    assert call(source, "use", "slow()").off_loop
    assert not call(source, "use", "plain()").off_loop
    assert called(source, "plain") == ["logged.<locals>.wrapper"]


def test_background_tasks(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from fastapi import BackgroundTasks
            from starlette.background import BackgroundTask

            def mail(to): ...
            def address(): ...

            def use(tasks: BackgroundTasks):
                tasks.add_task(mail, address())
                BackgroundTask(mail, 1)

            class Queue:
                def add_task(self, f): ...

            def other(tasks: Queue):
                tasks.add_task(mail)
            """
        },
    )
    found = [(c.name, c.background) for c in function(source, "use").calls]
    assert found == [("app.address", False), ("app.mail", True), ("app.mail", True)]
    assert called(source, "other") == ["Queue.add_task"]


def test_shared_state_is_filled_once(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            _client = None
            _by_name = {}

            def make(): ...

            class Registry:
                shared = None

            def with_global():
                global _client
                if _client is None:
                    _client = make()
                return _client

            def with_class():
                if not Registry.shared:
                    Registry.shared = make()

            def with_store(name):
                if name not in _by_name:
                    _by_name[name] = make()

            def local():
                client = None
                if client is None:
                    client = make()

            def of_the_instance(self):
                if self.client is None:
                    self.client = make()

            def other_branch(name):
                if name not in _by_name:
                    make()
            """
        },
    )
    once = {n: call(source, n, "make()").once for n in (
        "with_global", "with_class", "with_store", "local", "of_the_instance", "other_branch",
    )}  # fmt: skip
    kept = ["with_global", "with_class", "with_store", "of_the_instance"]
    assert [name for name, value in once.items() if value] == kept


def test_what_is_kept_is_returned_before_it_is_made_again(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            _by_name = {}
            _settings = None

            def make(): ...

            def looked_up(name):
                kept = _by_name.get(name)
                if kept is not None:
                    return kept
                _by_name[name] = made = make()
                return made

            def at_once():
                global _settings
                if _settings:
                    return _settings
                _settings = make()
                return _settings

            class Texts:
                async def read(self, key):
                    kept = await self.cache.get(key)
                    if kept:
                        return kept
                    text = make()
                    await self.cache.set(key, text)
                    return text

            def nothing_is_kept(name):
                kept = _by_name.get(name)
                if kept is not None:
                    return kept
                return make()

            def goes_on(name):
                if name in _by_name:
                    print(name)
                _by_name[name] = make()

            def of_one_call(name, known):
                if name in known:
                    return known[name]
                known[name] = make()
                return known[name]
            """
        },
    )
    once = {n: call(source, n, "make()").once for n in (
        "looked_up", "at_once", "Texts.read", "nothing_is_kept", "goes_on", "of_one_call",
    )}  # fmt: skip
    assert [name for name, value in once.items() if value] == ["looked_up", "at_once", "Texts.read"]


def test_effects_need_the_right_type(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            import time, requests
            from pathlib import Path
            from sqlalchemy.orm import Session
            from sqlalchemy.ext.asyncio import AsyncSession
            from sqlmodel import Session as Modeled

            class Job:
                def execute(self, x): ...
                def commit(self): ...

            def sync(session: Session): session.execute(1)
            def model(session: Modeled): session.exec(1)
            async def plain(session: AsyncSession): await session.commit()
            def unknown(session): session.execute(1)
            def job(job: Job):
                job.execute(1)
                job.commit()
            def files(folder: Path): (folder / "a").read_text()
            def words(folder: str): folder.read_text()
            def sleep(): time.sleep(1)
            def asleep(time): time.sleep(1)
            def building(): return requests.Session()
            """
        },
    )
    execute = "sqlalchemy.orm.Session.execute"
    assert effects_of(source, "sync") == {("blocks", execute), ("queries", execute)}
    assert {kind for kind, _ in effects_of(source, "model")} == {"blocks", "queries"}
    assert effects_of(source, "plain") == {("commits", "sqlalchemy.ext.asyncio.AsyncSession.commit")}
    assert effects_of(source, "files") == {("blocks", "pathlib.Path.read_text")}
    assert effects_of(source, "sleep") == {("blocks", "time.sleep")}
    assert effects_of(source, "building") == {("builds", "requests.Session")}
    for name in ("unknown", "job", "words", "asleep"):
        assert effects_of(source, name) == set()


def test_settings_are_built_and_models_validated_where_they_are_made(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from pydantic import BaseModel, field_validator
            from pydantic_settings import BaseSettings

            class Settings(BaseSettings): ...

            class Base(BaseModel):
                @field_validator("name")
                def tidy(cls, value): return value

            class In(Base):
                name: str
                total: int

            class Row:
                @property
                def total(self): return 1

            def use(row: Row):
                Settings()
                In(name="a")
                In.model_validate(row)
            """
        },
    )
    assert effects_of(source, "use") == {("builds", "app.Settings")}
    assert called(source, "use") == ["Base.tidy", "Base.tidy", "Row.total"]


def test_nested_functions_are_functions_of_their_own(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            def a(): ...

            def outer():
                def inner():
                    a()
                return inner

            def use():
                outer()()
            """
        },
    )
    assert called(source, "outer") == []
    assert called(source, "outer.<locals>.inner") == ["a"]
    assert called(source, "use") == ["outer", "outer.<locals>.inner"]


def test_what_runs_at_import_is_a_function_of_its_own(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            def make(): ...
            def main(): ...

            client = make()

            class Holder:
                client = make()

            if __name__ == "__main__":
                main()
            """
        },
    )
    assert called(source, "<module>") == ["make", "make"]


def test_texts_are_one_line_and_short(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": 'def f(*a): ...\n\ndef use():\n    f(\n        "é",  # a comment\n        2,\n    )\n    f("'
            + "x" * 200
            + '")\n'
        },
    )
    first, second = function(source, "use").calls
    assert first.text == 'f("é", 2)'
    assert first.span.line == 4
    assert first.span.end_line == 7
    assert len(second.text) == 90


def test_calls_of_unknown_objects_are_counted_as_unresolved(tmp_path: Path) -> None:
    source = read(tmp_path, {"app.py": "def use(x):\n    x.run()\n    len(x)\n    use(x)\n"})
    assert (source.resolved, source.unresolved) == (2, 1)
    assert named(source, "use") == ["?.run", "len", "app.use"]


def test_both_definitions_of_a_name_and_property_setters_are_kept(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from typing import overload

            class A:
                @property
                def x(self): ...
                @x.setter
                def x(self, v): ...

            try:
                def f(): ...
            except ImportError:
                def f(): ...

            @overload
            def g(a: int): ...
            @overload
            def g(a: str): ...
            def g(a): ...
            """
        },
    )
    ids = {i.partition(":")[2] for i in source.functions}
    assert ids == {"A.x", "A.x.setter", "f", "f@12", "g"}
    assert function(source, "g").span.line == 18
