"""A handler loads what its siblings load, and leaves out the check that they make of it.

**What.** Other handlers compare the owner of the loaded object with the caller, or give the object to a function that
asserts that the caller may see it. This one loads it in the same way and does neither.

**Why it costs.** The id is enough to read, change or delete what belongs to somebody else.

**How it is found.** Handlers are compared by the call that loads the object from an id of the request. A comparison with
the caller counts among handlers of one file, where this one writes, or where the siblings also ask if the object is
public. A function that asserts counts in the whole project, where nearly all who load such an object call it.

**How to fix it.** The check of the siblings; better, one function that loads and checks.

**When it is no problem.** The route is for those who may see everything; one that compares a key of the request (`key`,
`x_secret`) is for another service and left alone.

**Sources.** https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/ ;
https://cwe.mitre.org/data/definitions/639.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.handling import Handling, Use
from strop.project.project import Project
from strop.project.route import Route
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule(
    "AUTH018", "check-left-out", "auth", "error", "The check that the siblings make is left out", static=True
)
_CHECKS = regex(
    r"^_?(assert|check|verify|require|ensure|authori[sz]e|enforce|validate)_?(can|rom|\w*(access|permission|visib|owner|member|allowed|may|auth|tenant|scope))"
)
_VISIBLE = frozenset(
    {"is_public", "visibility", "is_private", "private", "public", "is_shared", "shared", "is_published"}
)
_WHO = frozenset({"user", "current_user", "auth", "principal"})
_MOST, _FEWEST = 0.8, 5  # how many of those who load it must assert, and at least how many


class _Loading(Struct, frozen=True):
    """One handler that loads an object by an id of its request."""

    route: Route
    handling: Handling
    load: Use
    principals: frozenset[str]


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler."""
    protection = Protection.of(project)
    loadings = {(one.handling.function, one.load.last): one for one in _loadings(protection)}
    done: set[str] = set()
    for one, sibling, what in (*_uncompared(list(loadings.values())), *_unasserted(list(loadings.values()))):
        called = project.source.functions[one.handling.function].calls
        refused = any(
            c.target and protection.refuses(c.target) and re.split(r"[.:]", c.target)[-1] != one.load.last
            for c in called
        )
        if (
            one.handling.function not in done
            and not refused
            and not protection.is_keyed(one.handling.function)
            and not protection.is_for_operators(one.route.key)
        ):
            done.add(one.handling.function)
            yield _finding(project, one, sibling, what)


def _loadings(protection: Protection) -> Iterator[_Loading]:
    for route in protection.project.imported.routes:
        handling = protection.handling(route)
        if handling is None:
            continue
        own = {
            p.name for p in route.parameters if p.name == "id" or p.name.endswith(("_id", "_uuid", "_slug"))
        }
        principals = frozenset(protection.principals(route))
        for use in handling.uses:
            given = handling.bases(use.given)
            if own & given and not principals & given and use.last.startswith("get"):
                yield _Loading(route, handling, use, principals)


def _uncompared(loadings: list[_Loading]) -> Iterator[tuple[_Loading, _Loading, str]]:
    """Handlers of a file that load what a sibling compares with the caller."""
    groups: dict[tuple[str, str], list[_Loading]] = {}
    for one in loadings:
        groups.setdefault((one.handling.file, one.load.last), []).append(one)
    pairs = (
        (one, sibling)
        for group in groups.values()
        if len(group) > 1
        for sibling in filter(_is_compared, group)
        for one in group
    )
    for one, sibling in pairs:
        hidden = bool(_VISIBLE & sibling.handling.attributes)
        if one.handling.function == sibling.handling.function or _is_compared(one, _made_of(one)):
            continue
        if _goes_along(one):
            continue
        unseen = hidden and one.route.method == "GET" and not _VISIBLE & one.handling.attributes
        if unseen or one.route.method in ("PUT", "PATCH", "DELETE"):
            yield one, sibling, "compares its owner with the caller"


def _is_compared(one: _Loading, numbers: frozenset[str] = frozenset()) -> bool:
    """Whether the loaded object, or the id that it is loaded by, is compared with the caller; `numbers` are those of other
    calls whose results count as the object.
    """
    numbers |= {f"={one.load.number}"}
    ids = one.handling.bases(one.load.given)
    for left, right in one.handling.compares:
        for side, other in ((left, right), (right, left)):
            if {t.removeprefix("^") for t in side} & ids and _is_caller(one, other):
                return True
    for left, right in one.handling.compares:
        for side, other in ((left, right), (right, left)):
            if any(t.removeprefix("^").partition(".")[0] in numbers for t in side) and _is_caller(one, other):
                return True
    return False


def _made_of(one: _Loading) -> frozenset[str]:
    """The loaded object and what calls made of it: its parent, its root."""
    numbers = {f"={one.load.number}"}
    for use in sorted(one.handling.uses, key=lambda use: use.line):
        if {t.removeprefix("^").partition(".")[0] for t in use.given} & numbers:
            numbers.add(f"={use.number}")
    return frozenset(numbers)


