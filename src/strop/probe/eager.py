"""Which relationships were loaded eagerly, and which of those did the request read?

SQLAlchemy builds a row processor for each eager relationship once a statement, which tells the first.
For the second the relationship's own attribute (and no other) gets a class whose `__get__` tells.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from . import hooks
from .record import Record, current
from .sql import relationship

_names: dict[int, tuple[str, Any]] = {}  # by id of a watched attribute, which is kept
_watched: type | None = None


def install() -> None:
    """Record eager relationships from now on."""
    hooks.when_imported("sqlalchemy.orm.attributes", _patch_attributes)
    hooks.when_imported("sqlalchemy.orm.strategies", _patch_strategies)


def _patch_attributes(module: ModuleType) -> None:
    global _watched
    base = module.InstrumentedAttribute
    read = base.__get__

    def get(self: Any, instance: Any, owner: Any) -> Any:
        if instance is not None:
            record = current.get()
            if record is not None and record.loaded is not None:
                _note_read(record, self)
        return read(self, instance, owner)

    _watched = type(base.__name__, (base,), {"__slots__": (), "inherit_cache": True, "__get__": get})
    _watched.__module__, _watched.__qualname__ = base.__module__, base.__qualname__
    hooks.at_removal(_unwatch)


def _unwatch() -> None:
    for _, attribute in _names.values():
        attribute.__class__ = type(attribute).__bases__[0]
    _names.clear()


def _note_read(record: Record, attribute: Any) -> None:
    known = _names.get(id(attribute))
    if known is not None:
        if record.used is None:
            record.used = set()
        record.used.add(known[0])


def _patch_strategies(module: ModuleType) -> None:
    joined = getattr(module, "_JoinedLoader", None) or module.JoinedLoader
    selectin = getattr(module, "_SelectInLoader", None) or module.SelectInLoader
    subquery = getattr(module, "_SubqueryLoader", None) or module.SubqueryLoader
    _tell(joined, "_create_eager_adapter")
    _tell(selectin, "_load_for_path")
    _tell(subquery, "_setup_query_from_rowproc", None)


def _tell(kind: Any, method: str, refusal: object = False) -> None:
    """Note the relationship when the method is called and does not answer with `refusal`."""
    original = vars(kind)[method]

    @functools.wraps(original)
    def load(self: Any, *args: Any, **kw: Any) -> Any:
        result = original(self, *args, **kw)
        record = current.get()
        if record is not None and result is not refusal:
            try:
                _note_loaded(record, self)
            except Exception:
                hooks.failures["eager"] += 1
        return result

    hooks.replace(kind, method, load)


def _note_loaded(record: Record, strategy: Any) -> None:
    name = relationship(strategy)
    if record.loaded is None:
        record.loaded = set()
    if name not in record.loaded:
        record.loaded.add(name)
        _watch_attribute(strategy.parent_property, name)


def _watch_attribute(owner: Any, name: str) -> None:
    for kind in owner.parent.class_.__mro__:
        attribute = vars(kind).get(owner.key)
        if attribute is not None:
            if id(attribute) not in _names and _watched is not None:
                attribute.__class__ = _watched
                _names[id(attribute)] = (name, attribute)
            return
