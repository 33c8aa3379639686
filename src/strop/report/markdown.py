"""What is pasted into a pull request? The report in Markdown, in the order of the design, within its size.

Text of the target is escaped, so that it can't become markup, a link, an image or a mention.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from strop.plan import Item
from strop.report.card import COMMIT, impact, question
from strop.report.comparison import RouteChange, compare_routes, solved, unmoved
from strop.report.excerpt import Excerpt
from strop.report.headline import Figure, figures, prices, sameness, sentence
from strop.report.headline import figure as show_gain
from strop.report.quantity import count, duration, percent, plural
from strop.report.redaction import share
from strop.report.result import Acceptance, Attempt, Change, Choice, Entry, Proposed, Result
from strop.verdict import Gate, Verdict

LIMIT = 60_000  # characters: a pull request's text may have 65,536
DIFF_LINES = 60
FOLLOWUPS = 3


def render(result: Result) -> str:
    """The report as Markdown."""
    result = share(result)
    head = [*_head(result), *_frame(result)]
    tail = [*_acceptance(result.acceptance), *_list("Next, and risks", result.followups[:FOLLOWUPS])]
    tail += [*_unproved(result), _facts(result)]
    room = LIMIT - sum(len(block) + 2 for block in (*head, *tail))
    blocks = [*head, *_findings(result, room), *tail]
    return "\n\n".join(block for block in blocks if block) + "\n"


def escape(text: str) -> str:
    """Text as itself, on one line: no markup, no HTML, no mention, no reference to an issue."""
    line = " ".join(text.split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = re.sub(r"([\\`*_{}\[\]()|!~^$])", r"\\\1", line)
    line = re.sub(r"^([-+#=](?!\d)|\d+[.)](?=\s|$))", r"\\\1", line)
    line = re.sub(r"(?i)(https?|ftp)://", "\\1:\u2060//", line)
    return re.sub(r"(?i)(@|#|\bGH-|\bwww\.)(?=\w)", "\\1\u2060", line)


def code(text: str) -> str:
    """Text as an inline code span."""
    line = " ".join(text.split()) or " "
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def cell(text: str) -> str:
    """Inline code inside a table, where a pipe would end the cell even in code."""
    return code(text.replace("|", "¦"))


def block(text: str, language: str) -> str:
    """Text as a fenced block whose fence the text can't close."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _head(result: Result) -> Iterator[str]:
    yield f"# {escape(sentence(result))}"
    yield f"**Surface** {escape(result.surface)}  \n**Success** {escape(result.criteria)}"
    yield "\n".join(["**Before you read the numbers**", "", *(f"- {line}" for line in _limits(result))])
    if result.verdict:
        same = sameness(result.verdict)
        same_row = (
            f"| Answers identical | {count(same.cells)} | **{count(same.same)}** | | {escape(same.detail)} |"
        )
        rows = [same_row, *(_row(shown, whole=True) for shown in (*figures(result), *prices(result)))]
        yield "\n".join(["| | before | after | change | how sure |", "|---|--:|--:|--:|---|", *rows])
        yield from _doubts(result.verdict.unproved, result.verdict.relaxed)


def _limits(result: Result) -> Iterator[str]:
    workload, noise = result.workload, result.noise
    missed = f"; not reached: {', '.join(map(code, workload.missed[:6]))}" if workload.missed else ""
    more = f" and {len(workload.missed) - 6} more" if len(workload.missed) > 6 else ""
    yield (
        f"{escape(workload.source)}: {plural(workload.requests, 'request')} over "
        f"{len(workload.reached)} of {plural(workload.routes, 'route')}{missed}{more}"
    )
    same = f"{count(noise.identical)} of {plural(noise.cells, 'request')} identical in two runs of the base"
    yield f"A/A: {same}; CPU noise ±{percent(noise.cpu)}"
    if result.probe_cost:
        yield f"the probe took {duration(result.probe_cost)} of each request, in before and after alike"
    yield from map(escape, result.notes)


def _frame(result: Result) -> Iterator[str]:
    named = (
        ("Constraints", result.constraints),
        ("Invariants", result.invariants),
        ("Non-goals", result.non_goals),
    )
    for name, texts in named:
        yield from _list(name, texts)


def _list(title: str, texts: Iterable[str]) -> Iterator[str]:
    lines = [f"- {escape(text)}" for text in texts]
    if lines:
        yield "\n".join([f"## {title}", "", *lines])


def _findings(result: Result, room: int) -> Iterator[str]:
    """Findings while there is room; the others are counted."""
    if not result.entries:
        return
    yield "## Findings and changes"
    room -= 200
    relaxed = result.verdict.relaxed if result.verdict else ()
    compared = {change.route: change for change in compare_routes(result)}
    for number, entry in enumerate(result.entries, 1):
        text = "\n\n".join(_entry(number, entry, relaxed, compared))
        if len(text) > room:
            left = len(result.entries) - number + 1
            yield f"{plural(left, 'more finding')} in the JSON and the HTML report."
            return
        room -= len(text) + 2
        yield text


