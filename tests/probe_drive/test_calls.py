"""Calls to other services: answered from a record or refused, told in order, and nothing leaves the machine."""

from __future__ import annotations

import base64
import ipaddress
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.probe_drive.calling import APP, TASKS
from tests.probe_drive.process import Serving, body_of, write_files

Start = Callable[..., Serving]
RATE = "https://rates.example.com/v1/rate?of=eur"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Serving] = []

    def begin(app: str = APP, answers: list[dict[str, Any]] | None = None) -> Serving:
        write_files(tmp_path / "root", {"app.py": app})
        (tmp_path / "answers.json").write_text(json.dumps(answers or []))
        started.append(Serving(tmp_path / "root", tmp_path, outbound=str(tmp_path / "answers.json")))
        started[-1].start()
        return started[-1]

    yield begin
    for each in started:
        each.close()


def answer(url: str, body: str = "", method: str = "GET", **more: Any) -> dict[str, Any]:
    encoded = base64.b64encode(body.encode()).decode()
    return {"method": method, "url": url, "status": 200, "headers": [], "body": encoded, "sent": None, **more}


def names(outcome: dict[str, Any]) -> list[str]:
    return [call["name"] for call in outcome["calls"]]


CLIENTS = ("/requests", "/urllib", "/httpx", "/httpx-async", "/aiohttp")


def test_every_client_is_refused_as_where_there_is_no_network_and_what_it_sent_is_told(start: Start) -> None:
    serving = start()
    for path in CLIENTS:
        for _ in range(2):
            outcome = serving.get(path)
            assert body_of(outcome)["caught"] is True, path
            told = {"kind": "http", "name": f"GET {RATE}", "text": "", "answered": False}
            assert outcome["calls"] == [told], path


def test_every_client_gets_the_recorded_answers_in_order_and_each_cell_the_first_again(start: Start) -> None:
    typed: dict[str, Any] = {"headers": [["content-type", "application/json"], ["Content-Length", "999"]]}
    serving = start(answers=[answer(RATE, '{"rate": 1}', **typed), answer(RATE, '{"rate": 2}', **typed)])
    for _ in range(2):
        for path in CLIENTS:
            outcome = serving.get(path)
            got = body_of(outcome)
            wanted = {
                "/httpx-async": [{"rate": 1}, {"rate": 2}],
                "/urllib": {"status": 200, "body": '{"rate": 1}'},
            }
            assert got == wanted.get(path, {"rate": 1}), path
            assert all(call["answered"] for call in outcome["calls"])


def test_the_body_decides_and_what_a_background_task_sends_is_told(start: Start) -> None:
    def paid(amount: int, status: int) -> dict[str, Any]:
        sent = base64.b64encode(b'{"amount":%d}' % amount).decode()
        more: dict[str, Any] = {"status": status, "headers": [["x-id", str(amount)]], "sent": sent}
        return answer("https://bank.example.com/payments", method="POST", **more)

    serving = start(answers=[paid(1, 201), paid(2, 402), answer("https://audit.*/log", method="POST")])
    outcome = serving.get("/pay?amount=2", method="POST")
    assert body_of(outcome) == {"status": 402, "id": "2"}
    assert [(call["name"], call["text"]) for call in outcome["calls"]] == [
        ("POST https://bank.example.com/payments", '{"amount":2}'),
        ("POST https://audit.example.com/log", "paid"),
    ]
    unknown = serving.get("/pay?amount=3", method="POST")
    assert "ConnectError" in unknown["answer"]["exception"]
    assert unknown["calls"][0]["answered"] is False


def test_redirects_are_followed_and_a_body_that_204_may_not_have_is_left_out(start: Start) -> None:
    moved: dict[str, Any] = {"status": 302, "headers": [["location", "https://new.example.com/a"]]}
    gone = answer("https://new.example.com/a", "nothing", status=204)
    serving = start(answers=[answer("https://old.example.com/", **moved), gone])
    outcome = serving.get("/redirected")
    assert body_of(outcome) == [204, "https://new.example.com/a", ""]
    assert names(outcome) == ["GET https://old.example.com/", "GET https://new.example.com/a"]


def test_a_name_with_answers_has_a_public_address_and_others_have_none(start: Start) -> None:
    """Applications look names up first, lest they be made to call the inner network."""
    serving = start(answers=[answer("https://old.*.com/")])
    one, other = body_of(serving.get("/looked-up"))
    assert one == other
    assert ipaddress.ip_address(one).is_global
    unknown = start().get("/looked-up")
    assert unknown["answer"]["exception"] == "ConnectionRefusedError"
    assert names(unknown) == ["connection to old.example.com:443"]


@pytest.mark.parametrize(
    ("path", "how"),
    [
        ("/mail", ["encrypted, logged in as me"]),
        ("/mail-tls", ["encrypted"]),
        ("/mail-async", ["encrypted, logged in as me", "encrypted"]),
        ("/mail-bare", [""]),
    ],
)
def test_mail_is_taken_with_how_it_came_and_what_its_reader_would_see(
    start: Start, path: str, how: list[str]
) -> None:
    outcome = start().get(path)
    assert outcome["answer"]["status"] == 200, outcome["answer"]
    for call, sent in zip(outcome["calls"], how, strict=True):
        assert (call["kind"], call["answered"]) == ("mail", True)
        assert call["text"].replace("\r\n", "\n") == (
            (f"Sent: {sent}\n" if sent else "")
            + "From: shop@example.com\nTo: ann@example.com\nSubject: Paid\n\n"
            "[text/plain]\nThank you.\n.\nBye\n\n\n[text/html]\n<p>Thank you.</p>\n"
        )
    to = "ann@example.com, bcc@example.com" if path == "/mail" else "ann@example.com"
    assert outcome["calls"][0]["name"] == f"mail to {to}"


def test_threads_of_an_executor_call_for_the_request_and_daemons_for_themselves(start: Start) -> None:
    assert names(start().get("/elsewhere")) == [
        "GET https://executor.example.com/",
        "connection to queue.example.com:6379",
    ]


def test_tasks_are_told_and_not_published_and_what_runs_at_once_still_runs(start: Start) -> None:
    serving = start(TASKS)
    by_celery = serving.get("/celery")
    assert body_of(by_celery) == [True, 3]
    told = [(call["name"], call["text"].partition(" chain=")[0]) for call in by_celery["calls"]]
    assert told == [
        ("task shop.bill", "(7, due='now')"),
        ("task shop.bill", "(8) countdown=60 queue='slow'"),
        ("task shop.bill", "(1)"),
    ]
    by_taskiq = serving.get("/taskiq")
    assert body_of(by_taskiq) == 5
    assert [(call["name"], call["text"]) for call in by_taskiq["calls"]] == [
        ("task shop.ship", "(7)"),
        ("task shop.note", "(5)"),
    ]
    by_arq = serving.get("/arq")
    assert by_arq["calls"][0]["name"] == "task remind"
    assert by_arq["calls"][0]["text"] == "(7, why='late') _defer_by=60"
    assert body_of(by_arq) == body_of(serving.get("/arq"))  # the job's number follows from the seed
