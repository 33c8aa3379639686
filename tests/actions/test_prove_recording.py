"""A change proved with a developer's own clicks: told in what followed from them, and no secret of theirs told on."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from strop.measure.observe import Workload
from strop.report.prove import document, markdown, text
from strop.verdict import Behaviour
from tests.actions.test_prove import changed, proved
from tests.measure.test_har import entry, har
from tests.proof.observed import swap

PASSWORD, TOKEN = "secret", "token-1"
KEPT = swap("    db.delete(book)\n", "    book.hidden = book.sold < 0\n")
LOGIN = swap('"token_type": "bearer"}', '"token_type": found.token}')


def asked(method: str, path: str, status: int, answer: object, body: object = None) -> dict[str, Any]:
    """An entry of the recording; all but the login carry the token that it gave."""
    made = entry(method, f"http://localhost:8000{path}")
    headers = [{"name": "content-type", "value": "application/json"}]
    if path != "/login":
        headers.append({"name": "authorization", "value": f"Bearer {TOKEN}"})
    made["request"]["headers"] = headers
    if body is not None:
        made["request"]["postData"] = {"mimeType": "application/json", "text": json.dumps(body)}
    content = {"mimeType": "application/json", "text": json.dumps(answer)}
    made["response"] = {"status": status, "headers": [], "content": content}
    return made


def clicks(folder: Path) -> Path:
    """Somebody logs in, adds a book (39 on that day), removes it and looks whether it is gone."""
    book = {"title": "Mine", "price": 3}
    return har(
        folder,
        asked("POST", "/login", 200, {"access_token": TOKEN}, {"username": "ann", "password": PASSWORD}),
        asked("POST", "/books", 201, {"id": 39, **book}, book),
        asked("DELETE", "/books/39", 204, None),
        asked("GET", "/books/39", 404, {"detail": "no such book"}),
    )


def test_what_follows_from_earlier_clicks_is_told_and_no_secret_is(tmp_path: Path) -> None:
    home = changed(tmp_path / "home", KEPT, LOGIN)
    found = proved(home, Workload(suite=False, har=clicks(tmp_path)))
    assert found.verdict.behaviour is Behaviour.DIFFERENT
    told = {difference.route for difference in found.verdict.differences}
    assert {"POST /login", "DELETE /books/{book_id}", "GET /books/{book_id}"} <= told
    assert not [note for note in found.notes if "recorded requests" in note]
    printed = io.StringIO()
    text.write(found, Console(file=printed, width=200))
    for written in (printed.getvalue(), markdown.render(found), document.render(found)):
        assert TOKEN not in written
        assert PASSWORD not in written
