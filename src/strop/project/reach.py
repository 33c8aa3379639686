"""Which functions run for which route, and where: on the loop, in a thread, at start-up, once?

A project has millions of ways from routes to functions, and a rule asks for a few. So only the set of routes
of each function in each context is computed, as the bits of an integer; the ways to one function are made when
somebody asks for them, and their chains when somebody looks at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct, field

from strop.project.branches import NOTHING, Known, handed, runs
from strop.project.entries import Entry, entries
from strop.project.function import Call, Chain, Context, Function, Reach
from strop.project.project import Imported, Source
from strop.span import Step

_KEPT = 256  # functions whose ways are remembered


def reaches(imported: Imported, source: Source) -> Reaches:
    """Every way from a route to a function: one a route and context, with the shortest chain of calls.

    A chain begins at the route. What no route reaches but start-up or import does has route "".
    An `async def` background task runs in context "background", a `def` one in "thread"; what
    `lru_cache` or a filled global keeps from happening again runs in context "once".
    """
    return Reaches(source.functions, lambda: entries(imported, source))


class Reaches(Mapping[str, tuple[Reach, ...]]):
    """The ways by the id of the function; made when they are asked for."""

    def __init__(self, functions: Mapping[str, Function], found: Callable[[], Iterable[Entry]]) -> None:
        self._functions = functions
        self._found = found
        self._keys: list[str] = []  # of the routes, by the number of the bit
        self._made: dict[str, tuple[Reach, ...]] = {}

    @cached_property
    def _graph(self) -> _Graph:
        """Made when the first way is asked for: after an edit nobody may ask."""
        graph = _Graph(self._functions)
        routes: dict[str, int] = {}
        for order, entry in enumerate(self._found()):
            graph.enter(entry, routes.setdefault(entry.route, len(routes)), order)
        self._keys.extend(routes)
        graph.grow()
        graph.spread()
        return graph

    @cached_property
    def _places(self) -> dict[str, list[_Node]]:
        places: dict[str, list[_Node]] = {}
        for node in self._graph.nodes:
            places.setdefault(node.function, []).append(node)
        return {function: places[function] for function in sorted(places)}

    def __getitem__(self, function: str) -> tuple[Reach, ...]:
        """The ways to a function; raises KeyError when nothing reaches it."""
        made = self._made.get(function)
        if made is None:
            made = self._make(function)
            if len(self._made) >= _KEPT:
                del self._made[next(iter(self._made))]
            self._made[function] = made
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, function: object) -> bool:
        return function in self._places

    def contexts(self, function: str) -> frozenset[Context]:
        """The contexts in which a function runs; cheaper than its ways."""
        return frozenset(node.context for node in self._places.get(function, ()))

    def routes(self, function: str, contexts: Iterable[Context] | None = None) -> tuple[str, ...]:
        """The routes that reach a function, in one of these contexts if there are any, sorted; cheaper than
        its ways.
        """
        wanted = None if contexts is None else set(contexts)
        bits = 0
        for node in self._places.get(function, ()):
            if wanted is None or node.context in wanted:
                bits |= node.routes
        return tuple(sorted(key for key in map(self._keys.__getitem__, _numbers(bits)) if key))

    def _make(self, function: str) -> tuple[Reach, ...]:
        goals: dict[Context, list[_Node]] = {}
        for node in self._places[function]:
            goals.setdefault(node.context, []).append(node)
        found = []
        for context, nodes in goals.items():
            ways = _Ways(self._graph, nodes)
            for bit in _numbers(ways.routes):
                found.append(Reach(function, context, self._keys[bit], _Way(ways, bit)))
        return tuple(sorted(found, key=lambda reach: (reach.route, reach.context)))


class _Node(Struct, eq=False):
    """A function in a context: what its calls lead to, what leads here, and for which routes it runs."""

    function: str
    context: Context
    known: Known  # of its parameters, as far as they choose a branch
    callers: list[_Node] = field(default_factory=list)
    calls: list[_Node] = field(default_factory=list)
    routes: int = 0  # bits
    entries: dict[int, tuple[int, Chain]] = field(default_factory=dict)  # by bit: its order, and the shortest


class _Graph:
    """All functions that run, in the contexts in which they do."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions
        self.nodes: list[_Node] = []
        self._known: dict[tuple[str, Context, Known], _Node] = {}

    def node(self, function: str, context: Context, known: Known = NOTHING) -> _Node:
        """The one node of a function in a context that was given what chooses the same branches."""
        key = function, context, known
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = _Node(*key)
            self.nodes.append(node)
        return node

    def enter(self, entry: Entry, bit: int, order: int) -> None:
        """Begin a way; of several from one route to one function the shortest counts, of equals the first."""
        context = _start(self.functions[entry.function], entry.context)
        node = self.node(entry.function, context)
        known = node.entries.get(bit)
        if known is None or len(entry.chain) < len(known[1]):
            node.entries[bit] = order, entry.chain

    def calls(self, node: _Node) -> Iterator[tuple[Call, _Node]]:
        """What the calls of a function lead to, in the order of the text."""
        for call in self.functions[node.function].calls:
            target = self.functions.get(call.target) if call.target else None
            if target is not None and runs(call, node.known):
                known = handed(call, node.known, target)
                yield call, self.node(target.id, _context(node.context, call, target), known)

    def grow(self) -> None:
        """Follow all calls."""
        for node in self.nodes:  # grows while it is read
            node.calls = list(dict.fromkeys(called for _, called in self.calls(node)))
            for called in node.calls:
                called.callers.append(node)

    def spread(self) -> None:
        """What a route runs, it runs with all that this calls."""
        fresh = {node: sum(1 << bit for bit in node.entries) for node in self.nodes if node.entries}
        while fresh:
            node = next(iter(fresh))
            bits = fresh.pop(node) & ~node.routes
            node.routes |= bits
            for called in node.calls if bits else ():
                if new := bits & ~called.routes:
                    fresh[called] = fresh.get(called, 0) | new


