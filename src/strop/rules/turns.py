"""How often does a loop turn? What its text says about it, and what it repeats through any number of calls."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from strop.project.body import Body
from strop.project.branches import Needs, lift, needs
from strop.project.function import Call, Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules.rounds import (
    asks_each_table,
    full_batches,
    left_behind,
    looks_for_one,
    of_one_object,
    rare_blocks,
)
from strop.span import Span, Step

WORDS = frozenset({"for", "while"})
DEEPEST = 4  # calls between a loop and what it repeats; what lies deeper is too often behind a condition
_LITERALS = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Constant)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BATCHES = ("batch", "chunk", "partition", "page", "slice")
_WRAPPERS = ("enumerate", "sorted", "reversed", "list", "tuple", "set", "zip", "tqdm", "iter")
_FIELDS = ("model_dump", "dict", "model_fields", "__fields__", "model_fields_set", "__table__", "columns")
_LEFT_OUT = {"DB007": ("commit=False", "autocommit=False")}  # arguments that keep the work away from a call
_RETRIES = ("attempt", "retry", "retries", "tries", "_")


def finite(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for each loop whose turns don't follow the data: written in the source, batches, another try."""
    loops: list[ast.For | ast.AsyncFor] = [*body.of(ast.For), *body.of(ast.AsyncFor)]
    for loop in loops:
        why = _why(body, loop.iter, loop.target)
        if (
            why
            or _leaves_at_once(loop)
            or _goes_over_keywords(body, loop.iter)
            or asks_each_table(body, loop)
        ):
            yield body.mark(rule, loop, kind="finite", why=why or "leaves, or another table each turn")
            continue
        if why := _little(body, loop):
            yield body.mark(rule, loop, kind="little", why=why)
        for block in (*left_behind(loop.body), *full_batches(loop.body)):
            yield _mark_block(body, rule, block, "once")
        for block in rare_blocks(loop.body):
            yield _mark_block(body, rule, block, "rare")
    for waiting in body.of(ast.While):
        yield body.mark(rule, waiting, kind="finite", why="while")
    for inner in body.of(*_COMPREHENSIONS):
        generator = inner.generators[-1]  # type: ignore[attr-defined]  # all of them have generators
        why = _why(body, generator.iter, generator.target)
        if why:
            yield body.mark(rule, inner, kind="finite", why=why)
        elif why := of_one_object(body, generator.iter):
            yield body.mark(rule, inner, kind="little", why=why)


def _mark_block(body: Body, rule: str, block: list[ast.stmt], kind: str) -> Mark:
    last = block[-1]
    return body.mark(rule, block[0], kind=kind, last=last.end_lineno or last.lineno)


def _little(body: Body, loop: ast.For | ast.AsyncFor) -> str:
    """Why a loop that follows the data most often turns a few times; "" where nothing says so."""
    return of_one_object(body, loop.iter) or ("looks for one" if looks_for_one(loop.body) else "")


def _why(body: Body, over: ast.expr, target: ast.expr) -> str:
    """Why a loop has few turns, or takes many rows a turn; "" where its turns follow the data."""
    if isinstance(target, ast.Name) and target.id in _RETRIES and "range" in ast.unparse(over):
        return "tries again"
    names = {n.id.lower() for n in ast.walk(target) if isinstance(n, ast.Name)}
    if any(word in name for name in names for word in _BATCHES):
        return "batches"
    return _few(body, over, 4)


def _few(body: Body, over: ast.expr, depth: int) -> str:
    over = _value(body, over) if isinstance(over, ast.Name) else over
    if isinstance(over, ast.Await):
        over = over.value
    if isinstance(over, ast.Call) and any(_is_batching(inner) for inner in ast.walk(over)):
        return "batches"
    match over:
        case ast.Name(id=name) if name.isupper():
            return "a constant"
        case ast.Attribute(attr=name) if name.isupper() or name in _FIELDS or name == "sorted_tables":
            return "written in the source"
        case ast.Subscript(slice=ast.Slice(upper=ast.Constant(value=int() as most))) if most <= 10:
            return "a few"
        case ast.Call(func=ast.Name(id="range"), args=given):
            if len(given) == 3:
                return "batches"
            return "written in the source" if all(body.constant(a) is not None for a in given) else ""
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _WRAPPERS and depth:
            return _few(body, first, depth - 1)
        case ast.Call(func=ast.Attribute(attr="items" | "keys" | "values", value=inner)) if depth:
            return _few(body, inner, depth - 1)
        case ast.Call(func=ast.Attribute(attr=name)) if name in _FIELDS:
            return "fields"
        case ast.Call(func=ast.Attribute(attr="split"), args=[ast.Constant(value="/" | "."), *_]):
            return "the parts of one name"
        case ast.BinOp(left=left, op=ast.Add(), right=right) if depth:
            return _few(body, left, depth - 1) and _few(body, right, depth - 1)
    if isinstance(over, _LITERALS):
        return "" if _is_filled(over) else "written in the source"
    if isinstance(over, ast.Name | ast.Attribute):
        return _enumeration(body, over)
    return ""


def _is_filled(literal: ast.expr) -> bool:
    """Whether a literal has other values than those in the source: starred ones, or all (it begins empty)."""
    match literal:
        case ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
    return any(isinstance(n, ast.Starred) for n in ast.walk(literal))


