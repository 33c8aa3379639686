"""A closed set of values is a free text in the model of a request.

**What.** `visibility: str = Field(description="Visibility (private, team, public)")`, or a validator that compares with a tuple.

**Why it costs.** Where the validator was forgotten, anything is stored; the schema tells clients nothing, and each model has its own copy of
the list.

**How it is found.** Text fields of request models whose description lists their values in parentheses or after "one of", or whose validator tests
membership in a literal set. One finding for each name of a field: a warning where three models or more repeat the list, or where another
model of the project has it as a `Literal` or enumeration's values already (one of them then takes what the other refuses); else a note.

**How to fix it.** `Literal["private", "team", "public"]` or an enumeration: the wire format stays, wrong values get 422.

**When it is no problem.** Values that grow without a release, that other systems define, or examples ("e.g.").

**Sources.** Pydantic, "Literals": https://docs.pydantic.dev/latest/api/standard_library_types/#literals
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell
from strop.rules.wording import listed

RULE = Rule(
    "SCH010", "enum-as-free-string", "schema", "note", "A closed set of values as free text", static=True
)
WORDS = ("str", "Literal")
KINDS = ("class",)
_LISTS = regex(
    r"(?:\(|:\s|\bone of:?\s|\beither\s)((?:['\"`]?[a-z][a-z0-9_-]*['\"`]?(?:,\s*(?:or\s+)?|\s+or\s+|\s*\|\s*)){1,7}['\"`]?[a-z][a-z0-9_-]*['\"`]?)(?:\)|\.|$)"
)
_EXAMPLES = regex(r"e\.g\.|for example|such as|etc|\.\.\.|like\b|i\.e\.|default")
_MANY = 3  # models: the list is copied from one to the next
_WORD = regex(r"[a-z][a-z0-9_-]*")


def notice(body: Body) -> Iterator[Mark]:
    """Text fields whose values are listed."""
    if body.owner is None or not any(b.startswith("pydantic") for b in body.bases(body.owner.name)):
        return
    checked = _checked(body)
    for field in body.of(ast.AnnAssign):
        if not isinstance(field.target, ast.Name):
            continue
        name = field.target.id
        closed = _literal(field.annotation)
        if closed:
            yield body.mark(RULE.code, field, kind="closed", field=name, values=",".join(sorted(closed)))
        if not _is_text(field.annotation):
            continue
        values = checked.get(name) or _described(field.value)
        if values:
            yield body.mark(RULE.code, field, field=name, values=",".join(values), owner=body.id)


def _is_text(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Name(id="str"):
            return True
        case ast.Subscript(value=ast.Name(id="Optional"), slice=ast.Name(id="str")):
            return True
        case ast.BinOp(left=ast.Name(id="str"), right=ast.Constant(value=None)):
            return True
    return False


def _literal(annotation: ast.expr) -> tuple[str, ...]:
    """The texts of a `Literal[...]` in an annotation."""
    for part in ast.walk(annotation):
        if isinstance(part, ast.Subscript) and last_name(part.value) == "Literal":
            given = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
            return tuple(e.value for e in given if isinstance(e, ast.Constant) and isinstance(e.value, str))
    return ()


def _described(value: ast.expr | None) -> tuple[str, ...]:
    """The values that a field's description lists."""
    if not isinstance(value, ast.Call):
        return ()
    text = next(
        (
            k.value.value
            for k in value.keywords
            if k.arg == "description" and isinstance(k.value, ast.Constant)
        ),
        "",
    )
    if (
        any(k.arg in ("pattern", "regex") for k in value.keywords)
        or not isinstance(text, str)
        or _EXAMPLES.search(text.lower())
    ):
        return ()
    found = _LISTS.search(text)
    words = tuple(w for w in _WORD.findall(found[1]) if w != "or") if found else ()
    quoted = found is not None and any(
        mark in found[1] for mark in "'`\""
    )  # "(key, value)" may be a pair of names
    return words if len(words) > (1 if quoted else 2) and text.count(",") >= len(words) - 2 else ()


def _checked(body: Body) -> dict[str, tuple[str, ...]]:
    """The values that validators of this class compare a field with."""
    found = {}
    for method in body.of(ast.FunctionDef):
        names = [
            a.value
            for d in method.decorator_list
            if isinstance(d, ast.Call) and last_name(d.func) in ("field_validator", "validator")
            for a in d.args
            if isinstance(a, ast.Constant) and isinstance(a.value, str)
        ]
        values = _compared(method) if names else ()
        found.update(dict.fromkeys(names, values))
    return {name: values for name, values in found.items() if values}


