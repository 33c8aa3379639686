"""Which annotations say that a value can't be a text of the client's choice?"""

from __future__ import annotations

import ast

from strop.project.spelling import last_name

HARMLESS = frozenset({
    "int", "float", "bool", "complex", "Decimal", "UUID", "UUID1", "UUID3", "UUID4", "UUID5", "UUID7", "date",
    "datetime", "time", "timedelta", "Literal", "Session", "AsyncSession", "BackgroundTasks", "Response",
    "NoneType", "None", "EmailStr", "ObjectId", "PositiveInt", "NonNegativeInt", "StrictInt", "StrictBool",
    "Callable",
})  # fmt: skip
_HOLDERS = frozenset(
    {"Annotated", "Optional", "list", "List", "set", "Sequence", "Iterable", "tuple", "Union"}
)


def is_clean(annotation: ast.expr | None) -> bool:
    """Whether a value of this annotation can't be a text that the client chooses."""
    match annotation:
        case ast.Constant(value=str(text)):
            return text.partition("[")[0].partition(" |")[0].rpartition(".")[2] in HARMLESS
        case ast.Constant(value=None):
            return True
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return is_clean(left) and is_clean(right)
        case ast.Subscript(value=value, slice=inner):
            name = last_name(value)
            if name in _HOLDERS:
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                return all(is_clean(p) for p in (parts[:1] if name == "Annotated" else parts))
            return name in HARMLESS
        case ast.Name() | ast.Attribute():
            return last_name(annotation) in HARMLESS
    return False
