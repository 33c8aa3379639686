"""What is sent to the people who own the code? One HTML file that needs nothing else, not even a network.

Everything of the target is hostile text: templates escape it all, and a content security policy allows
only the style and the script that are hashed here, so that nothing else could run or load.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from strop.report import quantity
from strop.report.card import Card, build_card
from strop.report.comparison import (
    METRICS,
    Metric,
    RouteChange,
    compare_routes,
    factors,
    kind_of,
    open_metric,
    values,
)
from strop.report.headline import figures, lead_metric, prices, sameness, sentence
from strop.report.redaction import share
from strop.report.result import Result
from strop.report.slope import NARROW, WIDE, SlopeChart, draw_slopes
from strop.report.waterfall import SIZES, draw_waterfall, pick, repeated

CARDS = 620_000  # characters of cards that are written in full; the others are named
NAMED = 300  # findings that are named after those, and rows of the table of routes
FOLLOWUPS = 3


def render(result: Result) -> str:
    """The report as one HTML document."""
    served = pick(result)
    result = share(result)
    changes = compare_routes(result)
    factor = factors(changes)
    charts = [drawn for metric in METRICS if (drawn := _charts(changes, metric, factor[metric.key]))]
    relaxed = result.verdict.relaxed if result.verdict else ()
    routes = {change.route: change for change in changes}
    index = [build_card(number, entry, relaxed, routes) for number, entry in enumerate(result.entries, 1)]
    cards, rest = _write(index)
    return (
        _environment()
        .get_template("report.html")
        .render(
            result=result,
            sentence=sentence(result),
            figures=figures(result),
            prices=prices(result),
            same=sameness(result.verdict) if result.verdict else None,
            metrics=METRICS,
            charts=charts,
            opened=open_metric(lead_metric(result), [drawn[0].metric.key for drawn in charts]),
            factors=factor,
            served=served,
            waterfalls=[draw_waterfall(served, size) for size in SIZES] if served else [],
            repeated=[("Before", repeated(served.before)), ("After", repeated(served.after))]
            if served
            else [],
            routes=[_row(change, factor) for change in changes[:NAMED]],
            hidden_routes=max(len(changes) - NAMED, 0),
            cards=cards,
            index=index[: len(cards)],
            named=rest[:NAMED],
            hidden=len(rest) - NAMED,
            tally=_tally(result),
            unproved=tuple(
                dict.fromkeys((*(result.verdict.unproved if result.verdict else ()), *result.unproved))
            ),
            followups=result.followups[:FOLLOWUPS],
            style=_asset("style.css"),
            style_hash=_hash(_asset("style.css")),
            script=_asset("script.js"),
            script_hash=_hash(_asset("script.js")),
        )
    )


def _tally(result: Result) -> str:
    """How many findings became what."""
    parts = (
        (result.changes, "kept as commits" if len(result.changes) > 1 else "kept as a commit"),
        (result.proposals, "not kept"),
        (result.choices, "for you to choose"),
    )
    return ", ".join(f"{len(entries):,} {name}" for entries, name in parts if entries)


def _write(cards: list[Card]) -> tuple[list[Markup], list[Card]]:
    """Cards as HTML until the page is big enough, and those that are only named."""
    template = _environment().get_template("card.html")
    written: list[Markup] = []
    size = 0
    for position, card in enumerate(cards):
        html = template.render(card=card)
        size += len(html)
        if size > CARDS:
            return written, cards[position:]
        written.append(Markup(html))  # rendered just now by an environment that escapes
    return written, []


def _charts(changes: Sequence[RouteChange], metric: Metric, factor: float) -> list[SlopeChart]:
    drawn = (draw_slopes(changes, metric, layout, factor) for layout in (WIDE, NARROW))
    return [chart for chart in drawn if chart]


def _row(change: RouteChange, factor: Mapping[str, float]) -> dict[str, object]:
    """A route of the table: for each metric the sort keys and the texts."""
    return {
        "route": change.route,
        "requests": change.before.requests,
        "share": change.before.share,
        "cells": [_cell(change, metric, factor[metric.key]) for metric in METRICS],
    }


def _cell(change: RouteChange, metric: Metric, factor: float) -> dict[str, object]:
    before, after = values(change, metric.key)
    missing = metric.key == "p95" and not before
    unit = metric.unit
    return {
        "before": None if missing else before,
        "after": after,
        "before_text": "–" if missing else quantity.amount(before, unit),
        "after_text": "–" if after is None else quantity.amount(after, unit),
        "kind": kind_of(before, after, factor),
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("strop.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=quantity.count,
        duration=quantity.duration,
        percent=quantity.percent,
        plural=quantity.plural,
        minus=_minus,
        tight=_tight,
        arrows=quantity.arrows,
        breakable=_breakable,
    )
    return environment


@cache
def _asset(name: str) -> Markup:
    """A file of the package as it stands: it holds nothing of the target."""
    environment = _environment()
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, name)[0])


def _minus(text: str) -> str:
    """The text with a real minus sign before its number."""
    return re.sub(r"(^|(?<= ))-(?=\d)", "\u2212", text)


def _tight(text: str) -> str:
    """The text with its units kept on the line of their numbers."""
    return re.sub(r"(?<=\d) (?=(?:%|µs|ms|s|[kMG]?B)(?!\w))", "\u00a0", text)


def _breakable(path: str) -> Markup:
    """The path, which may be broken after a slash."""
    return Markup("/<wbr>").join(path.split("/"))  # joining escapes the parts


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