def _compared(method: ast.FunctionDef) -> tuple[str, ...]:
    given = method.args.args[1].arg if len(method.args.args) > 1 else ""
    sets = {
        n.targets[0].id: n.value
        for n in ast.walk(method)
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    }
    for test in ast.walk(method):
        match test:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.NotIn()], comparators=[over]) if name == given:
                over = sets.get(over.id, over) if isinstance(over, ast.Name) else over
                if isinstance(over, ast.Set | ast.Tuple | ast.List):
                    values = tuple(
                        str(e.value)
                        for e in over.elts
                        if isinstance(e, ast.Constant) and isinstance(e.value, str)
                    )
                    return values if len(values) == len(over.elts) else ()
    return ()


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each name of a field that a request's model has."""
    sent = {p.model for route in project.imported.routes for p in route.parameters if p.model}
    sent |= {
        base for name in sent if name in project.source.classes for base in project.source.classes[name].bases
    }
    routes = defaultdict(set)
    for route in project.imported.routes:
        for parameter in route.parameters:
            routes[parameter.model].add(route.key)
    closed = {(m.fact("field"), m.fact("values")): m for m in marks(project, RULE, "closed")}
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks(project, RULE):
        if mark.fact("owner") in sent:
            found[mark.fact("field")].append(mark)
    for field, here in found.items():
        owners = list(dict.fromkeys(m.span.symbol for m in here))
        values = here[0].fact("values").split(",")
        typed = closed.get((field, ",".join(sorted(values))))
        beside = f"; {typed.span.symbol} has them as a Literal" if typed is not None else ""
        yield tell(
            RULE,
            here[0],
            (),
            message=f"{field} is a free text with {len(values)} values ({listed(values)}) in {listed(owners)}{beside}",
            impact="where no validator looks, anything is stored; the schema tells clients nothing",
            solution=f"Literal[{', '.join(repr(v) for v in values[:4])}{', ...' if len(values) > 4 else ''}] or an enumeration",
            confidence=0.7,
            severity="warning" if len(owners) >= _MANY or typed is not None else None,
            places=[m.span for m in here[1:]],
            field=field,
        )


_MODEL = """
from typing import Literal

from pydantic import BaseModel, Field


class Room(BaseModel):
    name: str = Field(description="Name (short, without spaces)", max_length=20)
    visibility: {type} = Field(description="Who sees it (private, team, public)")
    color: str = Field("red", description="Color, e.g. red, green")


@app.post("/rooms")
def add_room(room: Room):
    return room
"""

_IMPORTS = "from pydantic import BaseModel, Field"
_COPY = """
class {name}(BaseModel):
    visibility: str = Field(description="Who sees it (private, team, public)")


@app.post("/{name}")
def add_{name}(given: {name}):
    return given
"""

EXAMPLES = (
    Example("listed in the description: a note", plain(_MODEL.format(type="str")), bad=True),
    Example(
        "a literal",
        plain(_MODEL.format(type='Literal["private", "team", "public"]')),
        mends="listed in the description: a note",
    ),
    Example(
        "three models with a copy of the list",
        plain("\n\n".join((_IMPORTS, *(_COPY.format(name=name) for name in ("Room", "House", "Garden"))))),
        bad=True,
    ),
    Example(
        "a literal in one model, a text in another",
        plain(
            _MODEL.format(type="str")
            + """

class RoomChange(BaseModel):
    visibility: Literal["private", "team", "public"]


@app.put("/rooms")
def change_room(change: RoomChange):
    return change
"""
        ),
        bad=True,
    ),
    Example(
        "an answer's model",
        plain("""
from pydantic import BaseModel, Field


class Room(BaseModel):
    visibility: str = Field(description="Who sees it (private, team, public)")


@app.get("/rooms", response_model=Room)
def read_room():
    return {"visibility": "team"}
"""),
    ),
    Example(
        "a pair of names",
        plain("""
from pydantic import BaseModel, Field


class Tag(BaseModel):
    key: str
    color: str = Field(description="Color of this (key, value)")


@app.post("/tags")
def create_tag(tag: Tag):
    return tag
"""),
    ),
)
