"""Where do the lines of the chart of routes run? One line a route from before to after, on a log scale.

Only geometry: templates draw it. A zero can't lie on a log scale and gets a rung of its own below it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from msgspec import Struct

from strop.report.comparison import SAME, Metric, RouteChange, kind_of, values
from strop.report.quantity import amount, change, plural

DRAWN = 60  # routes by their share of the measured cost
LINE_HEIGHT = 17.0
TOP, BOTTOM, ZERO_GAP = 34.0, 22.0, 26.0


class Layout(Struct, frozen=True):
    """A size of the chart: where the two axes stand and how much text fits beside them."""

    name: str
    width: int
    height: int
    left: float
    right: float
    labels: int
    chars: int


WIDE = Layout("wide", 1040, 430, 350.0, 640.0, 11, 37)
NARROW = Layout("narrow", 358, 400, 76.0, 150.0, 9, 23)


class Slope(Struct, frozen=True):
    """One route's line; `kind` is better, worse or same."""

    route: str
    kind: str
    y_before: float
    y_after: float
    title: str


class Label(Struct, frozen=True):
    """Text at one end of a line, moved from `anchor` to `y` so that labels don't overlap."""

    side: str  # before, after
    kind: str
    anchor: float
    y: float
    value: str
    change: str
    route: str


class Tick(Struct, frozen=True):
    """A value of the scale and its height."""

    y: float
    text: str


class SlopeChart(Struct, frozen=True):
    """The chart of one metric in one layout, with its sentence for who can't see it."""

    metric: Metric
    layout: Layout
    ticks: tuple[Tick, ...]
    slopes: tuple[Slope, ...]
    labels: tuple[Label, ...]
    description: str


class _Point(Struct, frozen=True):
    change: RouteChange
    before: float
    after: float
    factor: float

    @property
    def kind(self) -> str:
        return kind_of(self.before, self.after, self.factor)

    @property
    def weight(self) -> float:
        """How much a reader wants to know which route this is."""
        moved = abs(math.log10((self.before + 1) / (self.after + 1)))
        return moved * (0.02 + self.change.before.share)


def draw_slopes(
    changes: Sequence[RouteChange], metric: Metric, layout: Layout, factor: float = SAME
) -> SlopeChart | None:
    """The chart of one metric; None when it was measured on neither or only one side.

    A route that moved by no more than `factor` is drawn as unchanged.
    """
    points = [
        _Point(change, before, after, factor)
        for change in changes[:DRAWN]
        for before, after in (values(change, metric.key),)
        if after is not None and (before or after)
    ]
    positive = [value for point in points for value in (point.before, point.after) if value > 0]
    if not positive:
        return None
    scale = _Scale.fit(positive, any(not (p.before and p.after) for p in points), layout)
    slopes = sorted((_slope(p, metric, scale) for p in points), key=lambda s: (s.kind != "same", s.route))
    moved = [point for point in points if point.kind != "same"] or points
    named = sorted(moved, key=lambda p: (-p.weight, p.change.route))[: layout.labels]
    labels = (
        *_labels(named, metric, scale, layout, "before"),
        *_labels(named, metric, scale, layout, "after"),
    )
    return SlopeChart(
        metric, layout, scale.ticks(metric), tuple(slopes), labels, _describe(points, metric, factor)
    )


class _Scale(Struct, frozen=True):
    low: float
    high: float
    top: float
    bottom: float
    zero: float

    @classmethod
    def fit(cls, positive: Sequence[float], has_zero: bool, layout: Layout) -> _Scale:
        low, high = math.log10(min(positive)), math.log10(max(positive))
        if high - low < 0.5:
            low, high = low - 0.25, high + 0.25
        bottom = layout.height - BOTTOM
        return cls(low, high, TOP, bottom - (ZERO_GAP if has_zero else 0), bottom if has_zero else 0)

    def y(self, value: float) -> float:
        if value <= 0:
            return self.zero
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.bottom - part * (self.bottom - self.top), 1)

    def ticks(self, metric: Metric) -> tuple[Tick, ...]:
        powers = range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1)
        ticks = [Tick(self.y(10.0**power), amount(10.0**power, metric.unit)) for power in powers]
        return (*([Tick(self.zero, "0")] if self.zero else []), *ticks)


def _slope(point: _Point, metric: Metric, scale: _Scale) -> Slope:
    before, after = amount(point.before, metric.unit), amount(point.after, metric.unit)
    moved = change(point.before, point.after) or "same"
    title = f"{point.change.route}: {before} before, {after} after ({moved})"
    return Slope(point.change.route, point.kind, scale.y(point.before), scale.y(point.after), title)


def _labels(
    points: Sequence[_Point], metric: Metric, scale: _Scale, layout: Layout, side: str
) -> tuple[Label, ...]:
    def value(point: _Point) -> float:
        return point.before if side == "before" else point.after

    ordered = sorted(points, key=lambda p: (scale.y(value(p)), scale.y(p.before), p.change.route))
    anchors = [scale.y(value(point)) for point in ordered]
    return tuple(
        Label(
            side=side,
            kind=point.kind,
            anchor=anchor,
            y=y,
            value=amount(value(point), metric.unit),
            change=change(point.before, point.after) if side == "after" and point.kind != "same" else "",
            route=shorten(point.change.route, layout.chars),
        )
        for point, anchor, y in zip(
            ordered, anchors, spread(anchors, LINE_HEIGHT, layout.height - 8.0), strict=True
        )
    )


def spread(anchors: Sequence[float], gap: float, bottom: float) -> list[float]:
    """Sorted positions moved as little as needed so that each is `gap` below the one before."""
    placed: list[float] = []
    for anchor in anchors:
        placed.append(max(anchor, placed[-1] + gap) if placed else anchor)
    limit = bottom
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = round(min(placed[index], limit), 1)
        limit = placed[index] - gap
    return placed


def shorten(text: str, chars: int) -> str:
    """The text in at most `chars` characters; the end of a path tells more than its middle."""
    if len(text) <= chars:
        return text
    text = re.sub(r"\{[^{}]*\}", "{…}", text)
    if len(text) <= chars:
        return text
    head = (chars - 1) // 3
    return f"{text[:head]}…{text[-(chars - 1 - head) :]}"


def _describe(points: Sequence[_Point], metric: Metric, factor: float) -> str:
    better = sum(point.kind == "better" for point in points)
    worse = sum(point.kind == "worse" for point in points)
    return (
        f"{metric.name} of {plural(len(points), 'route')} before and after on a logarithmic scale: "
        f"{better} lower, {worse} higher, {len(points) - better - worse} within a factor of {factor:.3g}. "
        "The table below has every number."
    )
