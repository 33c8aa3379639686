"""What other services answer, as the user wrote it down or recorded it: settings, a TOML file, a HAR file."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path

import msgspec

from strop.measure.har import Body, Entry, read_entries, sent_body
from strop.problem import EXIT_USAGE, Problem
from strop.project.settings import ReplySetting, read_settings
from strop.target import Reply

EXPECTED = (
    'a HAR file, or TOML with tables [[outbound]]: url = "https://...", method, status, headers, body or json'
)


def find_replies(root: Path, given: Path | None) -> tuple[Reply, ...]:
    """Those of the file on the command line or in the settings, then those of the settings' tables.

    Raises Problem T122 for a file that is missing or holds something else.
    """
    settings = read_settings(root)
    file = given or (root / settings.outbound_file if settings.outbound_file else None)
    return (*(_read(file) if file else ()), *map(_reply, settings.outbound))


def _read(file: Path) -> tuple[Reply, ...]:
    try:
        if file.suffix != ".toml":
            return tuple(
                _recorded(entry) for entry in read_entries(file) if entry.response and entry.response.status
            )
        raw = tomllib.loads(file.read_text("utf-8")).get("outbound", [])
        return tuple(map(_reply, msgspec.convert(raw, tuple[ReplySetting, ...])))
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError as error:  # msgspec's and tomllib's are
        why = str(error)
    message = f"{file} can't be read as answers of other services: {why}"
    raise Problem("T122", message, do=f"give {EXPECTED}", status=EXIT_USAGE)


def _reply(setting: ReplySetting) -> Reply:
    headers = tuple(setting.headers.items())
    body = setting.body.encode()
    if setting.json is not None:
        body = msgspec.json.encode(setting.json)
        if not any(name.lower() == "content-type" for name in setting.headers):
            headers += (("content-type", "application/json"),)
    sent = None if setting.sent is None else setting.sent.encode()
    return Reply(setting.method.upper(), setting.url, setting.status, headers, body, sent)


def _recorded(entry: Entry) -> Reply:
    response = entry.response
    assert response is not None
    headers = tuple((h.name.lower(), h.value) for h in response.headers if not h.name.startswith(":"))
    sent = sent_body(entry.request.postData) if entry.request.postData else b""
    url = entry.request.url.partition("#")[0]
    return Reply(entry.request.method.upper(), url, response.status, headers, _text(response.content), sent)


def _text(content: Body | None) -> bytes:
    if content is None:
        return b""
    return base64.b64decode(content.text) if content.encoding == "base64" else content.text.encode()
