"""How are requests kept without the secrets that the user gave for them? Each is a mark, which the same options fill."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote_plus

from msgspec.structs import replace

from strop.cell import Cell
from strop.target import Target

MARK = "\0strop{}\0"  # no header and no sane body holds it
SHORTEST = 4  # characters of a secret: shorter ones stand everywhere


class Veil:
    """Hides the password of a login, and the values of headers and variables that the options or settings name."""

    def __init__(self, target: Target) -> None:
        given = [value for _, value in (*target.headers, *target.environ)]
        given += [target.login.password] if target.login else []
        forms = {form for value in given if len(value) >= SHORTEST for form in _forms(value)}
        known = sorted(forms, key=lambda form: (-len(form), form))
        self._secrets = [(value, MARK.format(number)) for number, value in enumerate(known)]

    def hide(self, cell: Cell) -> Cell:
        """The cell with marks for secrets."""
        return _with(cell, lambda text: self._replaced(text, forth=True))

    def show(self, cell: Cell) -> Cell:
        """The cell that was hidden."""
        return _with(cell, lambda text: self._replaced(text, forth=False))

    def _replaced(self, text: str, forth: bool) -> str:
        for value, mark in self._secrets:
            text = text.replace(value, mark) if forth else text.replace(mark, value)
        return text


def _forms(value: str) -> set[str]:
    """How a text stands in a request: as it is, in JSON, in a form; bytes as the characters of latin-1."""
    texts = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return {quote_plus(value), *texts, *(text.encode().decode("latin-1") for text in texts)}


def _with(cell: Cell, change: Callable[[str], str]) -> Cell:
    request = cell.request
    headers = tuple((name, change(value)) for name, value in request.headers)
    body = change(request.body.decode("latin-1")).encode("latin-1")
    return replace(cell, request=replace(request, path=change(request.path), headers=headers, body=body))
