"""What a rule is."""

from __future__ import annotations

from msgspec import Struct

from strop.finding import Severity


class Rule(Struct, frozen=True):
    """The card of one rule; its page is its module's docstring."""

    code: str
    slug: str
    domain: str
    severity: Severity
    title: str
    since: str = ""  # "sqlalchemy>=2.0": versions for which the rule holds
    until: str = ""
    static: bool = False  # judged from the source alone: `review` asks it, a measured run does not
