"""A recording in this world: each request with what it needs before it, and with the values of today.

The copy holds other rows than on the day of the recording, a token has expired, an id is taken. So each request is
served once: where the answer that gave a value has another one here, the request gets that one; where a request
is answered as well without what came before it, it is sent alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

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
Needs = dict[int, list[Link]]  # what a request has from each of those before it


class Replayed(Struct, frozen=True):
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


class _Maker(Struct):
    recording: Recording
    served: Served
    identity: tuple[Header, ...]
    links: list[list[Link]]
    made: list[Cell] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    needs: list[Needs] = field(default_factory=list)  # by the request that gave it
    logged_in: int = 0
    otherwise: list[int] = field(default_factory=list)
    refused: int = 0

    def make(self, number: int, cell: Cell) -> None:
        """Serve one request, and keep it as it is to be sent from now on."""
        request, needs = self._today(cell.request, self.links[number])
        cell = replace(cell, request=request)
        before = self.recording.answers[number].status
        cell, outcome, needs = self._with_what_it_needs(number, cell, needs, before)
        if outcome.answer.status in REFUSED and before not in (0, *REFUSED) and self.identity:
            cell, outcome = self._logged_in(cell, outcome)
        self._compare(number, before, outcome.answer.status)
        self.made.append(cell)
        self.answers.append(outcome.answer)
        self.needs.append(needs)

    def _with_what_it_needs(
        self, number: int, cell: Cell, needs: Needs, before: int
    ) -> tuple[Cell, Outcome, Needs]:
        """The request after those that gave it something; where its status is another than `before`, after all that
        wrote; where it succeeds without them, alone or without its login.
        """
        lead = self._lead(number, needs)
        cell = self._with_lead(cell, lead, needs)
        outcome = self.served.serve(cell)
        if before not in (0, outcome.answer.status):
            wide = self._latest(number, needs)
            after = self._with_lead(cell, wide, needs)
            tried = self.served.serve(after)
            if tried.answer.status == before:
                return after, tried, {**{each: [] for each in wide}, **needs}
        logins = {giver for giver, links in needs.items() if not any(one.refers for one in links)}
        for fewer in dict.fromkeys(((), tuple(each for each in lead if each not in logins))) if lead else ():
            few = self._with_lead(cell, list(fewer), needs)
            tried = self.served.serve(few)
            if _is_as_good(tried, outcome):
                return few, tried, {giver: links for giver, links in needs.items() if giver in fewer}
        return cell, outcome, needs

    def _latest(self, number: int, needs: Needs) -> list[int]:
        """The requests before it that wrote, as many of the latest as may come before one."""
        wanted = self._closed(needs)
        for each in reversed(range(number)):
            more = wanted | self._closed([each])
            if self.made[each].request.method not in READS and len(more) <= LONGEST:
                wanted = more
        return sorted(wanted)

    def _today(self, request: Request, links: Sequence[Link]) -> tuple[Request, Needs]:
        """The request with the values that this world gives, and from whom it has them."""
        needs: Needs = {}
        for one in links:
            answer = self.answers[one.given.request]
            value = read(answer.headers, answer.body, one.given.place)
            if value is None or (one.given.reads and value == one.text):
                continue  # nobody gave it here, or it is there anyway
            path, headers, body = swap(request.path, list(request.headers), request.body, one.text, value)
            request = replace(request, path=path, headers=tuple(headers), body=body)
            needs.setdefault(one.given.request, []).append(replace(one, text=value))
        return request, needs

    def _lead(self, number: int, needs: Needs) -> list[int]:
        """Who gave it something, and what was done meanwhile with the same things; the latest of them."""
        wanted = self._closed(needs)
        things = {one.text for links in needs.values() for one in links if one.refers}
        for each in reversed(range(number)):
            if each not in wanted and self._touches(each, things):
                more = wanted | self._closed([each])
                wanted = more if len(more) <= LONGEST else wanted
        return sorted(wanted) if len(wanted) <= LONGEST else []

    def _closed(self, requests: Iterable[int]) -> set[int]:
        """These requests and those that they need themselves."""
        found: set[int] = set()
        todo = list(requests)
        while todo:
            each = todo.pop()
            if each not in found:
                found.add(each)
                todo += self.needs[each]
        return found

    def _touches(self, number: int, things: set[str]) -> bool:
        """Whether a request may have changed one of these things."""
        links = (one for links in self.needs[number].values() for one in links)
        return self.made[number].request.method not in READS and any(
            one.refers and one.text in things for one in links
        )

    def _with_lead(self, cell: Cell, lead: list[int], needs: Needs) -> Cell:
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


def _taken(lead: Sequence[int], needs: Needs) -> tuple[Taken, ...]:
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
