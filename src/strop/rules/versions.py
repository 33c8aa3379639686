"""Which version of a library does the project run on, as far as its files tell?"""

from __future__ import annotations

from packaging.version import InvalidVersion, Version

from strop.project.project import Project


def installed(project: Project, name: str) -> Version | None:
    """The installed or locked version; None when it isn't known, or only a floor is."""
    text = dict(project.imported.versions).get(name, "")
    try:
        return Version(text) if text else None
    except InvalidVersion:
        return None


def before(project: Project, name: str, version: str) -> bool:
    """Whether the project surely runs on something older."""
    found = installed(project, name)
    return found is not None and found < Version(version)


def floor(project: Project, name: str) -> Version | None:
    """The version that the project has at least."""
    text = dict(project.imported.versions).get(name, "").removeprefix(">=")
    try:
        return Version(text) if text else None
    except InvalidVersion:
        return None
