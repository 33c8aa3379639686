"""What makes the event loop stand still, by the source alone? Each cause once, at the place where it is mended.

A synchronous session is mended where code that could await hands on to code that can't: at the last `async def`
above it. Any other call is mended where it stands. A handler that awaits nothing is mended by writing `def`.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from strop.project.branches import NOTHING, Known, Needs, handed, lift, needs, runs
from strop.project.function import Call, Context, Function, Reach
from strop.project.project import Project
from strop.project.shared import shared
from strop.rules.burden import COMPUTES, FILEWORK, HOLDING, SHORT, SLEEPS, WAITS, Burden, Hold
from strop.rules.code import function_at, handler, head
from strop.rules.dearer import Dearer
from strop.rules.loop import LIBRARIES, SESSIONS
from strop.rules.loopbound import leads_to_loop
from strop.rules.protection import Protection
from strop.rules.seldom import installs_code, is_billing_news, is_end_of_login
from strop.span import Span, Step

_LOOP: tuple[Context, ...] = ("loop", "serialization", "background")
_LOOK_UPS = ("socket.getaddrinfo", "socket.gethostby", "socket.getfqdn", "socket.getnameinfo")  # of one name
_NEEDS_LOOP = ("asyncio.", "anyio.")
_HANDLERS = "ASY003"  # under whose code it was noted which functions need the loop
Chain = tuple[Step, ...]


class Cause(Struct, frozen=True):
    """What is to be mended: the function, the routes that wait, the way from the first of them, and the call."""

    function: Function
    hold: Hold
    routes: tuple[str, ...]
    chain: Chain
    others: tuple[Span, ...] = ()  # heads of other functions of the file (or class) with the same cause
    awaited_by: tuple[str, ...] = ()  # ids of functions that call a handler themselves


class Standstill:
    """The calls of one project that hold the loop."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.functions = project.source.functions
        self.served_async = {r.key for r in project.imported.routes if r.is_async}
        self.awaited = self.waited = 0  # statements of sessions that are awaited, and that wait
        self.burden = Burden(project)
        self.holds: dict[str, list[Hold]] = {}
        for function in self.functions.doing(*HOLDING):
            found = [] if function.off_loop else list(self.burden.holds(function))
            if found:
                self.holds[function.id] = found
        for function in self.functions.doing(*LIBRARIES):
            for call in function.calls:
                if call.effect is not None and call.effect.name.startswith(SESSIONS):
                    self.awaited, self.waited = self.awaited + call.awaited, self.waited + (not call.awaited)
        self.protection = Protection.of(project)
        self.dearer = Dearer.of(project)
        self.awaitless = {f.id: f for f in _awaitless_handlers(project)}

    @classmethod
    def of(cls, project: Project) -> Standstill:
        """The one of this project: several rules ask in turn."""
        return shared(project, cls)

    def callers(self, function: str) -> Iterator[tuple[Function, Call]]:
        """Who calls a function and goes on when it is through."""
        return (each for each in self.functions.callers(function) if _is_here(each[1]))

    def _ways(self, function: Function, call: Call | None) -> Iterable[Reach]:
        """The ways to a function, or those on which it comes to a call of it."""
        ways = self.project.reaches.get(function.id, ())
        if call is None or not call.when:
            return ways
        return (narrowed for way in ways if (narrowed := way.to(call)) is not None)

    def routes(self, function: Function, call: Call | None = None) -> tuple[str, ...]:
        """The routes for which the loop itself runs a function (and comes to this call in it); a `def` handler's answer is
        serialized in a thread.
        """
        ways = self._ways(function, call)
        found = {
            way.route
            for way in ways
            if way.route
            and (
                way.context == "loop"
                or (way.context == "background" and function.is_async)
                or (way.context == "serialization" and way.route in self.served_async)
            )
        }
        return tuple(sorted(found))

    def way(self, function: Function, routes: Iterable[str], call: Call | None = None) -> Chain:
        """The shortest chain from one of these routes to a function, and to this call in it."""
        wanted = set(routes)
        ways = [w for w in self._ways(function, call) if w.route in wanted and w.context in _LOOP]
        chains = (w.chain for w in ways[:40])  # a chain costs a walk, and forty are enough to choose from
        return min(chains, key=lambda c: (self._is_detour(c), len(c)), default=())

    def _least(self, hold: Hold, chain: Chain) -> int:
        """The weight that a call has at most when these calls lead to it: what computes for long does so on a detour too."""
        if self.burden.remembering.have(chain):
            return SHORT
        return SHORT if hold.weight != COMPUTES and self._is_detour(chain) else WAITS

    def _is_detour(self, chain: Chain) -> bool:
        return self.burden.detours.have(step.span for step in chain)

    def _weighed(self, cause: Cause) -> Cause:
        """The cause, lighter where its way is a detour, where requests wait far longer anyway, or operators alone come."""
        hold = cause.hold
        seldom = self._least(hold, cause.chain[:-1]) == SHORT or len(cause.chain) > FURTHEST
        if hold.session or hold.weight in (COMPUTES, FILEWORK) or hold.call.name.startswith(_LOOK_UPS):
            seldom = seldom or all(map(self.protection.is_for_operators, cause.routes))
            seldom = seldom or (hold.weight == FILEWORK and all(map(installs_code, cause.routes)))
        if hold.weight in (COMPUTES, FILEWORK) and not hold.session and not hold.call.loop:
            seldom = seldom or self.dearer.have(cause.routes)
        return replace(cause, hold=replace(hold, weight=SHORT)) if seldom else cause

    def _weighed_session(self, cause: Cause, few: bool) -> Cause:
        """As `_weighed`, lighter also at the end of a login, and where few statements stand beside a question to a
        model or serve a payment service's news.
        """
        seldom = all(map(is_end_of_login, cause.routes)) or (
            few and (self.dearer.have(cause.routes) or all(map(is_billing_news, cause.routes)))
        )
        return replace(cause, hold=replace(cause.hold, weight=SHORT)) if seldom else self._weighed(cause)

    def above(self, hold: Hold) -> dict[str, Chain]:
        """The async functions that come to a call on the loop with nothing async between, with the calls from each."""
        found: dict[str, Chain] = {}
        paths: dict[tuple[str, Needs], Chain] = {(hold.function.id, needs(hold.call)): ()}
        waiting = deque(paths)
        while waiting:
            here = waiting.popleft()
            if self.functions[here[0]].is_async:
                found.setdefault(here[0], paths[here])
                continue
            for caller, call in self.callers(here[0]):
                given = None if caller.off_loop or caller.memoised else lift(here[1], call)
                if given is not None and (caller.id, given) not in paths:
                    paths[caller.id, given] = (Step(call.text, call.span), *paths[here])
                    waiting.append((caller.id, given))
        return found

    def causes(self, kind: str) -> Iterator[Cause]:
        """Calls with an effect of this kind that the loop makes; sessions are asked for apart."""
        found: dict[tuple[str, ...], list[Cause]] = defaultdict(list)
        for function_id, holds in self.holds.items():
            mine = [h for h in holds if h.effect.kind == kind and not h.session and self._is_given(h)]
            if not mine:
                continue
            function = self.functions[function_id]
            hold = min(mine, key=_rank)  # one function is mended once, whatever else it waits for
            calls = {h.call.when: h.call for h in mine}
            routes = sorted({route for call in calls.values() for route in self.routes(function, call)})
            above = {name for hold in mine for name in self.above(hold)}
            if not routes or (above and self._is_mended_above(above, mine)):
                continue
            chain = (*self.way(function, routes, hold.call), Step(hold.call.text, hold.call.span))
            found[_place(function), hold.library, hold.effect.note].append(
                self._weighed(Cause(function, hold, tuple(routes), chain))
            )
        for causes in found.values():
            yield _one(causes)

    def _is_given(self, hold: Hold) -> bool:
        """Whether somebody hands over what leads to this call, where that is asked for."""
        return not hold.call.when or (bool(self.above(hold)) and bool(self.routes(hold.function, hold.call)))

    def _is_mended_above(self, above: set[str], holds: list[Hold]) -> bool:
        """Whether all that run it are handlers that are to be `def`; what sleeps is wrong wherever it stands."""
        return above <= set(self.awaitless) and not any(h.has(SLEEPS) for h in holds)

    def sessions(self) -> Iterator[Cause]:
        """Async functions that wait for a synchronous session: one a file where they are many, one where all do it."""
        held: dict[str, tuple[Hold, Chain]] = {}
        asked: Counter[str] = Counter()  # calls of a session below each async function
        turned: set[str] = set()  # those that have one in a loop
        for holds in self.holds.values():
            asking = [hold for hold in holds if hold.session]
            if not asking:
                continue
            hold = min(asking, key=_rank)
            for name, path in self.above(hold).items():
                asked[name] += len(asking)
                if any(each.call.loop for each in asking):
                    turned.add(name)
                known = held.get(name)
                if known is None or (hold.weight, len(path) + 1) < (known[0].weight, len(known[1])):
                    held[name] = hold, (*path, Step(hold.call.text, hold.call.span))
        by_file: dict[str, list[Cause]] = defaultdict(list)
        for name, (hold, path) in held.items():
            function = self.functions[name]
            routes = self.routes(function) if name not in self.awaitless else ()
            if routes:
                cause = Cause(function, hold, routes, (*self.way(function, routes), *path))
                few = asked[name] <= FEW and name not in turned
                by_file[function.span.file].append(self._weighed_session(cause, few))
        yield from self._at_once(by_file.values())

    def _at_once(self, by_file: Iterable[list[Cause]]) -> Iterator[Cause]:
        """Where the project has no other way to its database, the habit is one cause, whatever the number of functions."""
        found = list(by_file)
        count = sum(map(len, found))
        if count > HABIT and self.awaited <= RARELY * self.waited:
            yield _one([cause for causes in found for cause in causes])
            return
        for causes in found:
            yield from _few(causes, MANY if count <= HABIT else 1)

    def handlers(self) -> Iterator[Cause]:
        """Handlers that await nothing and hold the loop: one a file where many do it with the same, one where all do."""
        alike: dict[tuple[str, ...], list[Cause]] = defaultdict(list)
        for function in self.awaitless.values():
            path = self._below(function)
            routes = self.routes(function)
            if path is not None and routes:
                hold, chain = path
                same = ("session",) if hold.session else (hold.library, hold.effect.note, str(hold.weight))
                callers = {f.id for f, _ in self.callers(function.id)}
                awaiting = tuple(sorted(callers | self._wrapping(function)))
                cause = Cause(function, hold, routes, (*self.way(function, routes), *chain), (), awaiting)
                alike[function.span.file, str(bool(awaiting)), *same].append(self._weighed(cause))
        with_sessions = [found for key, found in alike.items() if key[2:] == ("session",)]
        yield from self._at_once(with_sessions)
        most = MANY if sum(map(len, alike.values())) <= HABIT else 1
        for causes in (found for found in alike.values() if found not in with_sessions):
            yield from _few(causes, most)

    def _wrapping(self, function: Function) -> set[str]:
        """The async functions that decorators put around a handler and that await it, whatever it is."""
        around: dict[str, list[Function]] = defaultdict(list)
        for call in function.calls:
            if call.text.startswith("@") and call.target in self.functions:
                around[call.text].append(self.functions[call.target])
        return {f.id for each in around.values() for f in each if all(other.is_async for other in each)}

    def _below(self, function: Function) -> tuple[Hold, Chain] | None:
        """What a handler that awaits nothing does that holds the loop; the worst of it, the nearest of equals."""
        best: tuple[int, int, Hold, Chain] | None = None
        paths: dict[tuple[str, Known], Chain] = {(function.id, NOTHING): ()}
        waiting = deque(paths)
        while waiting:
            at = waiting.popleft()
            here, known = self.functions[at[0]], at[1]
            for hold in self.holds.get(here.id, ()):
                if not runs(hold.call, known):
                    continue
                chain = (*paths[at], Step(hold.call.text, hold.call.span))
                rank = max(hold.weight, self._least(hold, paths[at])), len(chain)
                if not hold.has(SLEEPS) and (best is None or rank < best[:2]):
                    best = *rank, hold, chain
            for call in here.calls:
                target = self.functions.get(call.target) if runs(call, known) else None
                if target is None or target.is_async or not _is_here(call):
                    continue
                there = target.id, handed(call, known, target)
                if there not in paths and not target.memoised and not target.off_loop:
                    paths[there] = (*paths[at], Step(call.text, call.span))
                    waiting.append(there)
        return (best[2], best[3]) if best is not None else None


