"""Changing how a relationship is loaded where the model declares it."""

from __future__ import annotations

import libcst as cst

from strop.fixes.arguments import append, append_element, keyword
from strop.fixes.code import Code, called_name, text_of
from strop.fixes.draft import Draft
from strop.fixes.imports import resolve
from strop.fixes.model import class_code, relationship_call
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit
from strop.project.project import Project

# Strategies that somebody chose for what they do not load.
ON_PURPOSE = {"dynamic", "write_only", "raise", "raise_on_sql", "noload"}


def load_by_selectin(project: Project, draft: Draft, owner: str, name: str, instead: str = "") -> bool:
    """Give a relationship `lazy="selectin"`, if `instead` is its default now or is ""; whether it was done.

    Unfit if the relationship is declared in another way than by a plain call.
    """
    known = project.relationship(f"{owner}.{name}")
    if instead and known is not None and known.lazy != instead:
        return False
    code, class_ = class_code(project, draft, owner, known.span.file if known and known.span else "")
    draft.change(code, *_set_lazy(code, relationship_call(code, class_, name), f"{owner}.{name}"))
    return True


def _set_lazy(code: Code, call: cst.Call, key: str) -> tuple[Splice, ...]:
    inner = keyword(call, "sa_relationship")
    if inner is not None and isinstance(inner.value, cst.Call):
        return _set_lazy(code, inner.value, key)
    there = keyword(call, "lazy")
    if there is not None:
        return (_new_lazy(code, there.value, key),)
    if called_name(call) == "Relationship":
        return _set_sqlmodel_lazy(code, call, key)
    if any(argument.star for argument in call.args):
        raise Unfit(f"the arguments of {key} are not all in sight")
    return append(code, call, 'lazy="selectin"')


def _new_lazy(code: Code, value: cst.BaseExpression, key: str) -> Splice:
    lazy = text_of(value)
    if lazy is None or lazy in ON_PURPOSE:
        raise Unfit(f"{key} has lazy={code.source(value)} on purpose")
    if lazy == "selectin":
        raise Unfit(f"{key} is loaded with selectin already")
    quote = code.source(value)[-1]
    return Splice(code.start(value), code.end(value), f"{quote}selectin{quote}")


def _set_sqlmodel_lazy(code: Code, call: cst.Call, key: str) -> tuple[Splice, ...]:
    extra = keyword(call, "sa_relationship_kwargs")
    if extra is None:
        return append(code, call, 'sa_relationship_kwargs={"lazy": "selectin"}')
    if isinstance(extra.value, cst.Dict):
        for element in extra.value.elements:
            if isinstance(element, cst.DictElement) and text_of(element.key) == "lazy":
                return (_new_lazy(code, element.value, key),)
        if all(isinstance(element, cst.DictElement) for element in extra.value.elements):
            return append_element(code, extra.value, '"lazy": "selectin"')
    if isinstance(extra.value, cst.Call) and resolve(code, extra.value.func) == "dict":
        return _set_lazy(code, extra.value, key)
    raise Unfit(f"the sa_relationship_kwargs of {key} are not a plain dictionary")
