"""Serve requests to a recorded application and print what was recorded: the other side of `record.py`.

Reads JSON from standard input: `app`, `batches` of requests that are sent together, `watch`, `uvloop`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from strop.probe import recording

HERE = Path(__file__).parent / "apps"


async def _serve(app: Any, request: dict[str, Any]) -> dict[str, Any]:
    path, _, query = request["path"].partition("?")
    body = request.get("body", "").encode()
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": request.get("method", "GET"),
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"shop.test"), (b"content-type", b"application/json")],
        "scheme": "http",
        "server": ("shop.test", 80),
        "client": ("client.test", 1),
        "root_path": "",
        "http_version": "1.1",
        "strop.cell": request.get("cell", ""),
    }

    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.sleep(3600)
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    escaped = ""
    try:
        await app(scope, receive, send)
    except Exception as error:
        escaped = type(error).__name__
    text = b"".join(message.get("body", b"") for message in sent).decode()
    return {"status": sent[0]["status"] if sent else 0, "text": text, "escaped": escaped}


async def _main(asked: dict[str, Any]) -> None:
    recording.install(str(HERE), asked.get("watch"))
    sys.path.insert(0, str(HERE))
    module = __import__(asked["app"])
    exchanges: list[Any] = []
    recording.on_finish = exchanges.append
    app = recording.attach(module.app)
    recording.start_loop_watch(asyncio.get_running_loop())
    answers = []
    for batch in asked["batches"]:
        answers += await asyncio.gather(*(_serve(app, request) for request in batch))
        await asyncio.sleep(0.02)
    recording.stop_loop_watch()
    if hasattr(module, "async_engine"):
        await module.async_engine.dispose()
    plain = await _serve(module.app, {"path": asked["batches"][-1][-1]["path"]})
    assert len(exchanges) == len(answers), "an application that is not attached was recorded"
    said = {"exchanges": exchanges, "answers": answers, "plain": plain, "failures": recording.failures}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    question = json.loads(sys.stdin.read())
    if question.get("uvloop"):
        import uvloop

        uvloop.run(_main(question))
    else:
        asyncio.run(_main(question))
