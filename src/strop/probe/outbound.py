"""Which other services does a request call, and does it hold a database connection meanwhile?"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from . import hooks
from .frames import Place, caller
from .record import Record, current
from .ticks import perf_counter_ns

Told = tuple[str, str]  # method, URL
_inside: ContextVar[bool] = ContextVar("strop_outbound", default=False)  # a client that uses another


def install() -> None:
    """Record outbound calls from now on."""
    hooks.when_imported("httpx._client", _patch_httpx)
    hooks.when_imported("requests.sessions", _patch_requests)
    hooks.when_imported("aiohttp.client", _patch_aiohttp)
    hooks.when_imported("urllib3.connectionpool", _patch_urllib3)
    hooks.when_imported("urllib.request", _patch_urllib)


def _patch_httpx(module: ModuleType) -> None:
    hooks.replace(module.Client, "send", _sync(module.Client.send, _of_request))
    hooks.replace(module.AsyncClient, "send", _async(module.AsyncClient.send, _of_request))


def _patch_requests(module: ModuleType) -> None:
    hooks.replace(module.Session, "send", _sync(module.Session.send, _of_request))


def _patch_aiohttp(module: ModuleType) -> None:
    session = module.ClientSession
    hooks.replace(session, "_request", _async(session._request, _of_words))


def _patch_urllib3(module: ModuleType) -> None:
    pool = module.HTTPConnectionPool
    hooks.replace(pool, "urlopen", _sync(pool.urlopen, _of_pool))


def _patch_urllib(module: ModuleType) -> None:
    opener = module.OpenerDirector
    hooks.replace(opener, "open", _sync(opener.open, _of_opener))


def _of_request(client: Any, request: Any, *_: Any, **__: Any) -> Told:
    return str(request.method), str(request.url)


def _of_words(client: Any, method: str, url: Any, *_: Any, **__: Any) -> Told:
    return method, str(url)


def _of_pool(pool: Any, method: str, url: str, *_: Any, **__: Any) -> Told:
    return method, f"{pool.scheme}://{pool.host}:{pool.port}{url}" if url.startswith("/") else url


def _of_opener(opener: Any, request: Any, *_: Any, **__: Any) -> Told:
    if isinstance(request, str):
        return "GET", request
    return request.get_method(), request.full_url


def _sync(original: Callable[..., Any], tell: Callable[..., Told]) -> Callable[..., Any]:
    @functools.wraps(original)
    def send(*args: Any, **kw: Any) -> Any:
        record = current.get()
        if record is None or _inside.get():
            return original(*args, **kw)
        start, held, place = perf_counter_ns(), record.held > 0, _place()
        token = _inside.set(True)
        try:
            return original(*args, **kw)
        finally:
            _inside.reset(token)
            _note(record, start, held, place, tell, args, kw)

    return send


def _async(original: Callable[..., Any], tell: Callable[..., Told]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def send(*args: Any, **kw: Any) -> Any:
        record = current.get()
        if record is None or _inside.get():
            return await original(*args, **kw)
        start, held, place = perf_counter_ns(), record.held > 0, _place()
        token = _inside.set(True)
        try:
            return await original(*args, **kw)
        finally:
            _inside.reset(token)
            _note(record, start, held, place, tell, args, kw)

    return send


def _place() -> Place | None:
    try:
        return caller()
    except Exception:
        hooks.failures["outbound"] += 1
        return None


def _note(
    record: Record,
    start: int,
    held: bool,
    place: Place | None,
    tell: Callable[..., Told],
    args: tuple[Any, ...],
    kw: dict[str, Any],
) -> None:
    try:
        method, url = tell(*args, **kw)
        record.add(
            "outbound",
            {
                "method": method.upper(),
                "url": _bare(url),
                "start": (start - record.start) // 1000,
                "duration": (perf_counter_ns() - start) // 1000,
                "span": place,
                "connection_held": held,
            },
        )
    except Exception:
        hooks.failures["outbound"] += 1


def _bare(url: str) -> str:
    """A URL without credentials, query and fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
