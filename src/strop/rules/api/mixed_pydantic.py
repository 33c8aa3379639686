"""Pydantic's old interface is used beside the new one.

**What.** `@validator`, `.dict()`, `parse_obj`, `from_orm` or `class Config` in a project that has moved to Pydantic 2.

**Why it costs.** Each of them warns at run time and goes away with Pydantic 3. Some mean something else by now: `@validator(always=True)`,
`each_item`, `orm_mode`, `Optional` without a default.

**How it is found.** Imports from pydantic and methods of models, by their types, in a project that uses the new ones (`field_validator`,
`model_validate`, `ConfigDict`, `model_dump`). One finding for the project, at the first place.

**How to fix it.** `bump-pydantic`, and a look at what it could not change.

**When it is no problem.** `pydantic.v1` on purpose, for a library that wants it.

**Sources.** Pydantic, "Migration Guide": https://docs.pydantic.dev/latest/migration/
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell
from strop.rules.wording import listed

RULE = Rule(
    "API015", "mixed-pydantic", "api", "note", "Pydantic's old interface beside the new one", static=True
)
KINDS = ("module", "function")
_METHODS = frozenset(
    {"dict", "json", "parse_obj", "parse_raw", "from_orm", "construct", "update_forward_refs", "schema_json"}
)
_OLD = frozenset({"validator", "root_validator"})
_NEW = frozenset(
    {
        "field_validator",
        "model_validator",
        "ConfigDict",
        "TypeAdapter",
        "RootModel",
        "computed_field",
        "field_serializer",
    }
)
WORDS = (*_METHODS, *_OLD, *_NEW)


def notice(body: Body) -> Iterator[Mark]:
    """Old and new names of Pydantic."""
    if body.kind == "module":
        for statement in body.of(ast.ImportFrom):
            names = {alias.name for alias in statement.names} if statement.module == "pydantic" else set()
            if names & _NEW:
                yield body.mark(RULE.code, statement, kind="new")
            for name in sorted(names & _OLD):
                yield body.mark(
                    RULE.code, statement, kind="old", what=f"@{name}", text=body.brief(statement, 90)
                )
        return
    for call in body.calls(*_METHODS):
        func = call.func
        if not isinstance(func, ast.Attribute) or func.attr not in _METHODS:
            continue
        ref = body.ref(func.value)
        name = ref.name if ref is not None and ref.kind in ("instance", "class") else ""
        own = name in body.types.found.classes and body.types.members.function(name, func.attr) is None
        if own and any(b.startswith("pydantic.") and ".v1" not in b for b in body.bases(name)):
            yield body.mark(RULE.code, call, kind="old", what=f".{func.attr}()", text=body.brief(call, 90))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the project."""
    old = list(marks(project, RULE, "old"))
    if not old or not any(marks(project, RULE, "new")):
        return
    counted = Counter(mark.fact("what") for mark in old)
    kinds = [f"{what} ({count})" for what, count in counted.most_common()]
    yield tell(
        RULE,
        old[0],
        (),
        message=f"Pydantic's old interface in {len({m.span.file for m in old})} files: {listed(kinds, 5)}",
        impact="each warns at run time and goes with Pydantic 3; some mean something else by now",
        solution="bump-pydantic, and a look at what it could not change",
        confidence=0.85,
    )


_MODEL = """
from pydantic import BaseModel, field_validator


class Word(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def is_short(cls, value: str) -> str:
        return value[:20]


@app.post("/words")
def add_word(word: Word):
    return word.{dump}()
"""

EXAMPLES = (
    Example("dict beside field_validator", plain(_MODEL.format(dump="dict")), bad=True),
    Example("model_dump", plain(_MODEL.format(dump="model_dump")), mends="dict beside field_validator"),
    Example(
        "a project on Pydantic 1, and a dict of its own",
        plain("""
from pydantic import BaseModel, validator


class Word(BaseModel):
    name: str

    @validator("name")
    def is_short(cls, value):
        return value[:20]


@app.post("/words")
def add_word(word: Word):
    return word.dict()
"""),
    ),
)
