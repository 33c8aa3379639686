"""Which expensive objects does a request build that the process could build once?"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from . import hooks
from .frames import caller
from .record import current
from .ticks import perf_counter_ns

_inside: ContextVar[bool] = ContextVar("strop_building", default=False)  # one object builds another


def install() -> None:
    """Record engines, clients and settings that are built within a request from now on."""
    hooks.when_imported("sqlalchemy.engine.create", _functions("engine", "create_engine"))
    hooks.when_imported("sqlalchemy.ext.asyncio.engine", _functions("engine", "create_async_engine"))
    hooks.when_imported("httpx._client", _classes("client", "httpx", "Client", "AsyncClient"))
    hooks.when_imported("requests.sessions", _classes("client", "requests", "Session"))
    hooks.when_imported("aiohttp.client", _classes("client", "aiohttp", "ClientSession"))
    hooks.when_imported("pydantic_settings.main", _classes("settings", "", "BaseSettings"))
    hooks.when_imported("boto3.session", _patch_boto)


def _functions(kind: str, *names: str) -> hooks.Patcher:
    def patch(module: ModuleType) -> None:
        for name in names:
            built = _building(getattr(module, name), kind, f"sqlalchemy.{name}")
            hooks.replace_function(module, name, built)

    return patch


def _classes(kind: str, package: str, *names: str) -> hooks.Patcher:
    def patch(module: ModuleType) -> None:
        for name in names:
            owner = getattr(module, name)
            label = f"{package}.{name}" if package else ""
            hooks.replace(owner, "__init__", _building(owner.__init__, kind, label))

    return patch


def _patch_boto(module: ModuleType) -> None:
    session = module.Session
    for method, name in (
        ("__init__", "boto3.Session"),
        ("client", "boto3.client"),
        ("resource", "boto3.resource"),
    ):
        hooks.replace(session, method, _building(getattr(session, method), "boto", name))


def _building(original: Callable[..., Any], kind: str, name: str) -> Callable[..., Any]:
    """Wrap a constructor; without a name the object's own class is named."""

    @functools.wraps(original)
    def build(*args: Any, **kw: Any) -> Any:
        record = current.get()
        if record is None or _inside.get():
            return original(*args, **kw)
        token = _inside.set(True)
        start = perf_counter_ns()
        try:
            return original(*args, **kw)
        finally:
            _inside.reset(token)
            try:
                record.add(
                    "built",
                    {
                        "kind": kind,
                        "name": name or _class_of(args[0]),
                        "span": caller(),
                        "duration": (perf_counter_ns() - start) // 1000,
                    },
                )
            except Exception:
                hooks.failures["built"] += 1

    return build


def _class_of(value: object) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"
