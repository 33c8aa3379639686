"""What do functions do with containers that a module or a class keeps for the whole process?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from strop.project.body import Body
from strop.project.scope import Binding, ClassNode
from strop.project.spelling import last_name
from strop.regex import regex

GROW = frozenset({"append", "add", "update", "setdefault", "insert", "extend", "appendleft"})
SHRINK = frozenset({"pop", "popitem", "clear", "remove", "discard", "popleft"})
_EMPTY = frozenset({"dict", "list", "set", "defaultdict", "OrderedDict", "Counter", "deque"})
# What lives in one process by its nature: held here, it can be nowhere else.
_BOUND = frozenset(
    {"Task", "Lock", "RLock", "Semaphore", "BoundedSemaphore", "Event", "Condition", "Queue", "Future", "Thread", "Process", "WebSocket", "TaskGroup", "Popen", "Callable", "ContextVar", "Timer", "Client", "AsyncClient", "Engine", "AsyncEngine", "Pool", "ConnectionPool", "Redis", "ClientSession", "sessionmaker", "async_sessionmaker", "scoped_session", "SessionMaker"}
)  # fmt: skip
_VALUES = frozenset(
    {"builtins", "datetime", "uuid", "decimal", "str", "int", "float", "bool", "dict", "list", "set"}
)
_MODELS = frozenset(
    {"pydantic", "pydantic_settings", "sqlmodel", "sqlalchemy", "enum", "typing", "msgspec", "marshmallow"}
)
_MAKES_BOUND = _BOUND | {
    "create_task",
    "ensure_future",
    "run_coroutine_threadsafe",
    "create_subprocess_exec",
    "compile",
}


class Use(Struct, frozen=True):
    """One use of a container: grow, shrink, count, read; "bound" and "same" store what belongs to a process anyway."""

    store: str  # dotted name of the container
    how: str
    node: ast.AST
    by_class: bool = True  # not of an object, which may have one of its own under this name


def is_container(expr: ast.expr | None) -> bool:
    """Whether this makes an empty or filled container that has no bound."""
    match expr:
        case ast.Dict() | ast.List() | ast.Set():
            return True
        case ast.Call(func=func, args=args, keywords=keywords):
            name = (
                func.attr
                if isinstance(func, ast.Attribute)
                else func.id
                if isinstance(func, ast.Name)
                else ""
            )
            bound = any(k.arg == "maxlen" for k in keywords)
            return name in _EMPTY and not bound and len(args) <= 1
    return False


def holds_bound(annotation: str) -> bool:
    """Whether a container's annotation says that it holds what belongs to one process."""
    words = {w for part in annotation.replace(".", " ").split() for w in _words(part)}
    return bool(words & _BOUND)


def _words(text: str) -> Iterator[str]:
    word = ""
    for letter in text + " ":
        if letter.isalnum() or letter == "_":
            word += letter
        elif word:
            yield word
            word = ""


def stores(body: Body) -> dict[str, str]:
    """The process's containers that this function's names may mean: name as written -> dotted name."""
    found: dict[str, str] = {}
    names = body.module.scope.names
    for name in body.words & names.keys():
        dotted = _of_module(body, names[name], name)
        if dotted:
            found[name] = dotted
    return found


def _of_module(body: Body, bindings: list[Binding], name: str) -> str:
    first = bindings[0]
    if first.how == "import":
        start, rest = body.types.names.split(first.target)
        if start.kind != "module" or len(rest) != 1:
            return ""
        there, _ = body.types.names.member(start.name, rest[0])
        return first.target if there and is_container(_made(there[0])) else ""
    return f"{body.module.name}.{name}" if is_container(_made(first)) else ""


def _made(binding: Binding) -> ast.expr | None:
    """What a module's name is assigned, with or without an annotation."""
    if binding.how == "value" and binding.index < 0:
        return binding.expr
    return binding.default if binding.how == "annotation" else None


