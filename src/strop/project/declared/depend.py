"""Which dependencies does a callable ask for, and what does it ask of the request?"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from strop.project.declared import terms
from strop.project.declared.classes import library_bases, lineage, member, members
from strop.project.declared.follow import Machine
from strop.project.declared.library import INJECTED, SCHEMES
from strop.project.declared.named import name_of, plain, span_of
from strop.project.declared.terms import Expr
from strop.project.declared.users import made_name, made_wants
from strop.project.declared.values import (
    Cls,
    Depend,
    Frame,
    Func,
    Generic,
    Known,
    Lib,
    Marked,
    Obj,
    Union,
    Unknown,
    Value,
)
from strop.project.route import Dependency, Level

_DEEPEST = 20


class Wanted(Struct):
    """A dependency that a callable asks for, through a parameter or for its effect."""

    depend: Depend
    call: Value
    parameter: str = ""
    level: Level = "parameter"


class Asked(Struct):
    """A parameter that the request fills; `frame` is where its terms are to be read."""

    name: str
    annotation: Expr | None
    default: Expr | None
    line: int
    frame: Frame
    type: Value | None = None


class Signature(Struct):
    """What a callable asks for."""

    wanted: list[Wanted] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    scopes: bool = False  # takes SecurityScopes


class Signatures:
    """Signatures of callables, each read once."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._known: dict[object, Signature] = {}

    def of(self, call: Value) -> Signature:
        """What FastAPI finds when it looks at a callable."""
        key = identity(call)
        if key not in self._known:
            self._known[key] = Signature()  # one that depends on itself ends here
            self._known[key] = self._read(call)
        return self._known[key]

    def _read(self, call: Value) -> Signature:
        call = plain(call)
        match call:
            case Func():
                return self._function(call, call.given)
            case Cls():
                return self._class(call)
            case Obj(cls=Cls() as cls):
                method = member(self.machine, cls, "__call__", call)
                return self.of(method) if method is not None else Signature()
            case Obj():
                return Signature([Wanted(Depend(v, name), v, name) for name, v in made_wants(call)])
        return Signature()

    def _function(self, func: Func, given: tuple[str, ...] = (), *, bound: bool = False) -> Signature:
        found = Signature()
        parameters = list(func.term.parameters)
        if bound or func.receiver is not None:
            del parameters[:1]
        for each in parameters:
            if each.name not in given and each.kind not in ("args", "kwargs"):
                frame = func.frame
                self._parameter(found, each.name, each.annotation, each.default, each.line, frame)
        return found

    def view(self, func: Func, cls: Cls) -> Signature:
        """The signature of a method that is an operation of a class-based view."""
        found = self._function(func, bound=func.kind != "staticmethod")
        found.wanted.insert(0, Wanted(Depend(cls, cls.term.name), cls, "self"))
        return found

    def _class(self, cls: Cls) -> Signature:
        found = Signature()
        init = member(self.machine, cls, "__init__", cls)
        if isinstance(init, Func):
            found = self._function(init)
        if cls.view or not isinstance(init, Func):
            for name, annotation, default, line, frame in self._fields(cls):
                if not (cls.view and name.startswith("_")):
                    self._parameter(found, name, annotation, default, line, frame)
        return found

    def _fields(self, cls: Cls) -> Iterator[tuple[str, Expr, Expr | None, int, Frame]]:
        """Annotated names of the class and its bases, in the order of `get_type_hints`."""
        found: dict[str, tuple[Expr, Expr | None, int, Frame]] = {}
        for base in reversed(lineage(self.machine, cls)):
            if isinstance(base, Cls):
                body = members(self.machine, base)
                for each in base.term.body:
                    if isinstance(each, terms.Note) and not _is_class_variable(each.annotation):
                        found[each.name] = (each.annotation, each.value, each.line, body)
        yield from ((name, *rest) for name, rest in found.items())

    def _parameter(
        self,
        found: Signature,
        name: str,
        annotation: Expr | None,
        default: Expr | None,
        line: int,
        frame: Frame,
    ) -> None:
        kind = self.machine.value(annotation, frame) if annotation is not None else None
        value = self.machine.value(default, frame) if default is not None else None
        depend = _depend_in(kind, value)
        if depend is not None:
            base = kind.base if isinstance(kind, Marked) else kind
            call = depend.call if depend.call is not None else base
            call = call.origin if isinstance(call, Generic) and depend.call is None else call
            found.wanted.append(Wanted(depend, call if call is not None else Unknown(name), name))
        elif self._is_injected(kind):
            found.scopes |= self._names(kind) == "fastapi.security.oauth2.SecurityScopes"
        else:
            found.asked.append(Asked(name, annotation, default, line, frame, kind))

    def _names(self, kind: Value | None) -> str:
        kind = kind.base if isinstance(kind, Marked) else kind
        return kind.name if isinstance(kind, Lib) else ""

    def _is_injected(self, kind: Value | None) -> bool:
        kind = kind.base if isinstance(kind, Marked) else kind
        match kind:
            case Lib(name):
                return name in INJECTED
            case Cls():
                return bool(INJECTED.intersection(library_bases(self.machine, kind)))
            case Union(members):
                rest = [m for m in members if not (isinstance(m, Known) and m.value is None)]
                return len(rest) == 1 and self._is_injected(rest[0])
        return False


