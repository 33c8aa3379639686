"""Add an index for columns that a statement filters, joins or sorts by.

Answers DB005. The model gets `index=True` on a single column or an `Index(...)` in `__table_args__` for
several, and where the project migrates with Alembic, a new revision behind its only head creates the index
(and drops it on the way down). The revision's id follows from what it does, so the same finding makes the
same file. On PostgreSQL a second alternative builds the index concurrently, without locking the table
against writes.

An index changes no answer: only the order of rows that no ORDER BY fixes may differ. Columns that are a key
or unique, or are declared in a way that is not in sight, and a history with several heads, are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import libcst as cst

from strop.finding import Finding
from strop.fixes import regression_test
from strop.fixes.alembic import History, next_file, next_id, read_history
from strop.fixes.arguments import append, append_element, keyword
from strop.fixes.code import Code, called_name, dotted, text_of
from strop.fixes.draft import Draft
from strop.fixes.files import files
from strop.fixes.fit import fit
from strop.fixes.imports import spell
from strop.fixes.model import attribute_assignment, class_code
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit
from strop.fixes.wording import subject, why
from strop.patch import Patch, Proposal
from strop.project.project import Project
from strop.project.table import Table

NAME = "add_index"
ANSWERS = ("DB005",)
COLUMNS = {"mapped_column", "Column", "Field", "column"}


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch; two where PostgreSQL can build the index concurrently."""
    table = project.table(finding.fact("table"))
    columns = tuple(filter(None, re.split(r"[,;\s]+", finding.fact("columns"))))
    if table is None or not columns:
        raise Unfit(f"the table {finding.fact('table') or '?'} or its columns are not known")
    _must_be_new(table, columns)
    yield _patch(project, finding, read, table, columns, concurrently=False)
    server = any(engine.dialect.startswith("postgresql") for engine in project.imported.engines)
    if server and read_history(project, Draft(project, read)) is not None:
        yield _patch(project, finding, read, table, columns, concurrently=True)


def _must_be_new(table: Table, columns: tuple[str, ...]) -> None:
    keys = [index.columns for index in table.indexes] + [
        (c.name,) for c in table.columns if c.unique or c.index
    ]
    keys.append(tuple(c.name for c in table.columns if c.primary))
    if any(key[: len(columns)] == columns for key in keys):
        raise Unfit(f"{table.name} has an index that begins with {', '.join(columns)}")
    known = {column.name for column in table.columns}
    missing = [name for name in columns if name not in known]
    if missing and known:
        raise Unfit(f"{table.name} has no column {missing[0]}")


def _patch(
    project: Project,
    finding: Finding,
    read: Callable[[str], str],
    table: Table,
    columns: tuple[str, ...],
    *,
    concurrently: bool,
) -> Patch | Proposal:
    option = "index-concurrently" if concurrently else "index"
    draft = Draft(project, read)
    try:
        name = index_name(project, draft, table.name, columns)
        _in_model(project, draft, table, columns, name)
        history = read_history(project, draft)
        if history is not None:
            _add_revision(draft, history, table, columns, name, concurrently)
        edits = draft.edits()
    except Unfit as unfit:
        return Proposal(NAME, finding.id, unfit.reason, option)
    tests, note = regression_test.for_index(project, read, table, columns)
    said = f"{name} serves the {finding.fact('use') or 'filter'} on {', '.join(columns)} of {table.name}."
    if history is None:
        said += " The project has no Alembic revisions: databases that exist need the index made by hand."
    title = subject(f"Index {table.name} by {' and '.join(columns)}")
    return Patch(
        NAME, option, finding.id, title, why(finding, said, note), edits, tests=tests, touches_schema=True
    )


def index_name(project: Project, draft: Draft, table: str, columns: tuple[str, ...]) -> str:
    """The name that the project's naming convention gives, which is what `index=True` will use."""
    bare = table.rpartition(".")[2]
    labels = [f"{bare}_{column}" for column in columns]
    words = {
        "table_name": bare,
        "column_0_name": columns[0],
        "column_0_key": columns[0],
        "column_0_label": labels[0],
        "column_0_N_name": "_".join(columns),
        "column_0_N_key": "_".join(columns),
        "column_0_N_label": "_".join(labels),
        "column_0N_name": "".join(columns),
    }
    template = _convention(project, draft)
    if template is None:
        return f"ix_{bare}_{'_'.join(columns)}"
    try:
        return template % words
    except (KeyError, ValueError, TypeError) as error:
        raise Unfit(f'the naming convention "{template}" has words of its own') from error


