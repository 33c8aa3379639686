"""What does the answer to a question depend on? Every definition that is looked at while it is worked out is noted.

A key names what was looked at, always by the name of the module and a path in it:

| key | what was looked at |
|---|---|
| `shop.orders:Order` | what a module or class has under this name: nothing, a value's text, a signature |
| `shop.orders:Order^` | the bases of a class |
| `shop.orders:Order.` | the names of a class body, and what its methods assign to self |
| `shop.orders:total@` | the decorators of a function |
| `shop.orders:total!` | all of a function or class, its body too; `shop.orders:total!tax` for a name in there |
| `shop.orders:*` | all of a file |
| `?shop.orders.Order` | how far a dotted name is a module of the project |
| `?*` | which modules there are |
| `*` | all of all files |

What is evaluated belongs to a key too, so that keys depend on keys; what a file's own results depend on is noted under
the name of the file. A definition is evaluated once, and each who asks notes its key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strop.project.scope import Ref

Frame = tuple[set[str], "dict[int, Ref | None]"]


class Watch:
    """Who looked at what."""

    __slots__ = ("current", "memo", "seen")

    def __init__(self) -> None:
        self.seen: dict[str, set[str]] = {}
        self.current: set[str] = set()  # what the one at work has looked at
        self.memo: dict[int, Ref | None] = {}  # the expressions that it has evaluated

    def note(self, key: str) -> None:
        """The one at work looks at this."""
        self.current.add(key)

    def enter(self, key: str) -> Frame:
        """From now on `key` is at work; gives what `leave` wants to have back."""
        before = self.current, self.memo
        found = self.seen.get(key)
        if found is None:
            found = self.seen[key] = set()
        self.current, self.memo = found, {}
        return before

    def leave(self, before: Frame) -> None:
        """The one before goes on."""
        self.current, self.memo = before
