"""`strop review`: what does the source alone say is wrong?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from strop.finding import Finding
from strop.project.project import Project
from strop.project.read import read_project
from strop.rules.registry import check, noticers


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """The folder to be reviewed."""

    folder: Path


@dataclass(frozen=True, slots=True)
class Review:
    """What was read, and what was found in it."""

    project: Project
    findings: tuple[Finding, ...]


def review(request: ReviewRequest) -> Review:
    """Read the source and ask every rule."""
    root = request.folder.resolve()
    project = read_project(root, (), (), noticers())
    return Review(project, check(project, None))
