"""Whose is something that was left lying about, and does that process still live?"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import NamedTuple


class Word(NamedTuple):
    """The parts of what names an owner."""

    host: str
    boot: str
    container: str
    number: str
    began: str


_BOOT = Path("/proc/sys/kernel/random/boot_id")
_BEGAN = 19  # field of /proc/<pid>/stat behind the name: when it started, in ticks since the boot


def mine() -> str:
    """This process in a word: machine, its start, container, number, and when it began, for numbers are given again."""
    return ":".join((*_machine(), str(os.getpid()), _began(os.getpid())))


def is_gone(owner: str) -> bool:
    """Whether the process that `mine` named has ended; False for another machine or container, of which
    nothing is known, and for what is no such word.
    """
    parts = owner.strip().split(":")
    if len(parts) != len(Word._fields):
        return False
    told, (host, boot, container) = Word(*parts), _machine()
    if told.host != host or not told.number.isdigit():
        return False
    if told.boot != boot:
        return True  # the machine was started anew
    if told.container != container:
        return False
    try:
        os.kill(int(told.number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _began(int(told.number)) != told.began


def _machine() -> tuple[str, str, str]:
    """Its name, what its start is known by, and the container in it; the latter only where there is /proc."""
    host = socket.gethostname().replace(":", "-")
    try:
        return host, _BOOT.read_text().strip(), str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return host, "", ""


def _began(number: int) -> str:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[_BEGAN]
    except (OSError, IndexError):
        return ""
