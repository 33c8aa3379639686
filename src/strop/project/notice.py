"""Which bodies of a file is each rule shown, and what did it notice?"""

from __future__ import annotations

from collections.abc import Iterator

from strop.project.body import Body, Noticer
from strop.project.infer import Types
from strop.project.mark import Mark
from strop.project.scope import Module


def notice(types: Types, module: Module, noticers: tuple[Noticer, ...]) -> Iterator[Mark]:
    """What the noticers see in one file: modules first, then class bodies, then functions."""
    return _notice(list(_bodies(types, module)), noticers) if noticers else iter(())


def _notice(bodies: list[Body], noticers: tuple[Noticer, ...]) -> Iterator[Mark]:
    """What the noticers see in one file: its first body is the module, which has every word."""
    asked = [n for n in noticers if not n.words or n.words & bodies[0].words]
    for body in bodies if asked else ():
        for noticer in asked:
            if body.kind in noticer.kinds and (not noticer.words or noticer.words & body.words):
                for mark in noticer.notice(body):
                    if not any(mark.span.line in lines for lines in body.unreached):
                        yield mark  # in a branch that is taken


def _bodies(types: Types, module: Module) -> Iterator[Body]:
    """The module, its class bodies and its functions."""
    yield Body(types, module, "module", module.whole, module.space, "<module>")
    for owner in module.classes.values():
        yield Body(types, module, "class", owner.definition, owner.space, owner.qualname, owner=owner)
    for node in module.by_id.values():
        symbol = node.id.partition(":")[2]
        yield Body(types, module, "function", node.definition, node.space, symbol, node, node.owner)
