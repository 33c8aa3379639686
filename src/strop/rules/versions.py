"""Which version of a library does the project run on, as far as its files tell?"""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, SpecifierSet
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
    """Whether the project surely runs on something older: that is installed, locked, or all that it allows."""
    found = installed(project, name)
    if found is not None:
        return found < Version(version)
    asked = [r.specifier for r in project.shipped.requirements if r.name == name]
    return bool(asked) and all(_ends_before(specifier, Version(version)) for specifier in asked)


def _ends_before(specifier: str, version: Version) -> bool:
    """Whether a requirement has an upper bound below this version: <2, ~=1.10, ==1.*."""
    try:
        parts = [(s.operator, Version(s.version.removesuffix(".*"))) for s in SpecifierSet(specifier)]
    except (InvalidSpecifier, InvalidVersion):
        return False
    return any(
        (operator == "<" and bound <= version)
        or (operator in ("<=", "==") and bound < version)
        or (operator == "~=" and Version(f"{bound.major + 1}") <= version)
        for operator, bound in parts
    )


def floor(project: Project, name: str) -> Version | None:
    """The version that the project has at least."""
    text = dict(project.imported.versions).get(name, "").removeprefix(">=")
    try:
        return Version(text) if text else None
    except InvalidVersion:
        return None