def _is_class_variable(term: Expr) -> bool:
    base = term.value if isinstance(term, terms.Index) else term
    last = base.attr if isinstance(base, terms.Dot) else base.name if isinstance(base, terms.Ident) else ""
    return last == "ClassVar"


def _depend_in(kind: Value | None, default: Value | None) -> Depend | None:
    if isinstance(default, Depend):
        return default
    if isinstance(kind, Marked):
        return next((note for note in reversed(kind.notes) if isinstance(note, Depend)), None)
    return None


def identity(call: Value) -> object:
    """What FastAPI compares callables by."""
    match call:
        case Func(term=term, frame=frame, receiver=receiver):
            wrapped = identity(call.wrapped) if call.wrapped is not None else None
            return (id(term), id(frame), id(receiver) if receiver is not None else 0, wrapped, call.given)
        case Lib(name):
            return name
    return id(call)


class Effective:
    """The dependencies of one operation in the order in which FastAPI calls them."""

    def __init__(self, signatures: Signatures) -> None:
        self.signatures = signatures
        self.machine = signatures.machine
        self.found: list[Dependency] = []
        self.signed: list[
            tuple[Value, Signature]
        ] = []  # every callable that is called, with what it asks for
        self.seen: set[object] = set()

    def visit(
        self, wanted: list[Wanted], depth: int = 1, parent: str = "", scopes: tuple[str, ...] = ()
    ) -> None:
        """Add what is wanted: the inner ones first, a cached one once."""
        for each in wanted:
            own = tuple(dict.fromkeys((*scopes, *each.depend.scopes)))
            name = made_name(each.call) or name_of(each.call)
            signature = self.signatures.of(each.call) if depth < _DEEPEST else Signature()
            known = len(self.found)
            self.visit(signature.wanted, depth + 1, name, own)
            key = (identity(each.call), own if self._uses_scopes(each, signature, set()) else ())
            if each.depend.cached and key in self.seen:
                assert known <= len(self.found)
                continue
            self.seen.add(key)
            self.signed.append((each.call, signature))
            self.found.append(self._dependency(each, depth, parent, name, own))

    def _uses_scopes(self, wanted: Wanted, signature: Signature, seen: set[int]) -> bool:
        if wanted.depend.scopes or signature.scopes or self._scheme(wanted.call):
            return True
        if id(signature) in seen:
            return False
        seen.add(id(signature))
        return any(self._uses_scopes(w, self.signatures.of(w.call), seen) for w in signature.wanted)

    def _scheme(self, call: Value) -> str:
        """The dotted name of the library's security class behind an instance."""
        if not isinstance(call, Obj):
            return ""
        names = [call.cls.name] if isinstance(call.cls, Lib) else library_bases(self.machine, call.cls)
        return next((name for name in names if name in SCHEMES), "")

    def _dependency(
        self, wanted: Wanted, depth: int, parent: str, name: str, scopes: tuple[str, ...]
    ) -> Dependency:
        runs = self._runs(wanted.call)
        scheme = self._scheme(wanted.call)
        term = runs.term if isinstance(runs, Func) else None
        function = term if isinstance(term, terms.Function) else None
        made = made_name(wanted.call)
        return Dependency(
            name,
            span_of(wanted.call),
            function.is_async if function is not None else bool(scheme or made),
            function.is_generator if function is not None else False,
            isinstance(plain(wanted.call), Cls) or _is_library_class(wanted.call),
            depth,
            wanted.parameter,
            parent,
            wanted.level,
            scheme,
            scopes,
            "" if made else _uncertain(wanted),
        )

    def _runs(self, call: Value) -> Value | None:
        call = plain(call)
        if isinstance(call, Obj) and isinstance(call.cls, Cls):
            found = member(self.machine, call.cls, "__call__", call)
            return plain(found) if found is not None else None
        return call


def _is_library_class(call: Value) -> bool:
    return isinstance(call, Lib) and call.name.rpartition(".")[2][:1].isupper()


def _uncertain(wanted: Wanted) -> str:
    """Why what it calls can't be told."""
    match plain(wanted.call):
        case Func() | Cls() | Lib():
            return ""
        case Obj(cls=Cls()):
            return ""
        case Obj(cls=Lib(name)) if name in SCHEMES:
            return ""
        case Obj(cls=Lib(name)):
            return f"made by {name}"
    return f"{wanted.depend.text} can't be followed"
