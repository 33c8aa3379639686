"""How does a person see a problem? What happened, where, what to do next, and the exit status."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from strop.problem import Problem, Retry
from strop.report.redaction import clean_text


class ProblemDocument(Struct, frozen=True):
    """A problem for a program."""

    code: str
    message: str
    where: tuple[str, ...]
    do: str
    retry: Retry
    status: int
    explain: str


def render(problem: Problem) -> str:
    """The problem in a few lines that need neither colour nor width."""
    shown = build(problem)
    first, *rest = shown.message.splitlines() or ["unknown problem"]
    where = [f"  {line}" for part in shown.where for line in part.splitlines()]
    do = [
        f"  do    {line}" if number == 0 else f"        {line}"
        for number, line in enumerate(shown.do.splitlines())
    ]
    lines = [f"strop: {first}  [{shown.code}]", *(f"  {line}" for line in rest), *where, *do]
    return "\n".join([*lines, f"  more  {shown.explain}", f"exit {shown.status}", ""])


def render_json(problem: Problem) -> str:
    """The problem as one line of JSON."""
    return msgspec.json.encode({"problem": build(problem)}).decode() + "\n"


def build(problem: Problem) -> ProblemDocument:
    """The problem without secrets, which messages of drivers like to quote."""
    return ProblemDocument(
        code=clean_text(problem.code),
        message=clean_text(problem.message),
        where=tuple(map(clean_text, problem.where)),
        do=clean_text(problem.do),
        retry=problem.retry,
        status=problem.status,
        explain=f"strop explain {clean_text(problem.code)}",
    )
