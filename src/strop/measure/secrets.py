"""Which secrets do the requests of a recording carry? They are known by where they are sent, so no report need guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from strop.cell import Cell, Request
from strop.measure.handing import fields, header_spots
from strop.measure.perturb import CREDENTIALS

SHORTEST = 5  # characters; what is shorter would take words out of sentences
SECRET = re.compile(r".*(pass(word|wd|phrase|code)?|pwd|secret|token|otp|pin|api_?key|csrf).*", re.IGNORECASE)


def secrets_of(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Tokens, cookies and passwords that recorded requests carry, the longest first."""
    found = {text for cell in cells if cell.source == "har" for text in _secrets(cell.request)}
    return tuple(
        sorted((text for text in found if len(text) >= SHORTEST), key=lambda text: (-len(text), text))
    )


def _secrets(request: Request) -> Iterator[str]:
    for name, value in request.headers:
        if CREDENTIALS.fullmatch(name):
            yield value
            yield from (spot.text for spot in header_spots(name, value))
    yield from (text for key, text in fields(request) if SECRET.fullmatch(key))
