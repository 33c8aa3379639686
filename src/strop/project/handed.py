"""Which function does a call hand over to something else, and what holds where that runs?"""

from __future__ import annotations

import ast

from msgspec import Struct
from msgspec.structs import replace

from strop.project.infer import Types
from strop.project.scope import Ref
from strop.project.sites import Here


class Handed(Struct, frozen=True):
    """What a call gives away, and what is true of it there."""

    function: ast.expr | None  # None where the call does not show it
    there: Here
    place: int = -1  # among the arguments, -1 for none of them
    reads: Here | None = (
        None  # what is true where the callee itself is evaluated, None where that does nothing
    )


def handed_over(types: Types, node: ast.Call, ref: Ref | None, here: Here) -> Handed | None:
    """A function given to a thread, to the background, or to something that calls it at once."""
    name = ref.name if ref is not None and ref.kind in ("name", "class", "instance") else ""
    catalogue = types.catalogue
    if isinstance(node.func, ast.Call):  # asyncify(f)(x)
        outer = types.infer(node.func.func, here.scope)
        if outer is not None and outer.name in catalogue.off_loop:
            return Handed(None, here, reads=here)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "run_in_executor" and ref is None:
        name = "asyncio.AbstractEventLoop.run_in_executor"
    for places, changed in (
        (catalogue.off_loop, replace(here, off_loop=True)),
        (catalogue.background, replace(here, background=True)),
        (catalogue.inline, here),
    ):
        if name in places:
            place = places[name]
            return Handed(_at(node, place), changed, place, replace(here, awaited=False))
    if name == "threading.Thread":
        return Handed(_named(node, "target"), replace(here, off_loop=True))
    return None


def _at(node: ast.Call, place: int) -> ast.expr | None:
    return node.args[place] if len(node.args) > place else _named(node, "func", "function", "fn")


def _named(node: ast.Call, *names: str) -> ast.expr | None:
    return next((k.value for k in node.keywords if k.arg in names), None)
