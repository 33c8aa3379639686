"""Is an access key the public half of a pair, whose other half is the secret?"""

from __future__ import annotations

from collections.abc import Iterable

from strop.project.body import Body
from strop.project.project import Project
from strop.rules.secretive import words


def is_access_key(name: str) -> bool:
    """Whether a name is one that a pair's public half goes by."""
    return words(name)[-2:] == ["access", "key"] and "secret" not in words(name)


def has_other_half(body: Body) -> bool:
    """Whether the function or its class names the secret half too: `secret_key`, `hashed_secret`."""
    return _names_secret(body.words | frozenset(body.owner.scope.names if body.owner is not None else ()))


def is_kept_in_pairs(project: Project) -> bool:
    """Whether a table of the project has an access key and, beside it, the secret (or its hash)."""
    tables = ([column.name for column in table.columns] for table in project.imported.tables)
    return any(any(map(is_access_key, names)) and _names_secret(names) for names in tables)


def _names_secret(names: Iterable[str]) -> bool:
    found = (words(name) for name in names if "secret" in name.lower())
    return any("secret" in parts and {"key", "hashed", "access"} & set(parts) for parts in found)