def _value(body: Body, name: ast.Name) -> ast.expr:
    """What a name stands for, in the module that it is imported from too."""
    found = body.bindings(name)
    if len(found) == 1 and found[0].how == "import":
        home, rest = body.types.names.split(found[0].target)
        given = body.types.names.member(home.name, rest[0])[0] if len(rest) == 1 else []
        if len(given) == 1 and given[0].how == "value" and isinstance(given[0].expr, _LITERALS):
            return given[0].expr
    return body.value(name)


def _is_batching(node: ast.AST) -> bool:
    last = last_name(node.func).lower() if isinstance(node, ast.Call) else ""
    return any(word in last for word in _BATCHES)


def _enumeration(body: Body, over: ast.expr) -> str:
    ref = body.ref(over)
    known = ref is not None and ref.kind == "class" and ref.name in body.types.found.classes
    is_enum = known and ref is not None and any("enum." in base.lower() for base in body.bases(ref.name))
    return "an enumeration" if is_enum else ""


def _goes_over_keywords(body: Body, over: ast.expr) -> bool:
    """Whether a loop goes over what the function was given by name: `for name, value in kwargs.items()`."""
    named = body.node.args.kwarg if isinstance(body.node, ast.FunctionDef | ast.AsyncFunctionDef) else None
    match over:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
            return named is not None and named.arg == name
    return False


def _leaves_at_once(loop: ast.For | ast.AsyncFor) -> bool:
    """Whether the first turn is the last: it ends in `return` or `break`, whatever it found."""
    return isinstance(loop.body[-1], ast.Return | ast.Break)


class Repeat(Struct, frozen=True):
    """A loop, the call in it, and the calls from there to what it repeats."""

    function: Function  # that has the loop
    call: Call  # in the loop
    path: tuple[Step, ...]  # from that call to what is repeated
    last: Call  # what is repeated
    little: str = ""  # why the loop most often turns a few times

    @property
    def loop(self) -> Span:
        """Where the loop begins."""
        return Span(self.function.span.file, self.call.loop, self.function.span.symbol)


def repeats(
    project: Project, rule: str, wanted: Callable[[Call], bool], words: Sequence[str]
) -> Iterator[Repeat]:
    """Each loop that repeats such a call, directly or through functions of the project: once, the shortest way.

    `rule` is the code under which finite loops were noted; functions with such a call do what `words` say.
    """
    few = {
        (m.span.file, m.span.line) for m in project.source.marks.get(rule, ()) if m.fact("kind") == "finite"
    }
    little = {
        (m.span.file, m.span.line): m.fact("why")
        for m in project.source.marks.get(rule, ())
        if m.fact("kind") == "little"
    }
    once, rare = _blocks(project, rule, "once"), _blocks(project, rule, "rare")
    told: set[tuple[str, int]] = set()
    waiting: deque[tuple[str, Needs, tuple[Step, ...], Call]] = deque()
    seen: set[tuple[str, Needs]] = set()
    for function in project.source.functions.doing(*words):
        direct = [c for c in function.calls if not c.once and not c.background and wanted(c)]
        for call in direct:
            if call.loop:
                if _stands_in(once, function, call):
                    continue
                if (function.span.file, call.loop) not in few and (function.id, call.loop) not in told:
                    told.add((function.id, call.loop))
                    why = little.get((function.span.file, call.loop), "")
                    why = why or ("rare" if _stands_in(rare, function, call) else "")
                    yield Repeat(function, call, (Step(call.text, call.span),), call, why)
            elif (at := (function.id, needs(call))) not in seen:
                seen.add(at)
                waiting.append((*at, (Step(call.text, call.span),), call))
    while waiting:
        target, wanted_there, path, last = waiting.popleft()
        if len(path) > DEEPEST:
            continue
        for caller, call in _callers(project, target):
            given = lift(wanted_there, call)
            if given is None or any(word in call.text for word in _LEFT_OUT.get(rule, ())):
                continue
            there = (Step(call.text, call.span), *path)
            if call.loop:
                if _stands_in(once, caller, call):
                    continue
                if (caller.span.file, call.loop) not in few and (caller.id, call.loop) not in told:
                    told.add((caller.id, call.loop))
                    why = little.get((caller.span.file, call.loop), "")
                    why = why or ("rare" if _stands_in(rare, caller, call) else "")
                    yield Repeat(caller, call, there, last, why)
            elif (caller.id, given) not in seen:
                seen.add((caller.id, given))
                waiting.append((caller.id, given, there, last))


def _blocks(project: Project, rule: str, kind: str) -> dict[str, list[range]]:
    """The lines of noted blocks, by function."""
    found: dict[str, list[range]] = {}
    for mark in project.source.marks.get(rule, ()):
        if mark.fact("kind") == kind:
            found.setdefault(mark.function, []).append(range(mark.span.line, int(mark.fact("last")) + 1))
    return found


def _stands_in(blocks: dict[str, list[range]], function: Function, call: Call) -> bool:
    return any(call.span.line in lines for lines in blocks.get(function.id, ()))


def _callers(project: Project, called: str) -> Iterator[tuple[Function, Call]]:
    """Who calls a function, where the call does its work there and then."""
    target = project.source.functions.get(called)
    if target is None or target.memoised or (target.is_generator and not _is_context(target)):
        return  # the body of a generator runs turn by turn: what it asks, it asks for all
    for function, call in project.source.functions.callers(called):
        if not (call.once or call.background or function is target):
            yield function, call


def _is_context(function: Function) -> bool:
    return any("contextmanager" in name for name in function.decorators)