def uses(body: Body) -> Iterator[Use]:
    """Every use of a module's or a class's container in this function."""
    known = stores(body)
    for node in body.of(ast.Name) if known else ():
        if node.id in known and _is_global(body, node):
            yield from _use(body, node, known[node.id])
    for attribute in body.of(ast.Attribute):
        dotted = _attribute(body, attribute)
        if dotted:
            ref = body.ref(attribute.value)
            of_object = ref is not None and ref.kind == "instance"
            yield from (replace(use, by_class=not of_object) for use in _use(body, attribute, dotted))


def own(body: Body) -> Iterator[tuple[str, ast.AST]]:
    """The containers of classes above in whose place `__init__` gives each object one of its own: `self.x = ...`."""
    if body.owner is None or body.symbol.rpartition(".")[2] != "__init__":
        return
    lineage = body.types.members.lineage(body.owner.name).classes
    for attribute in body.of(ast.Attribute):
        named = isinstance(attribute.value, ast.Name) and attribute.value.id == "self"
        if not named or not isinstance(body.parent(attribute), ast.Assign | ast.AnnAssign):
            continue
        if isinstance(attribute.ctx, ast.Store):
            above = (owner for owner, _ in lineage if attribute.attr in owner.scope.names)
            yield from ((f"{owner.name}.{attribute.attr}", attribute) for owner in above)


def _is_global(body: Body, node: ast.Name) -> bool:
    return node.id in body.scope.outer or all(b.scope.kind == "module" for b in body.bindings(node))


def _attribute(body: Body, node: ast.Attribute) -> str:
    """`cls.X`, `self.X`, `Class.X` of a class body's container; `module.X` of a module's."""
    if not isinstance(node.value, ast.Name):
        return ""
    ref = body.ref(node.value)
    if ref is None:
        return ""
    if ref.kind == "module":
        there, _ = body.types.names.member(ref.name, node.attr)
        return f"{ref.name}.{node.attr}" if there and is_container(_made(there[0])) else ""
    if ref.kind in ("class", "instance") and ref.name in body.types.found.classes:
        for owner, _ in body.types.members.lineage(ref.name).classes:
            if node.attr in owner.attributes:
                return ""
            if node.attr in owner.scope.names:
                return f"{owner.name}.{node.attr}" if _shared(body, owner, node.attr) else ""
    return ""


def _shared(body: Body, owner: ClassNode, name: str) -> bool:
    """Whether a class body's container is the class's own, not a field's default."""
    bases = body.types.members.lineage(owner.name).library
    plain = not owner.node.decorator_list and not any(b.split(".")[0] in _MODELS for b in bases)
    return plain and is_container(_made(owner.scope.names[name][0]))


def _use(body: Body, node: ast.expr, store: str) -> Iterator[Use]:
    parent = body.parent(node)
    match parent:
        case ast.Subscript(value=value, ctx=context) if value is node:
            above = body.parent(parent)
            if isinstance(above, ast.AugAssign) and above.target is parent:
                yield Use(store, "count", above)
            elif isinstance(context, ast.Store):
                yield Use(store, _stored(body, parent.slice, above), parent)
            elif isinstance(context, ast.Del):
                yield Use(store, "shrink", parent)
            else:
                yield from _deeper(body, parent, store)
        case ast.Attribute(value=value, attr=attr) if value is node:
            call = body.parent(parent)
            if isinstance(call, ast.Call) and call.func is parent and attr in GROW:
                yield Use(store, "bound" if any(_binds(body, a) for a in call.args) else "grow", call)
            elif attr in SHRINK:
                yield Use(store, "shrink", parent)
            else:
                yield Use(store, "read", node)
        case ast.AugAssign(target=target) if target is node:
            yield Use(store, "grow", parent)
        case ast.Assign(targets=[target]) if target is node:
            yield Use(store, "shrink", parent)
        case ast.Delete() | ast.Global():
            pass
        case _:
            yield Use(store, "read", node)


