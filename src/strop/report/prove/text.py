"""What does a person see in the terminal when `strop prove` ends? A pipe gets one line a fact."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.text import Text

from strop.report import terminal
from strop.report.headline import VALGRIND, figure, instrument_of, is_proved, relative, sameness
from strop.report.prove.proved import Proved
from strop.report.quantity import count, percent, plural
from strop.report.redaction import clean
from strop.report.terminal import Pair, label_lines, labelled, some
from strop.span import Span
from strop.verdict import Behaviour, Difference, Gain

COLOURS = {
    Behaviour.IDENTICAL: "bold green",
    Behaviour.UNSPECIFIED: "bold green",
    Behaviour.DIFFERENT: "bold red",
    Behaviour.INSUFFICIENT: "bold yellow",
}
SHOWN = 5  # differences, and places that no request executed


def write(proved: Proved, console: Console) -> None:
    """Write the proof: laid out for a terminal, or plain lines."""
    shown = clean(proved)
    word = shown.verdict.behaviour
    layout: list[RenderableType] = [Text(title(shown), style="bold"), "", labelled(_head(shown)), ""]
    layout += [Text(f"{word.value}  {sentence(shown)}", style=COLOURS[word])]
    layout += ["", labelled(_foot(shown))]
    terminal.write(console, [Group(*layout)], lines(shown))


def lines(proved: Proved) -> Iterator[str]:
    """The proof as plain lines: label, two spaces, text."""
    yield title(proved)
    yield from label_lines(_head(proved))
    yield f"{proved.verdict.behaviour.value}  {sentence(proved)}"
    yield from label_lines(_foot(proved))


def title(proved: Proved) -> str:
    """What was worked on."""
    target = proved.target
    facts = (target.name, target.app, plural(proved.workload.routes, "route"), target.dialect)
    return f"strop {proved.strop}  " + " · ".join(fact for fact in facts if fact)


def sentence(proved: Proved) -> str:
    """The verdict in words."""
    verdict = proved.verdict
    if verdict.behaviour is Behaviour.DIFFERENT:
        return distinct(verdict.differences)[0] if verdict.differences else verdict.reason
    same = sameness(verdict)
    answers = f"{count(same.same)} of {plural(same.cells, 'answer')} identical"
    if verdict.behaviour is Behaviour.INSUFFICIENT:
        return f"{answers}, but {verdict.reason}"
    return f"{answers}, {same.detail}"


def tell(difference: Difference) -> str:
    """One difference: where, before, after."""
    where = f"{difference.route}  {difference.path}" if difference.route else difference.path
    if not difference.before and difference.kind == "value":
        return f"{where}: {difference.after}"
    world = f" ({difference.world})" if difference.world else ""
    if difference.kind == "order":
        return f"{where}: the same in another order, first {difference.before} before, {difference.after} after{world}"
    return f"{where}: {difference.before or 'nothing'} before, {difference.after or 'nothing'} after{world}"


def distinct(differences: Sequence[Difference]) -> list[str]:
    """The differences as texts, without those of other requests that say the same of the same place: they are counted."""
    alike: dict[tuple[str, str, str, str], list[Difference]] = {}
    for each in differences:
        alike.setdefault((each.route, each.path, each.kind, each.world), []).append(each)
    told = []
    for found in alike.values():
        others = len({each.cell for each in found} - {found[0].cell})
        told.append(tell(found[0]) + (f"  (and in {plural(others, 'request')} more)" if others else ""))
    return told


def place(span: Span) -> str:
    """A statement as a place in a file."""
    return f"{span.file}:{span.line}" + (f" in {span.symbol}" if span.symbol else "")


def recorded(proved: Proved) -> str:
    """Since when the base's answers are known, where it was not run again."""
    moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(proved.recorded))
    return f"known since {moment}, from an earlier proof of the same commit (--no-cache runs it again)"


def survivors(proved: Proved) -> list[str]:
    """The mistakes made in the change that no request told, each with its place."""
    made = proved.kill.survivors if proved.kill else ()
    shown = [plural(s.requests, "request") if s.requests else "tests alone" for s in made]
    return [f"{place(s.span)}: {s.operator}: {s.change}  ({by})" for s, by in zip(made, shown, strict=True)]


def costs(proved: Proved) -> tuple[Gain, ...]:
    """What the change costs or saves, as far as it is certain and more than the base differs from itself; what somebody
    asked to be counted in any case.
    """
    return tuple(
        g for g in proved.verdict.gains if is_proved(g) or is_loss(g) or instrument_of(g) == VALGRIND
    )


def is_loss(gain: Gain) -> bool:
    """Whether even the upper bound (as far above the value as the lower is below) is more than the base differs by."""
    value = relative(gain)
    return gain.after > gain.before and 2 * value - gain.low < 0 and value < -gain.noise


def _head(proved: Proved) -> Iterator[Pair]:
    workload, noise, done = proved.workload, proved.noise, proved.executed
    statements = plural(done.statements, "statement") + " in functions"
    at_import = f", {done.at_import} at import" if done.at_import else ""
    yield (
        "change",
        f"{proved.base} -> {proved.changed}  {plural(len(proved.files), 'file')}, {statements}{at_import}",
    )
    missed = f"  (not reached: {some(workload.missed)})" if workload.missed else ""
    reached = f"{len(workload.reached)} of {plural(workload.routes, 'route')}"
    yield "workload", f"{workload.source} -> {plural(workload.requests, 'request')} over {reached}{missed}"
    same = f"{count(noise.identical)} of {plural(noise.cells, 'request')} identical in two runs of the base"
    yield "A/A", same + (f", CPU noise ±{percent(noise.cpu)}" if noise.cpu else "")
    if proved.recorded:
        yield "base", recorded(proved)
    for number, gate in enumerate(proved.verdict.gates):
        yield "gates" if number == 0 else "", f"{gate.name}: {gate.detail}"
    for number, note in enumerate(dict.fromkeys(proved.notes)):
        yield "notes" if number == 0 else "", note


def _foot(proved: Proved) -> Iterator[Pair]:
    verdict, done = proved.verdict, proved.executed
    for number, found in enumerate(distinct(verdict.differences)[1:SHOWN]):
        yield "and" if number == 0 else "", found
    if done.statements:
        yield (
            "executed",
            f"{len(done.reached)} of {plural(done.statements, 'changed statement')} by {plural(verdict.reached, 'request')}",
        )
        for number, missed in enumerate(done.missed[:SHOWN]):
            yield "missed" if number == 0 else "", place(missed)
        if len(done.missed) > SHOWN:
            yield "", f"and {len(done.missed) - SHOWN} more"
    for number, told in enumerate(survivors(proved)):
        yield "survived" if number == 0 else "", told
    for number, gain in enumerate(costs(proved)):
        shown = figure(gain)
        yield (
            "cost" if number == 0 else "",
            f"{shown.name}: {shown.before} -> {shown.after}  {shown.change}  ({shown.sure})",
        )
    if verdict.relaxed:
        yield "relaxed", some([" ".join(each.split()) for each in verdict.relaxed])
    for number, unproved in enumerate(verdict.unproved):
        yield "not proved" if number == 0 else "", unproved
    if proved.command:
        yield "again", proved.command