class _Ways:
    """The shortest ways to one function in one context, found against the calls when the first is asked for."""

    def __init__(self, graph: _Graph, goals: Iterable[_Node]) -> None:
        self.graph = graph
        self.goals = tuple(goals)
        self.routes = 0
        for goal in self.goals:
            self.routes |= goal.routes
        self.distances: dict[_Node, int] = {}  # calls that lie between
        self.starts: dict[int, tuple[int, int, _Node]] = {}  # by bit: steps, order and node of the entry
        self.paths: dict[_Node, Chain] = dict.fromkeys(self.goals, ())
        self._narrowed: dict[tuple[str, ...], _Ways] = {}

    def to(self, call: Call) -> _Ways:
        """Those on which the function comes to a call of it."""
        if call.when not in self._narrowed:
            goals = [goal for goal in self.goals if runs(call, goal.known)]
            self._narrowed[call.when] = self if len(goals) == len(self.goals) else _Ways(self.graph, goals)
        return self._narrowed[call.when]

    def length(self, bit: int) -> int:
        """The number of steps of the shortest chain from a route."""
        if not self.distances:
            self._measure()
        return self.starts[bit][0]

    def chain(self, bit: int) -> Chain:
        """The shortest chain from a route; of equals the one whose calls come first in the text."""
        if not self.distances:
            self._measure()
        node = self.starts[bit][2]
        return node.entries[bit][1] + self._path(node)

    def _measure(self) -> None:
        """Breadth first, until no longer way can be a better one."""
        level, distance = list(self.goals), 0
        self.distances.update(dict.fromkeys(level, 0))
        missing = self.routes
        while level:
            for node in level:
                for bit in node.entries:
                    missing &= ~(1 << bit)
                    self._offer(bit, node, distance)
            if not missing and all(steps <= distance + 1 for steps, _, _ in self.starts.values()):
                return
            distance += 1
            around = dict.fromkeys(caller for node in level for caller in node.callers)
            level = [node for node in around if node not in self.distances]
            self.distances.update(dict.fromkeys(level, distance))

    def _offer(self, bit: int, node: _Node, distance: int) -> None:
        order, chain = node.entries[bit]
        offered = len(chain) + distance, order, node
        known = self.starts.get(bit)
        if known is None or offered[:2] < known[:2]:
            self.starts[bit] = offered

    def _path(self, node: _Node) -> Chain:
        steps, passed = [], [node]
        while passed[-1] not in self.paths:
            here = passed[-1]
            nearer = self.distances[here] - 1
            call, called = next(c for c in self.graph.calls(here) if self.distances.get(c[1]) == nearer)
            steps.append(Step(call.text, call.span))
            passed.append(called)
        path = self.paths[passed.pop()]
        for here, step in zip(reversed(passed), reversed(steps), strict=True):
            path = self.paths[here] = (step, *path)
        return path


class _Way:
    """The shortest way from one route."""

    __slots__ = ("bit", "ways")

    def __init__(self, ways: _Ways, bit: int) -> None:
        self.ways = ways
        self.bit = bit

    def chain(self) -> Chain:
        return self.ways.chain(self.bit)

    def length(self) -> int:
        return self.ways.length(self.bit)

    def to(self, call: Call) -> _Way | None:
        ways = self.ways.to(call)
        return _Way(ways, self.bit) if ways.routes >> self.bit & 1 else None


def _numbers(bits: int) -> Iterator[int]:
    """The places of the bits that are set."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def _start(function: Function, context: Context) -> Context:
    if function.memoised:
        return "once"
    return "thread" if function.off_loop and context == "loop" else context


def _context(context: Context, call: Call, target: Function) -> Context:
    """Where a call from this context runs."""
    if target.memoised or call.once:
        return "once"
    if context in ("once", "startup", "import"):
        return context
    if call.off_loop:
        return "thread"
    if call.background:
        return "background" if target.is_async else "thread"
    return context
