"""Which column does an expression declare, and of which type?"""

from __future__ import annotations

import ast

from msgspec.structs import replace

from strop.project.declared.expressions import Declaration, is_true
from strop.project.declared.mapped import MappedColumn
from strop.project.spelling import keyword, last_name

MAKERS = frozenset({"Column", "mapped_column"})
_TYPES = {
    "String": "VARCHAR", "Unicode": "VARCHAR", "Text": "TEXT", "UnicodeText": "TEXT", "Integer": "INTEGER",
    "SmallInteger": "SMALLINT", "BigInteger": "BIGINT", "Boolean": "BOOLEAN", "Float": "FLOAT",
    "Double": "DOUBLE", "Numeric": "NUMERIC", "DateTime": "DATETIME", "Date": "DATE", "Time": "TIME",
    "LargeBinary": "BLOB", "Uuid": "CHAR(32)", "Interval": "DATETIME", "AutoString": "VARCHAR",
    "PickleType": "BLOB",
}  # fmt: skip
_PYTHON = {
    "int": "INTEGER", "str": "VARCHAR", "bool": "BOOLEAN", "float": "FLOAT", "bytes": "BLOB",
    "datetime.datetime": "DATETIME", "datetime.date": "DATE", "datetime.time": "TIME",
    "pydantic.EmailStr": "VARCHAR", "datetime.timedelta": "DATETIME", "decimal.Decimal": "NUMERIC", "uuid.UUID": "CHAR(32)",
}  # fmt: skip
_WRITTEN_LENGTH = ("VARCHAR", "TEXT", "CHAR", "NVARCHAR")


def read_column(here: Declaration, attribute: str, call: ast.Call) -> MappedColumn:
    """The column of a `Column(...)` or `mapped_column(...)`."""
    name, kind, key = "", "", ""
    for argument in call.args:
        called = here.called(argument)
        if called == "ForeignKey" and isinstance(argument, ast.Call):
            key = foreign_key(here, argument)
        elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            name = argument.value
        elif called not in ("Sequence", "Identity", "Computed", "CheckConstraint"):
            kind = kind or type_text(here, argument)
    nullable = keyword(call, "nullable")
    return MappedColumn(
        attribute,
        here.text(keyword(call, "name")) or name,
        kind or type_text(here, keyword(call, "type_")),
        is_true(keyword(call, "primary_key")),
        nullable.value if isinstance(nullable, ast.Constant) and isinstance(nullable.value, bool) else None,
        is_true(keyword(call, "unique")),
        is_true(keyword(call, "index")),
        key,
    )


def foreign_key(here: Declaration, call: ast.Call) -> str:
    """What a `ForeignKey(...)` points at."""
    given = call.args[0] if call.args else keyword(call, "column")
    return target(here, given)


def target(here: Declaration, given: ast.expr | None) -> str:
    """A column as text, "customers.id", or as an attribute of a class, "@shop.models.Customer.id"."""
    if isinstance(given, ast.Attribute):
        value = given.value
        if isinstance(value, ast.Attribute) and value.attr in ("c", "columns"):
            value = value.value
        owner = here.project_class(value)
        return f"@{owner}.{given.attr}" if owner else ""
    return here.text(given)


def type_text(here: Declaration, expr: ast.expr | None) -> str:
    """A column's type as SQL spells it; the name of the class where only a database knows it."""
    if expr is None:
        return ""
    func = expr.func if isinstance(expr, ast.Call) else expr
    arguments = expr.args if isinstance(expr, ast.Call) else []
    own = here.project_class(func)
    if own:
        return _decorated(here, own)
    name = here.library(func)
    if not name and isinstance(func, ast.Name):
        value = here.value(func)
        return type_text(here, value) if value is not None and value is not func else ""
    if isinstance(func, ast.Attribute) and func.attr == "as_mutable":
        return type_text(here, arguments[0]) if arguments else ""
    if name == "Enum":
        return _enumerated(here, arguments)
    text = _TYPES.get(name, name.upper())
    length = arguments[0] if arguments else (keyword(expr, "length") if isinstance(expr, ast.Call) else None)
    size = here.literal(length)
    if text in _WRITTEN_LENGTH and isinstance(size, int):
        return f"{text}({size})"
    if text == "NUMERIC" and isinstance(size, int):
        scale = here.literal(arguments[1]) if len(arguments) > 1 else None
        return f"NUMERIC({size}, {scale})" if isinstance(scale, int) else f"NUMERIC({size})"
    return text


