"""What is kept of a call: where it stands, what runs there, and what must hold to come to it?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from msgspec import Struct, field

from strop.project.function import Call
from strop.project.receivers import Receivers
from strop.project.scope import FunctionNode, Module, Ref, Scope
from strop.project.switches import Switches
from strop.project.targets import Target
from strop.span import Span

_LONGEST = 90  # characters of a call's text


class Here(Struct, frozen=True):
    """What is true of the expression at hand."""

    scope: Scope
    loop: int = 0
    awaited: bool = False
    off_loop: bool = False
    background: bool = False
    once: bool = False
    when: tuple[str, ...] = ()  # what the parameters must be to come here
    about: tuple[tuple[str, str], ...] = ()  # the same of members of other objects, by the object's name


class Body(Struct):
    """The calls of one body, and what was counted on the way."""

    calls: list[Call] = field(default_factory=list)
    awaits: int = 0
    resolved: int = 0
    unresolved: int = 0
    yields: bool = False
    sets: set[str] = field(default_factory=set)  # attributes that are assigned


class Sites:
    """Keeps the calls of one body."""

    def __init__(self, switches: Switches, receivers: Receivers, module: Module, symbol: str) -> None:
        self.switches = switches
        self.receivers = receivers
        self.module = module
        self.symbol = symbol
        self.body = Body()

    def run(self, node: ast.expr, targets: Iterable[Target], here: Here, called: Ref | None = None) -> bool:
        """Add these targets as calls; False when there is none. `called` is what a plain call calls."""
        done = False
        for target in targets:
            if called is None or target.node is None or not isinstance(node, ast.Call):
                self._add(node, target, here)
            else:
                gives = self._given(node, target.node, called, here)
                self._add(
                    node, target, here, gives, self.receivers.owner(node, target.node, called, here.scope)
                )
            done = True
        return done

    def unknown(self, node: ast.expr, named: ast.expr, here: Here) -> None:
        """Add a call of what can't be told, by the last word of its name."""
        self._add(node, Target(f"?.{_last(named)}"), here)

    def _given(self, node: ast.Call, definition: FunctionNode, called: Ref, here: Here) -> tuple[str, ...]:
        """What a call hands over to a function of the project, also with the object whose method it is."""
        given = self.switches.given(node, definition, _is_bound(definition, called), here.scope)
        known = self.receivers.known(node, called, here.scope)
        if here.about and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            known += tuple(told for name, told in here.about if name == node.func.value.id)
        return (*given, *known)

    def _add(
        self, node: ast.expr, target: Target, here: Here, gives: tuple[str, ...] = (), on: str = ""
    ) -> None:
        end = node.end_lineno or node.lineno
        flags = self.switches.flags(target.flags, here.scope, bool(here.loop)) if target.flags else ()
        span = Span(self.module.file, node.lineno, self.symbol, end if end != node.lineno else 0)
        self.body.calls.append(
            Call(
                span,
                self._text(node),
                target.name,
                target.id,
                here.awaited,
                here.loop,
                here.off_loop or target.off_loop,
                target.effect,
                here.background,
                here.once,
                target.is_abstract,
                (*here.when, *flags),
                gives,
                on,
            )
        )

    def _text(self, node: ast.expr) -> str:
        """The source of the call, on one line, shortened."""
        lines = self.module.text[node.lineno - 1 : node.end_lineno]
        raw = [line.encode() for line in lines]
        raw[-1] = raw[-1][: node.end_col_offset]
        raw[0] = raw[0][node.col_offset :]
        parts = [part.decode(errors="replace") for part in raw[:4]]
        if len(raw) > 1:
            parts = [part.partition("  # ")[0] for part in parts]
        text = re.sub(r"(?<=[(\[{]) | (?=[)\]}])|, (?=[)\]])", "", " ".join(part.strip() for part in parts))
        text = text.rstrip(", ") + "…" if len(raw) > 4 else text
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _is_bound(node: FunctionNode, called: Ref) -> bool:
    """Whether the first parameter of a definition is not among the arguments of the call."""
    first = next(iter(node.space.names.values()), None)
    how = first[0].how if first else ""
    plain = (
        how == "self" and called.kind == "function" and bool(called.args) and called.args[0].kind == "class"
    )
    return how in ("self", "cls") and not plain


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else "()"
