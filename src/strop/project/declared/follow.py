"""What does the code that builds the application do? Its terms are followed in the order of the imports.

Nothing runs: a call of the project's own function binds its parameters and follows its body, a call of FastAPI
registers what it would register, and any other call gives something unknown. Of branches that can't be decided
all are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from strop.project.declared import terms
from strop.project.declared.builtin import call_library
from strop.project.declared.library import canonical
from strop.project.declared.named import lambda_path
from strop.project.declared.operate import combined, cut, element, is_local, is_weak, merged, truth, union
from strop.project.declared.terms import Declarations, Expr, Statement, write
from strop.project.declared.values import (
    Cls,
    Frame,
    Func,
    Generic,
    Known,
    Later,
    Lib,
    Marked,
    Method,
    Mod,
    Native,
    Obj,
    Router,
    Several,
    Super,
    Table,
    Unknown,
    Value,
    named,
)
from strop.span import Span

_DEEPEST = 24  # calls inside of each other
_MOST = 20_000  # statements that one call from a module may need; what needs more is not followed further


class Machine:
    """Follows the declarations of a project; answers are remembered."""

    def __init__(self, declarations: Iterable[Declarations]) -> None:
        self.files = {each.module: each for each in declarations}
        self.packages = _packages(self.files)
        self.frames: dict[str, Frame] = {}
        self.loaded: set[str] = set()
        self.routers: list[Router] = []
        self.functions: list[Func] = []  # of active modules, in order
        self.called: set[int] = set()  # ids of functions' terms
        self.lost: list[tuple[Span, str]] = []  # includes that could not be followed
        self.site: Span | None = None  # the decorator that is being applied
        self.ghost = (
            0  # loops around of which it is not known whether they do anything: nothing is registered
        )
        self.beginning: terms.Function | terms.Lambda | None = None  # what runs when an application starts
        self.steps = 0
        self.until = 0  # the step at which the call from a module is given up
        self.depth = 0

    # Modules

    def load(self, name: str) -> None:
        """Import a module or package: what it imports first, then its statements if they may matter."""
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            self._load("".join([".".join(parts[:count])]))

    def _load(self, name: str) -> None:
        if name in self.loaded or name not in self.files:
            return
        self.loaded.add(name)
        file = self.files[name]
        if file.active:
            self.run(file.body, self.frame(name))
            return
        for target in file.imports:
            self._follow_import(target)

    def _follow_import(self, target: str) -> None:
        module, _ = self.split(target)
        if module:
            self.load(module)

    def frame(self, name: str) -> Frame:
        """The namespace of a module; of one that is of no interest, what is asked for is found later."""
        if name not in self.frames:
            file = self.files.get(name)
            frame = Frame("module", name, file.file if file is not None else "", None)
            self.frames[name] = frame
            if file is not None and not file.active:
                self._prepare(file.body, frame)
        return self.frames[name]

    def _prepare(self, body: tuple[Statement, ...], frame: Frame) -> None:
        """Bind the names of a module without following anything."""
        for each in body:
            match each:
                case terms.Bind(terms.Ident(name), value):
                    self._put_off(name, value, frame)
                case terms.Note(name=name, value=value):
                    if value is not None:
                        self._put_off(name, value, frame)
                case terms.Function(decorators=()):
                    frame.names[each.name] = Func(each, frame)
                case terms.Function():
                    self._put_off_function(each, frame)
                case terms.Class():
                    frame.names[each.name] = Cls(each, frame)
                case terms.Bring():
                    self._bring(each, frame)
                case terms.Branch(_, blocks):
                    for block in reversed(blocks):
                        self._prepare(block, frame)
                case terms.Loop() | terms.Bind() | terms.Do() | terms.Give():
                    continue

    def _put_off(self, name: str, value: Expr, frame: Frame) -> None:
        frame.names[name] = Later(lambda: self.value(value, frame), frame.names.get(name))

    def _put_off_function(self, term: terms.Function, frame: Frame) -> None:
        frame.names[term.name] = Later(lambda: self._decorated(term, frame), frame.names.get(term.name))

    def split(self, dotted: str) -> tuple[str, list[str]]:
        """The longest prefix that is a module or package of the project ("" for none), and the rest."""
        parts = dotted.split(".")
        for count in range(len(parts), 0, -1):
            prefix = ".".join(parts[:count])
            if prefix in self.files or prefix in self.packages:
                return prefix, parts[count:]
        return "", parts

    def dotted(self, name: str) -> Value:
        """What a full dotted name means."""
        module, rest = self.split(name)
        if not module:
            return Lib(canonical(name))
        value: Value = Mod(module)
        for part in rest:
            value = self.attribute(value, part)
        return value

    # Names

    def lookup(self, name: str, frame: Frame) -> Value:
        """What a name means here."""
        here: Frame | None = frame
        while here is not None:
            if name in here.names and (here is frame or here.kind != "class"):
                return self.force(here, name)
            if here.kind == "module":
                found = self._from_stars(here, name)
                if found is not None:
                    return found
            here = here.parent
        return Lib(f"builtins.{name}")

    def force(self, frame: Frame, name: str) -> Value:
        """The value of a name that a namespace has."""
        value = frame.names[name]
        if not isinstance(value, Later):
            return value
        if value.busy:
            prior = value.prior
            return prior if prior is not None and not isinstance(prior, Later) else Unknown(name)
        value.busy = True
        found = value.find()
        if isinstance(found, Router) and not found.name:
            found.name = f"{frame.module}:{name}"
        frame.names[name] = found
        return found

    def _from_stars(self, frame: Frame, name: str) -> Value | None:
        stars = frame.names.get("*")
        if not isinstance(stars, Several) or name.startswith("_"):
            return None
        for star in stars.items:
            if isinstance(star, Mod):
                self.load(star.name)
                inner = self.frame(star.name)
                if name in inner.names:
                    return self.force(inner, name)
                if inner is not frame and (found := self._from_stars(inner, name)) is not None:
                    return found
        return None

    # Statements

    def run(self, body: tuple[Statement, ...], frame: Frame) -> bool:
        """Follow statements; True when a `return` ends them."""
        for each in body:
            self.steps += 1
            if self.depth and self.steps > self.until:
                return True
            if _RUNS[type(each)](self, each, frame):
                return True
        return False

    def _bind(self, term: terms.Bind, frame: Frame) -> bool:
        self.assign(term.target, self.value(term.value, frame), frame)
        return False

    def _note(self, term: terms.Note, frame: Frame) -> bool:
        if term.value is not None:
            self.assign(terms.Ident(term.name), self.value(term.value, frame), frame)
        return False

    def assign(self, target: Expr, value: Value, frame: Frame) -> None:
        """Give a value to what stands left of `=`."""
        match target:
            case terms.Ident(name):
                if isinstance(value, Router) and not value.name:
                    value.name = f"{frame.module}:{name}"
                frame.names[name] = value
            case terms.Dot(owner, attr):
                self._set(self.value(owner, frame), attr, value)
            case terms.Index(owner, index):
                table, key = self.value(owner, frame), self.value(index, frame)
                if isinstance(table, Table) and isinstance(key, Known):
                    table.pairs[key.value] = value
            case terms.Items(_, targets):
                parts = value.items if isinstance(value, Several) and not value.rest else []
                for place, each in enumerate(targets):
                    part = parts[place] if len(parts) == len(targets) else Unknown(write(each))
                    self.assign(each, part, frame)

    def _set(self, owner: Value, attr: str, value: Value) -> None:
        match owner:
            case Obj() | Router():
                owner.attrs[attr] = value
                if isinstance(value, Router) and not value.name:
                    value.name = f"{value.module}:{attr}"
            case Mod(name):
                self.frame(name).names[attr] = value
            case Cls():
                self.members(owner).names[attr] = value

    def _do(self, term: terms.Do, frame: Frame) -> bool:
        self.value(term.value, frame)
        return False

    def _give(self, term: terms.Give, frame: Frame) -> bool:
        frame.results.append(self.value(term.value, frame))
        return True

    def _loop(self, term: terms.Loop, frame: Frame) -> bool:
        over = self.value(term.over, frame)
        for item in self.iterate(over, write(term.target)):
            self.assign(term.target, item, frame)
            self.run(term.body, frame)
        if isinstance(over, Several) and not over.items and not over.rest:
            self._look(term, frame)
        return False

    def _look(self, term: terms.Loop, frame: Frame) -> None:
        """Note what a loop over an empty list would include: the list may be filled in ways that can't be followed."""
        self.ghost += 1
        self.assign(term.target, Unknown(write(term.target)), frame)
        self.run(term.body, frame)
        self.ghost -= 1

    def iterate(self, value: Value, text: str) -> Iterator[Value]:
        """The elements of a value; one unknown element where they can't be told."""
        match value:
            case Several(items, rest):
                yield from list(items)
                if rest:
                    yield Unknown(text)
            case Table(pairs):
                yield from [Known(key) for key in pairs]
            case Cls() if any(base.rpartition(".")[2].endswith("Enum") for base in self.library_bases(value)):
                names = self.members(value).names
                yield from [
                    each for name in names if isinstance(each := self.force(self.members(value), name), Known)
                ]
            case _:
                yield Unknown(text)

    def _branch(self, term: terms.Branch, frame: Frame) -> bool:
        decided = self._decide(term.test, frame)
        if decided is not None:
            return self.run(term.blocks[0 if decided else 1], frame)
        before = dict(frame.names)
        ended = [self.run(term.blocks[0], frame)]
        for block in term.blocks[1:]:
            first = {n: v for n, v in frame.names.items() if before.get(n) is not v}
            ended.append(self.run(block, frame))
            for name, value in first.items():
                if not is_weak(value) and frame.names.get(name) is not value:
                    frame.names[name] = value
        return all(ended)

    def _decide(self, test: terms.Test | None, frame: Frame) -> bool | None:
        """Whether a simple test holds; None where that depends on what can't be told."""
        if test is None:
            return None
        value = self.value(test.value, frame)
        if isinstance(value, Known | Several) and not is_local(test.value, frame):
            return None
        return truth(value, test.op)

    def _bring(self, term: terms.Bring, frame: Frame) -> bool:
        target = term.target
        if frame.kind != "module" or self.files[frame.module].active:
            self._follow_import(target)
        if term.name == "*":
            module, rest = self.split(target)
            stars = frame.names.setdefault("*", Several([]))
            if module and not rest and isinstance(stars, Several):
                stars.items.append(Mod(module))
            return False
        frame.names[term.name] = Later(lambda: self.dotted(target), frame.names.get(term.name))
        return False

    def _function(self, term: terms.Function, frame: Frame) -> bool:
        frame.names[term.name] = self._decorated(term, frame)
        return False

    def _decorated(self, term: terms.Function, frame: Frame) -> Value:
        function = Func(term, frame, owner=frame.owner if frame.kind == "class" else None)
        if frame.kind == "module":
            self.functions.append(function)
        value: Value = function
        for decorator, line in reversed(term.decorators):
            made = self.value(decorator, frame)
            outer, self.site = self.site, Span(frame.file, line, term.qualname)
            value = self._decorate(made, value, function)
            self.site = outer
        return value

    def _decorate(self, decorator: Value, value: Value, function: Func) -> Value:
        if isinstance(decorator, Lib):
            last = decorator.name.rpartition(".")[2]
            if last in ("staticmethod", "classmethod"):
                function.kind = last
            elif last in ("property", "cached_property", "computed_field"):
                function.kind = "property"
            elif last in ("lru_cache", "cache"):
                function.memoised = True
            return value
        if isinstance(decorator, Obj) and isinstance(decorator.cls, Lib):
            function.memoised |= decorator.cls.name in ("functools.lru_cache", "functools.cache")
            return value
        result = self.call(decorator, [value], {})
        return result if isinstance(result, Func | Router | Obj) and not _is_library(result) else value

    def _class(self, term: terms.Class, frame: Frame) -> bool:
        cls = Cls(term, frame)
        frame.names[term.name] = cls
        if _has_operations(term):
            known = sum(len(router.entries) for router in self.routers)
            self.members(cls)
            cls.view = bool(term.decorators) and sum(len(r.entries) for r in self.routers) > known
        for decorator, _ in term.decorators:
            value = self.value(decorator, frame)
            if not cls.view and isinstance(value, Func | Native):
                self.call(value, [cls], {})
        return False

    # Expressions

    def value(self, term: Expr, frame: Frame) -> Value:
        """What an expression gives."""
        return _VALUES[type(term)](self, term, frame)

    def _ident(self, term: terms.Ident, frame: Frame) -> Value:
        return self.lookup(term.name, frame)

    def _dot(self, term: terms.Dot, frame: Frame) -> Value:
        found = self.attribute(self.value(term.value, frame), term.attr)
        return Unknown(write(term)) if isinstance(found, Unknown) else found

    def _joined(self, term: terms.Joined, frame: Frame) -> Value:
        text, doubts = "", []
        for part in term.parts:
            value = self.value(part, frame)
            if isinstance(value, Known):
                text += str(value.value)
                doubts += [value.doubt] if value.doubt else []
            else:
                doubts.append(write(part))
        return Known(text, ", ".join(doubts))

    def _binary(self, term: terms.Binary, frame: Frame) -> Value:
        left, right = self.value(term.left, frame), self.value(term.right, frame)
        return combined(left, right, term)

    def _either(self, term: terms.Either, frame: Frame) -> Value:
        if term.test is not None:
            holds = truth(self.value(term.test.value, frame), term.test.op)
            if holds is not None:
                return self.value(term.values[0 if holds else 1], frame)
        values = [self.value(each, frame) for each in term.values]
        if term.test is None and truth(values[0], "true") is False:
            return values[-1]
        strong = [v for v in values if not is_weak(v)]
        return strong[0] if strong else values[0]

    def _items(self, term: terms.Items, frame: Frame) -> Value:
        items, rest = self._spread(term.items, frame)
        return Several(items, rest)

    def _spread(self, given: Iterable[Expr], frame: Frame) -> tuple[list[Value], bool]:
        items: list[Value] = []
        rest = False
        for each in given:
            if not isinstance(each, terms.Spread):
                items.append(self.value(each, frame))
                continue
            value = self.value(each.value, frame)
            match value:
                case Several(more, open_):
                    items += more
                    rest |= open_
                case _:
                    rest = True
        return items, rest

    def _pairs(self, term: terms.Pairs, frame: Frame) -> Value:
        table = Table({})
        for key, each in term.pairs:
            value = self.value(each, frame)
            name = self.value(key, frame) if key is not None else None
            if name is None:
                table = merged(table, value)
            elif isinstance(name, Known):
                table.pairs[name.value] = value
            elif isinstance(name, Cls | Lib):  # an exception as key of `exception_handlers`
                table.pairs[f"\0{id(name)}"] = Several([name, value])
            else:
                table.rest = True
        return table

    def _each(self, term: terms.Each, frame: Frame) -> Value:
        inner = Frame("function", frame.module, frame.file, frame, path=frame.path)
        over = self.value(term.over, frame)
        items: list[Value] = []
        table = Table({}, rest=not isinstance(over, Several | Table))
        for item in self.iterate(over, write(term.target)):
            self.assign(term.target, item, inner)
            element = self.value(term.element, inner)
            if term.value is None:
                items.append(element)
            elif isinstance(element, Known):
                table.pairs[element.value] = self.value(term.value, inner)
        return Several(items, rest=table.rest) if term.value is None else table

    def _index(self, term: terms.Index, frame: Frame) -> Value:
        base = self.value(term.value, frame)
        match base:
            case Lib(name) if name.rpartition(".")[2] == "Annotated":
                parts = term.index.items if isinstance(term.index, terms.Items) else (term.index,)
                return Marked(self.value(parts[0], frame), [self.value(p, frame) for p in parts[1:]])
            case Lib(name) if name in ("typing.Optional", "typing.Union"):
                parts = term.index.items if isinstance(term.index, terms.Items) else (term.index,)
                members = [self.value(part, frame) for part in parts]
                return union([*members, Known(None)] if name == "typing.Optional" else members, spelled=True)
            case Lib() | Cls():
                parts = term.index.items if isinstance(term.index, terms.Items) else (term.index,)
                return Generic(base, [self.value(part, frame) for part in parts])
            case Generic(Marked(inner, notes)):
                return Marked(inner, notes)
        if isinstance(term.index, terms.Slice):
            low, high = (
                self.value(end, frame) if end is not None else Known(None)
                for end in (term.index.lower, term.index.upper)
            )
            return cut(base, low, high, term)
        return element(base, self.value(term.index, frame), term)

    def _apply(self, term: terms.Apply, frame: Frame) -> Value:
        if isinstance(term.func, terms.Ident) and term.func.name == "super" and not term.args:
            return self._super(frame)
        func = self.value(term.func, frame)
        args, rest = self._spread(term.args, frame)
        keywords: dict[str, Value] = {}
        for name, each in term.keywords:
            value = self.value(each, frame)
            if name != "**":
                keywords[name] = value
            elif isinstance(value, Table):
                keywords |= {str(k): v for k, v in value.pairs.items()}
                rest |= value.rest
            else:
                rest = True
        if rest:
            args = [*args]  # what is spread and can't be told is left out
        return self.call(func, args, keywords, term, frame)

    def _super(self, frame: Frame) -> Value:
        here: Frame | None = frame
        while here is not None:
            if here.owner is not None and here.receiver is not None:
                return Super(here.owner, here.receiver)
            here = here.parent
        return Unknown("super()")

    def _lambda(self, term: terms.Lambda, frame: Frame) -> Value:
        return Func(term, frame, owner=frame.owner)

    # Calls

    def call(
        self,
        func: Value,
        args: list[Value],
        keywords: dict[str, Value],
        term: terms.Apply | None = None,
        frame: Frame | None = None,
    ) -> Value:
        """What calling a value gives, and what it registers."""
        match func:
            case Func():
                return self._call_function(func, args, keywords)
            case Cls():
                return self._construct(func, args, keywords, term, frame)
            case Native(call):
                return call(args, keywords)
            case Generic(origin):
                return self.call(origin, args, keywords, term, frame)
            case Obj(cls=Cls() as cls) if (method := self.member(cls, "__call__", func)) is not None:
                return self.call(method, args, keywords, term, frame)
            case Lib() | Method() | Obj():
                return call_library(self, func, args, keywords, term, frame)
        if term is not None and frame is not None and _includes(term):
            self.lost.append((_span(term, frame), write(term)))
        return Unknown(write(term) if term is not None else "call")

    def _call_function(self, func: Func, args: list[Value], keywords: dict[str, Value]) -> Value:
        if func.memoised and func.remembered is not None and not args and not keywords:
            return func.remembered
        if self.depth >= _DEEPEST:
            return Unknown(_name(func))
        self.called.add(id(func.term))
        if not self.depth:
            self.until = self.steps + _MOST
        frame = Frame("function", func.frame.module, func.frame.file, func.frame, owner=func.owner)
        frame.receiver = func.receiver
        frame.path = (
            func.term.qualname
            if isinstance(func.term, terms.Function)
            else f"{lambda_path(func.frame)}<lambda>"
        )
        self._parameters(func, args, keywords, frame)
        self.depth += 1
        result = self._result(func, frame)
        self.depth -= 1
        if not self.depth and self.steps > self.until:
            self.lost.append((Span(func.frame.file, func.term.line), f"{_name(func)} is too much to follow"))
        if func.memoised and not args and not keywords:
            func.remembered = result
        return result

    def begin(self, func: Func, args: list[Value]) -> None:
        """Follow a function for what it registers; of a generator all that it does."""
        self.beginning = func.term
        self.call(func, args, {})

    def _result(self, func: Func, frame: Frame) -> Value:
        term = func.term
        if isinstance(term, terms.Lambda):
            return self.value(term.result, frame)
        if term.body is not None and (not term.is_generator or term is self.beginning):
            self.run(term.body, frame)
            strong = [v for v in frame.results if not is_weak(v)]
            if strong:
                return strong[0]
        given = self.value(term.returns, func.frame) if term.returns is not None else None
        if isinstance(given, Cls) and not term.is_generator and not self.is_router(given):
            return Obj(given, [], {})
        return frame.results[0] if frame.results else Unknown(f"{term.name}()")

    def _parameters(self, func: Func, args: list[Value], keywords: dict[str, Value], frame: Frame) -> None:
        given = [func.receiver, *args] if func.receiver is not None else list(args)
        rest = dict(keywords)
        for each in func.term.parameters:
            match each.kind:
                case "args":
                    frame.names[each.name] = Several(given)
                    given = []
                case "kwargs":
                    frame.names[each.name] = named(rest)
                case _ if each.kind == "plain" and given:
                    frame.names[each.name] = given.pop(0)
                case _ if each.name in rest:
                    frame.names[each.name] = rest.pop(each.name)
                case _ if each.default is not None:
                    frame.names[each.name] = self.value(each.default, func.frame)
                case _:
                    frame.names[each.name] = self._assumed(each, func.frame)

    def _assumed(self, parameter: terms.Parameter, frame: Frame) -> Value:
        """What is known of an argument that nobody gives: an instance of its class."""
        given = self.value(parameter.annotation, frame) if parameter.annotation is not None else None
        if isinstance(given, Cls) and not self.is_router(given):
            return Obj(given, [], {})
        return Unknown(parameter.name)

    def _construct(
        self,
        cls: Cls,
        args: list[Value],
        keywords: dict[str, Value],
        term: terms.Apply | None,
        frame: Frame | None,
    ) -> Value:
        base = self.library_router(cls)
        if base is not None:
            return call_library(self, cls, args, keywords, term, frame)
        made = Obj(cls, args, keywords)
        init = self.member(cls, "__init__", made)
        if isinstance(init, Func) and isinstance(init.term, terms.Function):
            if init.term.body is not None:
                self.call(init, args, keywords)
        else:
            made.attrs.update(keywords)
            made.attrs.update(zip(self.fields(cls), args, strict=False))
        return made

    # Classes

    def members(self, cls: Cls) -> Frame:
        """The names of a class body, followed once."""
        if cls.body is None:
            around = cls.frame
            cls.body = Frame("class", around.module, around.file, around, owner=cls, path=cls.term.qualname)
            self.run(cls.term.body, cls.body)
        return cls.body

    def lineage(self, cls: Cls) -> list[Cls | Lib]:
        """The class and its bases, in the order of look-up as far as it can be told."""
        if cls.line is None:
            cls.line = [cls]  # a cycle of bases ends here
            above: list[Cls | Lib] = []
            for base in cls.term.bases:
                value = self.value(base, cls.frame)
                value = value.origin if isinstance(value, Generic) else value
                if isinstance(value, Cls):
                    above += self.lineage(value)
                elif isinstance(value, Lib):
                    above.append(value)
            cls.line = [cls, *_last_of_each(above)]
        return cls.line

    def library_bases(self, cls: Cls) -> list[str]:
        """Dotted names of the library's classes above it."""
        return [base.name for base in self.lineage(cls) if isinstance(base, Lib)]

    def library_router(self, cls: Cls) -> Lib | None:
        """The class of FastAPI or Starlette that a project's application or router extends."""
        from strop.project.declared.builtin import is_router_class

        return next((b for b in self.lineage(cls) if isinstance(b, Lib) and is_router_class(b.name)), None)

    def is_router(self, cls: Cls) -> bool:
        """Whether instances of the class are applications or routers."""
        return self.library_router(cls) is not None

    def fields(self, cls: Cls) -> list[str]:
        """The annotated names of a class, those of its bases first."""
        found: dict[str, None] = {}
        for base in reversed(self.lineage(cls)):
            if isinstance(base, Cls):
                found.update(dict.fromkeys(s.name for s in base.term.body if isinstance(s, terms.Note)))
        return list(found)

    def member(self, cls: Cls, name: str, receiver: Value | None) -> Value | None:
        """What a class of the project or one above it defines under a name, bound to the receiver."""
        for base in self.lineage(cls):
            if not isinstance(base, Cls):
                continue
            names = self.members(base).names
            if name in names:
                assert base.body is not None
                return self.bound(self.force(base.body, name), cls, receiver)
        return None

    def bound(self, value: Value, cls: Cls, receiver: Value | None) -> Value:
        """A member as it is seen on an instance (on the class where there is no receiver)."""
        if not isinstance(value, Func):
            return value
        if value.kind == "property" and receiver is not None:
            return self.call(_with_receiver(value, receiver), [], {})
        if value.kind == "staticmethod":
            return value
        if value.kind == "classmethod":
            return _with_receiver(value, cls)
        return _with_receiver(value, receiver) if receiver is not None else value

    def attribute(self, owner: Value, name: str) -> Value:
        """`owner.name`."""
        match owner:
            case Mod():
                return self._of_module(owner.name, name)
            case Lib(dotted):
                return Lib(canonical(f"{dotted}.{name}"))
            case Cls():
                found = self.member(owner, name, None)
                return found if found is not None else self._inherited(owner, name)
            case Obj():
                return self._of_object(owner, name)
            case Router():
                return self._of_router(owner, name)
            case Super():
                return self._of_super(owner, name)
            case Several() | Table() | Known():
                return Method(owner, name)
            case Method(Obj() as receiver, outer):
                return Method(receiver, f"{outer}.{name}")
            case Func(term=terms.Function() as term) if name in ("__name__", "__qualname__"):
                return Known(term.name)
            case Cls(term) if name in ("__name__", "__qualname__"):
                return Known(term.name)
        return Unknown(name)

    def _of_module(self, module: str, name: str) -> Value:
        self.load(module)
        frame = self.frame(module)
        if name in frame.names:
            return self.force(frame, name)
        below = f"{module}.{name}"
        if below in self.files or below in self.packages:
            return Mod(below)
        found = self._from_stars(frame, name)
        return found if found is not None else Unknown(below)

    def _inherited(self, cls: Cls, name: str) -> Value:
        bases = self.library_bases(cls)
        return Lib(f"{bases[0]}.{name}") if bases else Unknown(f"{cls.term.name}.{name}")

    def _of_object(self, owner: Obj, name: str) -> Value:
        if name in owner.attrs:
            return owner.attrs[name]
        if isinstance(owner.cls, Lib):  # what a library was given it mostly keeps under the same name
            return owner.keywords.get(name) or Method(owner, name)
        found = self.member(owner.cls, name, owner)
        if found is not None:
            return _default_of(self, found)
        return Method(owner, name) if self.library_bases(owner.cls) else Unknown(name)

    def _of_router(self, owner: Router, name: str) -> Value:
        if name in owner.attrs:
            return owner.attrs[name]
        if isinstance(owner.cls, Cls):
            found = self.member(owner.cls, name, owner)
            if found is not None:
                return found
        if name == "router" and owner.is_app:
            return owner
        if name == "prefix":
            return owner.prefix
        return Method(owner, name)

    def _of_super(self, owner: Super, name: str) -> Value:
        receiver = owner.receiver
        cls = receiver.cls if isinstance(receiver, Obj | Router) else None
        line = self.lineage(cls) if isinstance(cls, Cls) else []
        after = line[line.index(owner.after) + 1 :] if owner.after in line else []
        for base in after:
            if isinstance(base, Cls) and name in self.members(base).names:
                assert base.body is not None
                return self.bound(self.force(base.body, name), base, receiver)
        return Method(receiver, name) if isinstance(receiver, Router) else Unknown(f"super().{name}")