def _entry(
    number: int, entry: Entry, relaxed: Collection[str], compared: Mapping[str, RouteChange]
) -> Iterator[str]:
    finding, item = entry.finding, entry.item
    yield f"### {number}. {escape(finding.message)}"
    where = _lines_of(entry.excerpt) if entry.excerpt else str(finding.span)
    routes = ", ".join(map(code, finding.routes[:4]))
    more = f" and {len(finding.routes) - 4} more" if len(finding.routes) > 4 else ""
    facts = (f"{_outcome(entry)}", escape(f"{finding.code} {finding.id}"), code(where), f"{routes}{more}")
    yield " · ".join(fact for fact in facts if fact)
    yield "\n".join(f"- **{name}** {text}" for name, text in _card(entry, item))
    match entry:
        case Change():
            yield from _gains(entry.verdict)
            own = tuple(place for place in entry.verdict.relaxed if place not in relaxed)
            yield from _doubts(entry.verdict.unproved, own, unmoved(entry, compared))
            yield _folded(f"{entry.patch.title} ({entry.commit[:COMMIT]})", entry.diff)
        case Proposed():
            if text := solved(entry, compared):
                yield f"> Another change on the branch solves it: its routes cost {text}"
            yield f"> Not kept: {escape(entry.reason)}"
        case Choice():
            yield f"> **{escape(question(entry))}**"
    if not isinstance(entry, Change):
        yield from _options(item, entry.default if isinstance(entry, Choice) else "")
    if not isinstance(entry, Choice):
        said = entry.reason if isinstance(entry, Proposed) else ""
        yield from (_attempt(a) for a in entry.attempts if a.diff or a.verdict or a.reason != said)


def _outcome(entry: Entry) -> str:
    match entry:
        case Change():
            return f"**Kept** as {code(entry.commit[:COMMIT])}: {entry.verdict.behaviour}"
        case Proposed():
            return "**Not kept**"
        case Choice():
            return "**Your choice**"


def _lines_of(excerpt: Excerpt) -> str:
    return f"{excerpt.file}:{excerpt.first}-{excerpt.first + max(len(excerpt.lines) - 1, 0)}"


def _card(entry: Entry, item: Item) -> Iterator[tuple[str, str]]:
    if not item.problem.startswith(entry.finding.message.rstrip(".")):
        yield "Problem", escape(item.problem)
    yield "Impact", escape(impact(entry.finding))
    yield "Solution", escape(item.solution)
    yield "Risk", escape(item.risk)
    yield "Validation", escape(item.validation)
    if isinstance(entry, Change):
        yield "Rollback", code(f"git revert {entry.commit[:COMMIT]}")
        yield "Gates", _gates(entry.verdict.gates)
    else:
        yield "Rollback", escape(item.rollback)


def _gates(gates: tuple[Gate, ...]) -> str:
    passed = sum(gate.passed for gate in gates)
    failed = [f"; failed: {escape(gate.name)} ({escape(gate.detail)})" for gate in gates if not gate.passed]
    return f"{passed} of {plural(len(gates), 'gate')} passed{''.join(failed)}"


def _gains(verdict: Verdict) -> Iterator[str]:
    if not verdict.gains:
        return
    rows = [_row(show_gain(gain)) for gain in verdict.gains]
    yield "\n".join(["| measured | before | after | change | how sure |", "|---|--:|--:|--:|---|", *rows])


def _row(shown: Figure, whole: bool = False) -> str:
    """A measured cost as a row of a table; that of the whole branch says whose."""
    scope = f", mean request of {cell(shown.scope)}" if shown.scope and whole else ""
    before, after, change = escape(shown.before), escape(shown.after), escape(shown.change)
    doubt = f"; *{shown.doubt}*" if shown.doubt and not whole else ""
    return (
        f"| {escape(shown.name)}{scope} | {before} | **{after}** | {change} | {escape(shown.sure)}{doubt} |"
    )


def _doubts(unproved: Iterable[str], relaxed: Iterable[str], stayed: str = "") -> Iterator[str]:
    lines = []
    if stayed:
        lines.append(f"- **Elsewhere** on the finished branch the routes named above cost {stayed}")
    lines += [f"- **Not proved** {escape(text)}" for text in unproved]
    lines += [f"- **Relaxed** {code(place)} differs between two runs of the base itself" for place in relaxed]
    if lines:
        yield "\n".join(lines)


def _folded(title: str, diff: str) -> str:
    rows = diff.splitlines()
    cut = f"\n\n{len(rows) - DIFF_LINES} more lines in the commit" if len(rows) > DIFF_LINES else ""
    text = block("\n".join(rows[:DIFF_LINES]), "diff")
    return f"<details><summary>{escape(title)}</summary>\n\n{text}{cut}\n\n</details>"


def _options(item: Item, default: str) -> Iterator[str]:
    if not item.options:
        return
    rows = []
    for option in item.options:
        mark = " (default)" if option.title == default else ""
        facts = (option.complexity, option.risk, option.compatibility, option.expected)
        rows.append(f"| {escape(option.title)}{mark} | {' | '.join(map(escape, facts))} |")
    yield "\n".join(
        ["| option | complexity | risk | compatibility | expected |", "|---|---|---|---|---|", *rows]
    )


def _attempt(attempt: Attempt) -> str:
    name = escape(attempt.title or attempt.fix)
    word = f" ({attempt.verdict.behaviour})" if attempt.verdict else ""
    return f"Also tried: {name}{word}: {escape(attempt.reason)}."


def _acceptance(boxes: tuple[Acceptance, ...]) -> Iterator[str]:
    lines = [f"- [{'x' if box.ticked else ' '}] {escape(box.text)}: {code(box.command)}" for box in boxes]
    if lines:
        yield "\n".join(["## Acceptance", "", *lines])


def _unproved(result: Result) -> Iterator[str]:
    above = result.verdict.unproved if result.verdict else ()
    rest = [text for text in result.unproved if text not in above]
    nothing = () if above else ("nothing beyond the limits named above the numbers",)
    yield from _list("Not proved", rest or nothing)


def _facts(result: Result) -> str:
    target = result.target
    versions = [f"{name} {version}" for name, version in target.versions]
    facts = [
        f"strop {result.strop}",
        f"run {result.run}",
        target.app,
        target.dialect,
        *versions,
        target.machine,
    ]
    return f"<sub>{' · '.join(escape(fact) for fact in facts if fact)}</sub>"
