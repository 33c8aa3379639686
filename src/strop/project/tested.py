"""Which values does a body look at before it uses them, or give to a function that is there to refuse them?

What is compared with a list, matched against a pattern or resolved below a folder can do no harm any more. Where in the
body that happens is not asked: who tests a value somewhere knows that it comes from outside.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.origins import Origins, Tokens, bare
from strop.project.spelling import last_name
from strop.regex import regex

_HOSTS = frozenset({"hostname", "netloc"})
_GUARDS = regex(
    r"^_*(a?)(validate|check|ensure|assert|verify|sanit|is_safe|is_valid|is_allowed|is_local|is_private|is_public|secure_|safe_join|normali[sz]e|clean|guard|reject|require|allowed|restrict)"
    r"|_(allowed|valid|safe|validated)$"
)  # the name of a function that refuses what it is given, or makes it harmless
_REFUSES = frozenset({
    "is_relative_to", "relative_to", "commonpath", "commonprefix", "ip_address", "ip_network", "getaddrinfo",
    "gethostbyname",
})  # fmt: skip
_TESTS = frozenset({"isalnum", "isdigit", "isdecimal", "isidentifier", "isnumeric", "isalpha"})


def tested(body: Body, origins: Origins) -> Tokens:
    """What this body tests before it is used, or gives to a function that is there to refuse it."""
    found: set[str] = set()
    for compare in body.of(ast.Compare):
        found.update(_compared(compare, body, origins))
    for call in body.of(ast.Call):
        found.update(_called(call, body, origins))
    for chosen in body.of(ast.GeneratorExp):
        found.update(_looked_up(chosen, origins))
    for branch in body.of(ast.If):
        found.update(_stored(branch, body, origins))
    for attribute in body.of(ast.Attribute):
        if attribute.attr in _HOSTS and isinstance(attribute.ctx, ast.Load) and not _is_told(attribute, body):
            found.update(origins.of(attribute.value))
    return frozenset(token for token in map(bare, found) if not token.startswith("self"))


def _is_told(attribute: ast.Attribute, body: Body) -> bool:
    """Whether a host only becomes a field of something, or a part of a text: nobody has asked which it is."""
    parent = body.parent(attribute)
    if isinstance(parent, ast.keyword):
        call = body.parent(parent)
        return isinstance(call, ast.Call) and last_name(call.func)[:1].isupper()
    return isinstance(parent, ast.FormattedValue)


def _compared(compare: ast.Compare, body: Body, origins: Origins) -> Iterator[str]:
    left = compare.left
    for op, right in zip(compare.ops, compare.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            if isinstance(right, ast.Attribute) and right.attr == "parents":  # `folder in path.parents`
                yield from _resolved(right.value, body, origins)
            elif not isinstance(left, ast.Constant):
                yield from origins.of(left)
            elif left.value in ("..", "/", "\\", "://", "\x00"):
                yield from origins.of(right)
        elif isinstance(op, ast.Eq | ast.NotEq):
            for side in (left, right):
                match side:
                    case ast.Attribute(attr="parent" | "parents", value=value):
                        yield from origins.of(value)
                    case ast.Call(args=[inner]) if body.name(side.func).endswith("path.basename"):
                        yield from origins.of(inner)


def _looked_up(chosen: ast.GeneratorExp, origins: Origins) -> Iterator[str]:
    """What `next(r for r in known if r.link == link)` looks for: it is the link of something known."""
    for part in chosen.generators:
        for test in part.ifs:
            match test, part.target:
                case (
                    ast.Compare(
                        left=ast.Attribute(value=ast.Name(id=one)), ops=[ast.Eq()], comparators=[sought]
                    ),
                    ast.Name(id=row),
                ) if one == row:
                    yield from origins.of(sought)


def _stored(branch: ast.If, body: Body, origins: Origins) -> Iterator[str]:
    """What a row was looked up by, where a body leaves when there is no such row: it is the key of something known."""
    match branch.test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            pass
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            pass
        case _:
            return
    if not isinstance(branch.body[-1], ast.Raise | ast.Return | ast.Continue):
        return
    rows = (b.expr for b in body.scope.names.get(name, ()) if b.how == "value" and b.expr is not None)
    for node in (n for row in rows for n in ast.walk(row)):
        match node:
            case ast.Compare(left=ast.Attribute(value=ast.Name(id=model)), ops=[ast.Eq()], comparators=[key]):
                yield from origins.of(key) if model[:1].isupper() else ()
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Name(id=model), key, *_]):
                yield from origins.of(key) if model[:1].isupper() else ()


def _called(call: ast.Call, body: Body, origins: Origins) -> Iterator[str]:
    func = call.func
    last = last_name(func)
    if last == "startswith" and isinstance(func, ast.Attribute):
        start = call.args[0] if call.args else None
        if not (isinstance(start, ast.Constant) and not str(start.value).startswith("/")):
            yield from _resolved(func.value, body, origins)
    elif last in ("match", "fullmatch") and isinstance(func, ast.Attribute):
        name = body.name(func)
        yield from origins.any(
            call.args[1:2] if name.startswith("re.") and "Pattern" not in name else call.args[:1]
        )
    elif last == "samefile":
        yield from _held(call, body, origins)
    elif last in _TESTS and isinstance(func, ast.Attribute):
        yield from origins.of(func.value)
    elif last in _REFUSES or _GUARDS.search(last):
        if last in _REFUSES and isinstance(func, ast.Attribute):
            yield from origins.of(func.value)
        for given in (*call.args, *(k.value for k in call.keywords)):
            yield from _resolved(given, body, origins)


def _held(call: ast.Call, body: Body, origins: Origins) -> Iterator[str]:
    """What lies right in a folder, where `path.parent.samefile(folder)` holds."""
    func = call.func
    for side in (*call.args, *([func.value] if isinstance(func, ast.Attribute) else ())):
        match side:
            case ast.Attribute(attr="parent", value=value):
                yield from origins.of(value)
            case ast.Call(args=[inner]) if body.name(side.func).endswith("path.dirname"):
                yield from origins.of(inner)


def _resolved(path: ast.expr, body: Body, origins: Origins) -> Iterator[str]:
    """What a path is built from that is looked at after its links are followed."""
    match body.value(path):
        case ast.Call(func=func, args=[inner, *_]) if body.name(func).endswith("path.realpath"):
            yield from origins.of(inner)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):  # of `commonpath`
            for part in parts:
                yield from _resolved(part, body, origins)
        case _:
            yield from origins.of(path)
