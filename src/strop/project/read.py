"""What is the project, from its files alone? Nothing of it is imported or run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from strop.project.again import read_again, read_anew
from strop.project.body import Noticer
from strop.project.cache import installed
from strop.project.changes import Changes
from strop.project.declared.again import assemble_again
from strop.project.declared.assemble import assemble
from strop.project.join import join
from strop.project.libraries.environment import NOWHERE, Environment
from strop.project.listing import Listing
from strop.project.project import Project
from strop.project.settings import read_settings
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
    return read_changed(root, sources, exclude, noticers, cache=cache, environment=environment)[0]


def read_changed(
    root: Path,
    sources: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    noticers: tuple[Noticer, ...] = (),
    *,
    cache: bool,
    environment: Environment = NOWHERE,
    listing: Listing | None = None,
) -> tuple[Project, Changes]:
    """The project as `read_project` gives it, and what of its files is different from what was kept. A `listing` of
    the files is taken where there is one already.
    """
    if cache and listing is None:
        listing = Listing(root.resolve(), (*exclude, *read_settings(root).exclude))
    with uncollected():
        every, changes = (
            read_again(listing, sources, exclude, noticers, environment)
            if listing is not None
            else (read_anew(root, sources, exclude, noticers, environment), Changes("", ""))
        )
        source = assemble_source(every)
        shipped, versions = (
            read_kept(root, installed(_READERS), listing.shipped) if listing is not None else read_now(root)
        )
        declarations = [d.declarations for d in every if d.declarations is not None]
        stored = [d.stored for d in every if d.stored is not None]
        declared = (
            assemble_again(listing.root, changes, declarations, stored)
            if listing is not None
            else assemble(declarations, stored)
        )
        tables = with_migrated(declared.tables, shipped.indexes)
        imported = replace(declared, tables=tables, versions=versions)
        return replace(join(root, imported, source), shipped=shipped), changes


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
