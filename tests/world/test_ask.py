"""The socket that the probe asks: one question, one answer, from many threads, and never silence."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strop.world.ask import LONGEST, Answer, AskSocket, Question

Asking = Callable[[Callable[[Question], Answer]], AskSocket]


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    opened: list[AskSocket] = []

    def begin(answer: Callable[[Question], Answer]) -> AskSocket:
        opened.append(AskSocket(tmp_path / "ask", answer))
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


def send(path: Path, line: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(20)
        connection.connect(str(path))
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as stream:
            return stream.read()


def ask(path: Path, question: Question) -> Answer:
    answer: Answer = json.loads(send(path, json.dumps(question).encode() + b"\n"))
    return answer


def test_each_connection_gets_its_answer(asking: Asking) -> None:
    one = asking(lambda question: {"path": f"/clone{question['path']}"})
    assert ask(one.path, {"path": "/a"}) == {"path": "/clone/a"}
    assert ask(one.path, {"path": "/b"}) == {"path": "/clone/b"}


def test_what_fails_or_is_no_question_is_answered_with_a_refusal(asking: Asking) -> None:
    one = asking(lambda question: {"path": question["path"]})
    assert "KeyError" in str(ask(one.path, {})["refuse"])
    assert b"refuse" in send(one.path, b"no JSON\n")
    assert ask(one.path, {"path": "/a"}) == {"path": "/a"}


def test_a_connection_that_says_nothing_stops_nobody(asking: Asking) -> None:
    one = asking(lambda question: {"path": "/a"})
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.connect(str(one.path))
        assert ask(one.path, {}) == {"path": "/a"}
    assert send(one.path, b"") == b""
    assert ask(one.path, {}) == {"path": "/a"}


def test_questions_are_answered_one_after_the_other(asking: Asking) -> None:
    """Two threads that open the same database get the same clone, so answers must not overlap."""
    inside: list[int] = []
    most: list[int] = []

    def answer(question: Question) -> Answer:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return {"path": str(question["n"])}

    one = asking(answer)
    got: dict[int, Answer] = {}
    threads = [
        threading.Thread(target=lambda n=n: got.__setitem__(n, ask(one.path, {"n": n}))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert got == {n: {"path": str(n)} for n in range(8)}
    assert set(most) == {1}


def test_a_path_that_is_too_long_for_a_socket_gets_another_which_is_gone_afterwards(tmp_path: Path) -> None:
    one = AskSocket(tmp_path / ("deep" * LONGEST) / "ask", lambda question: {"path": "/a"})
    assert len(str(one.path)) <= LONGEST
    assert ask(one.path, {}) == {"path": "/a"}
    one.close()
    one.close()  # an instance is closed when its work is done, and again with its world
    assert not one.path.parent.exists()


def test_after_closing_nobody_answers(tmp_path: Path) -> None:
    one = AskSocket(tmp_path / "ask", lambda question: {})
    one.close()
    assert not one.path.exists()
    with pytest.raises(OSError, match=r"No such file|refused"):
        send(one.path, b"{}\n")


def test_closing_waits_for_an_answer_that_is_being_made_and_none_is_made_afterwards(tmp_path: Path) -> None:
    """An answer copies databases: made after its world was put away it would bring the folder back."""
    began, made = threading.Event(), []

    def answer(question: Question) -> Answer:
        began.set()
        time.sleep(0.2)
        made.append(question)
        return {}

    one = AskSocket(tmp_path / "ask", answer)

    def try_to_ask(number: int) -> None:
        with contextlib.suppress(OSError, ValueError):  # the second may be cut off before anybody takes it
            ask(one.path, {"n": number})

    asked = [threading.Thread(target=try_to_ask, args=(n,)) for n in range(2)]
    for thread in asked:
        thread.start()
    assert began.wait(10)
    one.close()
    assert len(made) == 1
    for thread in asked:
        thread.join(20)
    assert len(made) == 1
