"""A validator checks a value and forgets to return it.

**What.** `@field_validator("name")` whose function raises for bad values and ends without `return`.

**Why it costs.** What a validator returns becomes the value: every good value is None from then on, and is stored so.

**How it is found.** Functions with a Pydantic validator's decorator of which some way to the end has no return with a value.

**How to fix it.** `return value` (of a model validator with mode "after": `return self`).

**When it is no problem.** A validator that always raises. Where the last branch gives a value back and the others end without, None may be meant for
them: a note, unless the annotation says that there is always a value.

**Sources.** Pydantic, "Validators": https://docs.pydantic.dev/latest/concepts/validators/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "SCH017", "validator-returns-nothing", "schema", "error", "A validator that returns nothing", static=True
)
_VALIDATORS = frozenset({"field_validator", "model_validator", "validator", "root_validator"})
WORDS = tuple(sorted(_VALIDATORS))


def notice(body: Body) -> Iterator[Mark]:
    """Validators that may end without a value."""
    node = body.node
    if not isinstance(node, ast.FunctionDef) or any(True for _ in body.of(ast.Yield)):
        return
    named = [d.func for d in node.decorator_list if isinstance(d, ast.Call)]
    if not any(
        body.name(f).startswith("pydantic") and body.name(f).rpartition(".")[2] in _VALIDATORS for f in named
    ):
        return
    if not _always_ends(node.body):
        yield body.mark(
            RULE.code,
            node.body[-1],
            text=body.brief(node.body[-1], 90),
            some=_gives(body),
            meant=_may_mean_none(node),
        )


def _gives(body: Body) -> bool:
    """Whether it returns a value at least somewhere: then None may be meant for the rest."""
    return any(returned.value is not None for returned in body.of(ast.Return))


def _may_mean_none(node: ast.FunctionDef) -> bool:
    """Whether the last branch gives something back, and no annotation says that None is no answer."""
    last = node.body[-1]
    gives = isinstance(last, ast.If | ast.Match | ast.Try) and any(
        isinstance(inner, ast.Return) and inner.value is not None for inner in ast.walk(last)
    )
    promised = ast.unparse(node.returns) if node.returns is not None else "Any"
    return gives and any(word in promised for word in ("None", "Optional", "Any", "object"))


def _always_ends(statements: list[ast.stmt]) -> bool:
    """Whether every way through these statements ends with a value or an exception."""
    return any(map(_ends, statements))


def _ends(statement: ast.stmt) -> bool:
    match statement:
        case ast.Return(value=value):
            return value is not None
        case ast.Raise():
            return True
        case ast.If(body=body, orelse=orelse):
            return _always_ends(body) and _always_ends(orelse)
        case ast.With(body=body):
            return _always_ends(body)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            through = _always_ends(body) or _always_ends(orelse)
            return _always_ends(finalbody) or (through and all(_always_ends(h.body) for h in handlers))
        case ast.Match(cases=cases):
            last = cases[-1].pattern
            whole = isinstance(last, ast.MatchAs) and last.pattern is None and cases[-1].guard is None
            return whole and all(_always_ends(c.body) for c in cases)
        case ast.While(test=ast.Constant(value=True)):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            return True
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each validator."""
    for mark in marks(project, RULE):
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"the validator {mark.span.symbol} may end without returning the value",
            impact="a good value becomes None",
            solution="return the value at the end (return self in mode after)",
            confidence=0.7 if mark.fact("some") else 0.95,
            severity="note" if mark.fact("meant") else None,
        )


_MODEL = """
from pydantic import BaseModel, field_validator


class Word(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def is_short(cls, value: str) -> str:
        if len(value) > 20:
            raise ValueError("too long")
        {end}


@app.post("/words")
def add_word(word: Word):
    return word
"""

EXAMPLES = (
    Example("only the check", plain(_MODEL.format(end="print(value)")), bad=True),
    Example("the value too", plain(_MODEL.format(end="return value")), mends="only the check"),
    Example(
        "every branch returns",
        plain(
            _MODEL.format(
                end="if value:\n            return value\n        else:\n            raise ValueError(value)"
            )
        ),
    ),
    Example(
        "what is neither is None, perhaps on purpose: a note",
        plain(
            _MODEL.replace("def is_short(cls, value: str) -> str:", "def is_short(cls, value):").format(
                end="if isinstance(value, str):\n            return value.strip()"
            )
        ),
        bad=True,
    ),
    Example(
        "a branch that gives nothing back where a text is promised",
        plain(_MODEL.format(end="if isinstance(value, str):\n            return value.strip()")),
        bad=True,
    ),
)