FURTHEST = 8  # steps from the route; further away too much lies between that may not lead there
FEW = 8  # calls of a session that all ways together lead to; one request takes one of them
MANY = 6  # functions of one file with one cause; more of them are said in one finding
HABIT = 20  # functions of a project with one cause; where there are more, each file says it once
RARELY = 0.02  # share of statements that are awaited below which a project has synchronous sessions alone


def entry(project: Project, chain: Chain) -> str:
    """The id of what FastAPI calls itself at the begin of a chain: the handler, or the dependency it goes through."""
    first = (
        chain[1]
        if len(chain) > 1 and chain[1].text.startswith("depends on ")
        else chain[0]
        if chain
        else None
    )
    found = function_at(project, first.span) if first is not None else None
    return found.id if found is not None else ""


def _few(causes: list[Cause], most: int) -> list[Cause]:
    """Causes of one file, put together where they are many: it is a habit then, mended all at once."""
    return [_one(causes)] if len(causes) > most else causes


def _one(causes: list[Cause]) -> Cause:
    """The worst of the causes, of equals the one that most routes meet, with the others' places and everybody's routes."""
    first = min(
        causes,
        key=lambda c: (
            c.hold.weight,
            -len(c.routes),
            len(c.chain),
            c.function.span.line,
            c.hold.call.span.line,
        ),
    )
    routes = sorted({route for cause in causes for route in cause.routes})
    others = {c.function.id: head(c.function) for c in causes if c.function.id != first.function.id}
    return replace(first, routes=tuple(routes), others=tuple(sorted(others.values())))


def _rank(hold: Hold) -> tuple[int, bool, int]:
    """The worst first; a pause before the next try is part of what is tried."""
    return hold.weight, hold.has(SLEEPS), hold.call.span.line


def _place(function: Function) -> str:
    """The class that a method belongs to; of a function itself."""
    owner, dot, _ = function.id.rpartition(".")
    return owner if dot and "<locals>" not in owner and ":" in owner else function.id


def _is_here(call: Call) -> bool:
    return not (call.off_loop or call.once or call.background)


def _awaitless_handlers(project: Project) -> Iterator[Function]:
    """Handlers that are `async def`, await nothing and don't need the loop."""
    for route in project.imported.routes:
        found = handler(project, route) if route.kind == "http" and route.is_async else None
        if found is None or not found.is_async or found.awaits or found.is_generator:
            continue
        if any(call.name.startswith(_NEEDS_LOOP) for call in found.calls):
            continue
        if not leads_to_loop(project, found, _HANDLERS):
            yield found
