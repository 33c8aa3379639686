"""What is said of a mail that a request waits for?"""

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.registry import check, noticers
from strop.rules.sample import plain

_APP = """
import smtplib
from email.message import EmailMessage

from fastapi import BackgroundTasks


def write(to: str) -> None:
    message = EmailMessage()
    message["To"] = to
    {0}


@app.post("/visits")
def visit(name: str, background: BackgroundTasks):
    background.add_task(print, name)


@app.post("/orders")
def order(address: str):
    number = len(address)
    write(address)
    return {{"number": number}}
"""
_SEND = 'smtplib.SMTP("mail.example", timeout=10).send_message(message)'


@pytest.mark.parametrize(
    ("sends", "fails"),
    [
        (_SEND, True),
        (f"try:\n        {_SEND}\n    except Exception:\n        print('no mail')", False),
        (f"try:\n        {_SEND}\n    except ValueError:\n        print('no mail')", True),
    ],
)
def test_a_route_fails_with_its_mail_unless_that_is_caught(tmp_path: Path, sends: str, fails: bool) -> None:
    for name, text in plain(_APP.format(sends)).items():
        (tmp_path / name).write_text(text)
    every = check(read_project(tmp_path, (), (), noticers()), None)
    (one,) = (finding for finding in every if finding.code == "HTTP006")
    assert ("fails with it" in one.impact) is fails
    assert "background.add_task(print, name)" in one.solution
