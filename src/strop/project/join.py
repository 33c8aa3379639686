"""One project out of its two readings."""

from __future__ import annotations

from pathlib import Path

from strop.project.project import Imported, Project, Source
from strop.project.reach import reaches


def join(root: Path, imported: Imported, source: Source) -> Project:
    """The project at `root`, as its application and its files say, with all ways from routes to functions."""
    return Project(str(root.resolve()), imported, source, reaches(imported, source))
