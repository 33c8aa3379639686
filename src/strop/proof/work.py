"""What the database itself does for the same statements on both sides: what an index saves, without a clock."""

from __future__ import annotations

from collections.abc import Iterable

from strop.evidence import Outcome
from strop.measure.explain import count_work, samples_of
from strop.measure.serve import Served
from strop.proof.gain import relative
from strop.verdict import Gain


def work_gains(
    one: Served,
    other: Served,
    known: Iterable[Outcome],
    served: Iterable[Outcome],
    routes: tuple[str, ...],
) -> tuple[Gain, ...]:
    """Steps of the database for the statements of `served`, with values from `known`; nothing where they are equal."""
    samples = samples_of(outcome.exchange for outcome in known)
    exchanges = [outcome.exchange for outcome in served]
    before, after = (float(count_work(exchanges, samples, s.instance.databases)) for s in (one, other))
    saved = relative(before, after)
    return (Gain("work", "steps of the database", before, after, saved, 0.0, routes),) if saved else ()