def _convention(project: Project, draft: Draft) -> str | None:
    """The "ix" entry of the project's naming convention."""
    found: set[str] = set()
    for file in files(project):
        if "naming_convention" in (text := draft.text(file)) or "NAMING_CONVENTION" in text:
            for element in draft.code(file).nodes(cst.DictElement):
                value = text_of(element.value)
                if text_of(element.key) == "ix" and value is not None:
                    found.add(value)
    if len(found) > 1:
        raise Unfit("there are several naming conventions")
    return found.pop() if found else None


# --- the model


def _in_model(project: Project, draft: Draft, table: Table, columns: tuple[str, ...], name: str) -> None:
    class_name = table.model.rpartition(":")[2].rpartition(".")[2]
    if not class_name:
        raise Unfit(f"{table.name} has no mapped class")
    code, class_ = class_code(project, draft, class_name, table.span.file if table.span else "")
    if len(columns) == 1:
        draft.change(code, *_index_column(code, class_, _attribute(table, columns[0])))
    else:
        _must_be_own_arguments(project, draft, class_)
        draft.change(code, *_index_columns(code, class_, columns, name))


def _attribute(table: Table, column: str) -> str:
    return next((c.attribute for c in table.columns if c.name == column and c.attribute), column)


def _index_column(code: Code, class_: cst.ClassDef, attribute: str) -> tuple[Splice, ...]:
    part = attribute_assignment(class_, attribute)
    if part is None:
        raise Unfit(f"{class_.name.value}.{attribute} is declared elsewhere")
    value = part.value
    if isinstance(value, cst.Call) and called_name(value) in COLUMNS:
        return _index_call(code, value, f"{class_.name.value}.{attribute}")
    if isinstance(part, cst.AnnAssign):
        return _declare(code, part)
    raise Unfit(f"{class_.name.value}.{attribute} is not a plain column")


def _index_call(code: Code, call: cst.Call, key: str) -> tuple[Splice, ...]:
    inner = keyword(call, "sa_column")
    if inner is not None:
        if isinstance(inner.value, cst.Call):
            return _index_call(code, inner.value, key)
        raise Unfit(f"the column of {key} is made elsewhere")
    there = keyword(call, "index")
    if there is not None:
        if isinstance(there.value, cst.Name) and there.value.value in ("False", "None"):
            return (Splice(code.start(there.value), code.end(there.value), "True"),)
        raise Unfit(f"{key} has index={code.source(there.value)} already")
    for name in ("unique", "primary_key"):
        flag = keyword(call, name)
        if flag is not None and code.source(flag.value) != "False":
            raise Unfit(f"{key} is {name.replace('_', ' ')}: it is indexed already")
    if any(argument.star for argument in call.args):
        raise Unfit(f"the arguments of {key} are not all in sight")
    return append(code, call, "index=True")


def _declare(code: Code, part: cst.AnnAssign) -> tuple[Splice, ...]:
    """Give a column that is an annotation alone (or, in SQLModel, has a plain default) a call."""
    mapped = "Mapped[" in code.source(part.annotation.annotation)
    end = code.end(part.annotation.annotation)
    if mapped and part.value is None:
        spelling = spell(code, "sqlalchemy.orm", "mapped_column")
        return (*spelling.splices, Splice(end, end, f" = {spelling.text}(index=True)"))
    if mapped:
        raise Unfit("the column is not made by mapped_column")
    spelling = spell(code, "sqlmodel", "Field")
    if part.value is None:
        return (*spelling.splices, Splice(end, end, f" = {spelling.text}(index=True)"))
    start, stop = code.start(part.value), code.end(part.value)
    default = code.source(part.value)
    return (*spelling.splices, Splice(start, stop, f"{spelling.text}(default={default}, index=True)"))


