"""A small application that a rule must find, or must leave alone: a test and a page of documentation at once."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from strop.cell import Request


class Example(Struct, frozen=True):
    """A complete application and the requests that are sent to it.

    `files` are texts by path; `main.py` has the `app`, which makes its own data when it starts. `bad` says
    whether the rule must report it; a good one looks alike and must not be reported by any rule of its domain's code.
    The examples of a static rule are read, not run: they need no requests. `mends` names the bad example that a
    good one is the mended form of.
    """

    name: str
    files: Mapping[str, str]
    requests: tuple[Request, ...] = ()
    bad: bool = False
    mends: str = ""


def get(path: str, times: int = 3) -> tuple[Request, ...]:
    """The same GET several times: a first request also does what later ones don't."""
    return (Request("GET", path, (("host", "testserver"),)),) * times


def post(path: str, body: str = "", times: int = 2) -> tuple[Request, ...]:
    """The same POST with a JSON body several times."""
    data = body.encode()
    headers = (
        ("host", "testserver"),
        ("content-type", "application/json"),
        ("content-length", str(len(data))),
    )
    return (Request("POST", path, headers, data),) * times
