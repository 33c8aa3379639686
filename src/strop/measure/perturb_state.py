"""Other data than the user's own: rows cloned, flags turned, optional values taken away, other amounts. As statements.

Many a mistake shows only in data that nobody has yet: two rows of one name, a child of another owner, a null. What
the statements do follows from the rows and from how they lie, so every clone of a database ends in the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from strop.project.table import Column, Table

CLONED = 20  # rows at either end of a table that get a twin
TEXTS = ("CHAR", "TEXT", "STRING", "ENUM", "UUID", "CLOB")
NUMBERS = ("INT", "BIGINT", "SMALLINT", "NUMERIC", "DECIMAL", "FLOAT", "REAL", "DOUBLE")
SHRUNK = (2, 10, 50)  # by how much amounts are divided
RHYTHM = 7  # every so many rows the same is done to an amount
TIMES = ("DATETIME", "TIMESTAMP")

State = tuple[str, tuple[str, ...]]


# By the index of its key; what the application still reads can't be moved, and stays.
CLUSTER = (
    "do $$ declare found text; begin perform set_config('lock_timeout', '2s', true);"
    " select i.relname into found from pg_index x join pg_class i on i.oid = x.indexrelid"
    " where x.indrelid = '{t}'::regclass and x.indisprimary;"
    " if found is not null then execute format('cluster %s using %I', '{t}', found); end if;"
    " exception when lock_not_available then null; end $$"
)


class Dialect(Struct, frozen=True):
    """How a database says these things; {t} is the table, {c} a column, {v} a value as a text."""

    place: str  # where a row lies
    number: str  # the same as a number, the first row's is 1
    drawn: str  # a number of a row, whatever was changed in the table before
    lay: str  # what puts the rows of a table in the order of their keys, "" where they lie so
    insert: str
    insert_end: str
    update: str
    turn: str  # a flag the other way
    is_flag: str  # whether a value is one
    later: str  # a time of its own for each row
    typed: str  # a text as a value of the column


SQLITE = Dialect(
    place="rowid",
    number="rowid",
    drawn="rowid",
    lay="",
    insert="insert or ignore into",
    insert_end="",
    update="update or ignore",
    turn="1 - {c}",
    is_flag="{c} in (0, 1)",
    later="case when {c} like '____-__-__ __:__:__.______' then"
    " strftime('%Y-%m-%d %H:%M:%f', {c}, '+' || rowid || ' seconds') || '000' else {c} end",
    typed="{v}",
)
POSTGRESQL = Dialect(
    place="ctid",
    number="(ctid::text::point)[1]::integer",
    drawn="('x' || substr(md5({t}::text), 1, 7))::bit(28)::integer",
    lay=CLUSTER,
    insert="insert into",
    insert_end=" on conflict do nothing",
    update="update",
    turn="not {c}",
    is_flag="{c} is not null",
    later="{c} + interval '1 second' * row_number() over (order by ctid)",
    typed="(jsonb_populate_record(null::{t}, jsonb_build_object('{k}', {v}))).{c}",
)


def states(tables: Sequence[Table], dialect: Dialect = SQLITE) -> tuple[State, ...]:
    """Names of states and the statements that lead from each to the next, the first from the user's own."""
    made = _Statements(dialect)

    def each(make: Callable[[Table], Iterator[str]]) -> Iterator[str]:
        return (statement for table in tables for statement in make(table))

    return (
        ("clones", (*map(made.clone, tables), *each(made.flip), *each(made.lay))),
        ("nulls", (*each(made.take_away), *each(made.lay))),
        ("amounts", (*each(made.spread), *each(made.lay))),
    )


