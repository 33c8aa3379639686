"""A served application: cells go in, outcomes come out, and the database is put back between them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from strop.cell import Answer, Cell, RowChange
from strop.evidence import Exchange, Outcome
from strop.measure.generate import login_request
from strop.measure.sharing import share
from strop.measure.together import Plan, Together
from strop.problem import Problem
from strop.project.failure import Failed, explain, explain_gone
from strop.project.project import Imported
from strop.target import Login
from strop.world.instance import REQUEST_LIMIT, Conditions, Gone, Instance
from strop.world.rows import Busy

DEAD = "ProcessDied"  # the exception of an outcome whose request ended or hung the process


class Spent(Struct, frozen=True):
    """What a batch cost, us: CPU of the whole process, and of the event loop's thread alone."""

    cpu: float
    loop: float


class Served:
    """The application of one instance, started, with its databases kept as they are after start-up."""

    def __init__(
        self,
        instance: Instance,
        conditions: Conditions | None = None,
        statements: Sequence[str] = (),
        limit: float | None = None,
    ) -> None:
        """`statements` change the schema after the start, where migrations could not; `limit`, in seconds, is what
        a request may take.
        """
        self._instance = instance
        self.conditions = conditions or Conditions()
        self._statements = statements
        self._holds = False  # the application writes in a transaction that it leaves open from its start
        self._limit = min(limit or REQUEST_LIMIT, instance.world.target.time_limit)

    @property
    def instance(self) -> Instance:
        """The copy of the application that serves."""
        return self._instance

    def __enter__(self) -> Served:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.instance.stop()

    def start(self) -> None:
        """Start the application and keep its databases; raises the Problem that explains a failure."""
        self.instance.world.brought.run(self.instance)
        self._launch()
        self.instance.databases.execute(self._statements)
        self.instance.databases.keep()
        self._holds = self.instance.databases.is_held()

    def _launch(self) -> None:
        try:
            said = self.instance.start("serve", self.conditions)
        except Gone as gone:
            raise explain_gone(gone, self.instance, "the application's start") from None
        if "failed" in said:
            raise explain(msgspec.convert(said["failed"], Failed), self.instance)

    def describe(self) -> Imported:
        """What the started application says of itself; what its start-up made is in it."""
        try:
            said = self.instance.ask({"do": "describe"}, self.instance.world.target.time_limit)
        except Gone as gone:
            raise explain_gone(gone, self.instance, "reading the application") from None
        if "failed" in said:
            raise explain(msgspec.convert(said["failed"], Failed), self.instance)
        return msgspec.convert(said["described"], Imported)

    def serve(self, cell: Cell) -> Outcome:
        """Serve one cell from the kept state and say what came of it.

        A request that ends the process or does not end itself gives an outcome with the exception
        `ProcessDied`; the application is started again.
        """
        try:
            said = self.instance.ask(_command(cell, self._limit), self._limit * (1 + len(cell.lead)) + 5)
            outcome = msgspec.convert(said["outcome"], Outcome)
            outcome = replace(outcome, exchange=share(outcome.exchange))
        except (Gone, KeyError):
            return self._revive(cell)
        exchange = replace(outcome.exchange, route=outcome.exchange.route or cell.route)
        return replace(outcome, rows=self._put_back(), exchange=exchange)

    def together(self, cells: Sequence[Cell], plan: Plan, limit: float) -> Together:
        """Serve cells at once from the kept state, in `limit` seconds, whose turn it is as `plan` says."""
        limit = min(self._limit, limit)
        command = {
            "do": "turns",
            "requests": [_command(cell, limit) for cell in cells],
            "plan": {"order": plan.order, "holds": plan.holds, "seed": plan.seed},
            "limit": limit,
        }
        steps = sum(1 + len(cell.lead) for cell in cells)
        try:
            said = self.instance.ask(command, self._limit * steps + limit + 5)["turns"]
        except (Gone, KeyError):
            return Together(tuple(Answer(0, exception=DEAD) for _ in cells), rows=self._relaunch())
        return replace(msgspec.convert(said, Together), rows=self._put_back())

    def _put_back(self) -> tuple[RowChange, ...]:
        """The rows that differ from the kept state, which is there again."""
        try:
            rows = self.instance.world.brought.compared(self.instance.databases.changes())
            self.instance.databases.restore()
            if self._leaves_open():
                self._relaunch()
        except Busy:  # a session that the application left open
            rows = self._relaunch()
        return rows

    def _leaves_open(self) -> bool:
        """Whether the request left a transaction open, in which the next one that writes would be caught."""
        return not self._holds and self.instance.databases.is_held()

    def settled(self, cell: Cell) -> Outcome:
        """As `serve`; a cell that opened a connection is served again, because a driver asks the server what it
        is at the first one, and that is no cost of the cell.
        """
        outcome = self.serve(cell)
        if not any(use.connected for use in outcome.exchange.pool):
            return outcome
        again = self.serve(cell)
        return again if len(again.exchange.queries) < len(outcome.exchange.queries) else outcome

    def outcomes(self, cells: Iterable[Cell]) -> Iterator[Outcome]:
        """Serve cells one after the other."""
        for cell in cells:
            yield self.serve(cell)

    def spend(self, cells: Sequence[Cell], weights: Sequence[float] = ()) -> Spent:
        """Serve the cells once with the recording switched off, and say what that cost; `weights` say how much each
        counts.

        The cells must not write: the database is put back only after the last one.
        """
        said = self._batch(cells, 1)
        self.instance.databases.restore()
        each = weights or [1.0] * len(cells)
        cpu, loop = (
            sum(w * ns for w, ns in zip(each, said[name][0], strict=True)) for name in ("cpu", "loop")
        )
        return Spent(cpu / 1000, loop / 1000)

    def instructions(self, cells: Sequence[Cell]) -> tuple[int, ...]:
        """How many instructions each cell takes, when it is served the third time; the application was started with
        `counted`. The cells must not write. Raises Problem W323 where valgrind does not answer.
        """
        self._batch(cells, 2)  # what is made once, and what the interpreter learns
        self.instance.begin_count()
        found = []
        for cell in cells:
            counts = []
            for rounds in (1, 1, 2):  # the first finds everything cold that the tool itself translates
                self._batch([cell], rounds)
                counts.append(self.instance.counted())
            found.append(counts[2] - counts[1])  # what the command itself takes is in both
        self.instance.databases.restore()
        return tuple(found)

    def _batch(self, cells: Sequence[Cell], rounds: int) -> dict[str, Any]:
        command = {
            "do": "batch",
            "requests": [_command(cell, self._limit) for cell in cells],
            "rounds": rounds,
        }
        said: dict[str, Any] = self.instance.ask(command, REQUEST_LIMIT * max(1, len(cells)))["batch"]
        return said

    def crowd(self, cell: Cell, times: int) -> tuple[Exchange, ...]:
        """Serve a cell that does not write `times` times at once; raises Gone when that hangs."""
        said = self.instance.ask(
            {**_command(cell, self._limit), "do": "crowd", "times": times}, self._limit + 10
        )
        self.instance.databases.restore()
        return msgspec.convert(said["crowd"], tuple[Exchange, ...])

    def log_in(self, login: Login) -> tuple[tuple[str, str], ...]:
        """The headers that carry a token for generated requests. Raises Problem M403 when the login fails."""
        outcome = self.serve(Cell("login", 0, login_request(login)))
        try:
            token = msgspec.json.decode(outcome.answer.body)[login.token]
        except (msgspec.DecodeError, KeyError, TypeError):
            text = outcome.answer.body[:200].decode(errors="replace")
            raise Problem(
                "M403",
                f"POST {login.path} did not answer with a token: {outcome.answer.status} {text}",
                do="look at [tool.strop.login]: path, username, password, token, json",
            ) from None
        return (("authorization", f"Bearer {token}"),)

    def _revive(self, cell: Cell) -> Outcome:
        rows = self._relaunch()
        method, path = cell.request.method, cell.request.path
        exchange = Exchange(cell.id, cell.route, method, path, 0, 0, 0)
        return Outcome(cell.id, Answer(0, exception=DEAD), exchange, rows)

    def _relaunch(self) -> tuple[RowChange, ...]:
        """Start the application anew from the kept state; returns the rows that its last request changed.

        What the start itself writes is taken back: the state that was kept holds it already.
        """
        databases = self.instance.databases
        self.instance.stop()
        rows = self.instance.world.brought.compared(databases.changes())
        databases.restore()
        self._launch()
        databases.restore()
        return rows


def _command(cell: Cell, limit: float) -> dict[str, Any]:
    request = cell.request
    return {
        "do": "request",
        "cell": cell.id,
        "ordinal": cell.ordinal,
        "shift": cell.shift,
        "chance": cell.chance,
        "method": request.method,
        "path": request.path,
        "headers": [list(pair) for pair in request.headers],
        "body": base64.b64encode(request.body).decode(),
        "limit": limit,
        "lead": [_command(step, limit) for step in cell.lead],
        "takes": [[taken.step, list(taken.place), taken.text] for taken in cell.takes],
    }
