from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from msgspec.structs import replace
from sqlalchemy import Table as SQLTable
from sqlalchemy import create_engine, inspect, text

from strop.patch import Patch
from strop.project.table import Index
from tests.fixes.check import (
    Case,
    Column,
    Engine,
    Imported,
    Span,
    Table,
    check_noop,
    check_transformed,
    module,
)

HEAD = """
    from sqlalchemy import Column, MetaData, String
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


    class Base(DeclarativeBase):
        pass


"""
REVISION = 'revision = "{0}"\ndown_revision = {1}\n'


def case(folder: Path, body: str, columns: str = "city", engine: str = "sqlite", **more: Any) -> Case:
    names = ("id", "city", "age")
    table = Table(
        "people",
        "models:Person",
        Span("models.py", 9),
        tuple(Column(name, "TEXT", primary=name == "id") for name in names),
    )
    return Case(
        folder,
        "add_index",
        {"models.py": more.pop("head", HEAD) + body, **more.pop("files", {})},
        facts={"table": "people", "columns": columns, "use": "filter"},
        imported=Imported("app", (), tables=(table,), engines=(Engine("", engine, "", False, "", 5, 10),)),
    )


PERSON = """
    class Person(Base):
        __tablename__ = "people"

        id: Mapped[int] = mapped_column(primary_key=True)
        city: Mapped[str] = mapped_column(String(80))
        age: Mapped[int]
"""


def indexes(folder: Path, source: str) -> dict[str, list[str]]:
    """The indexes of the model that a source declares, by name."""
    with module(source) as space:
        table: SQLTable = space["Person"].__table__
        return {str(index.name): [column.name for column in index.columns] for index in table.indexes}


@pytest.mark.parametrize(
    ("column", "before", "after"),
    [
        ("city", "mapped_column(String(80))", "mapped_column(String(80), index=True)"),
        ("age", "age: Mapped[int]", "age: Mapped[int] = mapped_column(index=True)"),
    ],
)
def test_one_column(tmp_path: Path, column: str, before: str, after: str) -> None:
    source = HEAD + PERSON
    answer = check_transformed(case(tmp_path, PERSON, column), "index", models=source.replace(before, after))
    assert indexes(tmp_path, answer.edits[0].after) == {f"ix_people_{column}": [column]}
    assert answer.touches_schema
    assert "made by hand" in answer.why


def test_several_columns(tmp_path: Path) -> None:
    source = (HEAD + PERSON).replace("import Column, MetaData", "import Column, Index, MetaData")
    line = '"people"\n        __table_args__ = (Index("ix_people_city_age", "city", "age"),)\n'
    answer = check_transformed(
        case(tmp_path, PERSON, "city, age"), "index", models=source.replace('"people"\n', line)
    )
    assert indexes(tmp_path, answer.edits[0].after) == {"ix_people_city_age": ["city", "age"]}


@pytest.mark.parametrize(
    ("there", "then"),
    [
        (
            "(Index('ix_a', 'age'),)",
            '(Index(\'ix_a\', \'age\'), Index("ix_people_city_age", "city", "age"),)',
        ),
        ('({"comment": "x"},)', '(Index("ix_people_city_age", "city", "age"), {"comment": "x"},)'),
        ('{"comment": "x"}', '(Index("ix_people_city_age", "city", "age"), {"comment": "x"})'),
    ],
)
def test_table_arguments_that_are_there(tmp_path: Path, there: str, then: str) -> None:
    body = PERSON.replace('"people"\n', f'"people"\n        __table_args__ = {there}\n')
    head = HEAD.replace("Column, ", "Column, Index, ")
    answer = check_transformed(
        case(tmp_path, body, "city age", head=head), "index", models=head + body.replace(there, then)
    )
    assert indexes(tmp_path, answer.edits[0].after)["ix_people_city_age"] == ["city", "age"]


def test_the_name_follows_the_naming_convention(tmp_path: Path) -> None:
    head = HEAD.replace(
        "        pass",
        '        metadata = MetaData(naming_convention={"ix": "%(column_0_N_name)s_of_%(table_name)s"})',
    )
    before = case(
        tmp_path,
        PERSON,
        head=head,
        files={
            "migrations/env.py": "from alembic import context\n",
            "migrations/versions/0001_a.py": REVISION.format("0001", None),
        },
    )
    answer = before.answers()["index"]
    assert isinstance(answer, Patch)
    model = next(edit for edit in answer.edits if edit.file == "models.py")
    (name,) = indexes(tmp_path, model.after)
    assert name == "city_of_people"
    assert f'op.f("{name}")' in next(edit for edit in answer.edits if edit.before is None).after


def test_a_revision_follows_the_only_head(tmp_path: Path) -> None:
    files = {
        "migrations/env.py": "from alembic import context\n",
        "migrations/versions/0001_first.py": REVISION.format("0001", None),
        "migrations/versions/0002_second.py": REVISION.format("0002", '"0001"'),
    }
    answer = case(tmp_path, PERSON, files=files).answers()["index"]
    assert isinstance(answer, Patch)
    new = next(edit for edit in answer.edits if edit.before is None)
    assert new.file == "migrations/versions/0003_index_people_city.py"
    assert new.after == (
        '"""Index people by city\n\nRevision ID: 0003\nRevises: 0002\n"""\n\n'
        "from alembic import op\n\n"
        'revision = "0003"\ndown_revision = "0002"\nbranch_labels = None\ndepends_on = None\n\n\n'
        "def upgrade() -> None:\n"
        '    op.create_index(op.f("ix_people_city"), "people", ["city"], unique=False)\n\n\n'
        "def downgrade() -> None:\n"
        '    op.drop_index(op.f("ix_people_city"), table_name="people")\n'
    )


