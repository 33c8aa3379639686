"""Which relationship does an expression declare?"""

from __future__ import annotations

import ast

from strop.project.declared.columns import unwrap
from strop.project.declared.expressions import Declaration, parts
from strop.project.declared.mapped import MappedRelation
from strop.project.spelling import keyword, last_name
from strop.span import Span

MAKERS = frozenset({"relationship", "Relationship", "dynamic_loader"})
_LISTS = frozenset(
    {
        "list",
        "List",
        "set",
        "Set",
        "Sequence",
        "Collection",
        "WriteOnlyMapped",
        "DynamicMapped",
        "dict",
        "Dict",
    }
)


def read_relation(
    here: Declaration, name: str, call: ast.Call, annotation: ast.expr | None, span: Span
) -> MappedRelation:
    """The relationship of a `relationship(...)`, with what its annotation says."""
    target, many = _annotated(here, annotation)
    options = _options(here, call)
    given = call.args[0] if call.args else options.get("argument")
    uselist = options.get("uselist")
    if isinstance(uselist, ast.Constant):
        many = bool(uselist.value)
    back, back_lazy, back_many = _back(here, options.get("backref"))
    return MappedRelation(
        name,
        span,
        _target(here, given) or target,
        many,
        lazy(here, options.get("lazy")),
        ast.unparse(options["order_by"]) if "order_by" in options else "",
        "secondary" in options,
        "remote_side" in options,
        back,
        back_lazy,
        back_many,
        tuple(_names(options.get("foreign_keys"))),
    )


def _options(here: Declaration, call: ast.Call) -> dict[str, ast.expr]:
    found = {k.arg: k.value for k in call.keywords if k.arg is not None}
    more = found.pop("sa_relationship_kwargs", None)
    value = here.value(more)
    if isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        found |= {k.value: v for k, v in pairs if isinstance(k, ast.Constant) and isinstance(k.value, str)}
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        found |= {k.arg: k.value for k in value.keywords if k.arg is not None}
    if "link_model" in found:
        found["secondary"] = found["link_model"]
    own = found.get("sa_relationship")
    if isinstance(own, ast.Call):
        found |= {k.arg: k.value for k in own.keywords if k.arg is not None}
        found.update({"argument": own.args[0]} if own.args else {})
    return found


def lazy(here: Declaration, expr: ast.expr | None) -> str:
    """The loading strategy that `lazy=` names."""
    if expr is None:
        return "select"
    if isinstance(expr, ast.Constant) and not isinstance(expr.value, str):
        return {"True": "select", "False": "joined", "None": "noload"}.get(repr(expr.value), "select")
    return here.text(expr) or "?"


def _target(here: Declaration, expr: ast.expr | None) -> str:
    if isinstance(expr, ast.Lambda):
        expr = expr.body
    match expr:
        case ast.Constant(value=str() as text):
            return text.rpartition(".")[2]
        case ast.Name(id=name):
            return here.project_class(expr).rpartition(".")[2] or name
        case ast.Attribute(attr=name):
            return name
    return ""


def _annotated(here: Declaration, annotation: ast.expr | None) -> tuple[str, bool | None]:
    """The class in an annotation, and whether it is a list of it."""
    if annotation is None:
        return "", None
    many = isinstance(annotation, ast.Subscript) and last_name(annotation.value) in _LISTS
    mapped = isinstance(annotation, ast.Subscript) and last_name(annotation.value) == "Mapped"
    inner, _ = unwrap(here, annotation)
    while isinstance(inner, ast.Subscript):
        many = many or last_name(inner.value) in _LISTS
        inside = inner.slice.elts[-1] if isinstance(inner.slice, ast.Tuple) else inner.slice
        inner, _ = unwrap(here, inside)
    if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
        return inner.value.rpartition(".")[2], many
    target = _target(here, inner)
    if target in ("Any", "Mapped", "Base") or not (target or mapped):
        return "", None
    return target, many


def _back(here: Declaration, expr: ast.expr | None) -> tuple[str, str, bool | None]:
    if isinstance(expr, ast.Call) and expr.args:  # backref("name", lazy=...)
        uselist = keyword(expr, "uselist")
        many = bool(uselist.value) if isinstance(uselist, ast.Constant) else None
        return here.text(expr.args[0]), lazy(here, keyword(expr, "lazy")), many
    return here.text(expr), "select", None


def _names(expr: ast.expr | None) -> list[str]:
    """The columns that `foreign_keys=` names, as text."""
    if isinstance(expr, ast.Constant) and isinstance(expr.value, str):
        return [part.strip(" []") for part in expr.value.split(",")]
    return [ast.unparse(p) for p in parts(expr)] if expr is not None else []