def _decorated(here: Declaration, class_name: str) -> str:
    """A TypeDecorator of the project stands for its `impl`."""
    for owner, _ in here.types.members.lineage(class_name).classes:
        for binding in owner.scope.names.get("impl", ()):
            if binding.how == "value" and binding.expr is not None:
                return type_text(Declaration(here.types, owner.scope), binding.expr)
    return class_name.rpartition(".")[2]


def _enumerated(here: Declaration, arguments: list[ast.expr]) -> str:
    names = [text for a in arguments if (text := here.text(a))]
    if arguments and (owner := here.project_class(arguments[0])):
        names = _members(here, owner)
    return f"VARCHAR({max(map(len, names))})" if names else "VARCHAR"


def _members(here: Declaration, class_name: str) -> list[str]:
    scope = here.types.found.classes[class_name].scope
    return [n for n, bindings in scope.names.items() if bindings[0].how == "value" and not n.startswith("_")]


def annotated(here: Declaration, attribute: str, annotation: ast.expr) -> MappedColumn:
    """What an annotation alone says of a column: its type, whether it may be NULL, and what an alias brings."""
    inner, optional = unwrap(here, annotation)
    alias = here.value(inner) if isinstance(inner, ast.Name) else inner
    column = MappedColumn(attribute)
    if isinstance(alias, ast.Subscript) and _is_annotated(here, alias):
        column, inner = _from_alias(here, attribute, alias)
        inner, also = unwrap(here, inner)
        optional = optional or also
    nullable = column.nullable if column.nullable is not None else optional
    return replace(column, type=column.type or python_type(here, inner), nullable=nullable)


def _is_annotated(here: Declaration, expr: ast.Subscript) -> bool:
    ref = here.types.infer(expr.value, here.scope)
    last = last_name(expr.value)
    return (ref.name.rpartition(".")[2] if ref is not None else last) == "Annotated"


def _from_alias(here: Declaration, attribute: str, alias: ast.Subscript) -> tuple[MappedColumn, ast.expr]:
    parts = alias.slice.elts if isinstance(alias.slice, ast.Tuple) else [alias.slice]
    for part in parts[1:]:
        call = part.body if isinstance(part, ast.IfExp) else part
        if isinstance(call, ast.Call) and last_name(call.func) in MAKERS:
            return read_column(here, attribute, call), parts[0]
    return MappedColumn(attribute), parts[0]


def unwrap(here: Declaration, annotation: ast.expr) -> tuple[ast.expr, bool]:
    """`X` of `Mapped[X]`, `Optional[X]`, `X | None` and quoted ones, and whether None is allowed."""
    optional = False
    for _ in range(6):
        match annotation:
            case ast.Constant(value=str()):
                annotation = here.types.quoted(annotation)
            case ast.Subscript(value=value, slice=inner) if last_name(value) in (
                "Mapped",
                "WriteOnlyMapped",
                "DynamicMapped",
                "Optional",
                "ClassVar",
            ):
                optional = optional or last_name(value) == "Optional"
                annotation = inner
            case ast.Subscript(value=value, slice=ast.Tuple(elts=elements)) if last_name(value) == "Union":
                annotation, none = _without_none(elements)
                optional = optional or none
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                annotation, none = _without_none([left, right])
                optional = optional or none
            case _:
                break
    return annotation, optional


def _without_none(members: list[ast.expr]) -> tuple[ast.expr, bool]:
    kept = [m for m in members if not (isinstance(m, ast.Constant) and m.value is None)]
    return (kept[0] if kept else members[0]), len(kept) < len(members)


def python_type(here: Declaration, expr: ast.expr) -> str:
    """The SQL type that SQLAlchemy takes for a Python type."""
    own = here.project_class(expr)
    if own:
        library = here.types.members.lineage(own).library
        is_enum = any(b.startswith("enum.") for b in library)
        names = _members(here, own) if is_enum else []
        return f"VARCHAR({max(map(len, names))})" if names else own.rpartition(".")[2]
    ref = here.types.infer(expr, here.scope)
    if ref is None:
        return ""
    known = _PYTHON.get(ref.name)
    if known is None and ref.name.rpartition(".")[2] == "Literal" and isinstance(expr, ast.Subscript):
        return "VARCHAR"
    return known or ref.name.rpartition(".")[2]
