"""Which loops ask the database once a turn, by the source alone, and for which of them is it worth a change?

A warning asks for all of this: a route that clients call often to read, turns that are rows of a query or what a
request lists, a turn that does nothing dearer and changes nothing. Anything else is a note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec.structs import replace

from strop.finding import Finding, Severity
from strop.project.function import Call, Function, Reach
from strop.project.project import Project
from strop.rules.asking import ASKING, asks, asks_one, changes
from strop.rules.code import Loop, loops_on_way, reaches
from strop.rules.draft import draft
from strop.rules.kept import comes_kept, is_kept_on
from strop.rules.led import leads_change, leads_dearer
from strop.rules.reading import is_about_few, is_read_often
from strop.rules.rule import Rule
from strop.rules.seldom import is_seldom
from strop.rules.sources import Over, over
from strop.rules.spared import is_spared
from strop.rules.syntax import goes_over_fields, is_batched, is_bounded, tries_again
from strop.rules.turns import Repeat, repeats
from strop.span import Span, Step

_DEEP = 3  # steps from a loop to the statement: a function between them asks for many loops


def looped(project: Project, rule: Rule) -> Iterator[Finding]:
    """What the source alone says: every loop of a route that asks once a turn, through any number of calls."""
    found: dict[object, list[Finding]] = {}
    for repeat in repeats(project, rule.code, asks_one, ASKING):
        ways = reaches(project, repeat.function.id, ("loop", "thread"))
        if ways:
            said = _said(project, rule, repeat, ways)
            found.setdefault((said.severity, _cause(repeat)), []).append(said)
    for first, *others in found.values():
        places = [other.span for other in others]
        routes = {route for each in (first, *others) for route in each.routes}
        yield replace(first, places=tuple(places), routes=tuple(sorted(routes))) if others else first


def _cause(repeat: Repeat) -> object:
    """What one change mends: a function that asks, deep below its loops, is one cause for all of them."""
    spans = tuple(step.span for step in repeat.path)
    return spans[-2:] if len(spans) >= _DEEP else (repeat.loop, spans)


def _said(project: Project, rule: Rule, repeat: Repeat, ways: list[Reach]) -> Finding:
    deep = len(repeat.path) - 1
    through = f" through {repeat.call.text}" if deep else ""
    often = [way for way in ways if is_read_often(way.route) and not _is_form(project, way.route)]
    writes = changes(repeat.last)
    span = repeat.call.span
    return draft(
        rule,
        Span(span.file, span.line, repeat.function.span.symbol, span.end_line),
        {w.route for w in ways},
        message=f"{repeat.last.text}{through} for each turn of the loop at {repeat.loop}",
        impact="as many round trips as turns; how many was not measured",
        solution="collect what is to be written, and send it with one statement after the loop"
        if writes
        else "ask once for all keys before the loop, and look the rows up in a dict",
        known="static",
        confidence=round(max(0.75 - 0.08 * deep, 0.4), 2),
        severity=_severity(project, rule, repeat, often, writes=writes),
        chain=(*(often or ways)[0].chain, *repeat.path),
        facts={"loop_line": repeat.loop.line, "loop_file": repeat.loop.file},
    )


def _severity(project: Project, rule: Rule, repeat: Repeat, often: list[Reach], *, writes: bool) -> Severity:
    deep = len(repeat.path) > 1
    if deep and not asks(repeat.last):
        return "note"  # a cache is looked into first, most often for one key
    often = [way for way in often if not is_about_few(way.route)]
    if writes or repeat.little or not often or is_seldom(project, often):
        return "note"
    source = over(project, rule.code, repeat.function, repeat.call.loop)
    if source is None or not source.origin or source.small:
        return "note"
    if source.origin == "request" and all(way.route.startswith("GET ") for way in often):
        return "note"  # what fits into a query string is short
    if is_kept_on(project, repeat.path) or all(comes_kept(project, way) for way in often):
        return "note"  # only what isn't kept yet is asked for
    is_little = is_spared(project, repeat.path) or _is_dear(project, repeat, source)
    return "note" if is_little else "warning"


def _is_form(project: Project, key: str) -> bool:
    """Whether the handler of a GET takes the POST of the same path too: it shows a form, and does what it says."""
    method, _, path = key.partition(" ")
    one, other = project.route(key), project.route(f"POST {path}")
    return method == "GET" and one is not None and other is not None and one.name == other.name


def _is_dear(project: Project, repeat: Repeat, source: Over) -> bool:
    """Whether a turn does what costs more than the question, or keeps something."""
    turn = [c for c in repeat.function.calls if c.loop and c.span.line in source.lines and not c.background]
    return any(leads_dearer(project, call) or leads_change(project, call) for call in turn)


def unserved(project: Project, rule: Rule, served: Counter[str]) -> Iterator[Finding]:
    """Statements that the source has in an open-ended loop, for routes that no request of a run has served."""
    for function in project.source.functions.doing("queries"):
        for call in function.calls:
            if not asks(call):
                continue
            ways = [w for w in reaches(project, function.id, ("loop", "thread")) if not served[w.route]]
            found = [(w, loop) for w in ways if (loop := _open_ended(project, function, call, w)) is not None]
            if found:
                yield _unmeasured(rule, function, call, found)


def _open_ended(project: Project, function: Function, call: Call, way: Reach) -> Loop | None:
    around = loops_on_way(project, function, call, way)
    no_rows = (goes_over_fields, tries_again)
    open_ended = (
        x for x in around if not is_finite(project, x) and not any(t(project, x.span) for t in no_rows)
    )
    return next(open_ended, None)


def is_finite(project: Project, loop: Loop) -> bool:
    """Whether more data gives the loop no more turns, or hardly any."""
    return is_bounded(project, loop.span) or is_batched(project, loop.span)


def _unmeasured(rule: Rule, function: Function, call: Call, found: list[tuple[Reach, Loop]]) -> Finding:
    way, loop = found[0]
    return draft(
        rule,
        Span(call.span.file, call.span.line, function.span.symbol),
        {w.route for w, _ in found},
        message=f"{call.text} for each turn of the loop at {loop.span}",
        impact="as many statements as turns; how many was not measured",
        solution="ask once for all keys, before the loop",
        known="static",
        confidence=0.5,
        severity="warning",
        chain=(*way.chain, Step(call.text, call.span)),
        facts={"loop_line": loop.span.line, "loop_file": loop.span.file},
    )
