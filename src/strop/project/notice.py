"""Which bodies is each rule shown, and what did they notice? One round over all functions, classes and modules."""

from __future__ import annotations

from collections.abc import Iterator

from strop.project.body import Body, Noticer
from strop.project.infer import Types
from strop.project.mark import Mark


def notice_all(types: Types, noticers: tuple[Noticer, ...]) -> dict[str, tuple[Mark, ...]]:
    """What the noticers saw, by the code of their rule, in the order of files and lines."""
    found: dict[str, list[Mark]] = {}
    module_bodies = _bodies(types) if noticers else {}
    for module in types.found.modules.values() if noticers else ():
        for mark in _notice(module_bodies[module.file], noticers):
            found.setdefault(mark.rule, []).append(mark)
    return {
        rule: tuple(sorted(marks, key=lambda m: (m.span, m.facts))) for rule, marks in sorted(found.items())
    }


def _notice(bodies: list[Body], noticers: tuple[Noticer, ...]) -> Iterator[Mark]:
    """What the noticers see in one file: its first body is the module, which has every word."""
    asked = [n for n in noticers if not n.words or n.words & bodies[0].words]
    for body in bodies if asked else ():
        for noticer in asked:
            if body.kind in noticer.kinds and (not noticer.words or noticer.words & body.words):
                yield from noticer.notice(body)


def _bodies(types: Types) -> dict[str, list[Body]]:
    """Modules, class bodies and functions, by file."""
    found = {}
    for module in types.found.modules.values():
        found[module.file] = [Body(types, module, "module", module.tree, module.scope, "<module>")]
    for owner in types.found.classes.values():
        body = Body(types, owner.module, "class", owner.node, owner.scope, owner.qualname, owner=owner)
        found[owner.module.file].append(body)
    for node in types.found.by_id.values():
        symbol = node.id.partition(":")[2]
        body = Body(types, node.module, "function", node.node, node.scope, symbol, node, node.owner)
        found[node.module.file].append(body)
    return found
