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
    ((name, index),) = _indexes(f"{UPGRADE}    {text}\n")
    assert (name, index.columns, index.unique) == (table, columns, unique)


def _indexes(*texts: str, downs: tuple[str, ...] = ()) -> tuple[tuple[str, Index], ...]:
    """What revisions "0", "1", ... leave, each after the one before, unless `downs` say otherwise."""
    migrated = Migrated()
    for number, text in enumerate(texts):
        down = downs[number] if downs else repr(str(number - 1)) if number else "None"
        identity = f"revision: str = '{number}'\ndown_revision = {down}\n"
        migrated.read(f"alembic/versions/{number}.py", identity + text)
    return migrated.indexes()


MADE = UPGRADE + '    op.create_index("ix_a", "items", ["a"])\n'


def test_a_downgrade_drops_nothing() -> None:
    assert _indexes(MADE + 'def downgrade():\n    op.drop_index("ix_a")\n') == (
        ("items", Index("ix_a", ("a",))),
    )


@pytest.mark.parametrize(
    "later",
    [
        'op.drop_index("ix_a", table_name="items")',
        'with op.batch_alter_table("items") as batch:\n        batch.drop_index(batch.f("ix_a"))',
        'op.execute("DROP INDEX IF EXISTS ix_a")',
        'op.drop_table("items")',
        'op.drop_column("items", "a")',
    ],
)
def test_what_a_later_revision_drops_is_gone(later: str) -> None:
    assert _indexes(MADE, f"{UPGRADE}    {later}\n") == ()


def test_what_is_made_again_after_it_was_dropped_is_there_whatever_the_order_of_the_files() -> None:
    dropped = f'{UPGRADE}    op.drop_index("ix_a")\n'
    assert _indexes(MADE, dropped, MADE, downs=("None", "'0'", "'1'"))
    assert not _indexes(dropped, MADE, downs=("'1'", "None"))


def test_only_revisions_on_the_way_to_a_head_count() -> None:
    assert _indexes(MADE, MADE.replace("ix_a", "ix_b"), downs=("None", "'lost'")) == (
        ("items", Index("ix_a", ("a",))),
    )


def test_each_dialect_has_its_own_history() -> None:
    migrated = Migrated()
    for dialect in ("postgresql", "sqlite"):
        for number, text in enumerate((MADE, f'{UPGRADE}    op.drop_index("ix_a")\n')):
            identity = f"revision = '{number}'\ndown_revision = {repr(str(number - 1)) if number else None}\n"
            if dialect == "sqlite" or not number:
                migrated.read(f"migrations/versions/{dialect}/{number}.py", identity + text)
    assert migrated.indexes() == (("items", Index("ix_a", ("a",))),)


def test_names_that_change_are_followed() -> None:
    later = (
        '    op.rename_table("items", "things")\n    op.alter_column("things", "a", new_column_name="b")\n'
        '    op.execute("ALTER INDEX ix_a RENAME TO ix_b")\n'
    )
    assert _indexes(MADE, UPGRADE + later) == (("things", Index("ix_b", ("b",))),)


@pytest.mark.parametrize(
    "text",
    [
        'NAME = "ix_a"\nTABLE = "items"\n\n'
        "def upgrade():\n    op.create_index(NAME, TABLE, ['a'], if_not_exists=True)\n",
        'INDEXES = [("ix_a", "items", "a")]\n\n'
        "def upgrade():\n    for name, table, column in INDEXES:\n        op.create_index(name, table, [column])\n",
        "def _create(table, columns, unique=False):\n    if not _exists(table):\n"
        '        op.create_index(f"ix_{columns[0]}", table, columns, unique=unique)\n\n'
        "def _exists(table):\n    try:\n        return inspect(op.get_bind()).has_index(table)\n"
        "    except Exception:\n        return True\n\n"
        'def upgrade():\n    _create("items", columns=["a"])\n',
        "def _make(batch):\n    batch.create_index('ix_a', ['a'])\n\n"
        "def upgrade():\n    with op.batch_alter_table('items') as batch:\n        _make(batch)\n",
        "def upgrade():\n    schema = current()\n"
        '    op.get_bind().exec_driver_sql(f\'CREATE INDEX "ix_a" ON "{schema}".items (a)\')\n',
        "def _pg():\n    op.create_index('ix_a', 'items', [sa.text('a DESC')])\n\n"
        "def upgrade():\n    by_dialect(pg=_pg)\n",
        "def upgrade():\n    if op.get_bind().dialect.name == 'sqlite':\n        op.drop_table('items')\n"
        "    else:\n        op.create_index('ix_a', 'items', ['a', sa.text('lower(b)')])\n",
    ],
    ids=[
        "constants",
        "loop",
        "function",
        "handed batch",
        "unknown schema",
        "handed function",
        "not of SQLite",
    ],
)
def test_what_stands_in_the_file_is_followed(text: str) -> None:
    assert _indexes(text) == (("items", Index("ix_a", ("a",))),)


def test_what_only_a_run_knows_makes_no_index() -> None:
    text = (
        "def upgrade():\n    for table in inspect(op.get_bind()).get_table_names():\n"
        "        op.create_index('ix_a', table, ['a'])\n        op.create_index('ix_b', 'items', columns(table))\n"
    )
    assert _indexes(text) == ()


def test_a_revision_that_calls_itself_without_end_is_read() -> None:
    assert _indexes("def upgrade():\n    while True:\n        upgrade()\n        upgrade()\n") == ()


def test_a_table_takes_in_what_it_lacks_for_columns_that_it_has() -> None:
    table = Table("shop.items", "shop:Item", None, (Column("a", "INTEGER"),), (Index("own", ("a",)),))
    found = [("items", Index("ix", ("a",))), ("items", Index("gone", ("b",))), ("orders", Index("o", ("a",)))]
    assert with_migrated([table], found) == (table,)
    bare = Table("items", "shop:Item", None, (Column("a", "INTEGER"),))
    assert with_migrated([bare], found)[0].indexes == (Index("ix", ("a",)),)
