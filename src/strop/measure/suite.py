"""The application's own tests as a driver: their requests, the answers, and what each one cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from strop.cell import Answer, Call, Request
from strop.evidence import Exchange
from strop.measure.sharing import share
from strop.problem import Problem
from strop.project.failure import Failed, explain
from strop.world.instance import Conditions, Instance, refusal

LIMIT = 1800.0  # seconds that a suite may take
SHOWN = 6  # lines of what pytest printed
NO_TESTS = 5  # pytest's exit status when it collected none


class Recorded(Struct, frozen=True):
    """One request that a test made: what it sent, what it got, what it cost."""

    test: str
    ordinal: int
    request: Request
    answer: Answer
    exchange: Exchange
    calls: tuple[Call, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        """Test and ordinal: the same request in another run of the suite."""
        return self.test, self.ordinal


class SuiteRun(Struct, frozen=True):
    """One run of the suite."""

    recorded: tuple[Recorded, ...]
    tests: tuple[tuple[str, str], ...]  # node id, outcome
    seconds: float
    status: int
    tail: str = ""

    @property
    def failed(self) -> tuple[str, ...]:
        """Tests that did not pass."""
        return tuple(name for name, outcome in self.tests if outcome not in ("passed", "skipped", "xfailed"))


class _Line(msgspec.Struct):
    exchange: Exchange | None = None
    request: Request | None = None
    answer: Answer | None = None
    calls: tuple[Call, ...] = ()
    test: str = ""
    ordinal: int = 0
    outcome: str = ""
    done: int | None = None
    failed: Failed | None = None


def run_suite(
    instance: Instance,
    arguments: tuple[str, ...],
    conditions: Conditions | None = None,
    on_test: Callable[[str], None] = lambda _: None,
) -> SuiteRun:
    """Run pytest with `arguments` in the instance and collect what crossed the ASGI boundary.

    Raises Problem T115 when pytest can't run at all; failing tests are no problem here, they are
    in the result.
    """
    instance.world.brought.run(instance)
    instance.out.unlink(missing_ok=True)
    done = instance.report("suite", conditions or Conditions(), LIMIT, pytest=list(arguments))
    recorded: list[Recorded] = []
    tests: list[tuple[str, str]] = []
    status: int | None = None
    for line in _lines(instance.out):
        if line.failed is not None:
            raise explain(line.failed, instance)
        if line.exchange is not None and line.request is not None and line.answer is not None:
            exchange = share(line.exchange)
            recorded.append(
                Recorded(line.test, line.ordinal, line.request, line.answer, exchange, line.calls)
            )
        elif line.outcome:
            tests.append((line.test, line.outcome))
            on_test(line.test)
        elif line.done is not None:
            status = line.done
    printed = (done.out + done.err)[-3000:]
    if status is None or status in (2, 3, 4):
        raise refusal(instance) or _no_result(done.status if status is None else status, done.out + done.err)
    return SuiteRun(tuple(recorded), tuple(tests), done.seconds, status, printed)


def _lines(path: Path) -> Iterator[_Line]:
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(_Line)
    with path.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):  # a run that was ended may leave half a line
                yield decoder.decode(line)


def _no_result(status: int, printed: str) -> Problem:
    lines = [line for line in printed.splitlines() if line.strip()]
    # where it fails, then why; not pytest's last line, which holds a time
    errors = [line for start in ("ERROR ", "E ") for line in lines if line.startswith(start)]
    where = tuple(line.removeprefix("E ").strip() for line in (errors or lines)[-SHOWN:])
    if status == 124:
        message = f"the test suite did not end within {LIMIT:.0f} s"
        return Problem("T116", message, where=where, do="choose a part of it: [tool.strop] tests = [...]")
    message = f"pytest could not run the suite (exit status {status})"
    return Problem("T115", message, where=where, do="run pytest by hand in the target's environment")
