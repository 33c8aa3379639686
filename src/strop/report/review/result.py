"""What did `strop review` read and find? One value, from which every format is written."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from strop import __version__
from strop.finding import Finding
from strop.report.excerpt import Excerpt
from strop.report.redaction import clean
from strop.span import Step

SCHEMA = 1


class Suppression(Struct, frozen=True):
    """Why a finding is not reported: a comment in the source, or the baseline."""

    kind: Literal["comment", "baseline"]
    reason: str = ""
    place: str = ""  # of the comment, of the baseline


class Reported(Struct, frozen=True):
    """One finding with what is shown beside it."""

    finding: Finding
    fingerprint: str  # survives moved lines and renamed neighbours
    excerpt: Excerpt | None = None
    suppressed: Suppression | None = None


class RuleCard(Struct, frozen=True):
    """What a format says of a rule besides its findings."""

    code: str
    slug: str
    domain: str
    severity: str
    title: str
    page: str  # Markdown


class Review(Struct, frozen=True):
    """Everything that a format says. `entries` are reported; `suppressed` ones are told apart."""

    entries: tuple[Reported, ...] = ()
    suppressed: tuple[Reported, ...] = ()
    hidden: int = 0  # notes that nobody asked for
    rules: tuple[RuleCard, ...] = ()  # every rule that was asked, by code
    routes: int = 0
    files: int = 0
    lines: int = 0
    changed: int | None = None  # files that differ, None where everything is reviewed
    base: str = ""  # what they differ from: "main"
    resolved: int = 0  # calls whose target is known
    calls: int = 0
    unresolved: tuple[Step, ...] = ()  # the other ones, where they were asked for
    unread: tuple[tuple[str, str], ...] = ()  # file, why
    blind: int = 0  # how many of these should have been reviewed
    notes: tuple[str, ...] = ()
    prefix: str = ""  # from the top of the repository to the root: "backend/"
    strop: str = field(default=__version__)


def share(review: Review) -> Review:
    """What may be written of a review: without secrets, and without characters that deceive a reader."""
    return replace(clean(replace(review, rules=())), rules=review.rules)
