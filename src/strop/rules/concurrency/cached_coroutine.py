"""`lru_cache` on an `async def`.

**What.** `functools.lru_cache`, `functools.cache` or `cachetools.cached` around an `async def` keep the coroutine, not what it gives.

**Why it costs.** A coroutine can be awaited once: the second caller gets `RuntimeError: cannot reuse already awaited coroutine`,
which is a 500 for everybody after the first.

**How it is found.** Async functions (not generators) with one of these decorators.

**How to fix it.** Keep the value: a cache made for coroutines (`async_lru.alru_cache`), or a dictionary that is filled after `await`.

**When it is no problem.** It never is one that works; a function that is called once only hides it.

**Sources.** Python, issue "functools.lru_cache doesn't work with coroutines": https://github.com/python/cpython/issues/90780 ;
async-lru: https://github.com/aio-libs/async-lru
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.rules.code import head, reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain

RULE = Rule("ASY008", "cached-coroutine", "async", "error", "lru_cache on an async def", static=True)

_CACHES = ("functools.lru_cache", "functools.cache", "cachetools.func.ttl_cache", "cachetools.func.lru_cache")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function."""
    for function in project.source.functions.values():
        decorator = next((d for d in function.decorators if d in _CACHES), "")
        if not decorator or not function.is_async or function.is_generator:
            continue
        ways = reaches(project, function.id, ("loop", "thread", "once", "background"))
        yield draft(
            RULE,
            head(function),
            {w.route for w in ways},
            message=f"{decorator.rpartition('.')[2]} keeps the coroutine of {function.span.symbol}, not its value",
            impact="the second caller gets RuntimeError: cannot reuse already awaited coroutine",
            solution="keep the value: async_lru.alru_cache, or a variable that is filled after await",
            known="static",
            confidence=0.97,
            chain=ways[0].chain if ways else (),
            facts={"function": function.id},
        )


EXAMPLES = (
    Example(
        "settings that are loaded once",
        plain("""
@lru_cache
async def load_settings():
    await asyncio.sleep(0.01)
    return {"name": "shop"}


@app.get("/settings")
async def read_settings():
    return await load_settings()
"""),
        bad=True,
    ),
    Example(
        "the value is kept",
        plain("""
_settings = None


async def load_settings():
    global _settings
    if _settings is None:
        await asyncio.sleep(0.01)
        _settings = {"name": "shop"}
    return _settings


@app.get("/settings")
async def read_settings():
    return await load_settings()
"""),
        mends="settings that are loaded once",
    ),
    Example(
        "a plain function behind it",
        plain("""
@lru_cache
def settings():
    return {"name": "shop"}


@app.get("/settings")
async def read_settings():
    return settings()
"""),
    ),
)
