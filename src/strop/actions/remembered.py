"""What did the last review of this project find, and does it still hold? Remembered in `.strop/cache/findings`.

It holds while no file that a review reads has changed, nor a setting, strop itself or a library that reads for it.
What options decide (scope, comments, baseline) is no part of it. Nothing of rules is imported to take it up.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from strop.finding import Finding
from strop.project.cache import FOLDER, cache_key, installed, write_file
from strop.project.libraries.environment import Environment
from strop.project.listing import Listing
from strop.project.outline import Outline
from strop.project.settings import Settings
from strop.report.review.result import RuleCard

_READERS = ("sqlglot", "pyyaml", "packaging", "msgspec")  # libraries whose answers are in findings


class Remembered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What all rules found, before anybody chose from it; `weighers` are the modules that speak after them."""

    key: str
    findings: tuple[Finding, ...]
    outline: Outline
    cards: tuple[RuleCard, ...]
    weighers: tuple[str, ...]


def key_of(about: str, listing: Listing) -> str:
    """A print of everything that decides what is found: what is listed, and what is said `about` the rest."""
    return cache_key((about, *listing.prints))


def about_of(root: Path, settings: Settings, environment: Environment) -> str:
    """A print of everything that decides besides the files below `root`."""
    chosen = (settings.sources, settings.exclude, sorted(settings.catalogue.items()))
    return cache_key((str(root), environment.told, repr(chosen), *installed(_READERS)), whole=True)


def read_remembered(root: Path, key: str) -> Remembered | None:
    """What was kept under this key; None when it is another's, or broken."""
    try:
        kept = msgspec.msgpack.decode((root / FOLDER / "findings").read_bytes(), type=Remembered)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return kept if kept.key == key else None


def write_remembered(root: Path, kept: Remembered) -> None:
    """Keep it; where nothing can be written nothing is kept, nor what holds half of a surrogate pair."""
    with contextlib.suppress(OSError, UnicodeEncodeError):
        write_file(root / FOLDER / "findings", msgspec.msgpack.encode(kept))
