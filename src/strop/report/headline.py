"""What does a reader see first? One sentence, the proved figures, and whether the answers are the same."""

from __future__ import annotations

from msgspec import Struct

from strop.report.comparison import fixed
from strop.report.quantity import amount, change, percent, plural, signed
from strop.report.result import Result
from strop.verdict import Behaviour, Gain, Verdict

FIGURES = 3
NEGLIGIBLE = 0.0005  # noise that would be written as 0.0 %

# Names of gains, the noun that a person reads, and the instrument that saw them, most exact first.
COUNTED, SAMPLED, PROCESSOR, CLOCK = "counted", "sampled on the event loop", "CPU time, paired", "wall clock"
VALGRIND = "counted under valgrind"
_NAMES = {
    "queries": ("Queries", COUNTED),
    "rows": ("Rows fetched", COUNTED),
    "commits": ("Commits", COUNTED),
    "connections": ("Connections", COUNTED),
    "threads": ("Thread hops", COUNTED),
    "response_bytes": ("Bytes sent", COUNTED),
    "blocked": ("Loop blocked", SAMPLED),
    "blocking": ("Blocking calls on the loop", COUNTED),
    "built": ("Objects built", COUNTED),
    "work": ("Database steps", COUNTED),
    "waits": ("Pool waits", CLOCK),
    "instructions": ("Instructions", VALGRIND),
    "cpu": ("CPU", PROCESSOR),
    "loop": ("Loop time", PROCESSOR),
    "duration": ("Duration", CLOCK),
    "log_queries": ("Queries of 1,000 requests of your log", COUNTED),
    "log_rows": ("Rows of 1,000 requests of your log", COUNTED),
    "log_instructions": ("Instructions in the mix of your log", VALGRIND),
    "log_cpu": ("CPU in the mix of your log", PROCESSOR),
    "log_loop": ("Loop time in the mix of your log", PROCESSOR),
    "p50": ("p50 latency", CLOCK),
    "p95": ("p95 latency", CLOCK),
    "p99": ("p99 latency", CLOCK),
}
_ASKED = {
    name: place
    for place, name in enumerate(
        (
            "log_cpu",
            "queries",
            "rows",
            "cpu",
            "p95",
            "loop",
            "work",
            "blocked",
        )
    )
}
_EXACTNESS = (COUNTED, VALGRIND, SAMPLED, PROCESSOR, CLOCK)
# A time or a count whose name already says its unit is not repeated beside the number.
_SELF_EXPLAINING = {"queries", "rows", "commits", "connections", "threads", "blocking", "built", "work"} | {
    "instructions",
    "log_instructions",
    "log_queries",
    "log_rows",
}


class Figure(Struct, frozen=True):
    """One number before and after, in words, with the weakest instrument that proves it."""

    name: str
    before: str
    after: str
    change: str  # "-88 %"
    bound: str  # "at least -86 %"; "exact" for what is counted
    instrument: str
    noise: str  # "A/A ±1.4 %", "" for what is counted without noise
    scope: str  # the route, or how many, that it was seen on; "" for all
    doubt: str = ""  # why it is no gain: "more than before", "within the noise"; "" where it is proved

    @property
    def sure(self) -> str:
        """How sure it is: instrument, bound, noise."""
        return ", ".join(part for part in (self.instrument, self.bound, self.noise) if part)


class Sameness(Struct, frozen=True):
    """How many answers are the same as before, and what is to be said of the others."""

    same: int
    cells: int
    detail: str
    good: bool


def is_proved(gain: Gain) -> bool:
    """Whether even the lower bound is a gain, and the gain is more than the base differs from itself."""
    return gain.after < gain.before and gain.low > 0 and relative(gain) > gain.noise


def relative(gain: Gain) -> float:
    """The share of the cost that went away: 0.88 for -88 %."""
    return (gain.before - gain.after) / gain.before if gain.before else 0.0


def name_of(gain: Gain) -> str:
    """The noun for what was measured."""
    return _NAMES.get(gain.name, (gain.name.replace("_", " "), ""))[0]


def instrument_of(gain: Gain) -> str:
    """What saw the gain: counters are exact, clocks are not."""
    return _NAMES.get(gain.name, ("", CLOCK))[1]


def proved_gains(verdict: Verdict | None) -> tuple[Gain, ...]:
    """Proved gains, the biggest relative change first; of equals, the more exact instrument."""
    gains = [gain for gain in verdict.gains if is_proved(gain)] if verdict else []
    return tuple(sorted(gains, key=lambda g: (-relative(g), _EXACTNESS.index(instrument_of(g)), g.name)))


def telling(verdict: Verdict) -> Gain | None:
    """The proved gain that a line of a list shows: a count where there is one."""
    proved = [gain for gain in verdict.gains if is_proved(gain)]
    return next((g for g in proved if instrument_of(g) == COUNTED), next(iter(proved), None))


