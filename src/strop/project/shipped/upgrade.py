"""What does the `upgrade` of a revision do to indexes? It is followed through constants, loops over lists that stand in
the file, and functions of the file. Nothing is run: where only a run knows the way, both are taken, one after the other.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from strop.project.shipped.constants import UNKNOWN, Names, bind, elements, evaluate, holds, is_known, short
from strop.project.shipped.operations import OPERATIONS, Batch, part, steps_of_call
from strop.project.shipped.statements import steps_of
from strop.project.shipped.steps import Step

_DEEPEST = 8  # functions inside of functions
_LONGEST = 20_000  # statements of one revision, those of loops and functions each time
_PARTS = frozenset({"Column", "Index", "UniqueConstraint", "PrimaryKeyConstraint"})
_SAME = frozenset(  # what says of its first argument how it is meant, or gives it again
    {"text", "f", "DDL", "literal_column", "column", "quoted_name", "desc", "asc", "dedent", "list", "tuple", "set",
     "sorted", "dict", "str"}
)  # fmt: skip
_OWN = frozenset(
    {"strip", "desc", "asc", "nulls_last", "nulls_first", "lstrip", "rstrip", "copy", "as_string"}
)
_EXECUTES = frozenset({"execute", "exec_driver_sql"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def read_upgrade(tree: ast.Module) -> tuple[Step, ...]:
    """The steps of a revision's `upgrade` in order; where it chooses among databases by name, of all `upgrade_...`."""
    functions = {each.name: each for each in tree.body if isinstance(each, _Function)}
    upgrade = _Upgrade(functions)
    upgrade.block(
        [each for each in tree.body if isinstance(each, ast.Assign | ast.AnnAssign)], upgrade.constants
    )
    upgrade.steps.clear()
    main = [functions["upgrade"]] if "upgrade" in functions else []
    if main and main[0].args.args:
        main += [function for name, function in functions.items() if name.startswith("upgrade_")]
    for function in main:
        upgrade.follow(function, {})
    return tuple(upgrade.steps)


