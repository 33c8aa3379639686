"""Which relationships do all files together map, and which of them are lists?"""

from __future__ import annotations

from collections.abc import Iterator

from strop.project.declared.mapped import MappedClass, MappedRelation
from strop.project.declared.tables import Models
from strop.project.table import Relationship, Table


def relationships(models: Models, tables: tuple[Table, ...]) -> tuple[Relationship, ...]:
    """Every relationship, at the class that owns it; those that `backref` makes have no place."""
    by_name = {t.name: t for t in tables}
    found: dict[tuple[str, str, str], Relationship] = {}
    for owner in models.mapped():
        for relation in _own(models, owner):
            target = _target(models, owner, relation)
            made = _relationship(models, by_name, owner, relation, target)
            found.setdefault((made.module, made.owner, made.name), made)
            if relation.back and target is not None:
                back = _back(owner, relation, target, made.uselist)
                found.setdefault((back.module, back.owner, back.name), back)
    return tuple(found[key] for key in sorted(found, key=lambda k: (k[1], k[2], k[0])))


def _own(models: Models, owner: MappedClass) -> Iterator[MappedRelation]:
    """What the class declares, and what mixins without a table of their own lend it."""
    seen: set[str] = set()
    for lender in models.lineage(owner):
        if lender is not owner and models.table(lender):
            return
        for relation in lender.relations:
            if relation.name not in seen:
                seen.add(relation.name)
                yield relation


def _target(models: Models, owner: MappedClass, relation: MappedRelation) -> MappedClass | None:
    """The class of that name: where several have it, one that shares most of the owner's module."""
    named = [c for c in models.mapped() if c.qualname.rpartition(".")[2] == relation.target]
    near = sorted(named, key=lambda c: (-_shared(c.module, owner.module), c.name))
    return near[0] if near else None


def _shared(first: str, second: str) -> int:
    pairs = zip(first.split("."), second.split("."), strict=False)
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count


def _relationship(
    models: Models,
    by_name: dict[str, Table],
    owner: MappedClass,
    relation: MappedRelation,
    target: MappedClass | None,
) -> Relationship:
    many = relation.many
    if many is None:
        many = relation.secondary or _is_list(models, by_name, owner, relation, target)
    return Relationship(
        owner.qualname.rpartition(".")[2],
        relation.name,
        target.qualname.rpartition(".")[2] if target is not None else relation.target,
        many,
        relation.lazy,
        relation.span,
        relation.order_by,
        owner.module,
    )


def _is_list(
    models: Models,
    by_name: dict[str, Table],
    owner: MappedClass,
    relation: MappedRelation,
    target: MappedClass | None,
) -> bool:
    """Whether the other table points here; where it points at itself, `remote_side` says that it is one row."""
    if target is None or relation.to_one:
        return False
    here, there = models.table(owner), models.table(target)
    if here == there or _are_theirs(relation, owner, target):
        return True
    return not _points(by_name.get(here), there)


def _are_theirs(relation: MappedRelation, owner: MappedClass, target: MappedClass) -> bool:
    """Whether `foreign_keys=` names columns of the other class: it points here, whatever else points there."""
    its = target.qualname.rpartition(".")[2]
    named = {key.rpartition(".")[0].rpartition(".")[2] for key in relation.keys}
    return named == {its} and its != owner.qualname.rpartition(".")[2]


def _points(table: Table | None, at: str) -> bool:
    return table is not None and any(c.foreign_key.rpartition(".")[0] == at for c in table.columns)


def _back(owner: MappedClass, relation: MappedRelation, target: MappedClass, many: bool) -> Relationship:
    """What `backref=` makes on the other class."""
    listed = relation.back_many if relation.back_many is not None else relation.secondary or not many
    name = target.qualname.rpartition(".")[2]
    return Relationship(
        name,
        relation.back,
        owner.qualname.rpartition(".")[2],
        listed,
        relation.back_lazy,
        None,
        "",
        target.module,
    )
