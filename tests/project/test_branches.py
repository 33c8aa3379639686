"""Branches that a caller's arguments exclude: not followed, down from a route and up from what a call does."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.project.branches import lift, needs, runs
from strop.project.effects import effects
from strop.project.project import Source
from strop.project.reach import reaches
from tests.project.example import application, call, contexts, function, read, route

STORE = """
import time
from typing import Optional

def own_session():
    time.sleep(1)

def ask(key, session=None, *, fresh: bool = False, trace: "Optional[int]" = None):
    if session is None:
        own_session()
    {more}

def hand_on(key, session=None):
    return ask(key, session)

{callers}
"""


def shop(tmp_path: Path, caller: str, more: str = "return key") -> Source:
    """A project with a function that chooses by its parameters, and one caller."""
    return read(
        tmp_path,
        {"store.py": STORE.format(more=more, callers=f"def caller(given, maybe=None):\n    {caller}\n")},
    )


def sleeps(source: Source, name: str = "caller") -> bool:
    """Whether calling it comes to the branch that sleeps."""
    return any(
        effect.kind == "blocks" for effect, _ in effects(source.functions).get(function(source, name).id, ())
    )


SLEEPS = {
    "ask(1)": True,
    "ask(1, None)": True,
    "ask(1, session=None)": True,
    "ask(1, maybe)": True,  # may be None
    "ask(1, given)": True,  # nothing is known of it
    "ask(1, *given)": True,
    "ask(1, **given)": True,
    "hand_on(1)": True,
    "hand_on(1, maybe)": True,
    "ask(1, 'a session')": False,
    "ask(1, session=[given])": True,  # a list: not told apart from other values that are made here
    "ask(1, session=f'{given}')": False,
    "hand_on(1, session='a session')": False,
    "[hand_on(each, 'a session') for each in given]": False,
    "maybe is not None and ask(1, maybe)": False,
    "ask(1, maybe) if maybe is not None else 0": False,
    "ask(1, maybe) if maybe is None else 0": True,
}


@pytest.mark.parametrize("caller", SLEEPS)
def test_what_a_caller_excludes_does_not_happen(tmp_path: Path, caller: str) -> None:
    assert sleeps(shop(tmp_path, caller)) == SLEEPS[caller]


@pytest.mark.parametrize(
    ("body", "happens"),
    [
        ("with given() as session:\n        ask(1, session)", False),
        ("session = given()\n    ask(1, session)", True),
        ("if maybe is None:\n        return\n    ask(1, maybe)", False),
        ("if not maybe:\n        raise KeyError\n    ask(1, maybe)", False),
        ("if maybe is None:\n        pass\n    ask(1, maybe)", True),
        ("if maybe is None:\n        maybe = given\n    ask(1, maybe)", True),
        ("maybe = None\n    ask(1, maybe)", True),
        ("if maybe is None:\n        pass\n    else:\n        ask(1, maybe)", False),
    ],
)
def test_what_was_tested_before_counts(tmp_path: Path, body: str, happens: bool) -> None:
    assert sleeps(shop(tmp_path, body)) == happens


@pytest.mark.parametrize(
    ("more", "caller", "wanted"),
    [
        ("if fresh:\n        time.sleep(2)", "ask(1, 'one')", ["fresh true"]),
        ("if not fresh:\n        time.sleep(2)", "ask(1, 'one')", ["fresh false"]),
        ("if fresh and trace is not None:\n        time.sleep(2)", "ask(1)", ["fresh true", "trace set"]),
        ("if fresh or trace:\n        time.sleep(2)", "ask(1)", []),
        ("if fresh or trace:\n        return\n    time.sleep(2)", "ask(1)", ["fresh false", "trace false"]),
        ("if fresh and trace:\n        return\n    time.sleep(2)", "ask(1)", []),
        ("trace or time.sleep(2)", "ask(1)", ["trace false"]),
        ("fresh and time.sleep(2)", "ask(1)", ["fresh true"]),
        ("fresh = key\n    if fresh:\n        time.sleep(2)", "ask(1)", []),
        ("for key in key:\n        if fresh:\n            time.sleep(2)\n        fresh = key", "ask(1)", []),
        ("[time.sleep(2) for _ in key if fresh]", "ask(1)", []),
        ("[time.sleep(2) if fresh else 0 for _ in key]", "ask(1)", ["fresh true"]),
        ("def inner(fresh):\n        if fresh: ...\n    time.sleep(2)", "ask(1)", []),
    ],
)
def test_conditions_are_about_what_the_caller_gave(
    tmp_path: Path, more: str, caller: str, wanted: list[str]
) -> None:
    found = call(shop(tmp_path, caller, more), "ask", "time.sleep(2)")
    assert list(found.when) == wanted


TYPED = """
import time
from pathlib import Path

