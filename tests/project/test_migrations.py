"""Indexes that only Alembic's revisions make."""

import pytest

from strop.project.shipped.migrations import Migrated, with_migrated
from strop.project.table import Column, Index, Table

UPGRADE = "def upgrade():\n"


@pytest.mark.parametrize(
    ("text", "table", "columns", "unique"),
    [
        ('op.create_index("ix_a", "items", ["order_id"], unique=False)', "items", ("order_id",), False),
        ('op.create_index(op.f("ix_a"), "items", ["a", "b"], unique=True)', "items", ("a", "b"), True),
        ('op.create_unique_constraint(None, "items", ["a"])', "items", ("a",), True),
        (
            'with op.batch_alter_table("items") as batch_op:\n'
            '        batch_op.create_index(batch_op.f("ix_a"), ["a"], unique=False)',
            "items",
            ("a",),
            False,
        ),
        (
            'op.create_table("items", sa.Column("a", sa.Integer()), sa.UniqueConstraint("a", "b", name="uq"))',
            "items",
            ("a", "b"),
            True,
        ),
        (
            'op.create_table("items", sa.Index("ix_items_a", "a"))',
            "items",
            ("a",),
            False,
        ),
        (
            'op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON items USING btree (a DESC, b)")',
            "items",
            ("a", "b"),
            False,
        ),
    ],
)
def test_what_a_revision_makes(text: str, table: str, columns: tuple[str, ...], unique: bool) -> None:
    migrated = Migrated()
    migrated.read(f"{UPGRADE}    {text}\n")
    ((name, index),) = migrated.indexes()
    assert (name, index.columns, index.unique) == (table, columns, unique)


def test_what_a_later_revision_drops_is_gone_and_a_downgrade_drops_nothing() -> None:
    migrated = Migrated()
    migrated.read(
        f'{UPGRADE}    op.create_index("ix_a", "items", ["a"])\n\n'
        'def downgrade():\n    op.drop_index("ix_a")\n'
    )
    assert migrated.indexes() == (("items", Index("ix_a", ("a",))),)
    migrated.read(f'{UPGRADE}    op.drop_index("ix_a", table_name="items")\n')
    assert migrated.indexes() == ()


def test_a_table_takes_in_what_it_lacks_for_columns_that_it_has() -> None:
    table = Table("shop.items", "shop:Item", None, (Column("a", "INTEGER"),), (Index("own", ("a",)),))
    found = [("items", Index("ix", ("a",))), ("items", Index("gone", ("b",))), ("orders", Index("o", ("a",)))]
    assert with_migrated([table], found) == (table,)
    bare = Table("items", "shop:Item", None, (Column("a", "INTEGER"),))
    assert with_migrated([bare], found)[0].indexes == (Index("ix", ("a",)),)
