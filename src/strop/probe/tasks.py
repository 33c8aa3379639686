"""Which tasks does a request publish: they are noted and reach no queue, so no worker ever runs them."""

from __future__ import annotations

import functools
import uuid
from types import ModuleType
from typing import Any

from . import calls
from .late import when_imported

_CELERY = (
    "countdown",
    "eta",
    "expires",
    "queue",
    "routing_key",
    "priority",
    "link",
    "link_error",
    "chain",
    "chord",
)
_ARQ = ("_job_id", "_queue_name", "_defer_until", "_defer_by", "_expires")


def install() -> None:
    """Take what Celery, taskiq and arq publish."""
    when_imported("celery.app.base", _patch_celery)
    when_imported("taskiq.kicker", _patch_taskiq)
    when_imported("arq.connections", _patch_arq)


def _note(name: str, args: Any, kwargs: Any, options: dict[str, Any]) -> None:
    words = [*map(repr, args or ()), *(f"{key}={value!r}" for key, value in (kwargs or {}).items())]
    more = "".join(f" {key}={value!r}" for key, value in options.items() if value is not None)
    calls.note("task", f"task {name}", f"({', '.join(words)}){more}", True)


def _patch_celery(module: ModuleType) -> None:
    """`apply_async` and canvases end here, except where tasks run at once (`task_always_eager`)."""
    original = module.Celery.send_task

    @functools.wraps(original)
    def send_task(
        self: Any, name: str, args: Any = None, kwargs: Any = None, *more: Any, **options: Any
    ) -> Any:
        _note(name, args, kwargs, {key: options.get(key) for key in _CELERY})
        made = options.get("result_cls") or self.AsyncResult
        return made(options.get("task_id") or str(uuid.uuid4()))

    module.Celery.send_task = send_task


def _patch_taskiq(module: ModuleType) -> None:
    cls = module.AsyncKicker
    original = cls.kiq

    @functools.wraps(original)
    async def kiq(self: Any, *args: Any, **kwargs: Any) -> Any:
        from taskiq import InMemoryBroker
        from taskiq.task import AsyncTaskiqTask

        _note(self.task_name, args, kwargs, dict(self.labels))
        if isinstance(self.broker, InMemoryBroker):  # runs it in this process: what it does is the request's
            return await original(self, *args, **kwargs)
        number = self.custom_task_id or self.broker.id_generator()
        return AsyncTaskiqTask(task_id=number, result_backend=self.broker.result_backend)

    cls.kiq = kiq


def _patch_arq(module: ModuleType) -> None:
    cls = module.ArqRedis
    original = cls.enqueue_job

    @functools.wraps(original)
    async def enqueue_job(self: Any, function: str, *args: Any, **kwargs: Any) -> Any:
        options = {key: kwargs.pop(key, None) for key in (*_ARQ, "_job_try")}
        _note(function, args, kwargs, options)
        number = options["_job_id"] or uuid.uuid4().hex
        queue = options["_queue_name"] or self.default_queue_name
        return module.Job(number, redis=self, _queue_name=queue, _deserializer=self.job_deserializer)

    cls.enqueue_job = enqueue_job
