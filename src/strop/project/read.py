"""What is the project, from its files alone? Nothing of it is imported or run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from strop.project.body import Noticer
from strop.project.declared.assemble import assemble
from strop.project.join import join
from strop.project.project import Project
from strop.project.shipped.read import read_shipped
from strop.project.shipped.requirements import versions
from strop.project.source import Reading, assemble_source


def read_project(
    root: Path,
    sources: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    noticers: tuple[Noticer, ...] = (),
) -> Project:
    """The project below `root` as its source declares it. Arguments and problems are those of `read_source`;
    without `sources`, the folders on `sys.path` are told from the imports.
    """
    reading = Reading.of(root, sources, exclude)
    every = reading.every(noticers)
    source = assemble_source(every)
    shipped = read_shipped(root)
    declarations = [d.declarations for d in every if d.declarations is not None]
    stored = [d.stored for d in every if d.stored is not None]
    imported = replace(assemble(declarations, stored), versions=versions(shipped.requirements))
    return replace(join(root, imported, source), shipped=shipped)
