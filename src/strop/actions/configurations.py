"""What other configurations of the application tell of a change, joined with what the usual one told."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from strop.proof.executed import Executed
from strop.proof.second import tell
from strop.target import Configuration, Target
from strop.verdict import Behaviour, Gate, Verdict


class Configured(Struct, frozen=True):
    """One configuration, and what became of the change in it."""

    name: str
    verdict: Verdict
    executed: Executed
    seconds: float

    def gate(self) -> Gate:
        """The configuration as a line of the report."""
        found = self.verdict.differences
        detail = f"{found[0].route} {found[0].path}".strip() if found else self.verdict.reason or "passed"
        holds = self.verdict.behaviour is not Behaviour.DIFFERENT
        return Gate(10, f"{self.verdict.cells} requests with {self.name}", holds, detail, self.seconds)


def configured(target: Target, configuration: Configuration) -> Target:
    """The target under other settings."""
    environ = {**dict(target.environ), **dict(configuration.environ)}
    return replace(target, environ=tuple(sorted(environ.items())))


def join(first: Verdict, others: Sequence[Configured]) -> Verdict:
    """The verdict over all of them: DIFFERENT where it is that in one, and each difference says in which."""
    relaxed = [*first.relaxed]
    for each in others:
        relaxed += [
            f"{line} (with {each.name})" for line in each.verdict.relaxed if line not in first.relaxed
        ]
    whole = replace(
        first,
        gates=(*first.gates, *(each.gate() for each in others)),
        relaxed=tuple(relaxed),
        cells=first.cells + sum(each.verdict.cells for each in others),
        reached=first.reached + sum(each.verdict.reached for each in others),
    )
    for each in others:
        if each.verdict.behaviour is Behaviour.DIFFERENT:
            found = tell(each.verdict.differences, f"with {each.name}")
            reason = each.verdict.reason
            return replace(whole, behaviour=Behaviour.DIFFERENT, kept=False, reason=reason, differences=found)
    if whole.behaviour is Behaviour.IDENTICAL and relaxed:
        return replace(whole, behaviour=Behaviour.UNSPECIFIED)
    return whole


def join_executed(first: Executed, others: Sequence[Configured]) -> Executed:
    """Statements count as executed where a request executed them in any configuration."""
    elsewhere = {span for each in others for span in each.executed.reached}
    reached = (*first.reached, *(span for span in first.missed if span in elsewhere))
    missed = tuple(span for span in first.missed if span not in elsewhere)
    return replace(first, reached=reached, missed=missed)
