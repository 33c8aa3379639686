"""Findings from what requests carry into dangerous calls: one for each call, with every route that leads there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from strop.finding import Finding, Severity
from strop.project.project import Project
from strop.project.sinks import Danger
from strop.project.taint import Tainted, tainted
from strop.rules.alone import is_for_one
from strop.rules.draft import draft
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.seldom import installs_code


def carried(
    rule: Rule,
    project: Project,
    *dangers: Danger,
    message: str,
    impact: str,
    solution: str,
    confidence: float,
    severity: Severity | None = None,
    operated: Severity = "note",
    unless: Callable[[Tainted], bool] = lambda _: False,
) -> Iterator[Finding]:
    """The findings of a rule about these dangers; texts may have {source}, {call} and {function};
    `unless` leaves some out. What only operators can send is `operated`: they configure the service anyway.
    An address that the one person chooses whose program it is is a note.
    """
    protection, own = Protection.of(project), is_for_one(project)
    for one in tainted(project):
        if one.danger in dangers and not unless(one):
            words = _words(one)
            yield draft(
                rule,
                one.span,
                one.routes,
                message=message.format_map(words),
                impact=impact.format_map(words),
                solution=solution.format_map(words),
                known="static",
                confidence=confidence if len(one.chain) < 5 else confidence - 0.1,
                chain=one.chain,
                severity="note"
                if one.danger == "url" and own
                else _less(protection, one, operated) or severity,
                facts={"call": one.name, "source": one.source},
            )


def _less(protection: Protection, one: Tainted, operated: Severity) -> Severity | None:
    """What it is where those who can send it may run programs anyway: operators, and who installs plugins by files of his own.

    The name of a file is an exception: who uploads a file has not chosen what somebody else called it.
    """
    if one.danger == "path" and all(map(installs_code, one.routes)):
        return "note"
    if not all(map(protection.is_for_operators, one.routes)):
        return None
    return (
        "warning"
        if one.danger == "path" and one.source.startswith("the file name of the upload")
        else operated
    )


def _words(one: Tainted) -> dict[str, str]:
    call = one.name.partition(":")[0].removeprefix("?.")
    short = call.removeprefix("starlette.responses.").removeprefix("fastapi.responses.")
    return {"source": one.source, "call": short, "function": one.span.symbol.rpartition(".")[2]}
