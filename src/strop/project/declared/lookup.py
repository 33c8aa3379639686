"""What does a name mean where it stands?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from strop.project.declared.modules import namespace
from strop.project.declared.values import Frame, Later, Lib, Mod, Several, Unknown, Value, name_router

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


def lookup(machine: Machine, name: str, frame: Frame) -> Value:
    """What a name means here."""
    here: Frame | None = frame
    while here is not None:
        if name in here.names and (here is frame or here.kind != "class"):
            return force(machine, here, name)
        if here.kind == "module":
            found = from_stars(machine, here, name)
            if found is not None:
                return found
        here = here.parent
    return Lib(f"builtins.{name}")


def force(machine: Machine, frame: Frame, name: str) -> Value:
    """The value of a name that a namespace has."""
    value = frame.names[name]
    if not isinstance(value, Later):
        return value
    if value.busy:
        prior = value.prior
        return prior if prior is not None and not isinstance(prior, Later) else Unknown(name)
    value.busy = True
    found = value.find()
    name_router(found, frame, name)
    frame.names[name] = found
    return found


def from_stars(machine: Machine, frame: Frame, name: str) -> Value | None:
    """What a name means that came with `from module import *`; None when no such import brings it."""
    stars = frame.names.get("*")
    if not isinstance(stars, Several) or name.startswith("_"):
        return None
    for star in stars.items:
        if isinstance(star, Mod):
            machine.load(star.name)
            inner = namespace(machine, star.name)
            if name in inner.names:
                return force(machine, inner, name)
            if inner is not frame and (found := from_stars(machine, inner, name)) is not None:
                return found
    return None
