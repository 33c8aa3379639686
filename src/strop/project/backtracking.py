"""On which text does a regular expression need time that doubles with each letter?

`re` tries every way to match a text before it says that none does. Where a loop can go over the same text in two ways
("(a+)+", "(\\w+\\s?)*"), a text of n letters that fails at its end has 2**n ways. Told by the automaton whose states
are the places of the pattern's letters: two ways from a state back to itself over one word. What the two ways go over
is the part that the text repeats; that it fails is tried with three repetitions.
"""

from __future__ import annotations

import ast
import importlib
import re
import warnings
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from strop.project.spelling import last_name
from strop.project.walk import walk

if TYPE_CHECKING:
    from strop.project.body import Body

USES = ("search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn")
_LONGEST = 2000  # letters of a pattern
_TREE: Any = importlib.import_module("re._parser")  # the standard library's own, without a stub
_NAMES: Any = importlib.import_module("re._constants")
_END = "\0end"  # stands for the end of the text
_MOST = 120  # places of letters in a pattern
_UNROLLED = 3  # repetitions that are written out; a loop with more is taken for endless from _ENDLESS on
_ENDLESS = 20
_SAMPLES = "aZ0_ -.@/:,;!\n\t\"'é"
_BREAKS = ("!", "\n", "\x00", "a", " ", "")  # what an attacker ends the text with
_TRIED = 3
_PATIENCE = 20_000  # pairs of states that are looked at for one pattern


class Attack(Struct, frozen=True):
    """`start + pump * n + end` makes a search need 2**n steps."""

    start: str
    pump: str
    end: str

    @property
    def text(self) -> str:
        """The text as Python writes it: 'a' * 40 + '!'."""
        parts = [repr(self.start)] if self.start else []
        parts.append(f"{self.pump!r} * 40")
        parts += [repr(self.end)] if self.end else []
        return " + ".join(parts)


class _Unknown(Exception):
    """The pattern has what this automaton does not say."""


class _Part(Struct):
    """A piece of the automaton: whether it may be empty, where it begins and ends, with the number of ways."""

    empty: bool = True
    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)


@cache
def attack(pattern: str, flags: int = 0, how: str = "search") -> Attack | None:
    """A text that keeps `re` busy, for a pattern that is used with `search`, `match` or `fullmatch`."""
    try:
        with warnings.catch_warnings(action="ignore"):  # they are for who wrote the pattern
            automaton = _Automaton(pattern, flags, how == "fullmatch")
            compiled = re.compile(pattern, flags)
    except (_Unknown, re.error, RecursionError, OverflowError):
        return None
    tries = getattr(compiled, how if how in ("match", "fullmatch") else "search")
    for start, pump in automaton.pumps():
        for end in _BREAKS:
            if tries(start + pump * _TRIED + end) is None:
                return Attack(start, pump, end)
    return None


def slow_use(body: Body, call: ast.Call) -> Attack | None:
    """The attack on what a call of `re` searches with: a text of the code, compiled beforehand or not."""
    func = call.func
    how = last_name(func)
    if how not in USES or not isinstance(func, ast.Attribute):
        return None
    if body.name(func) == f"re.Pattern.{how}":
        made = body.value(func.value)
        if not isinstance(made, ast.Call) or body.name(made.func) != "re.compile":
            return None
        return _of(body, made, 1, how)
    return _of(body, call, 3, how) if body.name(func) == f"re.{how}" else None


def _of(body: Body, call: ast.Call, place: int, how: str) -> Attack | None:
    """The attack on the pattern of a call; flags that are no names of `re` leave it unknown."""
    given = {k.arg: k.value for k in call.keywords}
    pattern = body.constant(given.get("pattern") or (call.args[0] if call.args else None))
    flags = given.get("flags") or (call.args[place] if len(call.args) > place else None)
    names = [n.attr for n in walk(flags) if isinstance(n, ast.Attribute)] if flags is not None else []
    if (
        not isinstance(pattern, str)
        or not all(hasattr(re, name) for name in names)
        or len(pattern) > _LONGEST
    ):
        return None
    return attack(pattern, sum({int(getattr(re, name)) for name in names}), how)


