"""What does the syntax tree of a statement say? The part of `statement.py` that needs sqlglot."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from strop.sql.placeholder import neutral
from strop.sql.statement import Comparison, Kind, Statement, Use

_DIALECTS = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}
_SOURCES = (exp.Table, exp.Subquery)
_RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)


def read_tree(text: str, kind: Kind, dialect: str) -> Statement | None:
    """The statement as its tree says; None where it can't be parsed."""
    tree = _parse(neutral(text), dialect)
    if tree is None:
        return None
    try:
        return _read(text, kind, tree)
    except (AttributeError, KeyError, TypeError, RecursionError):  # a tree of a shape nobody wrote yet
        return None


def _parse(text: str, dialect: str) -> exp.Expr | None:
    own = _DIALECTS.get(dialect, dialect)
    for each in dict.fromkeys((own, "sqlite", "postgres", "mysql")):
        try:
            tree = parse_one(text, dialect=each)
        except (SqlglotError, ValueError, RecursionError):
            continue
        if isinstance(tree, exp.Query | exp.Insert | exp.Update | exp.Delete):
            return tree
    return None


def _read(text: str, kind: Kind, tree: exp.Expr) -> Statement:
    ctes = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    names = _names(tree, ctes)
    top = _outermost(tree)
    return Statement(
        text=text,
        kind=kind,
        tables=_tables(tree, top, names, ctes),
        aliases=tuple(sorted(names.items())),
        joined=_joined(tree, ctes),
        selected=_selected(top, names),
        filters=tuple(_filters(tree, names)),
        joins=tuple(_joins(tree, names)),
        sorts=tuple(_ordered(top, exp.Order, names)),
        groups=tuple(_ordered(top, exp.Group, names)),
        aggregates=_aggregates(top),
        limited=top is not None and top.args.get("limit") is not None,
        limited_inside=_limited_inside(top),
        distinct=top is not None and top.args.get("distinct") is not None,
    )


def _outermost(tree: exp.Expr) -> exp.Query | None:
    found: exp.Expr | None = tree if isinstance(tree, exp.Query) else None
    while isinstance(found, exp.Subquery):
        found = found.this
    return found if isinstance(found, exp.Query) else None


def _from(select: exp.Expr) -> exp.Expr | None:
    found = select.args.get("from_")
    return found if isinstance(found, exp.Expr) else None


def _names(tree: exp.Expr, ctes: set[str]) -> dict[str, str]:
    """Names by which real tables are called, lower case, to the real name; ambiguous ones are left out."""
    names: dict[str, str] = {}
    clashing: set[str] = set()
    for table in tree.find_all(exp.Table):
        if table.name.lower() in ctes or not table.name:
            continue
        name = table.alias_or_name.lower()
        if names.setdefault(name, table.name) != table.name:
            clashing.add(name)
    return {name: real for name, real in names.items() if name not in clashing}


def _tables(tree: exp.Expr, top: exp.Query | None, names: dict[str, str], ctes: set[str]) -> tuple[str, ...]:
    first: list[str] = []
    if top is not None:
        if (begin := _from(top)) is not None:
            first = [t.name for t in begin.find_all(exp.Table) if t.name.lower() not in ctes]
    elif isinstance(tree.this, exp.Expr) and (target := tree.this.find(exp.Table)) is not None:
        first = [target.name]
    return tuple(dict.fromkeys([*first, *names.values()]))


def _joined(tree: exp.Expr, ctes: set[str]) -> tuple[str, ...]:
    sources = (join.this for join in tree.find_all(exp.Join))
    return tuple(s.name for s in sources if isinstance(s, exp.Table) and s.name.lower() not in ctes)


def _selected(top: exp.Query | None, names: dict[str, str]) -> tuple[str, ...]:
    columns = (c for e in top.expressions for c in e.find_all(exp.Column)) if top is not None else ()
    found = (names.get(c.table.lower()) for c in columns if c.table)
    return tuple(dict.fromkeys(name for name in found if name))


def _limited_inside(top: exp.Query | None) -> bool:
    begin = _from(top) if top is not None else None
    return begin is not None and any(
        query.args.get("limit") is not None for query in begin.find_all(exp.Query)
    )


def _aggregates(top: exp.Query | None) -> tuple[str, ...]:
    if not isinstance(top, exp.Select):
        return ()
    found = [_aggregate(e.unalias()) for e in top.expressions]
    return tuple(name for name in found if name) if all(found) else ()