def figure(gain: Gain) -> Figure:
    """The gain in words."""
    instrument = instrument_of(gain)
    unit = "" if gain.name in _SELF_EXPLAINING else gain.unit
    noise = percent(gain.noise) if gain.noise >= NEGLIGIBLE else ""
    return Figure(
        name=name_of(gain),
        before=amount(gain.before, unit),
        after=amount(gain.after, unit),
        change=change(gain.before, gain.after),
        bound=_bound(gain, instrument, noise),
        instrument=instrument,
        noise=f"A/A ±{noise}" if noise else "",
        scope=_scope(gain.routes),
        doubt=_doubt(gain),
    )


def _bound(gain: Gain, instrument: str, noise: str) -> str:
    if instrument in (COUNTED, VALGRIND):
        return "" if noise else "exact"
    return f"at {'least' if gain.low > 0 else 'most'} {signed(-gain.low)}"


def _doubt(gain: Gain) -> str:
    if is_proved(gain):
        return ""
    within = abs(gain.after - gain.before) <= gain.noise * gain.before
    return "within the noise" if within else "more than before" if gain.after > gain.before else "not proved"


def figures(result: Result) -> tuple[Figure, ...]:
    """Three proved costs of the whole branch: what a reader asks for first, then what changed most; no two
    of one kind of clock.
    """
    chosen: list[Gain] = []
    asked = sorted(proved_gains(result.verdict), key=_asked)
    for gain in asked:
        clock = instrument_of(gain) == CLOCK
        if len(chosen) < FIGURES and not (clock and any(instrument_of(g) == CLOCK for g in chosen)):
            chosen.append(gain)
    return tuple(figure(gain) for gain in sorted(chosen, key=lambda g: _EXACTNESS.index(instrument_of(g))))


def prices(result: Result) -> tuple[Figure, ...]:
    """What the whole branch pays: exact counts that rose by more than the base differs from itself."""
    gains = result.verdict.gains if result.verdict else ()
    risen = (g for g in gains if instrument_of(g) == COUNTED and g.after > g.before)
    return tuple(figure(g) for g in risen if g.after - g.before > g.noise * g.before)


def lead_metric(result: Result) -> str:
    """The name of the gain that the headline speaks of; "" without one."""
    gains = proved_gains(result.verdict)
    return min(gains, key=_asked).name if gains else ""


def _asked(gain: Gain) -> int:
    """The place in the order in which people ask for costs."""
    return _ASKED.get(gain.name, len(_ASKED))


def sameness(verdict: Verdict) -> Sameness:
    """How many answers of the whole branch equal those of the base."""
    different = len({difference.cell for difference in verdict.differences})
    same = max(verdict.cells - different, 0)
    relaxed = len(verdict.relaxed)
    match verdict.behaviour:
        case Behaviour.IDENTICAL:
            worlds = ", in two worlds" if any(g.number == 6 and g.passed for g in verdict.gates) else ""
            detail = f"byte for byte, and row by row in the database{worlds}"
        case Behaviour.UNSPECIFIED:
            detail = f"but for {plural(relaxed, 'place')} that the base itself leaves open"
        case Behaviour.DIFFERENT:
            verb = "differs" if different == 1 else "differ"
            detail = f"{plural(different, 'answer')} {verb} from the base"
        case Behaviour.INSUFFICIENT:
            detail = "too few requests to claim that behaviour is unchanged"
    return Sameness(
        same, verdict.cells, detail, verdict.behaviour in (Behaviour.IDENTICAL, Behaviour.UNSPECIFIED)
    )


def sentence(result: Result) -> str:
    """The whole report in one sentence."""
    total, kept = len(result.entries), len(result.changes)
    if not total:
        return f"Nothing to change: {plural(result.workload.requests, 'request')} showed no finding."
    if not kept:
        return f"No change was kept: none of {plural(total, 'finding')} could be fixed and proved."
    gains = proved_gains(result.verdict)
    first = min(gains, key=_asked, default=None)
    best = f": {_phrase(first)}" if first else ""
    number = fixed(result)
    said = f"{number} of {plural(total, 'finding')} fixed" if number else f"{plural(kept, 'change')} kept"
    return f"{said}{best}{_answers(result.verdict)}."


def _scope(routes: tuple[str, ...]) -> str:
    return "" if not routes else routes[0] if len(routes) == 1 else plural(len(routes), "route")


def _phrase(gain: Gain) -> str:
    """The gain as people say it: 89 % fewer rows fetched, 65 % less CPU."""
    less = signed(-relative(gain)).removeprefix("-")
    name = name_of(gain)
    if instrument_of(gain) == COUNTED:
        return f"{less} fewer {name.lower()}"
    if gain.name == "cpu":
        return f"{less} less CPU"
    return f"{name[0].lower()}{name[1:]} down by {less}"


def _answers(verdict: Verdict | None) -> str:
    if verdict is None:
        return "; the branch as a whole was not proved"
    if not sameness(verdict).good:
        return f"; the branch as a whole is {verdict.behaviour}"
    return (
        f", and {'the' if verdict.cells == 1 else 'all'} {plural(verdict.cells, 'compared answer')} as before"
    )
