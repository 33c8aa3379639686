"""Does a table grow with use, or does it hold the few rows that somebody writes by hand?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from strop.project.table import Column, Table
from strop.regex import regex

_FLOWS = regex(
    r"(messages?|events?|logs?|history|histories|executions?|runs?|jobs?|entries|records?|audits?|metrics?|measurements?|transactions?"
    r"|comments?|activity|activities|notifications?|payments?|orders?|alerts?|tasks?|results?|observations?|readings?|samples?|visits?|views?|downloads?)$"
)  # what the rows of a table are that is written with each use
_PERSONS = regex(r"(^|[_.])(users?|accounts?|members?|persons?|people|profiles?)$")
_HUMPS = regex(r"(?<=[a-z])(?=[A-Z])")
_SWITCHES = frozenset({"default", "enabled"})
_NAMES = frozenset({"name", "title", "label", "slug", "ref", "key", "path", "alias"})
_TENANTS = frozenset(
    {"tenant", "organization", "organisation", "org", "company", "workspace", "project", "team"}
)
_LEAST_OWNED = 5  # tables
_HANDFUL = regex(
    r"(^|_)(gateways?|replicas?|plugins?|settings?|config(uration)?s?|backends?|providers?|integrations?|connectors?|clusters?|servers?)(_|$)"
)  # what an installation has a few of
_TIMES = ("DATE", "TIME")  # how the types of columns that say when begin
_IDS = frozenset({"id", "uuid", "pk", "surrogate_id"})
_SHARE_OWNED = 0.2  # of all tables


def owners(tables: Iterable[Table]) -> frozenset[str]:
    """The tables that many others belong to and whose rows are few: tenants, workspaces, projects."""
    parents = [{c.foreign_key.rpartition(".")[0] for c in t.columns if c.foreign_key} for t in tables]
    owned = Counter(parent for found in parents for parent in found)
    least = max(_LEAST_OWNED, _SHARE_OWNED * len(parents))
    return frozenset(name for name, count in owned.items() if count >= least and is_tenant(name))


def is_tenant(table: str) -> bool:
    """Whether a table or a key is named for what most tables belong to."""
    return table.lower().rpartition(".")[2].rpartition("_")[2].removesuffix("s") in _TENANTS


def stays_small(table: Table, keys: Iterable[Column]) -> bool:
    """Whether a table that is found by these keys is one of settings, whose rows somebody writes by hand."""
    return _has_switch(table) or any(_is_named_within(table, key) for key in keys)


def grows(table: Table, keys: Iterable[Column], tables: Iterable[Table]) -> bool:
    """Whether use adds rows without end: messages, runs, log lines; or parts of what users make, not what one user
    has a few of (keys, collections).
    """
    if is_flow(table):
        return True
    known = tuple(tables)
    with_parents = {t.name for t in known if any(c.foreign_key and _parent(c) != t.name for c in t.columns)}
    persons = {t.name for t in known if _logs_in(t)}
    found = {_parent(key) for key in keys}
    return any(name in with_parents - persons and not _PERSONS.search(name.lower()) for name in found)


def _logs_in(table: Table) -> bool:
    """Whether its rows are persons, whatever it is called: each has an address and a password."""
    names = {column.name.lower() for column in table.columns}
    return any("email" in name for name in names) and any("password" in name for name in names)


def is_person(name: str) -> bool:
    """Whether a table or a class is named for who calls: User, accounts."""
    return bool(_PERSONS.search(_HUMPS.sub("_", name).lower()))


def is_flow(table: Table) -> bool:
    """Whether its name says that each use writes a row: messages, runs, log lines."""
    return bool(_FLOWS.search(table.name.lower()))


def is_handful(table: Table) -> bool:
    """Whether its rows are parts of an installation: gateways, plugins, settings."""
    return bool(_HANDFUL.search(table.name.lower())) and not is_flow(table)


def is_link(table: Table) -> bool:
    """Whether a row says no more than that two rows belong together, and since when: a member, a tag."""
    keys = [c for c in table.columns if c.foreign_key]
    own = [c for c in table.columns if not c.foreign_key and not c.type.upper().startswith(_TIMES)]
    said = [c for c in own if not (c.primary or c.name in _IDS)]
    primary = [c for c in table.columns if c.primary]
    by_both = len(primary) > 1 and all(c.foreign_key for c in primary)
    return len(keys) > 1 and len(said) <= by_both and not is_flow(table)


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