def _deeper(body: Body, item: ast.Subscript, store: str) -> Iterator[Use]:
    """`STORE[key].append(x)` and `STORE[key][inner] = x` change what the container holds."""
    above = body.parent(item)
    if (
        isinstance(above, ast.Attribute) and above.attr in GROW and isinstance(body.parent(above), ast.Call)
    ) or (isinstance(above, ast.Subscript) and above.value is item and isinstance(above.ctx, ast.Store)):
        yield Use(store, "grow", above)
    else:
        yield Use(store, "read", item)


def _stored(body: Body, key: ast.expr, assign: ast.AST | None) -> str:
    if not isinstance(assign, ast.Assign):
        return "grow"
    return "bound" if _binds(body, assign.value) else "same" if _is_same(body, key, assign.value) else "grow"


def _is_same(body: Body, key: ast.expr, value: ast.expr) -> bool:
    """Whether each process stores the same under this key: an object or a class that nothing given leads to."""
    if _is_given(body, key) or _is_given(body, value):
        return False
    ref = body.ref(value)
    return ref is not None and (
        ref.kind == "class" or (ref.kind == "instance" and ref.name.partition(".")[0] not in _VALUES)
    )


def _is_given(body: Body, expr: ast.expr) -> bool:
    """Whether an expression, or what its names were assigned here, reads what the function was given."""
    if not isinstance(body.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return True
    a = body.node.args
    given = {x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if x} - {
        "self",
        "cls",
    }
    read = [n for n in ast.walk(expr) if isinstance(n, ast.Name)]
    made = [body.value(n) for n in read]
    return bool(given & {n.id for part in (expr, *made) for n in ast.walk(part) if isinstance(n, ast.Name)})


def _binds(body: Body, expr: ast.expr) -> bool:
    """Whether a value belongs to this process: a task, a lock, a socket, or an object that holds one."""
    value = body.value(expr)
    if isinstance(value, ast.Call):
        name = last_name(value.func)
        if name in _MAKES_BOUND:
            return True
    kind = body.instance(expr)
    own = body.types.found.classes.get(kind)
    return kind.rpartition(".")[2] in _BOUND or (own is not None and _holds_bound(own))


def _holds_bound(own: ClassNode) -> bool:
    """Whether a class of the project says that its objects hold what belongs to one process."""
    bindings = [b for names in (own.scope.names, own.attributes) for found in names.values() for b in found]
    notes = [b.expr for b in bindings if b.how == "annotation" and b.expr is not None]
    return any(holds_bound(ast.unparse(note)) for note in notes)


_ELSEWHERE = regex(r"redis|valkey|shared|database|distributed", re.IGNORECASE)


def is_fallback(body: Body, node: ast.AST) -> bool:
    """Whether a use is reached only where there is no store for all processes: `if redis: ... else: memory[x] = y`."""
    inside: ast.AST = node
    for outer in (*body.around(node), body.node):
        if isinstance(outer, ast.If) and inside in outer.orelse and _ELSEWHERE.search(body.text(outer.test)):
            return True
        if isinstance(inside, ast.stmt) and any(_leaves(body, one) for one in _before(outer, inside)):
            return True
        inside = outer
    return False


def _before(outer: ast.AST, inside: ast.stmt) -> list[ast.stmt]:
    """The statements of the same block before this one."""
    for _, block in ast.iter_fields(outer):
        if isinstance(block, list) and inside in block:
            return block[: block.index(inside)]
    return []


def _leaves(body: Body, statement: ast.stmt) -> bool:
    """`if redis: ...; return`: who has the store for all doesn't come further."""
    asks = isinstance(statement, ast.If) and bool(_ELSEWHERE.search(body.text(statement.test)))
    return asks and any(isinstance(n, ast.Return) for n in ast.walk(statement))
