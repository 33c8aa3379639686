"""Several cells at once: whose turn it was, what each was answered, and what they left in the database together."""

from __future__ import annotations

from msgspec import Struct

from strop.cell import Answer, Call, RowChange
from strop.evidence import FileState


class Plan(Struct, frozen=True):
    """Who begins, and after how many steps of whom the next one takes over until it is done; with a seed that is drawn."""

    order: tuple[int, ...]
    holds: tuple[tuple[int, int], ...] = ()  # (client, steps)
    seed: int | None = None

    @property
    def name(self) -> str:
        """ "0" one after the other, "0@7" the first is held after 7 steps, "r3" drawn from the seed 3."""
        if self.seed is not None:
            return f"r{self.seed}"
        return f"{self.order[0]}" + "".join(f"@{steps}" for _, steps in self.holds)


class Together(Struct, frozen=True):
    """What came of cells that were served at once: answers in the order of the cells, effects of all together."""

    answers: tuple[Answer, ...]
    rows: tuple[RowChange, ...] = ()
    calls: tuple[Call, ...] = ()
    files: tuple[FileState, ...] = ()
    left: tuple[str, ...] = ()
    traces: tuple[
        tuple[str, ...], ...
    ] = ()  # where each stood after each of its steps: "file:line", "thread file:line"