class _Upgrade(Struct):
    functions: dict[str, _Function]
    constants: Names = field(default_factory=dict)  # of the module
    steps: list[Step] = field(default_factory=list)
    returned: list[list[Any]] = field(default_factory=list)  # of the functions that are followed now
    doubtful: int = 0  # conditions around a statement that only a run can tell
    length: int = 0

    def follow(self, function: _Function, given: Names) -> Any:
        """Follow a function with these arguments; what it returns, if that is the same in all ways."""
        if len(self.returned) >= _DEEPEST:
            return UNKNOWN
        self.returned.append([])
        self.block(function.body, {**self.constants, **_defaults(function, self.value), **given})
        values = self.returned.pop()
        return values[0] if values and all(value == values[0] for value in values) else UNKNOWN

    def block(self, body: Sequence[ast.stmt], names: Names) -> bool:
        """Follow statements; whether they certainly leave the function."""
        return any(self.statement(each, names) for each in body)

    def statement(self, node: ast.stmt, names: Names) -> bool:
        """Follow one statement; whether it certainly leaves the function."""
        self.length += 1
        if self.length > _LONGEST:
            return True
        match node:
            case ast.Expr(value=value):
                self.value(value, names)
            case ast.Assign(targets=targets, value=value):
                given = self.value(value, names)
                for target in targets:
                    self.assign(target, given, names)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, self.value(value, names), names)
            case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
                whole = ast.BinOp(ast.Name(name), op, value)
                self.assign(target, self.value(whole, names), names)
            case ast.Return(value=value):
                self.returned[-1].append(self.value(value, names) if value is not None else None)
                return True
            case ast.Raise():
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.functions[node.name] = node
            case ast.If():
                return self.choose(node, names)
            case _:
                return self.compound(node, names)
        return False

    def choose(self, node: ast.If, names: Names) -> bool:
        """Follow the way that is taken, or both."""
        told = holds(node.test, names, self.call)
        if told is not None:
            return self.block(node.body if told else node.orelse, names)
        self.doubtful += 1
        ends = [self.block(body, names) for body in (node.body, node.orelse)]
        self.doubtful -= 1
        return all(ends)

    def compound(self, node: ast.stmt, names: Names) -> bool:
        """Follow a loop, `with` or `try`."""
        match node:
            case ast.For(target=target, iter=iterated, body=body):
                rounds = elements(self.value(iterated, names))
                doubt = rounds == [UNKNOWN]
                self.doubtful += doubt
                for element in rounds:
                    bind(target, element, names)
                    self.block(body, names)
                self.doubtful -= doubt
            case ast.While(body=body):
                self.doubtful += 1
                self.block(body, names)
                self.doubtful -= 1
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    entered = self.value(item.context_expr, names)
                    if item.optional_vars is not None:
                        bind(item.optional_vars, entered, names)
                return self.block(body, names)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=last):
                ended = self.block((*body, *orelse), names)
                self.doubtful += 1
                for handler in handlers:
                    self.block(handler.body, names)
                self.doubtful -= 1
                return self.block(last, names) or ended
        return False

    def assign(self, target: ast.expr, value: Any, names: Names) -> None:
        """Give a name its value: in doubt none, where it has another."""
        if isinstance(target, ast.Name) and self.doubtful and names.get(target.id, value) != value:
            value = UNKNOWN
        bind(target, value, names)

    def value(self, expr: ast.expr, names: Names) -> Any:
        """The value of an expression, whose calls are followed."""
        return evaluate(expr, names, self.call)

    def call(self, node: ast.Call, names: Names) -> Any:
        """What a call gives; what it does is among the steps then."""
        match node.func:
            case ast.Name(id=name) if name in self.functions:
                return self.follow(self.functions[name], self.arguments(self.functions[name], node, names))
            case ast.Name(id=name):
                return self.known(name, UNKNOWN, node, names)
            case ast.Attribute(value=value, attr=name):
                return self.known(name, self.value(value, names), node, names)
        return UNKNOWN

    def arguments(self, function: _Function, node: ast.Call, names: Names) -> Names:
        """What the parameters of a function stand for in a call."""
        own = [*function.args.posonlyargs, *function.args.args]
        given = dict(zip((p.arg for p in own), self.listed(node, names), strict=False))
        return given | {k.arg: self.value(k.value, names) for k in node.keywords if k.arg}

    def listed(self, node: ast.Call, names: Names) -> list[Any]:
        """The arguments of a call that have no names."""
        listed: list[Any] = self.value(ast.List(node.args), names)
        return listed

    def known(self, name: str, receiver: Any, node: ast.Call, names: Names) -> Any:
        """A call of what revisions are written with."""
        is_operation = isinstance(node.func, ast.Attribute) and name in OPERATIONS
        if not (is_operation or name in _PARTS or name in _EXECUTES or name == "batch_alter_table"):
            return self.derived(name, receiver, node, names)
        listed = self.listed(node, names)
        keywords = {k.arg: self.value(k.value, names) for k in node.keywords if k.arg}
        if name in _PARTS:
            return part(name, listed, keywords)
        if name == "batch_alter_table":
            table = [*listed, keywords.get("table_name")][0]
            return Batch(table if isinstance(table, str) and is_known(table) else "")
        if name in _EXECUTES:
            text = [*listed, UNKNOWN][0]
            self.steps.extend(steps_of(text) if isinstance(text, str) else ())
            return UNKNOWN
        batch = receiver if isinstance(receiver, Batch) else None
        self.steps.extend(steps_of_call(name, batch, listed, keywords))
        return UNKNOWN

    def derived(self, name: str, receiver: Any, node: ast.Call, names: Names) -> Any:
        """A value that is made of others."""
        if name in _SAME and node.args:
            return self.value(node.args[0], names)
        match name, receiver:
            case _, str() if name in _OWN:
                return receiver.strip() if name == "strip" else receiver
            case "items", dict():
                return [[key, value] for key, value in receiver.items()]
            case "values", dict():
                return list(receiver.values())
            case "keys", dict():
                return list(receiver)
            case "join", str() if node.args:
                parts = elements(self.value(node.args[0], names))
                return short(receiver.join(p if isinstance(p, str) else UNKNOWN for p in parts))
            case "append", list() if node.args:
                receiver.append(self.value(node.args[0], names))
            case "enumerate", _ if node.args:
                return [[n, each] for n, each in enumerate(elements(self.value(node.args[0], names)))]
            case "zip", _:
                lists = [elements(each) for each in self.listed(node, names)]
                return [list(each) for each in zip(*lists, strict=False)]
        self.hand(node, names)
        return UNKNOWN

    def hand(self, node: ast.Call, names: Names) -> None:
        """A function that is handed to somebody is run by it."""
        for each in (*node.args, *(k.value for k in node.keywords)):
            match each:
                case ast.Name(id=name) if name in self.functions:
                    self.follow(self.functions[name], {})
                case ast.Lambda(body=body):
                    self.value(body, names)


def _defaults(function: _Function, value: Any) -> Names:
    """What the parameters of a function stand for when a call gives nothing."""
    arguments = function.args
    own = [*arguments.posonlyargs, *arguments.args]
    last = own[len(own) - len(arguments.defaults) :]
    pairs = [
        *zip(last, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    names = {parameter.arg: UNKNOWN for parameter in (*own, *arguments.kwonlyargs)}
    return names | {parameter.arg: value(default, {}) for parameter, default in pairs if default is not None}