def write(data: bytes | Path, name: str):
    if isinstance(data, Path):
        time.sleep(1)
    elif isinstance(data, bytes):
        pass
    else:
        pass

{caller}
"""


@pytest.mark.parametrize(
    ("caller", "happens"),
    [
        ("def caller(file):\n    write(file.read(), 'a')", False),
        ("async def caller(file):\n    write(await file.read(), 'a')", False),
        ("def caller(file: bytes):\n    write(file, 'a')", False),
        ("def caller(file: Path):\n    write(file, 'a')", True),
        ("def caller(file: PathLike):\n    write(file, 'a')", True),
        ("def caller(file):\n    if isinstance(file, bytes):\n        return\n    write(file, 'a')", True),
        ("def caller(file):\n    if isinstance(file, str | bytes):\n        write(file, 'a')", True),
    ],
)
def test_a_branch_for_another_type_is_not_come_to(tmp_path: Path, caller: str, happens: bool) -> None:
    assert sleeps(read(tmp_path, {"store.py": TYPED.format(caller=caller)})) == happens


GIVES = """
class Store:
    def __init__(self, path=None): ...
    def find(self, key, strict=False): ...
    @classmethod
    def open(cls, path=None): ...
    @staticmethod
    def close(store=None): ...

def use(store: Store, name: str, maybe: str | None, untold):
    {statement}
"""


@pytest.mark.parametrize(
    ("statement", "gives"),
    [
        ("Store()", ["path none"]),
        ("Store('here')", ["path true"]),
        ("Store(name)", ["path a str"]),
        ("Store(maybe)", ["path =maybe"]),
        ("Store(untold)", ["path =untold"]),
        ("store.find(1)", ["strict false"]),
        ("store.find(1, True)", ["strict true"]),
        ("Store.find(store, 1, True)", ["strict true"]),
        ("Store.open(name)", ["path a str"]),
        ("store.open('')", ["path false"]),
        ("Store.close(store)", ["store set"]),
        ("store.find(untold.strict)", ["strict false"]),
        ("store.find(1, untold.strict)", ["strict "]),
    ],
)
def test_arguments_are_found_by_the_name_of_their_parameter(
    tmp_path: Path, statement: str, gives: list[str]
) -> None:
    source = read(tmp_path, {"store.py": GIVES.format(statement=statement)})
    assert [list(c.gives) for c in function(source, "use").calls] == [
        [g for g in gives if not g.endswith(" ")]
    ]


def test_a_route_does_not_come_to_what_its_handler_excludes(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "store.py": STORE.format(
                more="return key",
                callers="async def passes():\n    return hand_on(1, 'one')\n\nasync def leaves():\n    return hand_on(1)\n",
            )
        },
    )
    passes, leaves = route(source, "passes", path="/passes"), route(source, "leaves", path="/leaves")
    assert contexts(source, application(leaves), "own_session") == {"loop"}
    assert contexts(source, application(passes), "own_session") == set()
    assert contexts(source, application(passes), "ask") == {"loop"}


def test_two_branches_that_exclude_one_another_are_no_way(tmp_path: Path) -> None:
    source = shop(tmp_path, "ask(1, maybe) if maybe is not None else 0")
    inner, outer = call(source, "ask", "own_session()"), call(source, "caller", "ask(1, maybe)")
    assert lift(needs(inner), outer) is None
    assert runs(inner, frozenset({("session", "none")}))
    assert not runs(inner, frozenset({("session", "set")}))


ADDRESS = """
from email_validator import validate_email

def clean(text, ask{given}):
    validate_email(text, check_deliverability=ask)

async def reads():
    clean("a")

async def adds(sure):
    clean("a", ask={sure})
"""


@pytest.mark.parametrize(
    ("given", "sure", "wanted"),
    [
        ("=False", "bool(sure)", ["/adds"]),
        ("=False", "True", ["/adds"]),
        ("=False", "False", []),
        ("=True", "False", ["/reads"]),
        (": bool = False", "sure", ["/adds"]),
        ("=None", "False", ["/adds", "/reads"]),  # what the library does with None is its own
    ],
)
def test_a_flag_that_is_handed_on_decides_who_comes_to_a_call(
    tmp_path: Path, given: str, sure: str, wanted: list[str]
) -> None:
    source = read(tmp_path, {"store.py": ADDRESS.format(given=given, sure=sure)})
    routes = route(source, "reads", path="/reads"), route(source, "adds", path="/adds")
    ways = reaches(application(*routes), source)[function(source, "clean").id]
    asks = call(source, "clean", "validate_email")
    found = [narrowed for way in ways if (narrowed := way.to(asks)) is not None]
    assert [way.route.partition(" ")[2] for way in found] == wanted
    assert all(way.chain[0].text == way.route for way in found)
