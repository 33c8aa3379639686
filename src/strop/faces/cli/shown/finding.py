"""A finding: where, what it costs, what to do, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from strop.actions.show import Fate, ShownFinding
from strop.faces.cli.output import indented, labelled, words
from strop.finding import Finding
from strop.plan import Item, Option
from strop.report.document import ChangeEntry, ChoiceEntry
from strop.span import Step

ROUTES = 6
STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
DIFF = {"+": "green", "-": "red", "@": "cyan"}


def parts(shown: ShownFinding) -> Iterator[RenderableType]:
    """The finding for a person: the cause, the place, the cost, the ways out."""
    finding = shown.item.finding
    yield headline(finding)
    yield indented(words(_place(finding)))
    if finding.chain:
        yield indented(Text("\n").join(_chain(finding.chain)))
    if shown.source:
        yield ""
        yield indented(Text("\n").join(_source(shown.source, finding.span.line)))
    yield ""
    yield labelled(_facts(shown.item))
    yield ""
    yield labelled(_options(shown.item.options))
    if shown.fate is not None:
        yield ""
        yield from _fate(shown.fate)
    yield ""
    yield labelled((("run", shown.run), ("explain", f"strop explain {finding.code}")))


def headline(finding: Finding) -> Text:
    """Severity, code and message, then the id and how the finding is known."""
    return Text().join(
        (
            words(f"{finding.severity}[{finding.code}]", STYLES[finding.severity]),
            words(f" {finding.message}", "bold"),
            words(f"   {finding.id} · {finding.known}", "dim"),
        )
    )


def document(shown: ShownFinding) -> dict[str, Any]:
    """Everything that is known of the finding."""
    return {"id": shown.item.finding.id, "run": shown.run, "item": shown.item, "outcome": shown.fate}


def option(number: int, chosen: Option) -> tuple[str, str]:
    """An option in one line, with its number."""
    facts = [f"complexity {chosen.complexity}", f"risk {chosen.risk}", chosen.compatibility]
    facts += [f"strop does it ({chosen.fix})"] if chosen.fix else ["by hand"]
    expected = f": {chosen.expected}" if chosen.expected else ""
    return str(number), f"{chosen.title}{expected}  [{', '.join(facts)}]"


def _place(finding: Finding) -> str:
    return f"{finding.span}  {finding.span.symbol}".rstrip()


def _chain(chain: tuple[Step, ...]) -> Iterator[Text]:
    texts = [("  " * depth + ("└ " if depth else "") + step.text) for depth, step in enumerate(chain)]
    width = max(map(len, texts))
    for text, step in zip(texts, chain, strict=True):
        yield words(f"  {text.ljust(width)}  ").append_text(words(str(step.span), "dim"))


def _source(lines: tuple[tuple[int, str], ...], marked: int) -> Iterator[Text]:
    width = len(str(lines[-1][0]))
    for number, line in lines:
        sign = ">" if number == marked else " "
        yield words(f"{sign} {number:>{width}}  {line}", "" if number == marked else "dim")


def _facts(item: Item) -> Iterator[tuple[str, str]]:
    routes = item.finding.routes
    for number, route in enumerate(routes[:ROUTES]):
        yield "routes" if number == 0 else "", route
    if len(routes) > ROUTES:
        yield "", f"and {len(routes) - ROUTES} more"
    yield "impact", item.impact
    yield "solution", item.solution
    yield "risk", item.risk
    yield "validation", item.validation
    yield "rollback", item.rollback


def _options(options: tuple[Option, ...]) -> Iterator[tuple[str, str]]:
    for number, chosen in enumerate(options, 1):
        shown, text = option(number, chosen)
        yield f"option {shown}", text


def _fate(fate: Fate) -> Iterator[RenderableType]:
    """What `strop optimize` made of the finding."""
    if isinstance(fate, ChangeEntry):
        yield labelled(
            (
                ("outcome", f"fixed and proved: {fate.patch.title}"),
                ("verdict", ", ".join(filter(None, (fate.verdict.behaviour, fate.verdict.reason)))),
                ("commit", f"{fate.commit[:10]}   undo: git revert {fate.commit[:10]}"),
            )
        )
        yield ""
        yield indented(_diff(fate.diff))
        return
    if isinstance(fate, ChoiceEntry):
        yield labelled((("outcome", f"waits for your choice: {fate.question}"),))
        return
    yield labelled((("outcome", f"not fixed: {fate.reason}"),))
    for attempt in fate.attempts:
        yield labelled((("tried", f"{attempt.option or attempt.fix}: {attempt.reason}"),))
        if attempt.diff:
            yield ""
            yield indented(_diff(attempt.diff))


def _diff(diff: str) -> Text:
    return Text("\n").join(words(line, DIFF.get(line[:1], "")) for line in diff.rstrip("\n").split("\n"))