def test_the_revision_runs_up_and_down(tmp_path: Path) -> None:
    files = {
        "alembic/env.py": "import alembic\n",
        "alembic/versions/abc_first.py": REVISION.format("abc", None),
    }
    first, again = (case(tmp_path, PERSON, files=files).answers()["index"] for _ in range(2))
    assert isinstance(first, Patch)
    assert first == again
    new = next(edit for edit in first.edits if edit.before is None)
    assert re.fullmatch(r"alembic/versions/[0-9a-f]{12}_index_people_city\.py", new.file)
    space: dict[str, Any] = {}
    exec(new.after, space)
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(text("create table people (id integer primary key, city text)"))
        with Operations.context(MigrationContext.configure(connection)):
            space["upgrade"]()
            names = [i["name"] for i in inspect(connection).get_indexes("people")]
            assert names == ["ix_people_city"]
            space["downgrade"]()
            assert inspect(connection).get_indexes("people") == []
    engine.dispose()


def test_postgresql_can_build_it_concurrently(tmp_path: Path) -> None:
    files = {
        "alembic/env.py": "import alembic\n",
        "alembic/versions/abc_first.py": REVISION.format("abc", None),
    }
    answers = case(tmp_path, PERSON, engine="postgresql", files=files).answers()
    assert list(answers) == ["index", "index-concurrently"]
    answer = answers["index-concurrently"]
    assert isinstance(answer, Patch)
    new = next(edit for edit in answer.edits if edit.before is None)
    assert (
        "def upgrade() -> None:\n"
        "    with op.get_context().autocommit_block():\n"
        "        op.create_index(\n"
        '            op.f("ix_people_city"),\n            "people",\n            ["city"],\n'
        "            unique=False,\n            postgresql_concurrently=True,\n        )\n"
    ) in new.after


def test_the_test_looks_at_the_model(tmp_path: Path) -> None:
    files = {"tests/test_a.py": "def test_a() -> None:\n    pass\n"}
    answer = case(tmp_path, PERSON, files=files).answers()["index"]
    assert isinstance(answer, Patch)
    (test,) = answer.tests
    assert test.file == "tests/test_performance_people_index.py"
    for source, green in (((tmp_path / "models.py").read_text(), False), (answer.edits[0].after, True)):
        with module(source) as space:
            exec(test.after, space)
            if green:
                space["test_people_is_indexed_by_city"]()
            else:
                with pytest.raises(AssertionError):
                    space["test_people_is_indexed_by_city"]()


def test_several_heads_are_a_person_s_job(tmp_path: Path) -> None:
    files = {
        "alembic/env.py": "import alembic\n",
        "alembic/versions/a.py": REVISION.format("a", None),
        "alembic/versions/b.py": REVISION.format("b", None),
    }
    check_noop(case(tmp_path, PERSON, files=files), "index", "2 heads (a, b)")


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("mapped_column(String(80), index=True)", "already"),
        ("mapped_column(String(80), unique=True)", "unique"),
        ("mapped_column(String(80), index=INDEXED)", "already"),
        ("mapped_column(**options)", "not all in sight"),
        ("Field(sa_column=CITY)", "made elsewhere"),
        ("column_property(x)", "mapped_column"),
        ("deferred(mapped_column(String(80)))", "mapped_column"),
    ],
)
def test_no_change_of_the_column(tmp_path: Path, column: str, reason: str) -> None:
    body = PERSON.replace("mapped_column(String(80))", column)
    check_noop(case(tmp_path, body), "index", reason)


@pytest.mark.parametrize(
    ("columns", "reason"), [("id", "has an index"), ("nothing", "no column"), ("", "not known")]
)
def test_no_change_of_the_table(tmp_path: Path, columns: str, reason: str) -> None:
    check_noop(case(tmp_path, PERSON, columns), "", reason)


def test_an_index_that_the_table_has_is_not_made_again(tmp_path: Path) -> None:
    before = case(tmp_path, PERSON)
    (table,) = before.imported.tables
    index = Index("ix", ("city", "age"))
    before.imported = replace(before.imported, tables=(replace(table, indexes=(index,)),))
    check_noop(before, "", "has an index")


def test_arguments_of_a_base_class_are_not_hidden(tmp_path: Path) -> None:
    body = PERSON.replace("Person(Base)", "Person(Tenant, Base)")
    head = HEAD + '    class Tenant:\n        __table_args__ = {"schema": "x"}\n\n\n'
    check_noop(case(tmp_path, body, "city,age", head=head), "index", "inherits")


def test_arguments_that_are_computed_are_left_alone(tmp_path: Path) -> None:
    body = PERSON.replace('"people"\n', '"people"\n        __table_args__ = arguments()\n')
    check_noop(case(tmp_path, body, "city,age"), "index", "not a plain tuple")


def test_sqlmodel(tmp_path: Path) -> None:
    body = """
        class Person(SQLModel, table=True):
            id: int = Field(primary_key=True)
            city: str | None = None
            age: int = Field(default=0, sa_column=Column(Integer))
        """
    head = "from sqlmodel import Field, SQLModel\n"
    made = case(tmp_path / "a", "", "city")
    made = Case(
        tmp_path / "a",
        "add_index",
        {"models.py": head + body.replace("\n        ", "\n")},
        facts=made.facts,
        imported=made.imported,
    )
    after = made.files["models.py"].replace("| None = None", "| None = Field(default=None, index=True)")
    check_transformed(made, "index", models=after)
    made.facts["columns"] = "age"
    made = Case(tmp_path / "b", "add_index", made.files, facts=made.facts, imported=made.imported)
    after = made.files["models.py"].replace("Column(Integer)", "Column(Integer, index=True)")
    check_transformed(made, "index", models=after)
