"""What is known of one change: the word, what it rests on, and what it costs. Every format is written from it."""

from __future__ import annotations

from msgspec import Struct, field

from strop import __version__
from strop.proof.executed import Executed
from strop.proof.kill import KillScore
from strop.report.result import Noise, TargetFacts, Workload
from strop.verdict import Verdict

SCHEMA = 1


class Proved(Struct, frozen=True):
    """The proof of one change. `command` shows the first difference again; `seconds` on the clock; `recorded`: when the
    base ran, seconds since 1970, where what it answers was known from an earlier proof.
    """

    target: TargetFacts
    base: str  # "main 1a2b3c4d"
    changed: str  # "HEAD 5e6f7a8b", "the working tree"
    files: tuple[str, ...]
    workload: Workload
    noise: Noise
    verdict: Verdict
    executed: Executed
    kill: KillScore | None = None
    command: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    recorded: float = 0.0
    schema: int = SCHEMA
    strop: str = field(default=__version__)
