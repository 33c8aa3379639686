"""The ways that are made on request are those of a search from every entry, on graphs drawn at random."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from random import Random
from typing import get_args

import pytest

from strop.project.entries import Entry
from strop.project.function import Call, Context, Function, Reach
from strop.project.reach import Reaches, _context, _start
from strop.span import Span, Step

Ways = dict[str, tuple[Reach, ...]]


def searched(functions: dict[str, Function], entries: Iterable[Entry]) -> Ways:
    """Breadth first from each entry; of equally short chains the first."""
    found: dict[tuple[str, str, Context], tuple[Step, ...]] = {}
    for entry in entries:
        for function, context, path in _walk(functions, entry):
            key = (function, entry.route, context)
            chain = entry.chain + path
            if key not in found or len(chain) < len(found[key]):
                found[key] = chain
    ways: dict[str, list[Reach]] = {}
    for (function, route, context), chain in sorted(found.items(), key=lambda item: item[0]):
        ways.setdefault(function, []).append(Reach(function, context, route, chain))
    return {function: tuple(each) for function, each in ways.items()}


def _walk(functions: dict[str, Function], entry: Entry) -> Iterator[tuple[str, Context, tuple[Step, ...]]]:
    start: tuple[str, Context, tuple[Step, ...]] = (
        entry.function,
        _start(functions[entry.function], entry.context),
        (),
    )
    seen = {start[:2]}
    waiting = deque([start])
    while waiting:
        function, context, path = waiting.popleft()
        yield function, context, path
        for call in functions[function].calls:
            target = functions.get(call.target)
            if target is None:
                continue
            there = _context(context, call, target)
            if (target.id, there) not in seen:
                seen.add((target.id, there))
                waiting.append((target.id, there, (*path, Step(call.text, call.span))))


def drawn(random: Random) -> tuple[dict[str, Function], list[Entry]]:
    """A graph of calls with cycles, memoised functions and every way to hand work over."""
    count = random.randint(1, 25)
    names = [f"m.py:f{n}" for n in range(count)]
    functions = {name: _function(name, names, random) for name in names}
    contexts = get_args(Context)
    entries = [
        _entry(random.choice(names), random.choice(contexts), f"GET /{random.randint(0, 9)}", random)
        for _ in range(random.randint(0, 20))
    ]
    return functions, [*entries, _entry(random.choice(names), "import", "", random)]


def _function(name: str, names: list[str], random: Random) -> Function:
    def flag(share: float) -> bool:
        return random.random() < share

    calls = [
        Call(
            Span("m.py", line),
            f"c{line}",
            "x",
            random.choice([*names, "", "gone"]),
            off_loop=flag(0.2),
            background=flag(0.1),
            once=flag(0.05),
        )
        for line in range(random.randint(0, 6))
    ]
    return Function(name, Span("m.py", 1), flag(0.5), tuple(calls), memoised=flag(0.1), off_loop=flag(0.1))


def _entry(function: str, context: Context, route: str, random: Random) -> Entry:
    steps = tuple(Step(f"{route} {n}", Span("m.py", n)) for n in range(random.randint(1, 3)))
    return Entry(function, context, route, steps)


@pytest.mark.parametrize("seed", range(300))
def test_lazy_ways_equal_searched_ones(seed: int) -> None:
    functions, entries = drawn(Random(seed))
    lazy, eager = Reaches(functions, lambda: entries), searched(functions, entries)
    assert dict(lazy.items()) == eager
    assert list(lazy) == list(eager)
    for function, ways in eager.items():
        assert lazy.contexts(function) == {way.context for way in ways}
        assert lazy.routes(function) == tuple(sorted({way.route for way in ways if way.route}))
        in_thread = {way.route for way in ways if way.route and way.context == "thread"}
        assert lazy.routes(function, ("thread",)) == tuple(sorted(in_thread))


def test_a_chain_may_be_longer_than_python_nests() -> None:
    names = [f"m.py:f{n}" for n in range(3000)]
    functions = {
        name: Function(name, Span("m.py", 1), False, (Call(Span("m.py", 1), "next", "x", after),))
        for name, after in zip(names, [*names[1:], ""], strict=True)
    }
    entry = Entry(names[0], "loop", "GET /", (Step("GET /", Span("m.py", 1)),))
    assert len(Reaches(functions, lambda: [entry])[names[-1]][0].chain) == 3000
