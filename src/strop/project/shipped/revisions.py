"""Which revisions has a folder of Alembic's, and in what order are they run?"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from posixpath import commonpath

from msgspec import Struct


class Revision(Struct, frozen=True):
    """One revision file: its id, and the ids that it comes after."""

    file: str
    id: str
    down: tuple[str, ...]


def is_revision(name: str, folder: str) -> bool:
    """Whether a file lies where Alembic keeps its revisions."""
    return name.endswith(".py") and "/versions/" in f"/{folder}/" and not name.startswith("__")


def read_revision(file: str, tree: ast.Module) -> Revision | None:
    """What a file says of itself; None when it is no revision."""
    given = dict(_assigned(tree))
    ids = _texts(given.get("revision"))
    return Revision(file, ids[0], _texts(given.get("down_revision"))) if ids else None


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for each in tree.body:
        match each:
            case ast.Assign(targets=[ast.Name(id=name), *_], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _texts(value: ast.expr | None) -> tuple[str, ...]:
    match value:
        case ast.Constant(value=str(text)) if text:
            return (text,)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return tuple(text for part in parts for text in _texts(part))
    return ()


def heads(revisions: Iterable[Revision]) -> tuple[Revision, ...]:
    """The newest revisions: those that no other comes after."""
    known = tuple(revisions)
    older = {down for revision in known for down in revision.down}
    return tuple(revision for revision in known if revision.id not in older)


def histories(revisions: Sequence[Revision]) -> list[list[Revision]]:
    """The revisions that upgrades to the heads run, each after those that it comes after; those of another database,
    or for another dialect, apart. One whose way to the first leads through a revision that there is none of is never run.
    """
    history: dict[Revision, int] = {}
    for revision, downs in _in_order(revisions):
        own = {history[down] for down in downs}
        history[revision] = min(own, default=len(history))
        if len(own) > 1:  # two branches are merged
            history = {each: history[revision] if n in own else n for each, n in history.items()}
    found: dict[int, list[Revision]] = {}
    for revision, number in history.items():
        found.setdefault(number, []).append(revision)
    return list(found.values())


def _in_order(revisions: Sequence[Revision]) -> Iterator[tuple[Revision, set[Revision]]]:
    """Each revision behind those that it comes after, with these."""
    by_id: dict[str, list[Revision]] = {}
    for revision in revisions:
        by_id.setdefault(revision.id, []).append(revision)
    before = {r: {_nearest(r, by_id[down]) for down in r.down if down in by_id} for r in revisions}
    after: dict[Revision, list[Revision]] = {}
    for revision, downs in before.items():
        for down in downs:
            after.setdefault(down, []).append(revision)
    waiting = {r: len(set(r.down)) for r in revisions}
    ready = [r for r in revisions if not r.down]
    for revision in ready:  # it grows
        yield revision, before[revision]
        for following in after.get(revision, ()):
            waiting[following] -= 1
            if not waiting[following]:
                ready.append(following)


def _nearest(revision: Revision, same: Sequence[Revision]) -> Revision:
    """Of revisions of the same id the one beside another: a project may have an id once for each dialect."""
    return max(same, key=lambda each: len(commonpath((each.file, revision.file))))
