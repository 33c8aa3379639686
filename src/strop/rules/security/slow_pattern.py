"""A text of the request is matched by a pattern that needs time without end.

**What.** A regular expression of the project's own in which a loop can go over the same text in two ways (`(\\w+\\s?)*$`,
`^([a-z0-9]+[-_]?)+$`) searches a query parameter, a field or a file name.

**Why it costs.** When the text fails at its end, `re` tries every way to divide it: twice as many for each letter. Forty
letters keep a core busy for hours, an `async def` holds the whole worker, and `re` holds the interpreter's lock, so
a thread pool is no help.

**How it is found.** The automaton of the pattern has two ways from a state back to itself over one word; a text that
repeats this word and ends with what cannot match is tried with three repetitions, and the finding shows it. What handlers, dependencies
and Pydantic's own validators get from a request is followed to the call. Not seen: patterns in `Field(pattern=...)`, which Pydantic 2
runs without backtracking.

**How to fix it.** Let the loop go over each text in one way: a separator that is not optional (`^\\w+(\\s\\w+)*$`),
a possessive loop (`(?>...)`, `++`, from Python 3.11), or a limit of the length before the search.

**When it is no problem.** A text that is short by then: a function that asks its `len` is left alone.

**Sources.** https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS ; Nicolaas Weideman and others,
"Analyzing Matching Time Behavior of Backtracking Regular Expression Matchers", CIAA 2016
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.backtracking import USES, slow_use
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.taint import tainted
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "SEC020",
    "slow-pattern",
    "security",
    "warning",
    "A pattern that a text can keep busy",
    static=True,
)
WORDS = USES
_VALIDATES = (
    "validates "  # how a chain says that what a request brings is validated, not what an answer takes along
)
_VALIDATORS = ("validator", "field_validator", "model_validator", "root_validator")


def notice(body: Body) -> Iterator[Mark]:
    """Searches with such a pattern, in functions that never ask how long the text is."""
    if "len" in body.words:
        return
    for call in body.calls(*USES):
        found = slow_use(body, call)
        if found is not None:
            validates = any(d.rpartition(".")[2] in _VALIDATORS for d in body.decorators())
            yield body.mark(
                RULE.code, call, text=body.brief(call, 90), attack=found.text, validates=validates
            )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each search that a request reaches."""
    given = {(t.function, t.span.line): t for t in tainted(project) if t.danger == "slow"}
    for mark in marks(project, RULE):
        one = given.get((mark.function, mark.span.line))
        ways = ways_to(project, mark.function)
        if one is not None:
            ways = [w for w in ways if w.route in one.routes]
        elif mark.fact("validates"):
            ways = [w for w in ways if any(s.text.startswith(_VALIDATES) for s in w.chain)]
        if one is None and not (mark.fact("validates") and ways):
            continue
        source = one.source if one is not None else "a field of the body"
        yield tell(
            RULE,
            mark,
            ways,
            message=f"{source} is searched by a pattern that {mark.fact('attack')} keeps busy for hours",
            impact="one request takes a core, and with re's lock the whole process, for as long as the client likes",
            solution="make the pattern go over each text in one way only, or refuse long texts before",
            confidence=0.9,
        )


_NAMES = """
import re

from pydantic import BaseModel, field_validator

"""

EXAMPLES = (
    Example(
        "words with an optional space",
        plain(
            _NAMES
            + r"""
WORDS = re.compile(r"^(\w+\s?)*$")


@app.get("/items")
def items(name: str):
    if not WORDS.match(name):
        raise HTTPException(400, "letters and spaces only")
    return [name]
"""
        ),
        bad=True,
    ),
    Example(
        "a validator of a body",
        plain(
            _NAMES
            + r"""
class Shop(BaseModel):
    address: str

    @field_validator("address")
    @classmethod
    def is_address(cls, value: str) -> str:
        if not re.fullmatch(r"([a-z0-9]+[-_.]?)+@shop\.example", value):
            raise ValueError("no address")
        return value


@app.post("/shops")
def open_shop(shop: Shop):
    return shop.address
"""
        ),
        bad=True,
    ),
    Example(
        "a validator of what only answers hold",
        plain(
            _NAMES
            + r"""
class Shop(BaseModel):
    address: str

    @field_validator("address")
    @classmethod
    def is_address(cls, value: str) -> str:
        if not re.fullmatch(r"([a-z0-9]+[-_.]?)+@shop\.example", value):
            raise ValueError("no address")
        return value


@app.get("/shops")
def shops() -> list[Shop]:
    return [Shop(address="one@shop.example")]
"""
        ),
    ),
    Example(
        "a space between two words",
        plain(
            _NAMES
            + r"""
WORDS = re.compile(r"^\w+(\s\w+)*$")


@app.get("/items")
def items(name: str):
    if not WORDS.match(name):
        raise HTTPException(400, "letters and spaces only")
    return [name]
"""
        ),
        mends="words with an optional space",
    ),
    Example(
        "a text that is short by then",
        plain(
            _NAMES
            + r"""
@app.get("/items")
def items(name: str):
    if len(name) > 20 or not re.match(r"^(\w+\s?)*$", name):
        raise HTTPException(400, "letters and spaces only")
    return [name]
"""
        ),
    ),
    Example(
        "a loop at the end that nothing follows, and a text of the code",
        plain(
            _NAMES
            + r"""
@app.get("/items")
def items(name: str):
    first = re.match(r"(\w+\s?)*", name)
    known = re.match(r"^(\w+\s?)*$", "all that there is")
    return [first is not None, known is not None]
"""
        ),
    ),
)