def _is_caller(one: _Loading, tokens: frozenset[str]) -> bool:
    if one.principals & one.handling.bases(tokens):
        return True
    return any(
        len(parts) > 1 and parts[0] in ("request", "^request") and parts[1] in _WHO
        for parts in (t.split(".") for t in tokens)
    )


def _goes_along(one: _Loading) -> bool:
    """Whether the caller goes along with the object, or the handler asks about the caller in another way."""
    number = f"={one.load.number}"
    for use in one.handling.uses:
        if _CHECKS.search(use.last):
            return True
        tokens = frozenset(t for _, given in use.arguments for t in given)
        if any(t.removeprefix("^") == number for t in tokens) and _is_caller(one, tokens):
            return True
    return False


def _unasserted(loadings: list[_Loading]) -> Iterator[tuple[_Loading, _Loading, str]]:
    """Handlers that load what nearly all others assert something of."""
    asserted: dict[tuple[str, str], list[_Loading]] = {}
    everybody: dict[str, list[tuple[_Loading, set[str]]]] = {}
    for one in loadings:
        names = _asserts(one)
        everybody.setdefault(one.load.last, []).append((one, names))
        for name in names:
            asserted.setdefault((one.load.last, name), []).append(one)
    for (load, name), ones in sorted(asserted.items()):
        if len(ones) < _FEWEST or len(ones) < _MOST * len(everybody[load]):
            continue
        for one, names in everybody[load]:
            if name not in names and not any(_CHECKS.search(u.last) for u in one.handling.uses):
                yield one, ones[0], f"calls {name}"


def _asserts(one: _Loading) -> set[str]:
    """The functions that assert something of the loaded object."""
    number = f"={one.load.number}"
    return {
        use.last
        for use in one.handling.uses
        if _CHECKS.search(use.last)
        and any(t.removeprefix("^").partition(".")[0] == number for t in use.given)
    }


def _finding(project: Project, one: _Loading, sibling: _Loading, what: str) -> Finding:
    function = project.source.functions[one.handling.function]
    place = Span(one.handling.file, function.span.line, one.handling.symbol)
    span = Span(one.handling.file, one.load.line, one.handling.symbol)
    return draft(
        RULE,
        span,
        [r.key for r in project.imported.routes if r.name == one.route.name],
        message=f"{one.handling.symbol} loads with {one.load.last} and makes no check; {sibling.handling.symbol} {what}",
        impact="the id is enough to reach what belongs to somebody else",
        solution=f"make the check of {sibling.handling.symbol} here as well, best in one function that loads and checks",
        known="static",
        confidence=0.7,
        chain=(Step(one.route.key, place), Step(one.load.text, span)),
        facts={"load": one.load.last},
    )


_LISTS = """
from fastapi import Header

LISTS = {}


def current_user(authorization: str = Header()) -> str:
    return authorization


def get_list(list_id: int):
    return LISTS.get(list_id)


@app.put("/lists/{list_id}")
def rename(list_id: int, title: str, user: str = Depends(current_user)):
    found = get_list(list_id)
    if found.owner != user:
        raise HTTPException(403)
    found.title = title
    return found


"""
EXAMPLES = (
    Example(
        "deleted whoever it belongs to",
        plain(
            _LISTS
            + """
@app.delete("/lists/{list_id}")
def delete(list_id: int, user: str = Depends(current_user)):
    found = get_list(list_id)
    LISTS.pop(found.number)
    return {"by": user}
"""
        ),
        bad=True,
    ),
    Example(
        "deleted by its owner",
        plain(
            _LISTS
            + """
@app.delete("/lists/{list_id}")
def delete(list_id: int, user: str = Depends(current_user)):
    found = get_list(list_id)
    if found.owner != user:
        raise HTTPException(403)
    LISTS.pop(found.number)
    return {"by": user}
"""
        ),
        bad=False,
        mends="deleted whoever it belongs to",
    ),
    Example(
        "deleted by the owner of what it lies in",
        plain(
            _LISTS
            + """
def outermost(found):
    return LISTS.get(found.number, found)


@app.delete("/lists/{list_id}")
def delete(list_id: int, user: str = Depends(current_user)):
    found = get_list(list_id)
    whole = outermost(found)
    if whole.owner != user:
        raise HTTPException(403)
    LISTS.pop(whole.number)
    return {"by": user}
"""
        ),
        bad=False,
    ),
    Example(
        "read by everybody",
        plain(
            _LISTS
            + """
@app.get("/lists/{list_id}")
def read(list_id: int, user: str = Depends(current_user)):
    return get_list(list_id)
"""
        ),
        bad=False,
    ),
    Example(
        "another service calls it, with a key",
        plain(
            _LISTS
            + """
KEY = "from the settings"


@app.delete("/jobs/lists/{list_id}")
def delete(list_id: int, key: str = Header()):
    if key != KEY:
        return {"status": "refused"}
    found = get_list(list_id)
    LISTS.pop(found.number)
    return {"status": "gone"}
"""
        ),
        bad=False,
    ),
)
