"""What does one file map? Reads class bodies and `Table(...)` objects into plain values."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from strop.project.declared import columns, relations
from strop.project.declared.expressions import Declaration, is_true, parts
from strop.project.declared.mapped import Mapped, MappedClass, MappedColumn, MappedRelation, MappedTable
from strop.project.infer import Types
from strop.project.scope import ClassNode, Module
from strop.project.spelling import keyword, last_name
from strop.project.table import Index
from strop.project.walk import walk
from strop.span import Span

_BASES = frozenset({"DeclarativeBase", "DeclarativeBaseNoMeta", "MappedAsDataclass", "SQLModel"})
_MARKS = ("__tablename__", "__table__", "__table_args__", "__abstract__")
_WORDS = ("sqlalchemy", "sqlmodel", "Mapped", "Column", "relationship", "Field", "__tablename__")
_AROUND = ("deferred", "column_property")
_NO_COLUMN = frozenset(
    {"synonym", "composite", "association_proxy", "column_property", "deferred", "query_expression"}
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def read_mapped(types: Types, module: Module) -> Mapped:
    """What the classes and tables of one file map; nothing for a file that has no word of it."""
    text = "\n".join(module.lines)
    if not any(word in text for word in _WORDS):
        return Mapped()
    owners = list(module.classes.values())
    classes = tuple(c for c in (_read_class(types, owner) for owner in owners) if c is not None)
    here = Declaration(types, module.scope)
    tables: list[MappedTable] = []
    indexes: list[tuple[str, Index]] = []
    for statement in module.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call):
                pass
            case ast.Expr(value=ast.Call() as call):
                name = ""
            case _:
                continue
        called = here.called(call)
        if called == "Table" and name:
            tables.append(_read_table(here, f"{module.name}.{name}", call))
        elif called == "Index":
            indexes.extend(_outside(here, call))
    return Mapped(classes, tuple(tables), tuple(indexes))


class _Arguments(Struct):
    """What `__table_args__` or the arguments of a `Table(...)` declare."""

    indexes: list[Index] = field(default_factory=list)
    keys: list[tuple[str, str]] = field(default_factory=list)
    primary: tuple[str, ...] = ()
    schema: str = ""
    columns: list[MappedColumn] = field(default_factory=list)


def _read_class(types: Types, owner: ClassNode) -> MappedClass | None:
    lineage = types.members.lineage(owner.name)
    library = tuple(lineage.library)
    sqlmodel = any(base.rpartition(".")[2] == "SQLModel" for base in library)
    reader = _ClassReader(types, owner, sqlmodel)
    reader.read()
    declares = reader.columns or reader.relations or reader.named or reader.table
    if (
        not declares
        and not any(b.rpartition(".")[2] in _BASES for b in library)
        and not reader.arguments.indexes
    ):
        return None
    arguments = reader.arguments
    return MappedClass(
        owner.name,
        owner.module.name,
        owner.qualname,
        Span(owner.module.file, _first_line(owner.node), owner.qualname, owner.node.end_lineno or 0),
        tuple(c.name for c, _ in lineage.classes),
        library,
        reader.table,
        reader.named,
        arguments.schema,
        reader.abstract,
        sqlmodel,
        any(k.arg == "table" and is_true(k.value) for k in owner.node.keywords),
        tuple(reader.columns),
        tuple(reader.relations),
        tuple(arguments.indexes),
        tuple(arguments.keys),
        arguments.primary,
    )


def _first_line(node: ast.ClassDef) -> int:
    return node.lineno


class _ClassReader:
    """Collects what one class body declares."""

    def __init__(self, types: Types, owner: ClassNode, sqlmodel: bool) -> None:
        self.here = Declaration(types, owner.scope)
        self.owner = owner
        self.sqlmodel = sqlmodel
        self.columns: list[MappedColumn] = []
        self.relations: list[MappedRelation] = []
        self.arguments = _Arguments()
        self.table = ""
        self.named = ""
        self.abstract = False

    def read(self) -> None:
        for statement in self.owner.node.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._assigned(name, value, None, statement)
                case ast.AnnAssign(target=ast.Name(id=name), value=value, annotation=annotation):
                    self._assigned(name, value, annotation, statement)
                case ast.FunctionDef() if _is_declared(statement):
                    self._declared(statement)

    def _assigned(
        self, name: str, value: ast.expr | None, annotation: ast.expr | None, statement: ast.stmt
    ) -> None:
        if name.startswith("__"):
            self._marked(name, value)
            return
        call = self.here.value(value) if isinstance(value, ast.Name) else value
        if isinstance(call, ast.Call):
            self._called(name, call, annotation, statement)
        elif annotation is not None:
            self._annotated(name, annotation)

    def _marked(self, name: str, value: ast.expr | None) -> None:
        match name:
            case "__tablename__":
                self.table = self.here.text(value)
            case "__abstract__":
                self.abstract = is_true(value)
            case "__table_args__":
                _read_arguments(self.here, value, self.arguments)
            case "__table__" if isinstance(value, ast.Call) and self.here.called(value) == "Table":
                table = _read_table(self.here, "", value)
                self.table, self.arguments.schema = table.name, table.schema
                self.columns.extend(table.columns)
                self.arguments.indexes.extend(table.indexes)

    def _called(self, name: str, call: ast.Call, annotation: ast.expr | None, statement: ast.stmt) -> None:
        called = self.here.called(call)
        if called in _AROUND and call.args and isinstance(call.args[0], ast.Call):
            call = call.args[0]
            called = self.here.called(call)
        if called in relations.MAKERS:
            end = statement.end_lineno or statement.lineno
            span = Span(self.owner.module.file, statement.lineno, self.owner.qualname, end)
            self.relations.append(relations.read_relation(self.here, name, call, annotation, span))
        elif called in columns.MAKERS:
            self.columns.append(_with_annotation(self.here, name, call, annotation))
        elif annotation is not None and (called == "Field" or self.sqlmodel):
            self.columns.extend(self._field(name, call, annotation))
        elif annotation is not None and called not in _NO_COLUMN:
            self._annotated(name, annotation)

    def _annotated(self, name: str, annotation: ast.expr) -> None:
        if _outer(annotation) == "Mapped":
            self.columns.append(columns.annotated(self.here, name, annotation))
        elif (
            self.sqlmodel
            and _outer(annotation) != "ClassVar"
            and not name.startswith("_")
            and name != "model_config"
        ):
            self.columns.append(replace(columns.annotated(self.here, name, annotation), plain=True))

    def _field(self, name: str, call: ast.Call, annotation: ast.expr) -> Iterator[MappedColumn]:
        """A column of SQLModel: `Field(...)`."""
        if not self.sqlmodel or _outer(annotation) == "ClassVar":
            return
        plain = replace(columns.annotated(self.here, name, annotation), plain=True)
        own = keyword(call, "sa_column")
        if isinstance(own, ast.Call):
            column = columns.read_column(self.here, name, own)
            yield replace(column, type=column.type or plain.type, plain=True)
            return
        primary = is_true(keyword(call, "primary_key"))
        nullable = self.here.literal(keyword(call, "nullable"))
        length = self.here.literal(keyword(call, "max_length"))
        kind = columns.type_text(self.here, keyword(call, "sa_type")) or plain.type
        yield replace(
            plain,
            type=f"VARCHAR({length})" if kind == "VARCHAR" and isinstance(length, int) else kind,
            primary=primary,
            nullable=nullable if isinstance(nullable, bool) else plain.nullable and not primary,
            unique=is_true(keyword(call, "unique")),
            index=is_true(keyword(call, "index")),
            foreign_key=self.here.text(keyword(call, "foreign_key")),
        )

    def _declared(self, function: ast.FunctionDef) -> None:
        """A method behind `declared_attr`: what it returns."""
        result = _returned(function)
        if function.name == "__tablename__":
            self.named = _naming(result) if result is not None else "lower"
            self.table = self.here.text(result)
        elif function.name == "__table_args__":
            _read_arguments(self.here, result, self.arguments)
        elif isinstance(result, ast.Call):
            self._called(function.name, result, function.returns, function)


def _is_declared(node: ast.FunctionDef) -> bool:
    if node.name in ("__tablename__", "__table_args__"):
        return True
    return any("declared_attr" in last_name(n) for decorator in node.decorator_list for n in walk(decorator))


def _returned(node: _Function) -> ast.expr | None:
    """What a short function returns."""
    found = [s.value for s in walk(node) if isinstance(s, ast.Return) and s.value is not None]
    return found[-1] if found else None


def _naming(expr: ast.expr) -> str:
    """How a name follows from the class: "lower" or "snake", and what is put after it."""
    suffix = ""
    match expr:
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=str() as suffix)):
            expr = left
        case ast.JoinedStr(values=[ast.FormattedValue(value=inner), ast.Constant(value=str() as suffix)]):
            expr = inner
    plain = isinstance(expr, ast.Call) and isinstance(expr.func, ast.Attribute) and expr.func.attr == "lower"
    over = (
        expr.func.value
        if plain and isinstance(expr, ast.Call) and isinstance(expr.func, ast.Attribute)
        else expr
    )
    kind = (
        "lower"
        if plain and isinstance(over, ast.Attribute)
        else "same"
        if isinstance(over, ast.Attribute)
        else "snake"
    )
    return f"{kind}:{suffix}"


def _with_annotation(
    here: Declaration, name: str, call: ast.Call, annotation: ast.expr | None
) -> MappedColumn:
    column = columns.read_column(here, name, call)
    if annotation is None or _outer(annotation) != "Mapped":
        return column
    said = columns.annotated(here, name, annotation)
    return replace(
        column,
        type=column.type or said.type,
        nullable=column.nullable if column.nullable is not None else said.nullable,
        primary=column.primary or said.primary,
        index=column.index or said.index,
        unique=column.unique or said.unique,
        foreign_key=column.foreign_key or said.foreign_key,
    )


def _outer(annotation: ast.expr) -> str:
    """The outermost name of an annotation."""
    value = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value.partition("[")[0].rpartition(".")[2]
    return last_name(value)


def _read_arguments(here: Declaration, value: ast.expr | None, into: _Arguments) -> None:
    for part in parts(here.value(value)):
        if isinstance(part, ast.Dict):
            for key, given in zip(part.keys, part.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "schema":
                    into.schema = here.text(given)
        elif isinstance(part, ast.Call):
            _read_argument(here, part, into)


def _read_argument(here: Declaration, call: ast.Call, into: _Arguments) -> None:
    match here.called(call):
        case "Index":
            into.indexes.append(_index(here, call))
        case "UniqueConstraint":
            into.indexes.append(
                Index(here.text(keyword(call, "name")), tuple(_column(here, a) for a in call.args), True)
            )
        case "PrimaryKeyConstraint":
            into.primary = tuple(_column(here, a) for a in call.args)
        case "ForeignKeyConstraint" if len(call.args) > 1:
            pairs = zip(parts(call.args[0]), parts(call.args[1]), strict=False)
            into.keys.extend((_column(here, a), columns.target(here, b)) for a, b in pairs)
        case "Column":
            column = columns.read_column(here, "", call)
            into.columns.append(replace(column, attribute=column.name))


def _index(here: Declaration, call: ast.Call) -> Index:
    name, *given = call.args or [ast.Constant("")]
    unique = is_true(keyword(call, "unique"))
    return Index(here.text(name), tuple(_column(here, part) for part in given), unique)


def _column(here: Declaration, expr: ast.expr) -> str:
    """The column that an index begins with: a name, an attribute, or an expression over it."""
    match expr:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name(id=name):
            return name if name in here.scope.names else here.text(expr) or name
        case ast.Attribute(value=ast.Name(), attr=name):
            return name
        case ast.Call(func=ast.Attribute(value=value, attr="desc" | "asc" | "nulls_last" | "nulls_first")):
            return _column(here, value)
        case ast.Call(func=ast.Attribute(attr="text") | ast.Name(id="text"), args=[only]):
            return here.text(only).partition(" ")[0]
    return ast.unparse(expr)


def _read_table(here: Declaration, variable: str, call: ast.Call) -> MappedTable:
    into = _Arguments()
    for argument in call.args[2:]:
        if isinstance(argument, ast.Call):
            _read_argument(here, argument, into)
    name = here.text(call.args[0]) if call.args else here.text(keyword(call, "name"))
    schema = here.text(keyword(call, "schema"))
    return MappedTable(
        variable,
        name,
        schema,
        tuple(into.columns),
        tuple(into.indexes),
        tuple(into.keys),
        into.primary,
    )


def _outside(here: Declaration, call: ast.Call) -> Iterator[tuple[str, Index]]:
    """An index made beside its class: `Index("name", Order.status)`."""
    for part in call.args[1:]:
        for node in walk(part):
            if isinstance(node, ast.Attribute) and (owner := here.project_class(node.value)):
                yield owner, _index(here, call)
                return
