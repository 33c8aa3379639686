"""What does `strop plan` say? Findings by what they cost, each with its options and how to go back."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct
from rich.console import Console, RenderableType
from rich.text import Text

from strop.plan import Item, Option, Plan
from strop.report import terminal
from strop.report.card import cost_texts
from strop.report.quantity import duration
from strop.report.redaction import clean
from strop.report.result import SCHEMA

CHOICES = 3  # questions that a person is asked at once


class ItemEntry(Struct, frozen=True):
    """An item with its finding's id."""

    id: str
    item: Item


class PlanDocument(Struct, frozen=True):
    """A plan for a program."""

    schema: int
    surface: str
    criteria: str
    items: tuple[ItemEntry, ...]


def write(plan: Plan, console: Console) -> None:
    """Write the plan: a table of costs, then each item."""
    plan = clean(plan)
    layout: list[RenderableType] = [terminal.labelled(_head(plan)), "", _table(plan), ""]
    for number, item in enumerate(plan.items, 1):
        layout += [Text(_title(number, item), style="bold"), terminal.labelled(_facts(item)), ""]
    terminal.write(console, [*layout, terminal.labelled(_foot(plan))], lines(plan))


def lines(plan: Plan) -> Iterator[str]:
    """The plan as plain lines."""
    yield from terminal.label_lines(_head(plan))
    for number, item in enumerate(plan.items, 1):
        yield ""
        yield _title(number, item)
        yield from (f"  {line}" for line in terminal.label_lines(_facts(item)))
    yield ""
    yield from terminal.label_lines(_foot(plan))


def render_json(plan: Plan) -> str:
    """The plan as indented JSON."""
    plan = clean(plan)
    items = tuple(ItemEntry(item.finding.id, item) for item in plan.items)
    found = PlanDocument(SCHEMA, plan.surface, plan.criteria, items)
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def _table(plan: Plan) -> RenderableType:
    table = terminal.columns(
        "#", "finding", "code", "routes", "in this run", right=("routes", "in this run"), wide="finding"
    )
    for number, item in enumerate(plan.items, 1):
        finding = item.finding
        total = duration(finding.cost.total) if finding.cost.total else "not measured"
        row = (str(number), finding.message, finding.code, str(len(finding.routes)), total)
        table.add_row(*map(Text, row))
    return table


def _title(number: int, item: Item) -> str:
    return f"{number}  {item.finding.id}  {item.finding.message}"


def _head(plan: Plan) -> Iterator[terminal.Pair]:
    yield "surface", plan.surface
    yield "criteria", plan.criteria


def _facts(item: Item) -> Iterator[terminal.Pair]:
    yield "problem", item.problem
    yield "impact", item.finding.impact
    if costs := cost_texts(item.finding.cost):
        yield "costs", ", ".join(map(" ".join, costs))
    yield (
        "where",
        "  ".join(part for part in (str(item.finding.span), terminal.some(item.finding.routes)) if part),
    )
    yield "solution", item.solution
    yield "risk", item.risk
    yield "validation", item.validation
    yield "rollback", item.rollback
    for number, option in enumerate(item.options):
        yield ("your choice" if item.choice else "options") if number == 0 else "", _option(number, option)


def _option(number: int, option: Option) -> str:
    parts = (
        f"complexity {option.complexity}",
        f"risk {option.risk}",
        option.compatibility,
        option.expected,
    )
    return f"{'abcdefgh'[number % 8]}) {option.title}  ({', '.join(part for part in parts if part)})"


def _foot(plan: Plan) -> Iterator[terminal.Pair]:
    waiting = [item for item in plan.items if item.choice]
    if waiting:
        shown = ", ".join(item.finding.id for item in waiting[:CHOICES])
        yield "choices", f"waiting for you: {shown}"
    if plan.items:
        yield "next", f"strop show {plan.items[0].finding.id}  ·  strop optimize"
    else:
        yield "next", "nothing to do"
