"""Loader options as paths: `selectinload(Order.items).joinedload(OrderItem.product)`."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from msgspec import Struct

from strop.fixes.code import Code, called_name
from strop.fixes.imports import resolve

LOADERS = {
    "selectinload",
    "joinedload",
    "subqueryload",
    "immediateload",
    "lazyload",
    "contains_eager",
    "defaultload",
    "raiseload",
    "noload",
}


class Load(Struct, frozen=True):
    """One step of a path: `call` ends with it; `owner` and `name` are "" for "*" and the like."""

    call: cst.Call
    strategy: str
    owner: str
    name: str

    @property
    def key(self) -> str:
        """The relationship that the step loads."""
        return f"{self.owner}.{self.name}"


def load_path(code: Code, option: cst.BaseExpression) -> tuple[Load, ...]:
    """The steps of one option, outermost relationship first; empty if it is something else."""
    steps: list[Load] = []
    node = option
    while isinstance(node, cst.Call) and called_name(node) in LOADERS:
        owner, name = _relationship(code, node)
        steps.append(Load(node, called_name(node), owner, name))
        if not isinstance(node.func, cst.Attribute) or not isinstance(node.func.value, cst.Call):
            return tuple(reversed(steps))
        node = node.func.value
    return ()


def _relationship(code: Code, call: cst.Call) -> tuple[str, str]:
    if not call.args or not isinstance(call.args[0].value, cst.Attribute):
        return "", ""
    owner, _, name = resolve(code, call.args[0].value).rpartition(".")
    return owner.rpartition(".")[2], name


def load_paths(code: Code, within: cst.CSTNode | None = None) -> Iterator[tuple[Load, ...]]:
    """Every whole path in a file or a node."""
    for call in code.nodes(cst.Call, within):
        if called_name(call) in LOADERS and not _goes_on(code, call):
            path = load_path(code, call)
            if path:
                yield path


def _goes_on(code: Code, call: cst.Call) -> bool:
    attribute = code.parent(call)
    return isinstance(attribute, cst.Attribute) and attribute.attr.value in LOADERS
