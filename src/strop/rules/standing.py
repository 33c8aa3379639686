"""Which rules must be asked again after an edit? Those that looked at something that is different now.

What each rule looked at (`project.asked`) and what it found is kept in `.strop/cache/rules`. A rule whose answer stands is
not even imported, nor is one that sees no body of the files that are read again: its card tells.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

import msgspec

from strop.finding import Finding
from strop.project.asked import Asked
from strop.project.body import Body, Kind, Noticer
from strop.project.cache import FOLDER, write_file
from strop.project.changes import Changes, Prints, differences, prints_of
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.rule import Rule

_OF_ALL = ("callers ", "doing ")  # keys of functions of any file, which other files may have decided about


class Card(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a rule that is not imported."""

    module: str
    rule: Rule
    page: str
    weighs: bool


class Sight(msgspec.Struct, frozen=True, array_like=True):
    """Which bodies a module wants to be shown; `rule` is the code under which it notes what it sees."""

    rule: str
    module: str
    words: tuple[str, ...]
    kinds: tuple[Kind, ...]

    def noticer(self) -> Noticer:
        """A noticer whose module is imported when it sees its first body."""

        def notice(body: Body) -> Iterator[Mark]:
            found: Iterator[Mark] = import_module(self.module).notice(body)
            return found

        return Noticer(self.rule, notice, frozenset(self.words), frozenset(self.kinds))


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What one rule found; `looked` are the keys of what it looked at, by their places among all `names`."""

    looked: tuple[int, ...]
    findings: tuple[Finding, ...]


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """Every rule, by code, with its answer. `files` is the print of the files that they were asked about."""

    key: str
    files: str
    prints: Prints
    sights: tuple[Sight, ...]
    cards: tuple[Card, ...]
    names: tuple[str, ...]
    answers: tuple[Answer, ...]

    def noticers(self) -> tuple[Noticer, ...]:
        """What all rules want to see."""
        return tuple(sight.noticer() for sight in self.sights)

    def findings(self) -> Iterator[Finding]:
        """What all rules found, rule by rule."""
        return (finding for answer in self.answers for finding in answer.findings)


Ask = Callable[[str, Project], Iterator[Finding]]  # what the rule of a module finds


def ask_again(project: Project, changes: Changes, last: Standing, ask: Ask) -> Standing:
    """The answers of the rules of `last`: those that still stand, and those of the rules that are asked now."""
    source = project.source
    prints = prints_of(project.imported, project.shipped, source.functions, source.linked)
    stands = _judge(last, changes, prints)
    board: dict[Callable[[Project], object], tuple[object, Asked]] = {}
    numbers = {name: place for place, name in enumerate(last.names)} if any(stands) else {}
    answers = []
    for card, stood in zip(last.cards, stands, strict=True):
        if stood is None:
            asked = Asked.of(project, board)
            found = tuple(ask(card.module, asked))
            looked = sorted(numbers.setdefault(key, len(numbers)) for key in asked.noted.all())
            stood = Answer(tuple(looked), found)
        answers.append(stood)
    return msgspec.structs.replace(
        last, files=changes.now, prints=prints, names=tuple(numbers), answers=tuple(answers)
    )


def _judge(last: Standing, changes: Changes, prints: Prints) -> Sequence[Answer | None]:
    """The answer of each rule where it stands."""
    if not last.answers or last.files != changes.since:
        return [None] * len(last.cards)
    changed = {*changes.keys, *differences(last.prints, prints, changes.keys)}
    everywhere = _OF_ALL if "links" in changed else ()
    hit = {n for n, name in enumerate(last.names) if name in changed or name.startswith(everywhere)}
    return [answer if hit.isdisjoint(answer.looked) else None for answer in last.answers]


def read_standing(root: Path, key: str) -> Standing | None:
    """What was kept under this key; None when it is another's, or broken."""
    try:
        kept = msgspec.msgpack.decode((root / FOLDER / "rules").read_bytes(), type=Standing)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    places = range(len(kept.names))
    whole = all(place in places for answer in kept.answers for place in answer.looked)
    return kept if kept.key == key and whole and len(kept.answers) == len(kept.cards) else None


def write_standing(root: Path, standing: Standing) -> None:
    """Keep it; where nothing can be written nothing is kept, nor what holds half of a surrogate pair."""
    with contextlib.suppress(OSError, UnicodeEncodeError, OverflowError):
        write_file(root / FOLDER / "rules", msgspec.msgpack.encode(standing))
