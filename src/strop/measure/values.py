"""Which values a generated request carries: examples first, then what the database holds, then the type."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct, field

from strop.measure.bounds import number_within
from strop.project.project import Imported
from strop.project.table import Column, Table
from strop.world.databases import Databases

SPREAD = 4  # values taken from a column
DEEP = 4  # levels of a body to which everything is given; below it only what must be
DEEPEST = 8  # levels after which an endless schema is cut off
STRINGS = {
    "date-time": "2026-09-01T12:00:00Z",
    "date": "2026-09-01",
    "time": "12:00:00",
    "email": "strop@example.com",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "uri": "https://example.com/",
    "ipv4": "127.0.0.1",
    "duration": "PT1H",
    "password": "Strop-passw0rd",
}


class Upload(str):
    """The content of a file that a form sends."""

    __slots__ = ()


Json = Any  # a JSON value: what a schema allows is known only at run time
Row = dict[str, Any]  # values by column


class Values(Struct, frozen=True):
    """Chooses values for parameters and bodies of one application."""

    imported: Imported
    databases: Databases
    document: dict[str, Json]
    _read: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)  # by column
    _rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)  # by column and value

    def resolve(self, schema: dict[str, Json]) -> dict[str, Json]:
        """The schema behind references, and the first alternative that is not null."""
        for _ in range(20):
            if "$ref" in schema:
                beside = {k: v for k, v in schema.items() if k != "$ref"}
                schema = {**self._pointed(str(schema["$ref"])), **beside}
            elif "allOf" in schema:
                merged: dict[str, Json] = {k: v for k, v in schema.items() if k != "allOf"}
                for part in schema["allOf"]:
                    merged = _merge(merged, self.resolve(part))
                schema = merged
            elif any(word in schema for word in ("anyOf", "oneOf")):
                parts = schema.get("anyOf") or schema["oneOf"]
                rest = {k: v for k, v in schema.items() if k not in ("anyOf", "oneOf")}
                schema = {**next((p for p in parts if p.get("type") != "null"), {}), **rest}
            else:
                break
        return schema

    def parameter(self, name: str, schema: dict[str, Json], path: str) -> tuple[str, ...]:
        """Values for a path or query parameter, the most telling first; never empty."""
        schema = self.resolve(schema)
        items = self.resolve(schema.get("items", {}))
        if schema.get("type") == "array" and "examples" not in schema and items.get("type") != "array":
            return self.parameter(name.removesuffix("s"), items, path)
        named = [schema[word] for word in ("example", "const") if word in schema]
        named += schema.get("examples", []) if isinstance(schema.get("examples"), list) else []
        named += schema.get("enum", [])
        if named:
            return tuple(_text(value) for value in named)
        if schema.get("type") != "boolean":
            found = tuple(_formatted(value, schema) for value in self.stored(name, path))
            if found:
                return found
        return (_text(self.value(name, schema, path)),)

    def value(self, name: str, schema: dict[str, Json], path: str, full: bool = True, depth: int = 0) -> Json:
        """One value that the schema allows; `full` gives optional properties too."""
        if depth > DEEP and self._may_be_null(schema):
            return None
        schema = self.resolve(schema)
        for word in ("example", "const", "default"):
            if schema.get(word) is not None:
                return schema[word]
        if isinstance(schema.get("examples"), list) and schema["examples"]:
            return schema["examples"][0]
        if schema.get("enum"):
            return schema["enum"][0]
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "null")
            schema = {**schema, "type": kind}
        match kind:
            case "object":
                return self._object(schema, path, full, depth)
            case "array":
                return self._array(name.removesuffix("s"), schema, path, full, depth)
            case "integer" | "number":
                return self._number(name, schema, path)
            case "boolean":
                return False
            case "string":
                return self._string(name, schema, path)
        return self._object(schema, path, full, depth) if "properties" in schema else None

    def _object(self, schema: dict[str, Json], path: str, full: bool, depth: int) -> dict[str, Json]:
        required = set(schema.get("required", ()))
        return {
            name: self.value(name, part, path, full, depth + 1)
            for name, part in schema.get("properties", {}).items()
            if depth < DEEPEST and (name in required or (full and depth < DEEP))
        }

    def _array(self, name: str, schema: dict[str, Json], path: str, full: bool, depth: int) -> list[Json]:
        """One item, where it may be and the body is not too deep already; what comes first is given in its order."""
        first = schema.get("prefixItems", [])
        least = max(int(schema.get("minItems", 0)), len(first), 0 if depth >= DEEP else 1)
        count = min(least, int(schema.get("maxItems", least)))
        kinds = [*first, *[schema.get("items") or {}] * (count - len(first))][
            : count if depth < DEEPEST else 0
        ]
        return [self.value(name, kind, path, full, depth + 1) for kind in kinds]

    def _may_be_null(self, schema: dict[str, Json]) -> bool:
        kinds = schema.get("type")
        parts = (*schema.get("anyOf", ()), *schema.get("oneOf", ()))
        return (isinstance(kinds, list) and "null" in kinds) or {"type": "null"} in parts

    def _number(self, name: str, schema: dict[str, Json], path: str) -> int | float:
        stored = self.stored(name, path) if name.endswith("id") else ()
        if stored and stored[0].lstrip("-").isdigit():
            return int(stored[0])
        return number_within(schema)

    def _string(self, name: str, schema: dict[str, Json], path: str) -> str:
        form = schema.get("format", "")
        if form == "binary" or "contentMediaType" in schema:
            return Upload("strop")
        if name.endswith("_id"):
            stored = self.stored(name, path)
            if stored:
                return _formatted(stored[0], schema)
        if form in STRINGS and form != "password":
            return STRINGS[form]  # cut or padded it would not have its form any more
        text = STRINGS.get(form) or f"strop {name}"
        text = text.ljust(int(schema.get("minLength", 0)), "x")
        return text[: int(schema.get("maxLength", len(text)))]

    def _pointed(self, reference: str) -> dict[str, Json]:
        found: Json = self.document
        for part in reference.removeprefix("#/").split("/"):
            found = (
                found.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
            )
        return found if isinstance(found, dict) else {}

    def stored(self, name: str, path: str) -> tuple[str, ...]:
        """Values of the column that the name and the path speak of, the busiest parent first."""
        place = self.column(name, path)
        if place is None:
            return ()
        return self._known(*place)

    def _known(self, table: Table, column: Column) -> tuple[str, ...]:
        if (table.name, column.name) not in self._read:
            self._read[table.name, column.name] = self._values_of(table, column)
        return self._read[table.name, column.name]

    def beside(self, value: Json) -> tuple[str, ...]:
        """Values of the column of texts that no two rows share, and in which this one stands: who else could log in."""
        if not isinstance(value, str) or not value:
            return ()
        for table in self.imported.tables:
            for column in table.columns:
                alone = column.unique or any(i.unique and i.columns == (column.name,) for i in table.indexes)
                if alone and not column.primary and self._row(table, column.name, value):
                    return self._known(table, column)
        return ()

    def rows(self, names: Collection[str], path: str, current: Mapping[str, str]) -> tuple[Row, ...]:
        """Rows of the table that knows most of these names, by the names under which it is mapped: first that which the
        path's `current` values name, then some that are spread over the table.
        """
        table = self._table(names, path)
        keys = [c.name for c in table.columns if c.primary] if table is not None else []
        if table is None or len(keys) != 1:
            return ()
        places = [(place, value) for name, value in current.items() if (place := self.column(name, path))]
        own = [(column.name, value) for (its, column), value in places if its == table]
        spread = [(keys[0], value) for value in self.databases.sample(table.name, keys[0], SPREAD)]
        found = (self._row(table, column, value) for column, value in (*own, *spread))
        return tuple(row for row in found if row)

    def _row(self, table: Table, column: str, value: str) -> Row:
        place = (table.name, column, value)
        if place not in self._rows:
            self._rows[place] = self.databases.row(*place)
        mapped = {c.name: c.attribute or c.name for c in table.columns}
        return {mapped.get(name, name): value for name, value in self._rows[place].items()}

    def _table(self, names: Collection[str], path: str) -> Table | None:
        """The table with most columns of these names, at least two; of equal ones that of which the path speaks."""

        def rank(table: Table) -> tuple[int, bool]:
            known = sum((c.attribute or c.name) in names for c in table.columns)
            return known, any(_same_noun(word, table.name) for word in path.split("/"))

        best = max(self.imported.tables, key=rank, default=None)
        return best if best is not None and sum(rank(best)) > 1 else None

    def _values_of(self, table: Table, column: Column) -> tuple[str, ...]:
        spread = self.databases.sample(table.name, column.name, SPREAD)
        key = f"{table.name}.{column.name}"
        children = (
            (child.name, other.name)
            for child in self.imported.tables
            for other in child.columns
            if other.foreign_key.endswith(key)
        )
        busy = [value for child in children if (value := self.databases.busiest(*child))]
        return tuple(dict.fromkeys((*busy[:2], *spread)))

    def column(self, name: str, path: str) -> tuple[Table, Column] | None:
        """The column that a name in a path speaks of: `order_id` is the key of orders; `/orders/{id}` too; `/users/{email}` is a column of users."""
        segments = [s for s in path.split("/") if s and not s.startswith("{")]
        before = path.partition("{" + name + "}")[0].rstrip("/").rpartition("/")[2]
        stem = name.removesuffix("_id") if name.endswith("_id") else ""
        for word in filter(None, (stem, before, *reversed(segments))):
            for table in self.imported.tables:
                if not _same_noun(word, table.name):
                    continue
                if (
                    word == stem
                    or name in ("id", "pk", "uuid", "uid")
                    or _same_noun(name.removesuffix("_id"), table.name)
                ):
                    keys = [c for c in table.columns if c.primary]
                    if len(keys) == 1:
                        return table, keys[0]
                column = next((c for c in table.columns if name in (c.name, c.attribute)), None)
                if column is not None:
                    return table, column
        return self._unique(name) if "{" + name + "}" in path else None

    def _unique(self, name: str) -> tuple[Table, Column] | None:
        """`/{username}/posts` is the one unique column of that name, `/tier/{tier_name}/limits` the name of tiers."""
        found = [
            (table, column)
            for table in self.imported.tables
            for column in table.columns
            if column.unique
            and (
                name in (column.name, column.attribute)
                or (
                    name.endswith(f"_{column.name}")
                    and _same_noun(name.removesuffix(f"_{column.name}"), table.name)
                )
            )
        ]
        return found[0] if len(found) == 1 else None


def _same_noun(one: str, other: str) -> bool:
    return bool(_stems(one) & _stems(other))


def _stems(word: str) -> set[str]:
    word = word.lower().replace("-", "_")
    found = {word, word.removesuffix("s"), word.removesuffix("es")}
    if word.endswith("ies"):
        found.add(word[:-3] + "y")
    return found


def _merge(one: dict[str, Json], other: dict[str, Json]) -> dict[str, Json]:
    properties = {**one.get("properties", {}), **other.get("properties", {})}
    required = [*one.get("required", ()), *other.get("required", ())]
    merged = {**other, **one}
    return {**merged, "properties": properties, "required": required} if properties else merged


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _formatted(value: str, schema: dict[str, Json]) -> str:
    if schema.get("format") == "uuid":
        try:
            return str(uuid.UUID(value))
        except ValueError:
            return value
    return value
