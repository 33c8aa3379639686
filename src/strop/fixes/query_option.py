"""Loader options of one query: which are there, and how one more is said."""

from __future__ import annotations

import libcst as cst
from msgspec import Struct

from strop.fixes.arguments import append, append_element, keyword
from strop.fixes.chain import insert_method, methods
from strop.fixes.code import Code, called_name, dotted
from strop.fixes.draft import Draft
from strop.fixes.imports import imported_names, spell, swap
from strop.fixes.lazy_default import ON_PURPOSE
from strop.fixes.load_path import Load, load_paths
from strop.fixes.query import Query
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit
from strop.project.project import Project
from strop.project.table import Relationship

EAGER = {"joined", "selectin", "subquery", "immediate"}
ORM = "sqlalchemy.orm"


class Wish(Struct, frozen=True):
    """Relationships (owner, name) that a query shall load with a strategy."""

    project: Project
    query: Query
    keys: tuple[tuple[str, str], ...]
    strategy: str


def load_in_query(draft: Draft, wish: Wish) -> None:
    """Add or change the query's options; Unfit if one of the relationships can't be reached from it."""
    query, paths = wish.query, _existing(wish.query)
    steps = {step.key: step for path in paths for step in path}
    changed = [steps[f"{owner}.{name}"] for owner, name in wish.keys if f"{owner}.{name}" in steps]
    restrategise(draft, query.code, changed, wish.strategy)
    swapped = any(isinstance(step.call.func, cst.Name) for step in changed)
    added: list[str] = []
    for owner, name in wish.keys:
        if f"{owner}.{name}" not in steps:
            added += _new_option(draft, wish, paths, owner, name, swapped)
    if added:
        _add_options(draft, query, ", ".join(added))


def _existing(query: Query) -> list[tuple[Load, ...]]:
    """The loader paths that the statement has already, wherever in its function they are added."""
    around = query.code.around(query.base, cst.FunctionDef)
    scope: cst.CSTNode = query.base if query.kind == "get" else around or query.chain
    return [path for path in load_paths(query.code, scope) if path[-1].name]


def _new_option(
    draft: Draft, wish: Wish, paths: list[tuple[Load, ...]], owner: str, name: str, swapped: bool
) -> list[str]:
    """The text of a new option; nothing where an existing path was made longer."""
    query, strategy = wish.query, wish.strategy
    if owner in query.names:
        entity = query.code.source(query.entities[query.names.index(owner)])
        word = strategy if swapped else _say(draft, query.code, strategy)
        return [f"{word}({entity}.{name})"]
    last = f".{strategy}({class_name(query, owner)}.{name})"
    for path in paths:
        if target_of(wish.project, path[-1]) == owner:
            end = query.code.end(path[-1].call)
            draft.change(query.code, Splice(end, end, last))
            return []
    for path in paths:
        for step in path[:-1]:
            if target_of(wish.project, step) == owner:
                return [query.code.source(step.call) + last]
    return [_way_option(draft, wish, owner) + last]


def _way_option(draft: Draft, wish: Wish, owner: str) -> str:
    """The beginning of a path over relationships that no option names yet."""
    text = ""
    for relation in _way(wish.project, wish.query.names, owner):
        strategy = "defaultload" if relation.lazy in EAGER else "selectinload"
        word = f".{strategy}" if text else _say(draft, wish.query.code, strategy)
        text += f"{word}({class_name(wish.query, relation.owner)}.{relation.name})"
    return text


def _way(project: Project, starts: tuple[str, ...], owner: str) -> tuple[Relationship, ...]:
    """The only shortest way over relationships from what the query loads to the owner, 3 steps at most."""
    ways: list[tuple[Relationship, ...]] = [()]
    for _ in range(3):
        ways = [
            (*way, relation)
            for way in ways
            for relation in project.imported.relationships
            if (relation.owner == way[-1].target if way else relation.owner in starts)
            and relation.lazy not in ON_PURPOSE
            and relation.target not in starts
        ]
        there = [way for way in ways if way[-1].target == owner]
        if len(there) == 1:
            return there[0]
        if there:
            break
    loaded = ", ".join(filter(None, starts)) or "something that is no class"
    raise Unfit(f"the query loads {loaded}, from where no single way leads to {owner}")


def target_of(project: Project, step: Load) -> str:
    """The class that a step leads to, "" if the project model does not know it."""
    found = project.relationship(step.key)
    return found.target.rpartition(".")[2] if found else ""


def class_name(query: Query, name: str) -> str:
    """How the query's file says a mapped class; Unfit if it does not."""
    code = query.code
    for entity, entity_name in zip(query.entities, query.names, strict=True):
        if entity_name == name:
            return code.source(entity)
    bound = [b for b, full in imported_names(code).items() if full.rpartition(".")[2] == name]
    if bound and not _only_for_types(code, bound[0]):
        return bound[0]
    if code.class_(name) is not None:
        return name
    for node in code.nodes(cst.Attribute):
        if node.attr.value == name and dotted(node):
            return dotted(node)
    raise Unfit(f"{code.file} does not import {name}")


def _only_for_types(code: Code, name: str) -> bool:
    blocks = [b for b in code.nodes(cst.If) if dotted(b.test).endswith("TYPE_CHECKING")]
    return any(n.value == name for block in blocks for n in code.nodes(cst.Name, block.body))


def _say(draft: Draft, code: Code, word: str) -> str:
    """A loader function as the file says it, imported where it is not yet."""
    spelling = spell(code, ORM, word)
    draft.change(code, *spelling.splices)
    return spelling.text


def _add_options(draft: Draft, query: Query, text: str) -> None:
    code = query.code
    if query.kind == "get":
        draft.change(code, *_get_options(code, query.base, text))
        return
    for call in methods(code, query.base):
        if called_name(call) == "options" and call.args:
            draft.change(code, *append(code, call, text))
            return
    draft.change(code, *insert_method(code, query.base, f".options({text})"))


def _get_options(code: Code, call: cst.Call, text: str) -> tuple[Splice, ...]:
    there = keyword(call, "options")
    if there is None:
        return append(code, call, f"options=[{text}]")
    if isinstance(there.value, cst.List | cst.Tuple):
        return append_element(code, there.value, text)
    raise Unfit("the options of session.get are not a plain list")


def restrategise(draft: Draft, code: Code, steps: list[Load], strategy: str) -> None:
    """Change the strategy of existing options of one file; the import follows."""
    retired: dict[str, int] = {}
    for step in steps:
        _check(step, strategy)
        func = step.call.func
        old = func.attr if isinstance(func, cst.Attribute) else func
        draft.change(code, Splice(code.start(old), code.end(old), strategy))
        if isinstance(func, cst.Name):
            retired[func.value] = retired.get(func.value, 0) + 1
    for word, times in retired.items():
        draft.change(code, *swap(code, ORM, word, strategy, times))


def _check(step: Load, strategy: str) -> None:
    if step.strategy in (strategy, "selectinload", "subqueryload"):
        raise Unfit(f"the query loads {step.key} with {step.strategy} already")
    if step.strategy not in ("joinedload", "lazyload", "immediateload"):
        raise Unfit(f"the query handles {step.key} with {step.strategy} on purpose")
    if step.call.args[1:]:
        raise Unfit(f"the option for {step.key} has arguments of its own")
