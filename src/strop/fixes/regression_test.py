"""Regression tests in the project's own style."""

from __future__ import annotations

from collections.abc import Callable

from strop.finding import Finding
from strop.patch import Edit
from strop.project.project import Project

Test = tuple[tuple[Edit, ...], str]


def for_queries(project: Project, finding: Finding, read: Callable[[str], str]) -> Test:
    """A test that counts the statements of a route, and a sentence on it where there is none."""
    return (), ""
