"""The tests that patches bring: each must fail on the base; on the branch the suite is run with all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from strop.fixes.write import apply
from strop.measure.suite import run_suite
from strop.patch import Patch
from strop.problem import Problem
from strop.world.instance import World


def useful_tests(world: World, patches: Sequence[Patch]) -> dict[str, str]:
    """Run the tests of all patches on the base, without any edit: patch id -> "" where one fails, else why
    the tests tell nothing.
    """
    root = world.folder.tree("base")
    instance = world.instance(root)
    said: dict[str, str] = {}
    files: dict[str, str] = {}  # test file -> patch id
    for patch in patches:
        try:
            apply(root, replace(patch, edits=()))
        except Problem as problem:
            said[patch.id] = f"its test could not be written: {problem.message}"
            continue
        files |= {edit.file: patch.id for edit in patch.tests if Path(edit.file).name.startswith("test")}
    try:
        run = run_suite(instance, (*world.target.pytest_args, *files))
    except Problem as problem:
        return {patch.id: f"its test could not run: {problem.message}" for patch in patches}
    finally:
        instance.close()
        world.folder.remove(root)
    failing = {name.partition("::")[0] for name, outcome in run.tests if outcome == "failed"}
    for file, identity in files.items():
        told = any(name == file or name.endswith(f"/{file}") or file.endswith(f"/{name}") for name in failing)
        said.setdefault(identity, "" if told else "its test passes without the change too")
    return said
