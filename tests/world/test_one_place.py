"""What is tried one after the other lies at the same place, and leaves nothing there."""

from __future__ import annotations

from pathlib import Path

from strop.world.instance import open_world
from strop.world.one_place import at_one_place
from tests import ledger


def test_the_second_copy_lies_where_the_first_did_without_its_files(tmp_path: Path) -> None:
    with open_world(ledger.target(ledger.make(tmp_path))) as world:
        seen = []
        for _ in range(2):
            with at_one_place(world) as instance:
                left = [
                    path for path in (instance.root / "left", instance.temporary / "left") if path.exists()
                ]
                seen.append((instance.root, instance.temporary, left))
                (instance.root / "left").touch()
                (instance.temporary / "left").touch()
                assert (instance.root / "main.py").is_file() or any(instance.root.rglob("*.py"))
    assert seen[0] == seen[1]
    assert seen[0][2] == []
