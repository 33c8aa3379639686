"""What does a function's body call? One walk over its expressions, each call resolved as far as types go."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from strop.project.filling import fills, returns_kept
from strop.project.handed import handed_over
from strop.project.infer import Types
from strop.project.receivers import Receivers
from strop.project.scope import Module, Ref, Scope
from strop.project.sites import Body, Here, Sites
from strop.project.streamed import STREAMS, makes_generator, runs_plain, streamed
from strop.project.switches import Asked, Switches, failing, holding, is_self, leaves
from strop.project.targets import Targets, members
from strop.project.unreached import unreached


class Reader:
    """Reads bodies with one set of types."""

    def __init__(self, types: Types, targets: Targets) -> None:
        self.types = types
        self.targets = targets
        self.switches = Switches(types.names)
        self.receivers = Receivers(types, self.switches)

    def read(self, module: Module, symbol: str, body: list[ast.stmt], scope: Scope) -> Body:
        """Everything that these statements call, nested definitions left out."""
        walk = _Walk(self, module, symbol, body)
        walk.statements(body, Here(scope))
        return walk.body


class _Walk:
    def __init__(self, reader: Reader, module: Module, symbol: str, whole: list[ast.stmt]) -> None:
        self.whole = whole
        self.reader = reader
        self.types = reader.types
        self.targets = reader.targets
        self.module = module
        self.sites = Sites(reader.switches, reader.receivers, module, symbol)
        self.body = self.sites.body
        self.unreached = {id(branch) for branch in unreached(whole)}
        self.pooled: set[int] = set()  # calls of generators that the thread pool iterates

    def statements(self, body: list[ast.stmt], here: Here) -> None:
        for place, node in enumerate(body):
            self.visit(node, here)
            if isinstance(node, ast.If) and not here.once:
                after = body[place + 1 :]
                if after and returns_kept(self.types, node, body[:place], after, here.scope):
                    here = replace(here, once=True)
            if isinstance(node, ast.If):
                if leaves(node.body):
                    here = self.where(failing(node.test), here)
                if leaves(node.orelse):
                    here = self.where(holding(node.test), here)

    def visit(self, node: ast.AST, here: Here) -> None:
        """One node and what lies in it."""
        kind = type(node)
        special = _SPECIAL.get(kind)
        if special is not None:
            special(self, node, here)
            return
        if kind in _LEAVES:
            return
        self.children(node, here)

    def children(self, node: ast.AST, here: Here) -> None:
        for name in node._fields:
            value = getattr(node, name)
            if value.__class__ is list:
                for part in value:
                    if isinstance(part, ast.AST):
                        self.visit(part, here)
            elif isinstance(value, ast.AST):
                self.visit(value, here)

    # Statements that change what is true of their parts

    def assign(self, node: ast.Assign, here: Here) -> None:
        """`rows = lines()`: what is only given to a streaming response runs in the thread pool."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as made) if makes_generator(
                self.types, made, here.scope
            ) and streamed(self.types, self.whole, name, here.scope):
                self.pooled.add(id(made))
        self.children(node, here)

    def definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef, here: Here) -> None:
        """A nested definition: its decorators and defaults run here, its body does not."""
        for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if part is not None:
                self.visit(part, here)

    def classdef(self, node: ast.ClassDef, here: Here) -> None:
        for part in (*node.decorator_list, *node.bases):
            self.visit(part, here)
        owner = next((c for c in self.module.classes.values() if c.definition is node), None)
        if owner is not None:
            self.statements(node.body, replace(here, scope=owner.space))

    def if_(self, node: ast.If, here: Here) -> None:
        """A script's main part is not the application's, nor is a branch that nobody comes to; what fills shared state happens once."""
        match node.test:
            case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()]):
                return
        self.visit(node.test, here)
        taken = [] if id(node) in self.unreached else node.body
        for branch, tested in ((taken, holding(node.test)), (node.orelse, failing(node.test))):
            inside = self.where(tested, here)
            once = here.once or fills(self.types, node, branch, here.scope)
            self.statements(branch, replace(inside, once=True) if once else inside)

    def where(self, tested: tuple[Asked, ...], here: Here) -> Here:
        """Where these tests of parameters, and of members of objects, have held."""
        if not tested:
            return here
        told = self.reader.switches.told(tested, here.scope, bool(here.loop))
        about = self.reader.switches.about(tested, here.scope)
        if not told and not about:
            return here
        return replace(here, when=(*here.when, *told), about=(*here.about, *about))

    def if_expression(self, node: ast.IfExp, here: Here) -> None:
        self.visit(node.test, replace(here, awaited=False))
        self.visit(node.body, self.where(holding(node.test), here))
        self.visit(node.orelse, self.where(failing(node.test), here))

    def either(self, node: ast.BoolOp, here: Here) -> None:
        """`session or open_session()`: what stands behind is reached only where what stands before decides nothing."""
        tests = holding if isinstance(node.op, ast.And) else failing
        for value in node.values:
            self.visit(value, here)
            here = self.where(tests(value), here)

    def loop(self, node: ast.For | ast.AsyncFor, here: Here) -> None:
        if isinstance(node, ast.AsyncFor):
            self.body.awaits += 1
        self.visit(node.iter, replace(here, awaited=isinstance(node, ast.AsyncFor)))
        self.visit(node.target, here)
        self.statements(node.body, replace(here, loop=node.lineno))
        self.statements(node.orelse, here)

    def while_(self, node: ast.While, here: Here) -> None:
        inside = replace(here, loop=node.lineno)
        self.visit(node.test, inside)
        self.statements(node.body, inside)
        self.statements(node.orelse, here)

    def with_(self, node: ast.With | ast.AsyncWith, here: Here) -> None:
        waits = isinstance(node, ast.AsyncWith)
        self.body.awaits += waits
        for item in node.items:
            self.visit(item.context_expr, replace(here, awaited=waits))
            entered = self.types.infer(item.context_expr, here.scope)
            targets = self.targets.entered(entered, waits)
            self.sites.run(item.context_expr, targets, replace(here, awaited=waits))
        self.statements(node.body, here)

    def comprehension(self, node: ast.expr, here: Here) -> None:
        generators: list[ast.comprehension] = getattr(node, "generators", [])
        inner = self.types.inner(node, here.scope)
        self.visit(generators[0].iter, here)
        inside = replace(here, scope=inner, loop=node.lineno, awaited=False)
        for place, generator in enumerate(generators):
            self.body.awaits += generator.is_async
            if place:
                self.visit(generator.iter, inside)
            for test in generator.ifs:
                self.visit(test, inside)
        for name in ("elt", "key", "value"):
            part = getattr(node, name, None)
            if part is not None:
                self.visit(part, inside)

    def await_(self, node: ast.Await, here: Here) -> None:
        self.body.awaits += 1
        self.visit(node.value, replace(here, awaited=True))

    def yield_(self, node: ast.Yield | ast.YieldFrom, here: Here) -> None:
        self.body.yields = True
        if node.value is not None:
            self.visit(node.value, here)

    def lambda_(self, node: ast.Lambda, here: Here) -> None:
        inner = self.types.inner(node, here.scope)
        self.visit(node.body, replace(here, scope=inner, awaited=False))

    def attribute(self, node: ast.Attribute, here: Here) -> None:
        """Reading a property of a class of the project is a call."""
        plain = replace(here, awaited=False)
        if isinstance(node.ctx, ast.Load):
            ref = self.types.infer(node.value, here.scope)
            self.visit(node.value, plain)
            self.sites.run(node, self.targets.read(ref, node.attr), plain)
        else:
            own = isinstance(node.value, ast.Name) and is_self(node.value, here.scope)
            made = own and self.sites.symbol.endswith(".__init__")
            self.body.sets.add(f"={node.attr}" if made else node.attr)
            self.visit(node.value, plain)

    # Calls

    def call(self, node: ast.Call, here: Here) -> None:
        match node:
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(name)), _]):
                self.body.sets.add(name)
        ref = self.types.infer(node.func, here.scope)
        if self.handed_over(node, ref, here):
            self.body.resolved += 1
            return
        self.parts(node, ref, here)
        here = replace(here, off_loop=True) if id(node) in self.pooled else here
        if self.sites.run(node, self.targets.called(ref, node, here.scope), here, ref):
            self.body.resolved += 1
        else:
            self.body.unresolved += 1
            self.sites.unknown(node, node.func, here)

    def parts(self, node: ast.Call, ref: Ref | None, here: Here) -> None:
        plain = replace(here, awaited=False)
        self.visit(node.func, plain)
        streams = any(r.name in STREAMS for r in members(ref))
        for place, argument in enumerate(node.args):
            off = streams and place == 0 and runs_plain(self.types, argument, here.scope)
            self.visit(argument, replace(plain, off_loop=True) if off else plain)
        for keyword in node.keywords:
            off = streams and keyword.arg == "content" and runs_plain(self.types, keyword.value, here.scope)
            self.visit(keyword.value, replace(plain, off_loop=True) if off else plain)

    def handed_over(self, node: ast.Call, ref: Ref | None, here: Here) -> bool:
        """Follow a function that the call hands over; False when it hands over none."""
        handed = handed_over(self.types, node, ref, here)
        if handed is None:
            return False
        if handed.reads is not None:
            self.visit(node.func, handed.reads)
        self.arguments(node, handed.place, here)
        self.give(handed.function, node, handed.there)
        return True

    def arguments(self, node: ast.Call, but: int, here: Here) -> None:
        plain = replace(here, awaited=False)
        for place, argument in enumerate(node.args):
            if place != but:
                self.visit(argument, plain)
        for keyword in node.keywords:
            if keyword.arg not in ("target", "func", "function", "fn"):
                self.visit(keyword.value, plain)

    def give(self, given: ast.expr | None, node: ast.Call, here: Here) -> None:
        """The function that is given away: as a call that runs in its new place."""
        if given is None:
            return
        if isinstance(given, ast.Lambda):
            self.visit(given, here)
            return
        ref = self.types.infer(given, here.scope)
        if not self.sites.run(node, self.targets.called(ref, node, here.scope), here):
            self.sites.unknown(node, given, here)
        if isinstance(given, ast.Call):  # partial(f, x): its arguments are evaluated here
            for argument in given.args[1:]:
                self.visit(argument, replace(here, awaited=False, off_loop=False, background=False))


