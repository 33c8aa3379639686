"""What is the project, from its files alone? Nothing of it is imported or run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from strop.project.again import read_again, read_anew
from strop.project.body import Noticer
from strop.project.cache import installed
from strop.project.declared.assemble import assemble
from strop.project.join import join
from strop.project.libraries.environment import NOWHERE, Environment
from strop.project.project import Project
from strop.project.shipped.kept import read_kept, read_now
from strop.project.shipped.migrations import with_migrated
from strop.project.source import assemble_source

_READERS = ("pyyaml", "packaging")  # libraries that read what ships beside the code


def read_project(
    root: Path,
    sources: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    noticers: tuple[Noticer, ...] = (),
    *,
    cache: bool = False,
    environment: Environment = NOWHERE,
) -> Project:
    """The project below `root` as its source declares it. Arguments and problems are those of `read_source`;
    without `sources`, the folders on `sys.path` are told from the imports. With a `cache`, what did not change
    since the last time is taken from `.strop/cache/` there, and what was read is kept in it. The types that libraries
    give are read in an `environment`.
    """
    with uncollected():
        every = (
            read_again(root, sources, exclude, noticers, environment)
            if cache
            else read_anew(root, sources, exclude, noticers, environment)
        )
        source = assemble_source(every)
        shipped, versions = read_kept(root, installed(_READERS)) if cache else read_now(root)
        declarations = [d.declarations for d in every if d.declarations is not None]
        stored = [d.stored for d in every if d.stored is not None]
        declared = assemble(declarations, stored)
        tables = with_migrated(declared.tables, shipped.indexes)
        imported = replace(declared, tables=tables, versions=versions)
        return replace(join(root, imported, source), shipped=shipped)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of cycles: what is made here stays, and looking through it takes a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
