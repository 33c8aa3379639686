"""What does strop want of this process: the configuration file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Config:
    """CONFIG.json; the keys are described in ARCHITECTURE.md, unknown ones are ignored."""

    mode: str
    root: str
    app: str = ""
    factory: bool = False
    sources: tuple[str, ...] = (".",)
    out: str = ""
    ask: str = ""
    input: int | None = None
    output: int | None = None
    clock: float | None = None
    step: float = 0.1  # seconds that one ordinal is worth
    seed: str | None = None
    backwards: bool = False  # whether SQLite gives rows in reverse where a query fixes no order
    record: bool = False
    watch: dict[str, list[int]] = field(default_factory=dict)
    pytest: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    memory: int = 0  # bytes of data that a process may have; 0: any number
    outbound: str = ""  # file of what other services answer
    protect: tuple[str, ...] = ()  # absolute folders of the user that must not be written
    bytecode: str = ""  # folder in which the processes of a world share compiled code
    path: str = ""  # of the configuration itself

    @classmethod
    def read(cls, path: str) -> Config:
        """Read the configuration from a file."""
        raw: dict[str, Any] = json.loads(Path(path).read_text())
        known = {each.name for each in fields(cls)}
        values = {key: value for key, value in raw.items() if key in known and value is not None}
        for key in ("sources", "pytest", "protect"):
            if key in values:
                values[key] = tuple(values[key])
        return cls(**{**values, "path": str(Path(path).absolute())})