_SPECIAL: dict[type, Callable[[_Walk, Any, Here], None]] = {
    ast.FunctionDef: _Walk.definition,
    ast.AsyncFunctionDef: _Walk.definition,
    ast.ClassDef: _Walk.classdef,
    ast.Assign: _Walk.assign,
    ast.If: _Walk.if_,
    ast.IfExp: _Walk.if_expression,
    ast.BoolOp: _Walk.either,
    ast.For: _Walk.loop,
    ast.AsyncFor: _Walk.loop,
    ast.While: _Walk.while_,
    ast.With: _Walk.with_,
    ast.AsyncWith: _Walk.with_,
    ast.ListComp: _Walk.comprehension,
    ast.SetComp: _Walk.comprehension,
    ast.DictComp: _Walk.comprehension,
    ast.GeneratorExp: _Walk.comprehension,
    ast.Await: _Walk.await_,
    ast.Yield: _Walk.yield_,
    ast.YieldFrom: _Walk.yield_,
    ast.Lambda: _Walk.lambda_,
    ast.Attribute: _Walk.attribute,
    ast.Call: _Walk.call,
}
_LEAVES = frozenset(
    {ast.Name, ast.Constant, ast.Pass, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Break}
    | {ast.Continue, ast.Load, ast.Store, ast.Del, ast.alias}
)
