"""What was found out of an environment's libraries is kept in `.strop/cache/libraries` while the environment stays as it is."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from strop.project.cache import FOLDER, cache_key, write_file
from strop.project.libraries.library import Known


class _Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Answers by dotted name; `key` is of the environment and of the code that reads it."""

    key: str
    answers: dict[str, Known]


def read_answers(root: Path, environment: str) -> dict[str, Known]:
    """What is known of the environment that this is the print of; nothing where another was kept, or none."""
    with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError, RecursionError):
        kept = msgspec.msgpack.decode((root / FOLDER / "libraries").read_bytes(), type=_Kept)
        if kept.key == cache_key((environment,)):
            return kept.answers
    return {}


def write_answers(root: Path, environment: str, answers: dict[str, Known]) -> None:
    """Keep them; where nothing can be written nothing is kept."""
    with contextlib.suppress(OSError, UnicodeEncodeError):
        kept = _Kept(cache_key((environment,)), dict(sorted(answers.items())))
        write_file(root / FOLDER / "libraries", msgspec.msgpack.encode(kept))
