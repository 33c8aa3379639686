"""What do CI servers show as tests? JUnit's XML: a failed case a finding, an errored one a file that was not read."""

from __future__ import annotations

from xml.etree import ElementTree

from strop.report.review.result import Reported, Review, share
from strop.report.review.text import block, closing

_FORBIDDEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF))


def render(review: Review) -> str:
    """The review as one suite; one passed case says that strop ran."""
    review = share(review)
    cases = [_case(entry) for entry in review.entries] + [_hidden(entry) for entry in review.suppressed]
    cases += [_unread(file, reason) for file, reason in review.unread]
    cases = cases or [ElementTree.Element("testcase", name=closing(review), classname="strop")]
    counts = {"failures": str(len(review.entries)), "errors": str(len(review.unread))}
    counts |= {"tests": str(len(cases)), "skipped": str(len(review.suppressed))}
    root = ElementTree.Element("testsuites", counts | {"name": "strop"})
    suite = ElementTree.SubElement(root, "testsuite", counts | {"name": "strop review"})
    suite.extend(cases)
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(entry: Reported) -> ElementTree.Element:
    case = _element(entry)
    kind = f"{entry.finding.severity} {entry.finding.code}"
    failure = ElementTree.SubElement(case, "failure", message=_text(entry.finding.message), type=kind)
    failure.text = _text("\n".join("".join(p.text for p in line).rstrip() for line in block(entry)))
    return case


def _hidden(entry: Reported) -> ElementTree.Element:
    case = _element(entry)
    reason = entry.suppressed.reason if entry.suppressed is not None else ""
    ElementTree.SubElement(case, "skipped", message=_text(reason))
    return case


def _element(entry: Reported) -> ElementTree.Element:
    finding = entry.finding
    name = f"{finding.code} {finding.slug} {finding.span}"
    return ElementTree.Element(
        "testcase", name=_text(name), classname=_text(finding.span.file), file=_text(finding.span.file)
    )


def _unread(file: str, reason: str) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", name=_text(f"read {file}"), classname=_text(file), file=_text(file)
    )
    ElementTree.SubElement(case, "error", message=_text(reason), type="not read")
    return case


def _text(text: str) -> str:
    """XML has no way to write most control characters."""
    return text.translate(_FORBIDDEN)
