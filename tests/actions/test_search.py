"""Which patches are kept: the dearest finding first, each finding's best alternative, and a reason for all others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strop.actions import search as module
from strop.actions.compose import Composition
from strop.actions.kept import Kept
from strop.actions.search import Search
from strop.cell import Cell, Request
from strop.event import Advance, Event, Stage
from strop.finding import Finding
from strop.patch import Edit, Patch, Proposal
from strop.plan import Item
from strop.proof.chosen import MOST, choose_cells
from strop.proof.judge import Candidate
from strop.span import Span
from strop.verdict import Behaviour, Gain, Verdict


def finding(name: str, *routes: str) -> Finding:
    span = Span("app/main.py", 1, name)
    return Finding("DB001", name, "db", "warning", 1.0, "measured", span, routes or ("GET /a",), name, "", "")


def item(name: str, choice: bool = False) -> Item:
    return Item(finding(name), "", "", "", "", "", "", (), choice)


def patch(name: str, option: str = "", size: int = 1) -> Patch:
    return Patch(
        "load_relationship", option, name, f"{name} {option}".strip(), "", (Edit("a.py", "", "x" * size),)
    )


def gain(name: str, low: float) -> Gain:
    return Gain(name, "", 10, 1, low, 0.0)


@dataclass
class Play:
    """What the fixes propose for each finding, and what the judge says of each patch."""

    proposed: dict[str, Sequence[Patch | Proposal]]
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    dearer: frozenset[str] = frozenset()
    judged: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def search(self, monkeypatch: pytest.MonkeyPatch, workers: int = 1) -> Search:
        stage = self

        class Judge:
            def __init__(self, base: Any, tip: Any, finding: Finding, patch: Patch, cells: Any) -> None:
                self.patch = patch

            def run(self) -> Candidate:
                stage.judged.append(self.patch.title)
                verdict = stage.verdicts.get(self.patch.title, kept(gain("queries", 0.5)))
                world: Any = SimpleNamespace(folder=SimpleNamespace(remove=lambda root: None))
                instance: Any = SimpleNamespace(close=lambda: None, world=world)
                dearer = self.patch.title in stage.dearer
                return Candidate(self.patch, verdict, Path("/nowhere"), instance, (), dearer)

        def put_together(world: Any, project: Any, read: Any, patches: Sequence[Kept]) -> Composition:
            return Composition(world, project, read, kept=list(patches))

        monkeypatch.setattr(module, "Judgement", Judge)
        monkeypatch.setattr(module, "compose", put_together)
        monkeypatch.setattr(
            module, "propose", lambda project, finding, read: self.proposed.get(finding.slug, ())
        )
        base: Any = SimpleNamespace(world=None, cells=(), root=Path("/nowhere"))
        project: Any = SimpleNamespace(reaches={})
        tips: Any = [object() for _ in range(workers)]
        return Search(base, tips, project, self.events.append)


def kept(*gains: Gain) -> Verdict:
    return Verdict(Behaviour.IDENTICAL, True, "", (), gains)


def lost(reason: str) -> Verdict:
    return Verdict(Behaviour.DIFFERENT, False, reason, ())


def test_the_dearest_finding_first_whatever_ends_first(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"f{n}" for n in range(6)]
    stage = Play({name: [patch(name)] for name in names})
    found = stage.search(monkeypatch, workers=3)
    found.run([item(name) for name in names])
    assert [k.patch.title for k in found.kept] == names
    assert [e.total for e in stage.events if isinstance(e, Stage)] == [6]
    assert sum(isinstance(e, Advance) for e in stage.events) == 6


def test_of_each_finding_one_of_three_a_reason_or_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Play(
        {
            "good": [patch("good", str(n)) for n in range(5)],
            "bad": [patch("bad", "a"), patch("bad", "b"), Proposal("x", "bad", "not written")],
            "unwritten": [Proposal("x", "unwritten", "the query is made elsewhere")],
            "nothing": [],
        },
        {"bad a": lost("differs at status"), "bad b": lost("no gain")},
    )
    found = stage.search(monkeypatch)
    found.run([item("choice", choice=True), *map(item, ("bad", "good", "unwritten", "nothing"))])
    assert [k.patch.finding for k in found.kept] == ["good"]
    assert len(found.kept[0].lost) == 2  # more than three are not tried
    assert stage.judged.count("bad a") == 1
    reasons = {r.item.finding.slug: r.reason for r in found.refused}
    assert reasons["choice"] == "the choice is yours"
    assert reasons["bad"] == "differs at status"
    assert reasons["unwritten"] == "the query is made elsewhere"
    assert "nothing" in reasons
    refused = next(r for r in found.refused if r.item.finding.slug == "bad")
    assert [c.verdict.reason for c in refused.tried] == ["differs at status", "no gain"]
    assert [p.reason for p in refused.proposals] == ["not written"]


@pytest.mark.parametrize(
    ("one", "other", "best"),
    [
        ((gain("cpu", 0.30),), (gain("cpu", 0.10),), "one"),
        ((gain("queries", 0.9), gain("cpu", 0.10)), (gain("queries", 0.5), gain("cpu", 0.30)), "other"),
        ((gain("queries", 0.9), gain("cpu", 0.301)), (gain("queries", 0.5), gain("cpu", 0.299)), "one"),
        ((gain("queries", 0.5),), (gain("queries", 0.9),), "other"),
        ((gain("queries", 0.5),), (gain("queries", 0.5),), "other"),  # the smaller diff
    ],
)
def test_the_alternative_that_saves_more_wins(
    one: Iterable[Gain], other: Iterable[Gain], best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Play(
        {"f": [patch("f", "one", size=50), patch("f", "other", size=5)]},
        {"f one": kept(*one), "f other": kept(*other)},
    )
    found = stage.search(monkeypatch)
    found.run([item("f")])
    assert [k.patch.option for k in found.kept] == [best]
    assert [c.patch.option for c in found.kept[0].lost] == [{"one": "other", "other": "one"}[best]]


def test_an_alternative_that_another_route_pays_for_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Play(
        {"f": [patch("f", "one"), patch("f", "other")]},
        {"f one": kept(gain("cpu", 0.9)), "f other": kept(gain("cpu", 0.1))},
        dearer=frozenset({"f one"}),
    )
    found = stage.search(monkeypatch)
    found.run([item("f")])
    assert [k.patch.option for k in found.kept] == ["other"]


def test_when_the_time_is_used_up_nothing_more_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Play({name: [patch(name)] for name in ("a", "b", "c")})
    found = stage.search(monkeypatch)
    found.run([item(name) for name in ("a", "b", "c")], lambda: len(stage.judged) >= 1)
    assert stage.judged == ["a"]
    assert [r.reason for r in found.refused] == ["the time that was given was used up"] * 2


def test_what_is_dropped_is_told_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Play({name: [patch(name)] for name in ("a", "b")})
    found = stage.search(monkeypatch)
    found.run([item("a"), item("b")])
    found.drop(found.kept[0], "differs")
    assert [k.patch.title for k in found.kept] == ["b"]
    assert [(r.item.finding.slug, r.reason) for r in found.refused] == [("a", "differs")]


def cells(**counts: int) -> tuple[Cell, ...]:
    """So many cells of each route, in turn."""
    names = [name for n in range(max(counts.values())) for name, count in counts.items() if n < count]
    return tuple(Cell(f"c{n}", n, Request("GET", "/"), f"GET /{name}") for n, name in enumerate(names))


BEFORE = (
    "import os\n\n\ndef shared(x):\n    return x\n\n\nclass A:\n    def method(self):\n        return 1\n"
)


def edit(old: str, new: str) -> Patch:
    return Patch("f", "", "f", "", "", (Edit("app/a.py", BEFORE, BEFORE.replace(old, new)),))


def chosen(sent: tuple[Cell, ...], changed: Patch, *reached: tuple[str, str]) -> list[str]:
    reaches: Any = {}
    for function, route in reached:
        reaches.setdefault(function, []).append(SimpleNamespace(route=route))
    return [cell.route for cell in choose_cells(sent, finding("f", "GET /a"), reaches, changed)]


def test_cells_of_the_findings_routes_and_of_those_that_an_edited_function_serves() -> None:
    sent = cells(b=2, a=2, c=2, d=1)
    inner = edit("return x", "return +x")
    assert chosen(sent, inner) == ["GET /a", "GET /a"]
    found = chosen(sent, inner, ("app/a.py:shared", "GET /c"), ("app/a.py:A.method", "GET /b"))
    assert found == ["GET /a", "GET /a", "GET /c", "GET /c"]
    method = chosen(sent, edit("return 1", "return 2"), ("app/a.py:A.method", "GET /b"))
    assert set(method) == {"GET /a", "GET /b"}


def test_what_runs_at_import_can_reach_every_route() -> None:
    sent = cells(a=2, b=2, c=3)
    found = chosen(sent, edit("import os\n", "import os\n\nLIMIT = 3\n"))
    assert sorted(found) == ["GET /a", "GET /a", "GET /b", "GET /c"]


def test_no_more_cells_than_are_worth_their_time_but_one_of_each_route() -> None:
    sent = cells(a=MOST * 3, b=3)
    assert len(chosen(sent, edit("return x", "return +x"))) == MOST
    reached = [("app/a.py:shared", f"GET /{name}") for name in "bc"]
    found = chosen(cells(a=99, b=99, c=99), edit("return x", "return +x"), *reached)
    assert {route: found.count(route) for route in found} == dict.fromkeys(
        ("GET /a", "GET /b", "GET /c"), MOST // 3
    )
