"""Conversations over WebSockets as cells: connect, say something, go.

A cell's body is a JSON list of what the client says, one object a message: {"text": ...} or {"bytes": base64}.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

from strop.cell import Request
from strop.measure.values import Values
from strop.probe.conversation import METHOD
from strop.project.project import Imported
from strop.world.databases import Databases

SAID = ("{}", "strop")  # JSON first, for those who read it


def conversations(imported: Imported, databases: Databases) -> Iterator[tuple[str, Request]]:
    """Route and request of each conversation that may be held with the application."""
    values = Values(imported, databases, {})
    for route in imported.routes:
        if route.kind != "websocket":
            continue
        path = route.path
        for found in re.finditer(r"{([^}:]+)(?::[^}]*)?}", route.path):
            path = path.replace(found[0], quote(values.parameter(found[1], {}, route.path)[0], safe=""))
        yield route.key, Request(METHOD, path, (("host", "testserver"),), said(SAID))


def said(texts: tuple[str, ...]) -> bytes:
    """The body of a cell in which a client says these texts."""
    return json.dumps([{"text": text} for text in texts], ensure_ascii=False).encode()
