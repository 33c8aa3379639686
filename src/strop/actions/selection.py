"""Which findings does somebody want to see? `--only` and `--ignore`, and the settings of the same names."""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from strop.finding import Finding
from strop.problem import EXIT_USAGE, Problem
from strop.report.review.result import RuleCard
from strop.rules.foreign import DOMAINS, is_foreign
from strop.rules.rule import Rule

Test = Callable[[Finding], bool]
Cards = Sequence[Rule | RuleCard]

_SEVERITIES = ("note", "warning", "error")  # the least first
_COMPARED = re.compile(r"(confidence|severity)\s*(>=|<=|==?|>|<)\s*(\S+)")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "==": operator.eq,
}


class Selector(Struct, frozen=True):
    """One word of a selection. What is wanted fits one of the names, one of the severities, and every limit."""

    word: str
    test: Test
    kind: Literal["name", "severity", "limit"]


class Selection(Struct, frozen=True):
    """What is wanted: all of `only` that is not in `ignore`, nor in that of its file."""

    only: tuple[Selector, ...] = ()
    ignore: tuple[Selector, ...] = ()
    per_file: tuple[tuple[str, tuple[Selector, ...]], ...] = ()

    def wants(self, finding: Finding) -> bool:
        """Whether the finding is wanted."""
        for kind in ("name", "severity"):
            words = [selector for selector in self.only if selector.kind == kind]
            if words and not any(selector.test(finding) for selector in words):
                return False
        if not all(selector.test(finding) for selector in self.only if selector.kind == "limit"):
            return False
        left_out = (*self.ignore, *self._of_file(finding.span.file))
        return not any(selector.test(finding) for selector in left_out)

    def names(self, finding: Finding) -> bool:
        """Whether the finding was asked for by name or severity, not only let through."""
        return any(selector.kind != "limit" and selector.test(finding) for selector in self.only)

    def _of_file(self, file: str) -> Iterable[Selector]:
        return (
            s for pattern, selectors in self.per_file if fnmatch.fnmatchcase(file, pattern) for s in selectors
        )


def select(
    only: Iterable[str],
    ignore: Iterable[str],
    per_file: Mapping[str, Iterable[str]] | None = None,
    cards: Cards | None = None,
) -> Selection:
    """The selection that these words make; a word may hold several, parted by commas. `cards` are all rules, where
    they are known without loading them. Raises Problem R507.
    """
    cards = _loaded() if cards is None else cards
    return Selection(
        _selectors(only, cards),
        _selectors(ignore, cards),
        tuple((pattern, _selectors(words, cards)) for pattern, words in sorted((per_file or {}).items())),
    )


def vocabulary() -> tuple[str, ...]:
    """Every word that names findings: codes, their begins, names, domains, severities."""
    return _vocabulary(_loaded())


def _loaded() -> Cards:
    from strop.rules.registry import rules

    return [registered.rule for registered in rules()]


def _vocabulary(cards: Cards) -> tuple[str, ...]:
    begins = {re.sub(r"\d+$", "", card.code) for card in cards}
    names = {word for card in cards for word in (card.code, card.slug, card.domain)}
    return tuple(sorted(names | begins | set(_SEVERITIES)))


def _selectors(words: Iterable[str], cards: Cards) -> tuple[Selector, ...]:
    return tuple(_selector(part.strip(), cards) for word in words for part in word.split(",") if part.strip())


def _selector(word: str, cards: Cards) -> Selector:
    compared = _COMPARED.fullmatch(word)
    if compared is not None:
        return Selector(word, _comparison(word, *compared.groups()), "limit")
    low, code = word.lower(), word.upper()
    if low in _SEVERITIES:
        return Selector(word, lambda finding: finding.severity == low, "severity")
    if any(low in (card.slug, card.domain) for card in cards):
        return Selector(word, lambda finding: low in (finding.slug, finding.domain), "name")
    if any(card.code.startswith(code) for card in cards) or code in DOMAINS or is_foreign(code):
        return Selector(word, lambda finding: finding.code.startswith(code), "name")
    raise _unknown(word, cards)


def _comparison(word: str, name: str, sign: str, value: str) -> Test:
    compare = _OPERATORS[sign]
    if name == "severity":
        if value not in _SEVERITIES:
            raise _wrong(word, f"a severity is one of {', '.join(_SEVERITIES)}")
        return lambda finding: compare(_SEVERITIES.index(finding.severity), _SEVERITIES.index(value))
    try:
        limit = float(value)
    except ValueError:
        raise _wrong(word, "a confidence is a number from 0 to 1") from None
    return lambda finding: compare(finding.confidence, limit)


def _unknown(word: str, cards: Cards) -> Problem:
    import difflib  # for mistakes alone

    known = {name.lower(): name for name in (*_vocabulary(cards), "confidence>=0.8", "severity>=warning")}
    near = difflib.get_close_matches(word.lower(), known, n=1)
    do = (
        f"did you mean {known[near[0]]}?"
        if near
        else "give a code, its begin, a name, a domain or a severity"
    )
    return _wrong(word, do)


def _wrong(word: str, do: str) -> Problem:
    return Problem("R507", f"{word} names no findings", do=do, status=EXIT_USAGE)