class _Automaton:
    """Glushkov's automaton: a state for each place of a letter, edges with the number of ways to go there."""

    def __init__(self, pattern: str, flags: int, whole: bool) -> None:
        tree = _TREE.parse(pattern, flags)
        self.flags: int = tree.state.flags
        self.letters: list[frozenset[str]] = []
        self.follow: list[Counter[int]] = []
        self.alphabet = sorted({*_SAMPLES, *_near(pattern)})
        whole_part = self._sequence(tree, False)
        if whole:
            whole_part = self._then(whole_part, self._place(frozenset({_END})))
        self.start = whole_part.first
        self.patience = _PATIENCE

    def pumps(self) -> Iterator[tuple[str, str]]:
        """What leads to a state, and a word that leads from there to itself in two ways."""
        for state in range(len(self.letters)):
            pump = self._pump(state) if _END not in self.letters[state] else ""
            if pump:
                yield self._way(state), pump

    def _pump(self, state: int) -> str:
        """A word over which two ways lead from a state back to it."""
        waiting = deque([((state, state, False), "")])
        seen = {(state, state, False)}
        while waiting:
            (one, other, apart), word = waiting.popleft()
            for there in self._pairs(one, other, apart):
                letter = self._common(there[0], there[1])
                if not letter:
                    continue
                if there == (state, state, True):
                    return word + letter
                if there not in seen and self.patience > 0:
                    self.patience -= 1
                    seen.add(there)
                    waiting.append((there, word + letter))
        return ""

    def _pairs(self, one: int, other: int, apart: bool) -> Iterator[tuple[int, int, bool]]:
        for to, ways in self.follow[one].items():
            for too in self.follow[other]:
                twice = one == other and to == too and ways > 1
                yield to, too, apart or to != too or twice

    def _common(self, one: int, other: int) -> str:
        both = self.letters[one] & self.letters[other] - {_END}
        return min(both, key=lambda c: (not c.isalnum(), not c.isprintable(), c), default="")

    def _way(self, state: int) -> str:
        """A word that leads from the beginning to a state, its own letter included."""
        waiting = deque((first, self._common(first, first)) for first in self.start)
        seen = set(self.start)
        while waiting:
            here, word = waiting.popleft()
            if here == state:
                return word
            for to in self.follow[here]:
                if to not in seen and self._common(to, to):
                    seen.add(to)
                    waiting.append((to, word + self._common(to, to)))
        return ""

    # From the tree of the pattern

    def _sequence(self, parts: Any, inside: bool) -> _Part:
        made = _Part()
        for op, value in parts:
            made = self._then(made, self._one(str(op), value, inside))
        return made

    def _one(self, op: str, value: Any, inside: bool) -> _Part:
        match op:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                return self._place(self._set(op, value))
            case "SUBPATTERN":
                return self._sequence(value[3], inside)
            case "BRANCH":
                return self._either([self._sequence(each, inside) for each in value[1]])
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, parts = value
                return self._repeat(least, most, parts, inside)
            case "AT":
                ends = str(value) in ("AT_END", "AT_END_STRING")
                return self._place(frozenset({_END})) if ends else _Part()
            case "ASSERT" | "ASSERT_NOT" if not inside:
                return _Part()  # what lies before a loop; tried in the end
        raise _Unknown(op)  # possessive, back references, conditions: they can exclude one of the two ways

    def _place(self, letters: frozenset[str]) -> _Part:
        if len(self.letters) >= _MOST:
            raise _Unknown("too long")
        self.letters.append(letters)
        self.follow.append(Counter())
        here = Counter([len(self.letters) - 1])
        return _Part(False, here, Counter(here))

    def _then(self, one: _Part, other: _Part) -> _Part:
        self._link(one.last, other.first)
        return _Part(
            one.empty and other.empty,
            one.first + other.first if one.empty else one.first,
            one.last + other.last if other.empty else other.last,
        )

    def _link(self, lasts: Counter[int], firsts: Counter[int]) -> None:
        for here, ways in lasts.items():
            for there, more in firsts.items():
                self.follow[here][there] += ways * more

    def _either(self, parts: Sequence[_Part]) -> _Part:
        made = _Part(False)
        for part in parts:
            made = _Part(made.empty or part.empty, made.first + part.first, made.last + part.last)
        return made

    def _repeat(self, least: int, most: int, parts: Any, inside: bool) -> _Part:
        endless = most is _NAMES.MAXREPEAT or most >= _ENDLESS
        written = min(least, _UNROLLED) if endless else min(most, _UNROLLED)
        made = _Part()
        for count in range(max(written, 1)):
            part = self._sequence(parts, inside or endless)
            if endless and count == max(written, 1) - 1:
                self._link(part.last, part.first)
            if count >= least:
                part = _Part(True, part.first, part.last)
            made = self._then(made, part)
        return made

    # Letters

    def _set(self, op: str, value: Any) -> frozenset[str]:
        return frozenset(c for c in self.alphabet if self._takes(op, value, c))

    def _takes(self, op: str, value: Any, letter: str) -> bool:
        match op:
            case "LITERAL":
                return self._same(letter, value)
            case "NOT_LITERAL":
                return not self._same(letter, value)
            case "ANY":
                return letter != "\n" or bool(self.flags & re.DOTALL)
            case "RANGE":
                low, high = value
                folds = (letter.lower(), letter.upper()) if self.flags & re.IGNORECASE else (letter,)
                return any(len(c) == 1 and low <= ord(c) <= high for c in folds)
            case "CATEGORY":
                return _category(str(value), letter)
            case "IN":
                negated = bool(value) and str(value[0][0]) == "NEGATE"
                inner = value[1:] if negated else value
                return any(self._takes(str(o), v, letter) for o, v in inner) != negated
        raise _Unknown(op)

    def _same(self, letter: str, code: int) -> bool:
        if self.flags & re.IGNORECASE:
            return letter.lower() == chr(code).lower()
        return ord(letter) == code


_CATEGORIES = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}


def _category(name: str, letter: str) -> bool:
    kind = name.removeprefix("CATEGORY_")
    found = re.match(_CATEGORIES[kind.removeprefix("NOT_")], letter) is not None
    return found != kind.startswith("NOT_")


def _near(pattern: str) -> Iterator[str]:
    """The pattern's own letters and their neighbours: the letters between which its sets differ."""
    for letter in pattern:
        for code in (ord(letter) - 1, ord(letter), ord(letter) + 1):
            if 0 <= code < 0x110000 and not 0xD800 <= code < 0xE000:
                yield chr(code)
