"""How does the proof of a change read in a comment of a review?"""

from __future__ import annotations

from collections.abc import Iterator

from strop.report.headline import figure
from strop.report.prove.proved import Proved
from strop.report.prove.text import costs, distinct, place, recorded, sentence, survivors
from strop.report.quantity import plural
from strop.report.redaction import clean
from strop.verdict import Behaviour

MARKS = {
    Behaviour.IDENTICAL: "✅",
    Behaviour.UNSPECIFIED: "✅",
    Behaviour.DIFFERENT: "❌",
    Behaviour.INSUFFICIENT: "⚠️",
}
SHOWN = 10


def render(proved: Proved) -> str:
    """The proof as Markdown: the word, what differs, what it costs, what was not proved."""
    return "\n".join(_lines(clean(proved))) + "\n"


def _lines(proved: Proved) -> Iterator[str]:
    verdict, done = proved.verdict, proved.executed
    yield f"### {MARKS[verdict.behaviour]} {verdict.behaviour.value}"
    yield ""
    yield f"{_escape(sentence(proved))}."
    yield ""
    workload = proved.workload
    yield f"`{proved.base}` → `{proved.changed}`: {plural(workload.requests, 'request')} from {workload.source} on both sides."
    if proved.recorded:
        yield f"The base was not run: what it answers is {recorded(proved)}."
    yield from _listed("What differs", [_escape(told) for told in distinct(verdict.differences)[1:SHOWN]])
    if done.statements:
        executed = f"Requests executed {len(done.reached)} of {plural(done.statements, 'changed statement')}."
        yield from ("", executed)
    yield from _listed("Not executed by any request", [f"`{place(span)}`" for span in done.missed[:SHOWN]])
    if proved.kill and proved.kill.judged:
        kill = proved.kill
        yield from (
            "",
            f"Of {plural(kill.judged, 'mistake')} made in the change, requests told {kill.killed}.",
        )
        yield from _listed("Mistakes that no request told", [_escape(told) for told in survivors(proved)])
    figures = [figure(gain) for gain in costs(proved)]
    if figures:
        yield from ("", "| cost | before | after | change | how sure |", "|---|---:|---:|---:|---|")
        yield from (f"| {f.name} | {f.before} | {f.after} | {f.change} | {f.sure} |" for f in figures)
    yield from _listed("Left open by the base itself", [_escape(place) for place in verdict.relaxed[:SHOWN]])
    yield from _listed("Notes", [_escape(note) for note in proved.notes])
    yield from _listed("Not proved", [_escape(text) for text in verdict.unproved])
    if proved.command:
        yield from ("", "See the first difference again:", "", "```console", f"$ {proved.command}", "```")


def _listed(title: str, texts: list[str]) -> Iterator[str]:
    if texts:
        yield from ("", f"**{title}**", "")
        yield from (f"- {text}" for text in texts)


def _escape(text: str) -> str:
    """Text of an application as text, whatever it holds."""
    for sign in "\\`*_[]|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split())