def _aggregate(expression: exp.Expr) -> str:
    """The aggregate that an expression of the SELECT list comes down to: coalesce(sum(x), 0) is a sum."""
    if isinstance(expression, exp.Subquery | exp.Window):
        return ""
    found = expression if isinstance(expression, exp.AggFunc) else expression.find(exp.AggFunc)
    return type(found).__name__.lower() if found is not None else ""


def _resolve(column: exp.Column, names: dict[str, str], comparison: Comparison = "equal") -> Iterator[Use]:
    table = names.get(column.table.lower()) if column.table else _only_table(column, names)
    if table and not isinstance(column.this, exp.Star):
        yield Use(table, column.name, comparison)


def _only_table(column: exp.Column, names: dict[str, str]) -> str | None:
    """The table of an unqualified column, when its SELECT (or UPDATE, DELETE) has only one source."""
    scope = column.find_ancestor(exp.Select, exp.Update, exp.Delete)
    if scope is None or scope.args.get("joins"):
        return None
    begin = _from(scope) if isinstance(scope, exp.Select) else scope
    source = begin.this if begin is not None else None
    return names.get(source.alias_or_name.lower()) if isinstance(source, exp.Table) else None


def _predicates(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The conjuncts of every WHERE and ON; what lies under OR or NOT can't be served by one index."""
    for clause in tree.find_all(exp.Where, exp.Join):
        condition = clause.this if isinstance(clause, exp.Where) else clause.args.get("on")
        if isinstance(condition, exp.Expr):
            yield from _conjuncts(condition)


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    while isinstance(condition, exp.Paren):
        condition = condition.this
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _filters(tree: exp.Expr, names: dict[str, str]) -> Iterator[Use]:
    yield from dict.fromkeys(use for predicate in _predicates(tree) for use in _filter(predicate, names))


def _filter(predicate: exp.Expr, names: dict[str, str]) -> Iterator[Use]:
    match predicate:
        case exp.Column():
            yield from _resolve(predicate, names, "flag")
        case exp.Not(this=exp.Column() as column):
            yield from _resolve(column, names, "flag")
        case exp.In(this=exp.Column() as column):
            yield from _resolve(column, names, "equal")
        case exp.Is(this=exp.Column() as column) | exp.NullSafeEQ(this=exp.Column() as column):
            yield from _resolve(column, names, "null" if _is_null(predicate) else "flag")
        case exp.EQ() if not _is_join(predicate):
            yield from _compared(predicate, names, "equal")
        case _ if isinstance(predicate, _RANGES) and not _is_join(predicate):
            yield from _compared(predicate, names, "range")
        case exp.EQ():
            return
        case _:
            inside = predicate.find_all(exp.Column) if predicate.find(exp.Query) is None else ()
            for column in inside:
                yield from _resolve(column, names, "other")


def _compared(predicate: exp.Expr, names: dict[str, str], comparison: Comparison) -> Iterator[Use]:
    for side in (predicate.this, predicate.args.get("expression")):
        if isinstance(side, exp.Column):
            flag = any(_is_truth(s) for s in predicate.iter_expressions())
            yield from _resolve(side, names, "flag" if flag else comparison)
        elif isinstance(side, exp.Expr) and side.find(exp.Query) is None:
            for column in side.find_all(exp.Column):
                yield from _resolve(column, names, "other")


def _is_truth(side: exp.Expr) -> bool:
    """true or false, which databases without booleans spell 1 and 0 (other values arrive as placeholders)."""
    return isinstance(side, exp.Boolean) or (isinstance(side, exp.Literal) and side.name in ("0", "1"))


def _is_null(predicate: exp.Expr) -> bool:
    return isinstance(predicate.args.get("expression"), exp.Null)


def _is_join(predicate: exp.Expr) -> bool:
    sides = (predicate.this, predicate.args.get("expression"))
    return all(isinstance(side, exp.Column) for side in sides)


def _joins(tree: exp.Expr, names: dict[str, str]) -> Iterator[Use]:
    pairs = (p for p in _predicates(tree) if isinstance(p, exp.EQ) and _is_join(p))
    columns = (c for pair in pairs for c in (pair.left, pair.right) if isinstance(c, exp.Column))
    yield from dict.fromkeys(use for column in columns for use in _resolve(column, names))


def _ordered(
    top: exp.Query | None, clause: type[exp.Order | exp.Group], names: dict[str, str]
) -> Iterator[Use]:
    """Columns of the outermost ORDER BY or GROUP BY, up to the first that is no plain column."""
    found = top.args.get(clause.key) if top is not None else None
    for each in found.expressions if isinstance(found, exp.Expr) else ():
        inner = each.this if isinstance(each, exp.Ordered) else each
        if not isinstance(inner, exp.Column):
            return
        yield from _resolve(inner, names)