class _Statements(Struct, frozen=True):
    dialect: Dialect

    def clone(self, table: Table) -> str:
        """Twins with keys, unique values and times of their own, which belong to the owner before."""
        columns = [c for c in table.columns if not _is_given(table, c)]
        names = ", ".join(_quote(c.name) for c in columns)
        values = ", ".join(self._twin(table, c) for c in columns)
        name, place = _quote(table.name), self.dialect.place
        ends = f" or {place} in ".join(
            f"(select {place} from {name} order by {place} {order} limit {CLONED})" for order in ("", "desc")
        )
        rows = f"select {values} from {name} where {place} in {ends}"
        return f"{self.dialect.insert} {name} ({names}) {rows}{self.dialect.insert_end}"

    def flip(self, table: Table) -> Iterator[str]:
        """Every other row's flags the other way; the first row, often who logs in, keeps its own."""
        flags = [c for c in table.columns if c.type.upper().startswith("BOOL") and not c.primary]
        names = [_quote(column.name) for column in flags]
        turned = (
            f"case when {self.dialect.is_flag.format(c=n)} then {self.dialect.turn.format(c=n)} else {n} end"
            for n in names
        )
        yield from self._set(table, dict(zip(names, turned, strict=True)), f"{self.dialect.number} % 2 = 0")

    def take_away(self, table: Table) -> Iterator[str]:
        """Optional values of two rows in three."""
        names = [_quote(c.name) for c in table.columns if c.nullable and not c.primary]
        taken = {
            name: f"case when {self.dialect.number} % 3 = {1 + place % 2} then null else {name} end"
            for place, name in enumerate(names)
        }
        yield from self._set(table, taken, f"{self.dialect.number} % 3 > 0")

    def _set(self, table: Table, values: Mapping[str, str], where: str) -> Iterator[str]:
        """One statement: a second one would find the rows in other places, where a database moves what it changes."""
        if values:
            said = ", ".join(f"{name} = {value}" for name, value in values.items())
            yield f"{self.dialect.update} {_quote(table.name)} set {said} where {where}"

    def lay(self, table: Table) -> Iterator[str]:
        """The rows in the order of their keys: where a change has put them hangs on what else went on."""
        if self.dialect.lay:
            yield self.dialect.lay.format(t=_quote(table.name).replace("'", "''"))

    def spread(self, table: Table) -> Iterator[str]:
        """Amounts of nothing, larger ones, and smaller ones of other magnitudes: sums move across the bounds that code
        compares them with. A statement each, because a constraint of the table may forbid one.
        """
        name = _quote(table.name)
        for place, column in enumerate(c for c in table.columns if _is_amount(table, c)):
            amount = _quote(column.name)
            for turn, changed in enumerate(("0", f"{amount} * 3", *(f"{amount} / {n}" for n in SHRUNK))):
                drawn = self.dialect.drawn.format(t=name)
                where = f"{drawn} % {RHYTHM} = {(turn + place) % RHYTHM}"
                yield f"{self.dialect.update} {name} set {amount} = {changed} where {where}"

    def _twin(self, table: Table, column: Column) -> str:
        name, kind = _quote(column.name), column.type.upper()
        is_text = any(word in kind for word in TEXTS)
        if column.foreign_key:
            return _other_parent(table, column)
        if any(word in kind for word in TIMES):
            return self.dialect.later.format(c=name)
        unique = column.unique or any(i.unique and i.columns == (column.name,) for i in table.indexes)
        if column.primary and is_text:
            return self._typed(table, column, f"'c' || substr(cast({name} as text), 2)")
        if unique or column.primary:
            return self._typed(table, column, f"'c' || {name}") if is_text else f"{name} + 1000000"
        return name

    def _typed(self, table: Table, column: Column, text: str) -> str:
        key = column.name.replace("'", "''")
        return self.dialect.typed.format(t=_quote(table.name), c=_quote(column.name), k=key, v=text)


def _other_parent(table: Table, column: Column) -> str:
    """The parent before the row's own, so that the first, who logs in, gets some."""
    parent, _, key = (column.foreign_key or "").rpartition(".")
    key, parent = _quote(key), _quote(parent.rpartition(".")[2])
    own = f"{_quote(table.name)}.{_quote(column.name)}"
    before, last = (
        f"(select p.{key} from {parent} p{where} order by p.{key} desc limit 1)"
        for where in (f" where p.{key} < {own}", "")
    )
    return f"case when {own} is null then null else coalesce({before}, {last}) end"


def _is_given(table: Table, column: Column) -> bool:
    """Whether the database gives the value itself: the only key of its table, an integer."""
    alone = sum(c.primary for c in table.columns) == 1
    return column.primary and alone and "INT" in column.type.upper() and not column.foreign_key


def _is_amount(table: Table, column: Column) -> bool:
    """Whether a column holds numbers that tell no row from another."""
    unique = column.unique or any(i.unique and column.name in i.columns for i in table.indexes)
    kind = column.type.upper()
    return (
        not (column.primary or column.foreign_key or unique)
        and kind.startswith(NUMBERS)
        and not kind.startswith("INTERVAL")
    )


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