_RUNS: dict[type, Callable[[Machine, Any, Frame], bool]] = {
    terms.Bind: Machine._bind,
    terms.Note: Machine._note,
    terms.Do: Machine._do,
    terms.Give: Machine._give,
    terms.Loop: Machine._loop,
    terms.Branch: Machine._branch,
    terms.Bring: Machine._bring,
    terms.Function: Machine._function,
    terms.Class: Machine._class,
}
_VALUES: dict[type, Callable[[Machine, Any, Frame], Value]] = {
    terms.Lit: lambda machine, term, frame: Known(term.value),
    terms.Ident: Machine._ident,
    terms.Dot: Machine._dot,
    terms.Apply: Machine._apply,
    terms.Spread: lambda machine, term, frame: machine.value(term.value, frame),
    terms.Index: Machine._index,
    terms.Slice: lambda machine, term, frame: Unknown(write(term)),
    terms.Items: Machine._items,
    terms.Pairs: Machine._pairs,
    terms.Joined: Machine._joined,
    terms.Binary: Machine._binary,
    terms.Either: Machine._either,
    terms.Each: Machine._each,
    terms.Lambda: Machine._lambda,
    terms.Opaque: lambda machine, term, frame: Unknown(term.text),
}


def _packages(modules: Iterable[str]) -> frozenset[str]:
    prefixes: set[str] = set()
    for name in modules:
        parts = name.split(".")
        prefixes.update(".".join(parts[:count]) for count in range(1, len(parts)))
    return frozenset(prefixes)


