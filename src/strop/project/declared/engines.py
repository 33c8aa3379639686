"""Which database engines does the source make, and with which pools?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from strop.project.declared.expressions import Declaration
from strop.project.infer import Types
from strop.project.scope import Module, Scope
from strop.project.spelling import keyword, last_name, targets_of
from strop.project.table import Engine
from strop.project.walk import walk
from strop.regex import regex
from strop.span import Span

MAKERS = frozenset(
    {
        "sqlalchemy.create_engine",
        "sqlalchemy.ext.asyncio.create_async_engine",
        "sqlalchemy.engine_from_config",
    }
)
UNKNOWN = -2  # a pool setting that the source takes from elsewhere
_URL = regex(r"(postgresql|postgres|mysql|mariadb|sqlite|mssql|oracle|cockroachdb)(?:\+(\w+))?:/")
_SCHEME = regex(r"[\"'](postgresql|mysql|mariadb|sqlite)\+\w+[\"']")
_SECRET = regex(r"//[^@/]*@")
_FACTORIES = frozenset({"sessionmaker", "async_sessionmaker", "scoped_session"})
_DRIVERS = {
    "asyncpg": "postgresql", "psycopg": "postgresql", "psycopg2": "postgresql", "pg8000": "postgresql",
    "aiomysql": "mysql", "asyncmy": "mysql", "pymysql": "mysql", "MySQLdb": "mysql", "aiosqlite": "sqlite",
}  # fmt: skip


class DeclaredEngines(Struct, frozen=True, array_like=True, gc=False):
    """What one file says of engines: those it makes, and the kinds of database whose URLs or drivers it names."""

    engines: tuple[Engine, ...] = ()
    dialects: tuple[str, ...] = ()


def read_engines(types: Types, module: Module) -> DeclaredEngines:
    """The engines that one file makes."""
    text = "\n".join(module.lines)
    named = {_plain(match.group(1)) for match in _URL.finditer(text)}
    named |= {_plain(match.group(1)) for match in _SCHEME.finditer(text)}
    named |= {
        kind for driver, kind in _DRIVERS.items() if re.search(rf"^\s*(?:import|from) {driver}\b", text, re.M)
    }
    named |= {m for m in ("postgresql", "mysql") if f"sqlalchemy.dialects.{m}" in text}
    if "_engine(" not in text and "engine_from_config(" not in text:
        return DeclaredEngines((), tuple(sorted(named)))
    found = tuple(_engine(types, module, *made) for made in _made(types, module))
    return DeclaredEngines(found, tuple(sorted(named)))


def engines(declared: tuple[DeclaredEngines, ...]) -> tuple[Engine, ...]:
    """All engines; one whose URL comes from elsewhere has the dialect that the project names, where it is one."""
    kinds = dialects(declared)
    served = kinds - {"sqlite"} or kinds
    dialect = next(iter(served)) if len(served) == 1 else ""
    found = (engine for each in declared for engine in each.engines)
    return tuple(
        engine if engine.dialect else replace(engine, dialect=dialect)
        for engine in sorted(found, key=lambda e: str(e.span))
    )


def dialects(declared: tuple[DeclaredEngines, ...]) -> set[str]:
    """The kinds of database that the project names anywhere."""
    return {kind for each in declared for kind in each.dialects}


def _plain(name: str) -> str:
    return {"postgres": "postgresql", "mariadb": "mysql", "cockroachdb": "postgresql"}.get(name, name)


def _made(types: Types, module: Module) -> Iterator[tuple[ast.Call, Scope, str, bool]]:
    """The calls that make an engine, with the namespace and the function they stand in, and whether that keeps it."""
    functions = list(module.by_id.values())
    inside: set[int] = set()
    for function in sorted(functions, key=lambda f: -len(f.qualname)):
        for node in walk(function.node):
            if (
                isinstance(node, ast.Call)
                and id(node) not in inside
                and _is_maker(types, node, function.scope)
            ):
                inside.add(id(node))
                yield node, function.scope, function.qualname, _is_kept(function.node, node)
    for node in walk(module.tree):
        if isinstance(node, ast.Call) and id(node) not in inside and _is_maker(types, node, module.scope):
            yield node, module.scope, "<module>", True


def _is_kept(function: ast.AST, call: ast.Call) -> bool:
    """Whether a function returns, yields or stores an engine, or makes sessions of it for others."""
    names = set()
    for node in walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is call:
            targets = targets_of(node)
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
            if any(not isinstance(target, ast.Name) for target in targets):
                return True
    declared = {n for node in walk(function) if isinstance(node, ast.Global) for n in node.names}
    given = [n.value for n in walk(function) if isinstance(n, ast.Return | ast.Yield) and n.value is not None]
    return bool(names & declared) or any(
        part is call or (isinstance(part, ast.Name) and part.id in names)
        for value in given
        for part in walk(value)
    )


def _is_maker(types: Types, call: ast.Call, scope: Scope) -> bool:
    if not last_name(call.func).endswith(("engine", "engine_from_config")):
        return False
    ref = types.infer(call.func, scope)
    return ref is not None and ref.name in MAKERS


def _engine(types: Types, module: Module, call: ast.Call, scope: Scope, symbol: str, kept: bool) -> Engine:
    here = Declaration(types, scope)
    ref = types.infer(call.func, scope)
    is_async = ref is not None and ref.name.endswith("async_engine")
    url = _url(here, call.args[0] if call.args else keyword(call, "url"))
    match = _URL.match(url)
    dialect = _plain(match.group(1)) if match else ""
    driver = (match.group(2) or "") if match else ""
    unknown = any(k.arg is None for k in call.keywords)
    pool = _pool(here, call, dialect, url, is_async)
    span = Span(module.file, call.lineno, symbol, call.end_lineno or 0)
    return Engine(
        _SECRET.sub("//", url),
        dialect,
        driver,
        is_async,
        "" if unknown and keyword(call, "poolclass") is None else pool,
        _number(here, call, "pool_size", 5, unknown),
        _number(here, call, "max_overflow", 10, unknown),
        span,
        kept,
    )


def _pool(here: Declaration, call: ast.Call, dialect: str, url: str, is_async: bool) -> str:
    given = keyword(call, "poolclass")
    if given is not None:
        return here.library(given) or "?"
    if dialect == "sqlite" and (":memory:" in url or url.rstrip("/").endswith(":")):
        return "SingletonThreadPool" if not is_async else "StaticPool"
    return "AsyncAdaptedQueuePool" if is_async else "QueuePool"


def _number(here: Declaration, call: ast.Call, name: str, default: int, unknown: bool) -> int:
    given = keyword(call, name)
    if given is None:
        return UNKNOWN if unknown else default
    value = here.literal(given)
    if isinstance(given, ast.UnaryOp) and isinstance(given.operand, ast.Constant):
        return -1
    return value if isinstance(value, int) else UNKNOWN


def _url(here: Declaration, expr: ast.expr | None) -> str:
    """The URL as far as it is written: a literal, or the begin of a formatted one."""
    value = here.value(expr)
    text = here.text(value)
    if text or value is None:
        return text
    if isinstance(value, ast.Attribute):
        return _setting(here, value)
    if isinstance(value, ast.JoinedStr) and value.values and isinstance(value.values[0], ast.Constant):
        return str(value.values[0].value)
    if isinstance(value, ast.Call):
        for node in walk(value):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _URL.match(node.value):
                return node.value
    return ""


def _setting(here: Declaration, expr: ast.Attribute) -> str:
    """The default of a setting: `settings.database_url` of a class with `database_url: str = "..."`."""
    owner = here.types.infer(expr.value, here.scope)
    if owner is None or owner.kind not in ("instance", "class") or owner.name not in here.types.found.classes:
        return ""
    for node, _ in here.types.members.lineage(owner.name).classes:
        for binding in node.scope.names.get(expr.attr, ()):
            return Declaration(here.types, node.scope).text(binding.default or binding.expr)
    return ""
