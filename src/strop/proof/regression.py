"""The test that a patch brings: it must fail before the patch and pass after it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from strop.fixes.write import apply
from strop.patch import Patch
from strop.world.instance import World

LIMIT = 120.0  # seconds for one test file
FAILED = 1  # pytest's exit status when tests ran and failed


def check_test(world: World, revision: str, patch: Patch) -> str:
    """Run the patch's tests without and with its edits; returns "" when they tell the two apart, else why not."""
    without = replace(patch, edits=())
    with ThreadPoolExecutor(2) as pool:
        before, after = pool.map(lambda p: _status(world, revision, p), (without, patch))
    if before[0] == 0:
        return "its regression test passes without the change too"
    if before[0] != FAILED:
        return f"its regression test could not run before the change: {before[1]}"
    if after[0] != 0:
        return f"its regression test does not pass after the change: {after[1]}"
    return ""


def _status(world: World, revision: str, patch: Patch) -> tuple[int, str]:
    root: Path = world.folder.tree(revision)
    instance = world.instance(root)
    try:
        apply(root, patch)
        files = [edit.file for edit in patch.tests if Path(edit.file).name.startswith("test")]
        options = ["-p", "no:cacheprovider", "-q", "-x", *world.target.pytest_args]
        done = instance.run([world.target.python, "-m", "pytest", *options, *files], LIMIT)
        last = next((line for line in reversed((done.out + done.err).splitlines()) if line.strip()), "")
        return done.status, last.strip()
    finally:
        instance.close()
        world.folder.remove(root)
