"""Whatever schema a document states: a value is found, and it keeps to what the schema says."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.measure.bounds import number_within
from strop.measure.generate import generate
from strop.measure.values import Upload, Values
from strop.project.project import Imported
from strop.project.table import Column, Table
from tests.measure.offered import TARGET, databases

Schema = dict[str, Any]
NAMES = st.sampled_from(["id", "user_id", "name", "tags", "a b", "größe", "名", ""])
SMALL = st.integers(0, 6)


@st.composite
def integers(draw: st.DrawFn) -> Schema:
    low, room, step = draw(st.integers(-40, 40)), draw(st.integers(12, 60)), draw(st.integers(1, 5))
    schema: Schema = {"type": draw(st.sampled_from(["integer", ["integer", "null"]]))}
    schema |= draw(st.sampled_from([{}, {"minimum": low}, {"exclusiveMinimum": low}]))
    schema |= draw(st.sampled_from([{}, {"maximum": low + room}, {"exclusiveMaximum": low + room}]))
    return schema | draw(st.sampled_from([{}, {"multipleOf": step}]))


@st.composite
def numbers(draw: st.DrawFn) -> Schema:
    low, room = draw(st.decimals(-9, 9, places=2)), draw(st.decimals(1, 9, places=2))
    schema: Schema = {"type": "number"}
    schema |= draw(st.sampled_from([{}, {"minimum": float(low)}, {"exclusiveMinimum": float(low)}]))
    top = float(low + room)
    schema |= draw(st.sampled_from([{}, {"maximum": top}, {"exclusiveMaximum": top}]))
    return schema | draw(st.sampled_from([{}, {"multipleOf": 0.25}]))


@st.composite
def strings(draw: st.DrawFn) -> Schema:
    low = draw(SMALL)
    schema: Schema = {"type": "string", "minLength": low, "maxLength": low + draw(SMALL)}
    form = st.sampled_from(["date", "date-time", "email", "uuid", "uri", "binary", "no-such-format"])
    return draw(st.just(schema) | st.fixed_dictionaries({"type": st.just("string"), "format": form}))


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    low = draw(st.integers(0, 2))
    return {"type": "array", "items": draw(inner), "minItems": low, "maxItems": low + draw(st.integers(0, 2))}


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    properties = draw(st.dictionaries(NAMES, inner, max_size=3))
    required = draw(st.lists(st.sampled_from(sorted(properties)), unique=True)) if properties else []
    return {"type": "object", "properties": properties, "required": required}


SIMPLE = (
    integers()
    | numbers()
    | strings()
    | st.fixed_dictionaries({"enum": st.lists(st.integers() | st.text(), min_size=1, max_size=3)})
    | st.sampled_from([{"const": 3}, {"type": "boolean"}, {"type": "null"}, {}, {"$ref": "#/nowhere"}])
)
ENDLESS = st.sampled_from(
    [
        {"$ref": "#/components/schemas/Node"},
        {"$ref": "#/components/schemas/Twin"},
        {"$ref": "#/components/schemas/Self"},
        {"$ref": "#/components/schemas/Lists"},
    ]
)
SCHEMAS = st.recursive(
    SIMPLE | ENDLESS,
    lambda inner: (
        arrays(inner)
        | objects(inner)
        | st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}).map(
            lambda s: {"anyOf": [*s["anyOf"], {"type": "null"}]}
        )
        | st.fixed_dictionaries({"allOf": st.lists(objects(inner), min_size=1, max_size=2)})
    ),
    max_leaves=6,
)
NODE = {"$ref": "#/components/schemas/Node"}
COMPONENTS: Mapping[str, Schema] = {
    "Node": {
        "type": "object",
        "properties": {"child": {"anyOf": [NODE, {"type": "null"}]}, "all": {"type": "array", "items": NODE}},
        "required": ["child", "all"],
    },
    "Twin": {
        "type": "object",
        "properties": {"twin": {"$ref": "#/components/schemas/Twin"}},
        "required": ["twin"],  # nothing can satisfy it
    },
    "Self": {"$ref": "#/components/schemas/Self"},
    "Lists": {"type": "array", "items": {"$ref": "#/components/schemas/Lists"}, "minItems": 1},
}


def values() -> Values:
    with tempfile.TemporaryDirectory() as folder:
        return Values(
            Imported("a", ()), databases(Path(folder)), {"components": {"schemas": dict(COMPONENTS)}}
        )


VALUES = values()


TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str, Upload),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


def wrong(schema: Schema, value: Any, place: str = "$") -> list[str]:
    """What the value violates, of the keywords that the strategies use; endless schemas are not looked into."""
    if "$ref" in schema:
        return []
    if "anyOf" in schema:
        found = [wrong(part, value, place) for part in schema["anyOf"]]
        return [] if [] in found else found[0]
    if "allOf" in schema:
        return [w for part in schema["allOf"] for w in wrong(part, value, place)]
    told: list[str] = []
    if "enum" in schema and value not in schema["enum"]:
        told.append(f"{place} enum")
    if "const" in schema and value != schema["const"]:
        told.append(f"{place} const")
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind is not None and type(value) not in TYPES[kind]:
        return [*told, f"{place} type"]
    if kind in ("integer", "number"):
        told += [f"{place} {word}" for word in out_of_bounds(schema, value)]
    if (
        kind == "string"
        and "maxLength" in schema
        and not schema["minLength"] <= len(value) <= schema["maxLength"]
    ):
        told.append(f"{place} length")
    if kind == "array":
        if not schema["minItems"] <= len(value) <= schema["maxItems"]:
            told.append(f"{place} items")
        told += [w for n, item in enumerate(value) for w in wrong(schema["items"], item, f"{place}[{n}]")]
    if kind == "object":
        told += [f"{place}.{name} missing" for name in schema["required"] if name not in value]
        for name, item in value.items():
            if name in schema["properties"]:
                told += wrong(schema["properties"][name], item, f"{place}.{name}")
    return told


def out_of_bounds(schema: Schema, value: float) -> list[str]:
    number = Decimal(str(value))
    checks: Mapping[str, Callable[[Decimal], bool]] = {
        "minimum": lambda limit: number >= limit,
        "maximum": lambda limit: number <= limit,
        "exclusiveMinimum": lambda limit: number > limit,
        "exclusiveMaximum": lambda limit: number < limit,
        "multipleOf": lambda step: number % step == 0,
    }
    return [
        word for word, holds in checks.items() if word in schema and not holds(Decimal(str(schema[word])))
    ]


def levels(schema: Schema) -> int:
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *schema.get("allOf", ())]
    inner += [schema["items"]] if "items" in schema else []
    return 1 + max(map(levels, inner), default=0)


def same_name_twice(schema: Schema) -> bool:
    """Whether two parts of an `allOf` speak of one property: they would have to be met at once."""
    parts = [set(part.get("properties", {})) for part in schema.get("allOf", ())]
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *schema.get("allOf", ())]
    inner += [schema["items"]] if "items" in schema else []
    return sum(map(len, parts)) > len(set().union(*parts)) or any(map(same_name_twice, inner))


@given(SCHEMAS, st.booleans())
def test_a_value_keeps_to_its_schema(schema: Schema, full: bool) -> None:
    value = VALUES.value("body", schema, "/users/{user_id}", full)
    json.dumps(value)
    if levels(schema) < 6 and not same_name_twice(schema):
        assert wrong(schema, value) == []


@given(SIMPLE)
def test_a_parameter_always_has_a_text(schema: Schema) -> None:
    texts = VALUES.parameter("user_id", schema, "/users/{user_id}")
    assert texts
    assert all(isinstance(text, str) for text in texts)


@given(integers() | numbers())
def test_a_number_lies_within_its_bounds(schema: Schema) -> None:
    kind = "integer" if schema["type"] != "number" else "number"
    assert out_of_bounds(schema, number_within({**schema, "type": kind})) == []


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": 0.5}, 1),
        ({"type": "integer", "minimum": 1.5, "maximum": 9}, 2),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, 1),
        ({"type": "integer", "maximum": 1, "exclusiveMaximum": True}, 0),
        ({"type": "integer", "minimum": 5, "exclusiveMinimum": 3}, 5),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "multipleOf": 7, "minimum": 20}, 21),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "number", "exclusiveMinimum": 1}, 2.0),
        ({"type": "number", "exclusiveMaximum": 1}, 0.0),
        ({"type": "number", "multipleOf": 0.01, "maximum": 0.055}, 0.05),
    ],
)
def test_numbers(schema: Schema, expected: float) -> None:
    found = number_within(schema)
    assert (found, type(found)) == (expected, type(expected))


KINDS = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
        "application/octet-stream",
        "application/vnd.api+json",
    ]
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    places = st.sampled_from(["path", "query", "header", "cookie"])
    parameter = st.fixed_dictionaries(
        {"name": NAMES.filter(bool), "in": places, "required": st.booleans(), "schema": SCHEMAS}
    )
    operation: dict[str, Any] = {"parameters": draw(st.lists(parameter, max_size=3))}
    bodies = st.dictionaries(KINDS, st.fixed_dictionaries({"schema": SCHEMAS}), max_size=2)
    if draw(st.booleans()):
        operation["requestBody"] = {"content": draw(bodies)}
    path = draw(st.sampled_from(["/", "/users/{user_id}", "/{name}/x/{tags:path}", "/größe/{a b}"]))
    method = draw(st.sampled_from(["get", "post", "delete"]))
    return {"paths": {path: {method: operation}}, "components": {"schemas": dict(COMPONENTS)}}


@given(documents())
def test_no_document_is_too_odd(document: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        held = databases(Path(folder))
    cells = generate(TARGET, Imported("a", (), openapi=json.dumps(document)), held, ())
    assert cells
    for cell in cells:
        assert "{" not in cell.request.path
        for name, value in cell.request.headers:
            f"{name}: {value}".encode("latin-1")
        assert cell.request.path.isascii()


@pytest.mark.parametrize(
    ("name", "path", "place"),
    [
        ("username", "/{username}/posts", ("user", "username")),
        ("tier_name", "/tier/{tier_name}/limits", ("tier", "name")),
        ("code", "/{code}/things", None),  # of which of the two?
        ("username", "/search", None),  # no place in the path: a text to search for
    ],
)
def test_a_path_names_a_unique_column_of_another_table(
    name: str, path: str, place: tuple[str, str] | None, tmp_path: Path
) -> None:
    def table(title: str, *unique: str) -> Table:
        columns = (Column("id", "INTEGER", primary=True), *(Column(c, "TEXT", unique=True) for c in unique))
        return Table(title, "", None, columns)

    tables = (table("user", "username", "code"), table("post", "code"), table("tier", "name"))
    found = Values(Imported("", (), tables=tables), databases(tmp_path), {}).column(name, path)
    assert (found and (found[0].name, found[1].name)) == place
