"""Does a table grow with use, or does it hold the few rows that somebody writes by hand?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from strop.project.table import Column, Table

_FLOWS = re.compile(
    r"(messages?|events?|logs?|history|histories|executions?|runs?|jobs?|entries|records?|audits?|metrics?|measurements?|transactions?"
    r"|comments?|activity|activities|notifications?|payments?|orders?|alerts?|tasks?|results?|observations?|readings?|samples?|visits?|views?|downloads?)$"
)  # what the rows of a table are that is written with each use
_PERSONS = re.compile(r"(^|[_.])(users?|accounts?|members?|persons?|people|profiles?)$")
_SWITCHES = frozenset({"default", "enabled"})
_NAMES = frozenset({"name", "title", "label", "slug", "ref", "key", "path", "alias"})
_TENANTS = frozenset(
    {"tenant", "organization", "organisation", "org", "company", "workspace", "project", "team"}
)
_LEAST_OWNED = 5  # tables
_SHARE_OWNED = 0.2  # of all tables


def owners(tables: Iterable[Table]) -> frozenset[str]:
    """The tables that many others belong to and whose rows are few: tenants, workspaces, projects."""
    parents = [{c.foreign_key.rpartition(".")[0] for c in t.columns if c.foreign_key} for t in tables]
    owned = Counter(parent for found in parents for parent in found)
    least = max(_LEAST_OWNED, _SHARE_OWNED * len(parents))
    return frozenset(name for name, count in owned.items() if count >= least and _is_tenant(name))


def stays_small(table: Table, keys: Iterable[Column]) -> bool:
    """Whether a table that is found by these keys is one of settings, whose rows somebody writes by hand."""
    return _has_switch(table) or any(_is_named_within(table, key) for key in keys)


def grows(table: Table, keys: Iterable[Column], tables: Iterable[Table]) -> bool:
    """Whether use adds rows without end: messages, runs, log lines; or parts of what users make, not what one user
    has a few of (keys, collections).
    """
    if _FLOWS.search(table.name.lower()):
        return True
    with_parents = {t.name for t in tables if any(c.foreign_key and _parent(c) != t.name for c in t.columns)}
    found = {_parent(key) for key in keys}
    return any(name in with_parents and not _PERSONS.search(name.lower()) for name in found)


def _parent(column: Column) -> str:
    """The table that a foreign key points to."""
    return column.foreign_key.rpartition(".")[0]


def _has_switch(table: Table) -> bool:
    """Each of its rows can be switched on and off, or is the default of its kind."""
    return any(c.type.startswith("BOOL") and c.name.removeprefix("is_") in _SWITCHES for c in table.columns)


def _is_named_within(table: Table, key: Column) -> bool:
    """Names are unique among the rows of one parent: somebody gave them one by one."""
    names = {c.name for c in table.columns if _is_name(c)}
    return any(i.unique and key.name in i.columns and names & set(i.columns) for i in table.indexes)


def _is_name(column: Column) -> bool:
    return not column.foreign_key and column.name.rpartition("_")[2] in _NAMES


def _is_tenant(table: str) -> bool:
    return table.lower().rpartition(".")[2].rpartition("_")[2].removesuffix("s") in _TENANTS
