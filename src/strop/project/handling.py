"""What does a handler do with the values that its route gives it, and which functions refuse?

Noted for functions that a decorator registers or that ask for dependencies: every call with the parameters that its
arguments are built from (ids and principals too, see `origins`), and every comparison. Refusing is noted for all.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

from msgspec import Struct

from strop.project.body import Body, Noticer
from strop.project.mark import Mark
from strop.project.origins import Origins
from strop.project.spelling import last_name
from strop.regex import regex

CODE = "HANDLING"
REFUSING = "REFUSING"
OPTIONAL = "OPTIONAL"  # of functions that say they may give nothing
_TAB, _LINE = "\t", "\n"
_REFUSALS = regex(
    r"unauth|forbid|notauth|authenticat|authoriz|permission|notpermitted|accessdenied|access_denied|denied|credential|notallowed|tokenerror|invalidtoken|invalid_token|unverified|scope|401|403",
    re.IGNORECASE,
)
_MAY_BE_NONE = regex(r"^(typing\.)?Optional\[|\|\s*None$|^None\s*\|")
_KEY = regex(r"(^|_)(key|secret|token|signature)$", re.IGNORECASE)
_SETTING = regex(r"\b[A-Z][A-Z0-9_]{3,}\b|settings|config|environ|disabled|enabled")
_OPERATOR = regex(
    r"^(is_?)?(super_?)?(admin|administrator|superuser|super_user|staff|operator)$", re.IGNORECASE
)
_CODES = (401, 403, 1008, 4001, 4003, 4401, 4403)


class Use(Struct, frozen=True):
    """One call in a handler: its arguments by place, with the parameters that they are built from."""

    number: int
    line: int
    end_line: int
    name: str  # dotted, "" where it can't be told
    last: str  # as written
    text: str
    arguments: tuple[tuple[str, frozenset[str]], ...]

    @property
    def given(self) -> frozenset[str]:
        """Everything that the arguments are built from, the receiver left out."""
        return frozenset(t for place, tokens in self.arguments if place != "." for t in tokens)


class Handling(Struct, frozen=True):
    """What one handler does with its parameters."""

    function: str
    file: str
    symbol: str
    uses: tuple[Use, ...]
    compares: tuple[tuple[frozenset[str], frozenset[str]], ...]
    used: frozenset[str]  # the parameters that the body mentions
    attributes: frozenset[str]  # the attributes that it reads
    parameters: frozenset[str]  # all of its own

    @classmethod
    def of(cls, mark: Mark) -> Handling:
        """Read what was noted."""
        facts = dict(mark.facts)
        compares = (line.split(_TAB) for line in facts.get("compares", "").split(_LINE) if line)
        return cls(
            mark.function,
            mark.span.file,
            mark.span.symbol,
            tuple(_use(line) for line in facts.get("uses", "").split(_LINE) if line),
            tuple((_tokens(left), _tokens(right)) for left, right in compares),
            _tokens(facts.get("used", "")),
            _tokens(facts.get("attributes", "")),
            _tokens(facts.get("parameters", "")),
        )

    def bases(self, tokens: frozenset[str]) -> frozenset[str]:
        """The parameters behind some origins, through the results of calls: "=3" is what its arguments are."""
        heads = {t.removeprefix("^").partition(".")[0] for t in tokens}
        waiting, seen = list(heads), set(heads)
        while waiting:
            head = waiting.pop()
            for use in self.uses if head.startswith("=") else ():
                if use.number == int(head[1:]):
                    below = {
                        t.removeprefix("^").partition(".")[0] for _, given in use.arguments for t in given
                    }
                    waiting.extend(below - seen)
                    seen |= below
        return frozenset(head for head in seen if not head.startswith("="))


def notice(body: Body) -> Iterator[Mark]:
    """The mark of a handler or dependency, and of a function that refuses."""
    assert not isinstance(body.node, ast.Module | ast.ClassDef)
    refusals = list(_refusals(body))
    refusal = next((r for r in refusals if _wants_operator(body, r)), next(iter(refusals), None))
    keyed = None if refusal is not None else next(_keyed(body), None)
    if refusal is not None:
        yield body.mark(REFUSING, refusal, operators=_wants_operator(body, refusal))
    elif keyed is not None:
        yield body.mark(REFUSING, keyed, keyed="yes")
    if _may_give_nothing(body) and (
        refusal is None or any(_gives_nothing(body, r) for r in body.of(ast.Return))
    ):
        yield body.mark(OPTIONAL, body.node)
    if not body.node.decorator_list and not any("Depends" in ast.dump(d) for d in body.node.args.defaults):
        return
    own = frozenset(
        a.arg for a in (*body.node.args.posonlyargs, *body.node.args.args, *body.node.args.kwonlyargs)
    )
    if not own - {"self", "cls"}:
        return
    origins = Origins(body, whole=True)
    uses = _LINE.join(_uses(body, origins))
    compares = _LINE.join(_compares(body, origins))
    used = {
        n.id for n in body.of(ast.Name) if n.id in own and isinstance(n.ctx, ast.Load) and _in_body(body, n)
    }
    attributes = {a.attr for a in body.of(ast.Attribute)}
    facts = {"used": used, "attributes": attributes, "parameters": own}
    yield body.mark(
        CODE, body.node, uses=uses, compares=compares, **{k: ",".join(sorted(v)) for k, v in facts.items()}
    )


NOTICER = Noticer(CODE, notice)


def _may_give_nothing(body: Body) -> bool:
    """Whether a function says that its result may be None."""
    said = getattr(body.node, "returns", None)
    return said is not None and bool(_MAY_BE_NONE.search(ast.unparse(said)))


def _gives_nothing(body: Body, node: ast.Return) -> bool:
    """Whether None is returned, and not because a setting says that nobody is to be asked."""
    if not (node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)):
        return False
    tests = (ast.unparse(each.test) for each in body.around(node) if isinstance(each, ast.If))
    return not any(_SETTING.search(test) for test in tests)


def _in_body(body: Body, name: ast.Name) -> bool:
    """Not in a decorator or default."""
    assert not isinstance(body.node, ast.Module)
    return name.lineno >= body.node.body[0].lineno


def _uses(body: Body, origins: Origins) -> Iterator[str]:
    calls = sorted(body.of(ast.Call), key=lambda c: (c.end_lineno or 0, c.end_col_offset or 0))
    for call in calls:
        if not _runs(body, call):
            continue
        arguments = list(_arguments(call, origins))
        number = str(origins.number(call))
        func = call.func
        last = last_name(func)
        text = body.text(call).replace(_TAB, " ")[:90]
        place = (number, str(call.lineno), str(call.end_lineno or call.lineno))
        yield _TAB.join((*place, body.name(func), last, text, *arguments))


def _runs(body: Body, call: ast.Call) -> bool:
    assert not isinstance(body.node, ast.Module)
    return call.lineno >= body.node.body[0].lineno


def _arguments(call: ast.Call, origins: Origins) -> Iterator[str]:
    parts = [(str(place), arg) for place, arg in enumerate(call.args)]
    parts += [(k.arg or "**", k.value) for k in call.keywords]
    if isinstance(call.func, ast.Attribute):
        parts.append((".", call.func.value))
    for place, arg in parts:
        tokens = origins.of(arg)
        if tokens:
            yield f"{place}:{','.join(sorted(tokens))}"


def _compares(body: Body, origins: Origins) -> Iterator[str]:
    for compare in body.of(ast.Compare):
        sides = [origins.of(side) for side in (compare.left, *compare.comparators)]
        for left, right in itertools.pairwise(sides):
            if left and right:
                yield f"{','.join(sorted(left))}{_TAB}{','.join(sorted(right))}"


def _refusals(body: Body) -> Iterator[ast.AST]:
    """Where a function raises or answers that somebody must not."""
    for each in body.of(ast.Raise):
        if each.exc is not None and _is_refusal(each.exc):
            yield each
    for call in body.calls("JSONResponse", "Response", "PlainTextResponse", "close", "ORJSONResponse"):
        given = [*call.args, *(k.value for k in call.keywords)]
        if any(_says_code(g) for g in given):
            yield call


def _wants_operator(body: Body, refusal: ast.AST) -> bool:
    """Whether who is no administrator is refused, unless a setting lets all in: `if not user.admin: raise`."""
    around = next((each for each in body.around(refusal) if isinstance(each, ast.If)), None)
    if around is None or body.parent(around) is not body.node or around.orelse:
        return False
    both = isinstance(around.test, ast.BoolOp) and isinstance(around.test.op, ast.And)
    parts = around.test.values if both and isinstance(around.test, ast.BoolOp) else [around.test]
    asked = [part for part in parts if _denies_operator(part)]
    return bool(asked) and all(part in asked or _SETTING.search(ast.unparse(part)) for part in parts)


def _denies_operator(part: ast.expr) -> bool:
    match part:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Attribute(attr=name)):
            return bool(_OPERATOR.search(name))
    return False


def _keyed(body: Body) -> Iterator[ast.AST]:
    """Where a function answers at once whoever brings another key than the one that it knows: `if key != settings.key: return`."""
    assert not isinstance(body.node, ast.Module | ast.ClassDef)
    own = {a.arg for a in (*body.node.args.args, *body.node.args.kwonlyargs)}
    for branch in body.of(ast.If):
        match branch.test:
            case ast.Compare(
                left=ast.Name(id=name), ops=[ast.NotEq()], comparators=[ast.Name() | ast.Attribute()]
            ):
                leaves = isinstance(branch.body[-1], ast.Return | ast.Raise)
                if name in own and _KEY.search(name) and leaves:
                    yield branch


def _is_refusal(exc: ast.expr) -> bool:
    func = exc.func if isinstance(exc, ast.Call) else exc
    name = last_name(func)
    if _REFUSALS.search(name):
        return True
    given = [*exc.args, *(k.value for k in exc.keywords)] if isinstance(exc, ast.Call) else []
    return any(_says_code(g) for g in given)


def _says_code(expr: ast.expr) -> bool:
    match expr:
        case ast.Constant(value=int(code)):
            return code in _CODES
        case ast.Attribute(attr=name):
            return bool(_REFUSALS.search(name)) or "POLICY_VIOLATION" in name
    return False


def _use(line: str) -> Use:
    number, start, end, name, last, text, *arguments = line.split(_TAB)
    pairs = (a.partition(":") for a in arguments)
    return Use(
        int(number), int(start), int(end), name, last, text, tuple((p, _tokens(t)) for p, _, t in pairs)
    )


def _tokens(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(",")))
