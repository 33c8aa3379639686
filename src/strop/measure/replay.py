"""A recording in this world: each request with what it needs before it, and with the values of today.

The copy holds other rows than on the day of the recording, a token has expired, an id is taken. So each request is
served once: where the answer that gave a value has another one here, the request gets that one; where a request
is answered as well without what came before it, it is sent alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from strop.cell import Answer, Cell, Request, Taken
from strop.evidence import Outcome
from strop.measure.handing import READS, Link, link
from strop.measure.har import Recording
from strop.measure.perturb import credentials
from strop.measure.routing import Routing
from strop.measure.serve import Served
from strop.probe.handed import read, swap
from strop.project.project import Imported

LONGEST = 12  # requests that are sent before one
REFUSED = (401, 403)

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The cells of a recording, and what a reader must know of them."""

    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()


def replay(
    recording: Recording, served: Served, imported: Imported, identity: tuple[Header, ...] = ()
) -> Replayed:
    """The requests of a recording as cells; `identity` logs in those whose credentials nobody knows here.

    The databases of `served` are as before.
    """
    routing = Routing(imported.routes)
    maker = _Maker(recording, served, identity, link(recording.cells, recording.answers, routing))
    for number, cell in enumerate(recording.cells):
        matched = routing.match(cell.request.method, cell.request.path)
        maker.make(number, replace(cell, route=matched.route.key if matched else ""))
    return Replayed(tuple(maker.made), tuple(maker.notes()))


@dataclass
class _Maker:
    recording: Recording
    served: Served
    identity: tuple[Header, ...]
    links: list[list[Link]]
    made: list[Cell] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    needs: list[dict[int, list[Link]]] = field(default_factory=list)  # by the request that gave it
    logged_in: int = 0
    otherwise: list[int] = field(default_factory=list)
    refused: int = 0

    def make(self, number: int, cell: Cell) -> None:
        """Serve one request, and keep it as it is to be sent from now on."""
        request, needs = self._today(cell.request, self.links[number])
        lead = self._lead(number, needs)
        cell = self._with_lead(replace(cell, request=request), lead, needs)
        outcome = self.served.serve(cell)
        if cell.lead:
            alone = replace(cell, lead=(), takes=())
            without = self.served.serve(alone)
            if _is_as_good(without, outcome):
                cell, outcome, needs = alone, without, {}
        before = self.recording.answers[number].status
        if outcome.answer.status in REFUSED and before not in (0, *REFUSED) and self.identity:
            cell, outcome = self._logged_in(cell, outcome)
        self._compare(number, before, outcome.answer.status)
        self.made.append(cell)
        self.answers.append(outcome.answer)
        self.needs.append(needs)

    def _today(self, request: Request, links: Sequence[Link]) -> tuple[Request, dict[int, list[Link]]]:
        """The request with the values that this world gives, and from whom it has them."""
        needs: dict[int, list[Link]] = {}
        for one in links:
            answer = self.answers[one.given.request]
            value = read(answer.headers, answer.body, one.given.place)
            if value is None or (one.given.reads and value == one.text):
                continue  # nobody gave it here, or it is there anyway
            path, headers, body = swap(request.path, list(request.headers), request.body, one.text, value)
            request = replace(request, path=path, headers=tuple(headers), body=body)
            needs.setdefault(one.given.request, []).append(replace(one, text=value))
        return request, needs

    def _lead(self, number: int, needs: dict[int, list[Link]]) -> list[int]:
        """Who gave it something, and what was done meanwhile with the same things; the latest of them."""
        wanted: set[int] = set()
        todo = list(needs)
        while todo:
            each = todo.pop()
            if each not in wanted:
                wanted.add(each)
                todo += self.needs[each]
        things = {one.text for links in needs.values() for one in links if one.refers}
        touching = [
            each
            for each in range(number)
            if each not in wanted
            and self.made[each].request.method not in READS
            and any(one.text in things and one.refers for links in self.needs[each].values() for one in links)
        ]
        for each in reversed(touching):
            more = {each, *self.needs[each]} | wanted
            if len(more) <= LONGEST and all(set(self.needs[step]) <= more for step in more):
                wanted = more
        return sorted(wanted) if len(wanted) <= LONGEST else []

    def _with_lead(self, cell: Cell, lead: list[int], needs: dict[int, list[Link]]) -> Cell:
        steps = tuple(
            replace(self.made[each], lead=(), takes=_taken(lead, self.needs[each])) for each in lead
        )
        return replace(cell, lead=steps, takes=_taken(lead, needs) if lead else ())

    def _logged_in(self, cell: Cell, outcome: Outcome) -> tuple[Cell, Outcome]:
        own = credentials(cell.request)
        rest = tuple(pair for pair in cell.request.headers if pair not in own or pair[0] == "cookie")
        known = replace(cell, request=replace(cell.request, headers=(*rest, *self.identity)))
        answered = self.served.serve(known)
        if answered.answer.status in REFUSED:
            return cell, outcome
        self.logged_in += 1
        return known, answered

    def _compare(self, number: int, before: int, now: int) -> None:
        if before and before != now:
            self.otherwise.append(number)
            self.refused += now in REFUSED

    def notes(self) -> list[str]:
        """What of the recording is not as it was."""
        found = []
        if self.logged_in:
            found.append(
                f"{self.logged_in} recorded requests carry the credentials of the login instead of theirs"
            )
        if self.otherwise:
            first = self.otherwise[0]
            request, now = self.recording.cells[first].request, self.answers[first].status
            was = self.recording.answers[first].status
            path = request.path.partition("?")[0]
            told = f"the first is {request.method} {path}: {was} then, {now or 'nothing'} now"
            found.append(
                f"{len(self.otherwise)} of {len(self.made)} recorded requests are answered with another status here, {told}"
            )
        if self.refused and not self.identity:
            found.append(
                f"{self.refused} of them are refused: record the login, too, or name one in [tool.strop.login]"
            )
        return found


def _taken(lead: Sequence[int], needs: dict[int, list[Link]]) -> tuple[Taken, ...]:
    return tuple(
        Taken(lead.index(giver), tuple(one.given.place), one.text)
        for giver, links in needs.items()
        if giver in lead
        for one in links
    )


def _is_as_good(alone: Outcome, led: Outcome) -> bool:
    """Whether a request succeeds as well without those before it, and changes the same rows.

    What is refused may be refused for what came before (deleted, logged out), and for another reason alone.
    """
    return led.answer.status < 400 and alone.answer == led.answer and set(alone.rows) <= set(led.rows)
