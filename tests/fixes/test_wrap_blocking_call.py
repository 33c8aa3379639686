from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from strop.patch import Patch
from strop.project.functions import Functions
from tests.fixes.check import Call, Case, Function, Source, Span, Step, check_noop, check_transformed

HEAD = """
    import time

    import requests
    from fastapi import FastAPI

"""


def case(folder: Path, body: str, call: str, head: str = HEAD, **more: Any) -> Case:
    made = Case(
        folder,
        "wrap_blocking_call",
        {"main.py": head + body, **more.pop("files", {})},
        facts={"call": call},
        **more,
    )
    made.at = call.partition("(")[0].rpartition(".")[2] + "("
    return made


def handler(line: str) -> str:
    return f"""
    async def handler(url, session: AsyncSession):
        {line}
"""


IMPORTED = HEAD.replace(
    "import FastAPI\n", "import FastAPI\n    from fastapi.concurrency import run_in_threadpool\n"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = requests.get(url)", "x = await run_in_threadpool(requests.get, url)"),
        ("return requests.get(url).json()", "return (await run_in_threadpool(requests.get, url)).json()"),
        ("return requests.get(url)['a']", "return (await run_in_threadpool(requests.get, url))['a']"),
        ("requests.get(url, timeout=3,)", "await run_in_threadpool(requests.get, url, timeout=3,)"),
        ("requests.get(*url, **x)", "await run_in_threadpool(requests.get, *url, **x)"),
        ("if not requests.get(url): pass", "if not await run_in_threadpool(requests.get, url): pass"),
        ("x = a + requests.get(url) ** 2", "x = a + await run_in_threadpool(requests.get, url) ** 2"),
        (
            "x = a or (requests.get(url))  # why",
            "x = a or (await run_in_threadpool(requests.get, url))  # why",
        ),
        ("x = [requests.get(u) for u in url]", "x = [await run_in_threadpool(requests.get, u) for u in url]"),
        (
            "for x in requests.get(await url): pass",
            "for x in await run_in_threadpool(requests.get, await url): pass",
        ),
    ],
)
def test_in_the_async_function_itself(tmp_path: Path, before: str, after: str) -> None:
    check_transformed(
        case(tmp_path, handler(before), "requests.get"), "run_in_threadpool", main=IMPORTED + handler(after)
    )


def test_no_arguments_and_an_import_that_is_there(tmp_path: Path) -> None:
    head = "    from starlette import concurrency as c\n"
    check_transformed(
        case(tmp_path, handler("x = self.render()"), "self.render", head),
        "run_in_threadpool",
        main=head + handler("x = await c.run_in_threadpool(self.render)"),
    )


def test_layouts(tmp_path: Path) -> None:
    body = """
    async def handler(first, second):
        if first.password_hash is None or not requests.verify(first.password, second):
            return requests.get(
                first,  # the address
                second,
            )
"""
    check_transformed(
        case(tmp_path / "a", body, "requests.get"),
        "run_in_threadpool",
        main=IMPORTED
        + body.replace("requests.get(\n", "await run_in_threadpool(\n                requests.get,\n"),
    )
    check_transformed(
        case(tmp_path / "b", body, "requests.verify"),
        "run_in_threadpool",
        main=IMPORTED
        + body.replace(
            "requests.verify(first.password, second)",
            "await run_in_threadpool(\n            requests.verify, first.password, second\n        )",
        ),
    )


CHAIN = """
    def load(url):
        return requests.get(url)


    def find(url):
        return load(url)


    async def handler(url):
        return find(url)
"""


def chain_case(folder: Path, body: str = CHAIN) -> Case:
    made = case(folder, body, "requests.get")
    names = {"handler": "find(", "find": "load(", "load": "requests.get("}
    functions, steps = {}, []
    for name, call in names.items():
        start = made.line(f"def {name}(")
        lines = made.files["main.py"].splitlines()
        at = Span("main.py", next(n for n in range(start + 1, 99) if call in lines[n - 1]), name)
        target = f"main.py:{call[:-1]}" if call[:-1] in names else ""
        known = Call(at, f"{call}url)", call[:-1], target)
        functions[f"main.py:{name}"] = Function(f"main.py:{name}", Span("main.py", start), False, (known,))
        steps.append(Step(known.text, at))
    made.source = Source(Functions(functions))
    made.chain = tuple(steps)
    return made


