"""In which order does SQLAlchemy write the objects of one flush, where it leaves the order open?

Its unit of work keeps objects in sets, whose order follows from addresses in memory: the rows of a
many-to-many table are inserted in another order in every process, and are answered in that order wherever
no `order_by` says otherwise. Here the order is that in which objects were added; known ones come by key.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .late import when_imported


def install() -> None:
    """Order every flush from now on."""
    when_imported("sqlalchemy.orm.unitofwork", _patch)


def _patch(module: ModuleType) -> None:
    """The module finds our `set` before the built-in one."""
    module.set = _Ordered  # type: ignore[attr-defined]


class _Ordered(set[Any]):
    """A set that tells and pops what a flush writes in an order of its own."""

    def __iter__(self) -> Iterator[Any]:
        found = list(set.__iter__(self))
        if len(found) > 1 and not isinstance(found[0], tuple):
            found.sort(key=_order)
        return iter(found)

    def pop(self) -> Any:
        first = min(set.__iter__(self), key=_order, default=None)
        if first is None:
            raise KeyError("pop from an empty set")
        self.remove(first)
        return first


def _order(item: Any) -> tuple[str, bool, int, str]:
    """An object's state, or a task of the flush with one or without."""
    state = getattr(item, "state", item)
    key: Any = getattr(state, "key", None)
    added = getattr(state, "insert_order", None)
    known = key is not None
    task = "" if state is item and hasattr(item, "insert_order") else repr(getattr(item, "sort_key", ""))
    return task, known, 0 if known else added or 0, repr(key[1]) if known else ""
