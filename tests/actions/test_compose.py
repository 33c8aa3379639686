"""Kept patches on one branch: a commit for each that changes something."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from strop.actions.compose import compose
from strop.actions.kept import Kept
from strop.patch import Edit, Patch
from strop.plan import Item
from strop.world.instance import open_world
from tests import ledger
from tests.actions.test_search import finding


def test_the_same_change_for_two_findings_is_one_commit(tmp_path: Path) -> None:
    with open_world(ledger.target(ledger.make(tmp_path))) as world:
        root = world.folder.tree()
        file = next(path for path in sorted(root.rglob("*.py")) if path.read_text())
        before = file.read_text()
        edit = Edit(str(file.relative_to(root)), before, before + "\n# changed\n")
        kept = [_kept(name, edit) for name in ("one", "two")]
        unused: Any = None
        made = compose(world, unused, lambda name: (root / name).read_text(), kept)
    assert [k.item.finding.slug for k in made.kept] == ["one"]
    assert [(r.item.finding.slug, r.reason) for r in made.refused] == [
        ("two", "not on this branch: an earlier change does the same")
    ]


def _kept(name: str, edit: Edit) -> Kept:
    item = Item(finding(name), "", "", "", "", "", "", (), False)
    patch = Patch("wrap_blocking_call", "", name, f"Change {name}", "why", (edit,))
    candidate: Any = SimpleNamespace(patch=patch)
    return Kept(item, candidate, patch)