def test_below_helpers_the_call_in_the_async_function_is_wrapped(tmp_path: Path) -> None:
    after = CHAIN.replace("return find(url)", "return await run_in_threadpool(find, url)")
    check_transformed(chain_case(tmp_path), "run_in_threadpool", main=IMPORTED + after)


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("asyncio.get_running_loop().call_soon(f)", "event loop"),
        ("request_id_ctx.set(url)", "context variable"),
        ("global STATE", "module state"),
        ("CACHE[url] = 1", "other requests share"),
        ("CACHE.update(url)", "other requests share"),
        ("yield url", "generator"),
    ],
)
def test_a_helper_that_must_stay_on_the_loop(tmp_path: Path, inside: str, reason: str) -> None:
    body = "    CACHE = {}\n\n" + CHAIN.replace("def find(url):\n", f"def find(url):\n        {inside}\n")
    check_noop(chain_case(tmp_path, body), reason=reason)


def test_a_local_variable_of_a_helper_is_its_own(tmp_path: Path) -> None:
    body = "    CACHE = {}\n\n" + CHAIN.replace(
        "def find(url):\n", "def find(url):\n        CACHE = {}\n        CACHE[url] = 1\n"
    )
    after = body.replace("return find(url)", "return await run_in_threadpool(find, url)")
    check_transformed(chain_case(tmp_path, body), "run_in_threadpool", main=IMPORTED + after)


@pytest.mark.parametrize(
    ("line", "call", "reason"),
    [
        ("x = lambda: requests.get(url)", "requests.get", "lambda"),
        ("x = any(requests.get(u) for u in url)", "requests.get", "generator"),
        ("with requests.get(url) as x: pass", "requests.get", "context manager"),
        ("x = open(url)", "open", "later"),
        ("x = Path(url).glob('*')", "Path.glob", "later"),
        ("x = await requests.get(url)", "requests.get", "awaited"),
        ("x = requests.get(func=url)", "requests.get", "func"),
        ("x = requests.get(y := url)", "requests.get", "assign"),
        ("x = requests.get(session)", "requests.get", "AsyncSession"),
        ("x = session.get(url)", "session.get", "AsyncSession"),
        ("x = table[url](url)", "table", "not seen"),
        ("def inner(a=requests.get(url)): pass", "requests.put", "not seen"),
        ("class A: x = requests.get(url)", "requests.get", "class"),
    ],
)
def test_where_an_await_can_t_stand(tmp_path: Path, line: str, call: str, reason: str) -> None:
    made = case(tmp_path, handler(line), call)
    made.at = line
    check_noop(made, reason=reason)


def test_a_sync_function_without_an_async_one_above(tmp_path: Path) -> None:
    check_noop(
        case(tmp_path, "    def handler(url):\n        return requests.get(url)\n", "requests.get"),
        reason="not seen",
    )


def test_a_default_is_evaluated_where_the_function_is_made(tmp_path: Path) -> None:
    body = "    async def handler(x=requests.get('u')):\n        pass\n"
    check_noop(case(tmp_path, body, "requests.get"), reason="imported")


def test_a_name_that_means_something_else(tmp_path: Path) -> None:
    head = HEAD + "    def run_in_threadpool(x): ...\n\n"
    check_noop(
        case(tmp_path, handler("x = requests.get(url)"), "requests.get", head), reason="something else"
    )


async def run(source: str, function: str) -> Any:
    space: dict[str, Any] = {"calls": []}
    exec(source, space)
    return await space[function](space["calls"]), space["calls"]


def test_the_same_result_in_another_thread(tmp_path: Path) -> None:
    body = """
    import threading


    def work(seen, *, times):
        seen.append(threading.get_ident())
        return times * 2


    async def handler(seen):
        return work(seen, times=21) + 1
"""
    made = case(tmp_path, body, "work", "")
    made.at = "return work"
    answer = made.answers()["run_in_threadpool"]
    assert isinstance(answer, Patch)
    before = asyncio.run(run(made.files["main.py"], "handler"))
    after = asyncio.run(run(answer.edits[0].after, "handler"))
    assert before[0] == after[0] == 43
    assert before[1] == [threading.get_ident()] != after[1]