def _is_library(value: Value) -> bool:
    return isinstance(value, Obj) and isinstance(value.cls, Lib)


def _has_operations(term: terms.Class) -> bool:
    return any(isinstance(each, terms.Function) and each.decorators for each in term.body)


def _with_receiver(func: Func, receiver: Value) -> Func:
    return Func(
        func.term, func.frame, func.owner, receiver, func.wrapped, func.kind, func.memoised, given=func.given
    )


def _last_of_each(line: list[Cls | Lib]) -> list[Cls | Lib]:
    """A base that stands twice is looked up last."""
    found: dict[object, Cls | Lib] = {}
    for each in line:
        key: object = each.name if isinstance(each, Lib) else id(each)
        found.pop(key, None)
        found[key] = each
    return list(found.values())


def _default_of(machine: Machine, value: Value) -> Value:
    """What an instance has where its class says `Field(default)`."""
    if isinstance(value, Obj) and isinstance(value.cls, Lib) and value.cls.name.rpartition(".")[2] == "Field":
        if "default" in value.keywords:
            return value.keywords["default"]
        if value.args:
            return value.args[0]
        factory = value.keywords.get("default_factory")
        return machine.call(factory, [], {}) if factory is not None else Unknown("Field()")
    return value


def _includes(term: terms.Apply) -> bool:
    return isinstance(term.func, terms.Dot) and term.func.attr in ("include_router", "add_api_route")


def _span(term: terms.Apply, frame: Frame) -> Span:
    return Span(frame.file, term.line, "", term.end_line if term.end_line != term.line else 0)


def _name(func: Func) -> str:
    return func.term.name if isinstance(func.term, terms.Function) else "lambda"