def _must_be_own_arguments(project: Project, draft: Draft, class_: cst.ClassDef) -> None:
    """Refuse where a base class has `__table_args__`, which the new ones would hide."""
    bases = {dotted(base.value).rpartition(".")[2] for base in class_.bases}
    for file in files(project):
        if "__table_args__" in draft.text(file):
            for other in draft.code(file).nodes(cst.ClassDef):
                if other.name.value in bases and "__table_args__" in draft.code(file).source(other):
                    raise Unfit(f"{class_.name.value} inherits the __table_args__ of {other.name.value}")


def _index_columns(
    code: Code, class_: cst.ClassDef, columns: tuple[str, ...], name: str
) -> tuple[Splice, ...]:
    spelling = spell(code, "sqlalchemy", "Index")
    text = f"{spelling.text}({regression_test.list_of((name, *columns))[1:-1]})"
    part = attribute_assignment(class_, "__table_args__")
    if part is None or part.value is None:
        return (*spelling.splices, _table_args(code, class_, f"__table_args__ = ({text},)"))
    value = part.value
    if isinstance(value, cst.Dict):
        start, end = code.start(value), code.end(value)
        return (*spelling.splices, Splice(start, start, f"({text}, "), Splice(end, end, ")"))
    if not isinstance(value, cst.Tuple) or not value.elements:
        raise Unfit(f"the __table_args__ of {class_.name.value} are not a plain tuple")
    last = value.elements[-1].value
    if isinstance(last, cst.Dict):
        at = code.start(last)
        gap = code.newline + code.indent_at(at) if code.begins_line(last) else " "
        return (*spelling.splices, Splice(at, at, f"{text},{gap}"))
    return (*spelling.splices, *append_element(code, value, text))


def _table_args(code: Code, class_: cst.ClassDef, text: str) -> Splice:
    """A new line after `__tablename__`, or at the beginning of the class."""
    lines = [line for line in class_.body.body if isinstance(line, cst.SimpleStatementLine)]
    named = attribute_assignment(class_, "__tablename__")
    for line in lines:
        if named is not None and named in line.body:
            end = code.line_end(code.end(line))
            return Splice(end, end, f"{code.newline}{code.indent_at(code.start(line))}{text}")
    if not lines or class_.get_docstring() is not None:
        raise Unfit(f"{class_.name.value} has no __tablename__ to write the index behind")
    start = code.line_start(code.start(lines[0]))
    return Splice(start, start, f"{code.indent_at(start)}{text}{code.newline}")


# --- the migration


def _add_revision(
    draft: Draft, history: History, table: Table, columns: tuple[str, ...], name: str, concurrently: bool
) -> None:
    schema, _, bare = table.name.rpartition(".")
    place = f', schema="{schema}"' if schema else ""
    more = ", postgresql_concurrently=True" if concurrently else ""
    listed = regression_test.list_of(columns)
    create = f'op.create_index(op.f("{name}"), "{bare}", {listed}, unique=False{place}{more})'
    drop = f'op.drop_index(op.f("{name}"), table_name="{bare}"{place}{more})'
    head = history.head
    revision = next_id(history, f"{name}\0{more}")
    text = _revision_text(
        f"Index {table.name} by {', '.join(columns)}", revision, head.id, (create, drop), concurrently
    )
    slug = regression_test.word(f"index_{bare}_{'_'.join(columns)}")[:40].rstrip("_")
    newline = draft.code(head.file).newline
    text = fit(text, draft.limit)
    draft.create(next_file(history, revision, slug), text.replace("\n", newline))


def _revision_text(title: str, revision: str, down: str, steps: tuple[str, str], concurrently: bool) -> str:
    begin = "    with op.get_context().autocommit_block():\n    " if concurrently else ""
    up, back = (f"{begin}    {step}" for step in steps)
    return f'''"""{title}

Revision ID: {revision}
Revises: {down}
"""

from alembic import op

revision = "{revision}"
down_revision = "{down}"
branch_labels = None
depends_on = None


def upgrade() -> None:
{up}


def downgrade() -> None:
{back}
'''
