"""Copies that lie at the same place, one after the other: paths get into answers, rows and tokens."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from strop.world.instance import Instance, World

NAME = "suite"


@contextlib.contextmanager
def at_one_place(world: World, revision: str = "base") -> Iterator[Instance]:
    """A copy of `revision` where each such copy lies; afterwards nothing is left there.

    One at a time: whoever comes meanwhile waits.
    """
    with world.one_place:
        root = world.folder.tree(revision, NAME)
        instance = world.instance(root, f"{NAME}-data")
        try:
            yield instance
        finally:
            instance.close()
            world.folder.remove(root)
            shutil.rmtree(instance.place, ignore_errors=True)
