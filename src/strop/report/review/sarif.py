"""What do code scanning services read? SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/

Chains are code flows, fingerprints survive moved code, and what a comment or the baseline hides is there as
suppressed: left out, a service would open it again.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from strop.report.review.result import Reported, Review, RuleCard, Suppression, share
from strop.span import Span, Step

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "strop/v1"
ROOT = "%SRCROOT%"

Json = dict[str, Any]


def render(review: Review) -> str:
    """The review as SARIF."""
    review = share(review)
    said = {entry.finding.code for entry in (*review.entries, *review.suppressed)}
    cards = [card for card in review.rules if card.code in said]
    places = {card.code: place for place, card in enumerate(cards)}
    run = {
        "tool": {"driver": _driver(review.strop, cards)},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The top of the repository."}}},
        "invocations": [_invocation(review)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(entry, places, review.prefix) for entry in (*review.entries, *review.suppressed)],
    }
    return (
        json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False)
        + "\n"
    )


def _driver(version: str, cards: list[RuleCard]) -> Json:
    return {"name": "strop", "semanticVersion": version, "rules": [_rule(card) for card in cards]}


def _rule(card: RuleCard) -> Json:
    return {
        "id": card.code,
        "name": "".join(part.title() for part in card.slug.split("-")),
        "shortDescription": {"text": card.title},
        "fullDescription": {"text": _first_sentence(card)},
        "help": {"text": plain(card.page), "markdown": card.page},
        "defaultConfiguration": {"level": card.severity},
        "properties": {"tags": [card.domain]},
    }


def _first_sentence(card: RuleCard) -> str:
    return " ".join(card.page.partition("\n\n")[0].split()) or card.title


def plain(markdown: str) -> str:
    """Markdown without its signs."""
    return re.sub(r"\*\*(.+?)\*\*", r"\1", markdown).replace("`", "")


def _result(entry: Reported, places: dict[str, int], prefix: str) -> Json:
    finding = entry.finding
    result: Json = {
        "ruleId": finding.code,
        "level": finding.severity,
        "message": {"text": f"{finding.message}: {finding.impact}. Fix: {finding.solution}"},
        "locations": [_location(finding.span, prefix)],
        "partialFingerprints": {
            FINGERPRINT: entry.fingerprint,
            "primaryLocationLineHash": f"{entry.fingerprint}:1",
        },
        "rank": round(finding.confidence * 100, 1),
        "properties": {"domain": finding.domain, "known": finding.known, "routes": list(finding.routes)},
    }
    if finding.code in places:
        result["ruleIndex"] = places[finding.code]
    if len(finding.chain) > 1:
        result["codeFlows"] = [_flow(finding.chain, prefix)]
    if entry.suppressed is not None:
        result["suppressions"] = [_suppression(entry.suppressed)]
    return result


def _location(span: Span, prefix: str, text: str = "") -> Json:
    physical: Json = {"artifactLocation": {"uri": quote(prefix + span.file), "uriBaseId": ROOT}}
    if span.line:
        physical["region"] = {"startLine": span.line, "endLine": max(span.line, span.end_line)}
    location: Json = {"physicalLocation": physical}
    if span.symbol:
        location["logicalLocations"] = [{"fullyQualifiedName": span.symbol, "kind": "function"}]
    if text:
        location["message"] = {"text": text}
    return location


def _flow(chain: tuple[Step, ...], prefix: str) -> Json:
    steps = [{"location": _location(step.span, prefix, step.text)} for step in chain if step.span.file]
    return {"threadFlows": [{"locations": steps}]}


def _suppression(why: Suppression) -> Json:
    kind = "inSource" if why.kind == "comment" else "external"
    return {"kind": kind, "justification": why.reason or "no reason given"}


def _invocation(review: Review) -> Json:
    notifications = [
        {
            "level": "error",
            "message": {"text": f"{file} could not be read: {reason}"},
            "locations": [_location(Span(file, 0), review.prefix)],
        }
        for file, reason in review.unread
    ]
    done = {"executionSuccessful": not review.blind}
    return done | ({"toolExecutionNotifications": notifications} if notifications else {})
