"""What happens to the value that stands right of `=`?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from strop.project.declared import terms
from strop.project.declared.classes import members
from strop.project.declared.modules import namespace
from strop.project.declared.terms import Expr, write
from strop.project.declared.values import (
    Cls,
    Frame,
    Known,
    Mod,
    Obj,
    Router,
    Several,
    Table,
    Unknown,
    Value,
    name_router,
)

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


def assign(machine: Machine, target: Expr, value: Value, frame: Frame) -> None:
    """Give a value to what stands left of `=`."""
    match target:
        case terms.Ident(name):
            name_router(value, frame, name)
            frame.names[name] = value
        case terms.Dot(owner, attr):
            _set(machine, machine.value(owner, frame), attr, value)
        case terms.Index(owner, index):
            table, key = machine.value(owner, frame), machine.value(index, frame)
            if isinstance(table, Table) and isinstance(key, Known):
                table.pairs[key.value] = value
        case terms.Items(_, targets):
            parts = value.items if isinstance(value, Several) and not value.rest else []
            for place, each in enumerate(targets):
                part = parts[place] if len(parts) == len(targets) else Unknown(write(each))
                assign(machine, each, part, frame)


def _set(machine: Machine, owner: Value, attr: str, value: Value) -> None:
    match owner:
        case Obj() | Router():
            owner.attrs[attr] = value
            if isinstance(value, Router) and not value.name:
                value.name = f"{value.module}:{attr}"
        case Mod(name):
            namespace(machine, name).names[attr] = value
        case Cls():
            members(machine, owner).names[attr] = value
