"""A function is called by hand that expects FastAPI to fill its parameters.

**What.** A handler or a dependency is called like any function, without the arguments whose defaults are `Depends(...)`,
`Query(...)`, `Header(...)` and their kind.

**Why it costs.** The default is the marker itself, not a value: the session is a `Depends` object without `execute`, the
limit is a `Query` object that is compared with a number. It fails when the line runs, or worse, it is truthy and goes through.

**How it is found.** Calls of functions of the project that leave out a parameter with such a default.

**How to fix it.** Pass the arguments; or put what both need into a plain function that neither gets injected.

**When it is no problem.** With every marked parameter passed, the call is right; after `self.x or`, where the class has `x = Depends(...)` of the same function, it is never made. A note where the function works without the value: it asks
`isinstance(...)`, compares it with what is not the default either, hands it to a function whose decorator puts another in its place, or needs it only beside another argument that the call leaves out.

**Sources.** FastAPI, "Dependencies": https://fastapi.tiangolo.com/tutorial/dependencies/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.scope import FunctionNode
from strop.project.spelling import last_name
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import listed
from strop.span import Step

RULE = Rule(
    "ARC003", "depends-called-by-hand", "architecture", "error", "A marker is taken for a value", static=True
)

_MARKERS = frozenset({"Depends", "Security", "Query", "Header", "Path", "Cookie", "Body", "Form", "File"})
_MAY_BE_EMPTY = frozenset(
    {"str", "bytes", "int", "float", "bool", "list", "dict", "set", "tuple", "Any", "object"}
)
_HANDS_ON = frozenset({"Depends", "Security", "partial", "run_in_threadpool", "to_thread", "add_task"})


def notice(body: Body) -> Iterator[Mark]:
    """Calls that leave out what FastAPI would fill."""
    for call in body.of(ast.Call):
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            continue
        ref = body.ref(call.func)
        node = (
            body.types.found.functions.get(ref.name) if ref is not None and ref.kind == "function" else None
        )
        missing = _missing(body, node, call) if node is not None else []
        if missing and not (node is not None and _is_never_empty(node) and _stands_in(body, call)):
            yield body.mark(
                RULE.code,
                call,
                missing=",".join(missing),
                text=body.brief(call, 70),
                of=node.qualname if node else "",
                harmless=all(_is_harmless(body, node, name, call) for name in missing) if node else False,
            )


def _stands_in(body: Body, call: ast.Call) -> bool:
    """Whether it is called where `self.x` is empty, which FastAPI fills with what the same function gives: never."""
    inside: ast.AST = call
    for outer in body.around(call):
        match outer:
            case ast.IfExp(test=test, orelse=other) if other is inside and _is_filled(body, test, call):
                return True
            case ast.BoolOp(op=ast.Or(), values=[first, *others]) if inside in others:
                return _is_filled(body, first, call)
        inside = outer
    return False


def _is_never_empty(node: FunctionNode) -> bool:
    """Whether a function says that it gives an object of a class: true whatever is in it."""
    returns = node.node.returns
    return isinstance(returns, ast.Name | ast.Attribute) and last_name(returns) not in _MAY_BE_EMPTY


def _is_filled(body: Body, test: ast.expr, call: ast.Call) -> bool:
    """Whether `self.x` is `x: Thing = Depends(function)` in the class, of the function that is called."""
    match test:
        case ast.Attribute(value=ast.Name(id="self"), attr=name) if body.owner is not None:
            for binding in body.owner.scope.names.get(name, ()):
                value = binding.default or binding.expr
                if isinstance(value, ast.Call) and last_name(value.func) in ("Depends", "Security"):
                    return bool(value.args) and last_name(value.args[0]) == last_name(call.func)
    return False


def _missing(body: Body, node: FunctionNode, call: ast.Call) -> list[str]:
    """The parameters with a marker as default that the call doesn't pass."""
    plain = [*node.node.args.posonlyargs, *node.node.args.args]
    defaults = _defaults(node)
    used = {name: default for name, default in defaults.items() if not name.startswith("_")}
    marked = [name for name, default in used.items() if _is_marker(body, node, default)]
    if not marked:
        return []
    static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.node.decorator_list)
    bound = node.owner is not None and isinstance(call.func, ast.Attribute) and not static
    positional = [a.arg for a in plain][1 if bound else 0 :][: len(call.args)]
    given = {*positional, *(k.arg for k in call.keywords)}
    return [name for name in marked if name not in given]


def _is_marker(body: Body, node: FunctionNode, default: ast.expr) -> bool:
    if not isinstance(default, ast.Call):
        return False
    written = last_name(default.func)
    if written not in _MARKERS:
        return False
    ref = body.types.infer(default.func, node.module.scope)
    return ref is not None and ref.name.startswith("fastapi")


def _is_harmless(body: Body, node: FunctionNode, name: str, call: ast.Call) -> bool:
    """Whether the function works without it: it looks what it got, or comes to it only when another argument is given."""
    above = {child: outer for outer in ast.walk(node.node) for child in ast.iter_child_nodes(outer)}
    uses = [n for n in above if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    if _asks_what_it_is(node, name):
        return True
    return all(
        _is_compared(node, name, above[use])
        or _is_for_another(node, use, above, call)
        or _is_asked_there(body, node, use, above[use])
        for use in uses
    )


def _asks_what_it_is(node: FunctionNode, name: str) -> bool:
    """`isinstance(name, ...)`, anywhere in the function."""
    return any(
        isinstance(n, ast.Call)
        and last_name(n.func) in ("isinstance", "hasattr")
        and isinstance(n.args[0] if n.args else None, ast.Name)
        and getattr(n.args[0], "id", "") == name
        for n in ast.walk(node.node)
    )


def _is_compared(node: FunctionNode, name: str, above: ast.AST) -> bool:
    """`name == "x"` where "x" is not the default: the marker is as unequal as the default would be."""
    marker = _defaults(node).get(name)
    given = [*marker.args[:1], *(k.value for k in marker.keywords)] if isinstance(marker, ast.Call) else []
    usual = {each.value for each in given if isinstance(each, ast.Constant)}
    match above:
        case ast.Compare(ops=[ast.Eq()], comparators=[ast.Constant(value=value)]):
            return bool(usual) and value not in usual
    return False


def _is_for_another(node: FunctionNode, use: ast.AST, above: dict[ast.AST, ast.AST], call: ast.Call) -> bool:
    """Whether the use stands below `if flag:` of a parameter that is false by default and that the call leaves out."""
    defaults = _defaults(node)
    given = {k.arg for k in call.keywords} | {a.arg for a in node.node.args.args[: len(call.args)]}
    inside = use
    while inside in above:
        outer = above[inside]
        asked = _all_asked(outer.test) if isinstance(outer, ast.If) and inside in outer.body else []
        for flag in asked:
            default = defaults.get(flag)
            if isinstance(default, ast.Constant) and not default.value and flag not in given:
                return True
        inside = outer
    return False


def _is_checked_around(body: Body, there: FunctionNode) -> bool:
    """Whether a decorator of the project around a function looks what it got, itself or one call below."""
    for decorator in there.node.decorator_list:
        outer = _function(body, there, decorator)
        calls = [n for n in ast.walk(outer.node) if isinstance(n, ast.Call)] if outer is not None else []
        below = [_function(body, outer, call.func) for call in calls] if outer is not None else []
        nodes = (n for each in (outer, *below) if each is not None for n in ast.walk(each.node))
        if any(isinstance(n, ast.Call) and last_name(n.func) == "isinstance" for n in nodes):
            return True
    return False


def _function(body: Body, node: FunctionNode, expr: ast.expr) -> FunctionNode | None:
    """The function of the project that an expression is, read in the module of another function."""
    ref = body.types.infer(expr, node.module.scope)
    return body.types.found.functions.get(ref.name) if ref is not None and ref.kind == "function" else None


def _all_asked(test: ast.expr) -> list[str]:
    """The names that have to be true for a test to be: `flag`, `flag and more`."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    return [part.id for part in parts if isinstance(part, ast.Name)]


def _is_asked_there(body: Body, node: FunctionNode, use: ast.AST, above: ast.AST) -> bool:
    """Whether it only goes on to a function of the project that looks what it got."""
    if not isinstance(above, ast.Call) or use not in above.args:
        return False
    there = _function(body, node, above.func)
    if there is not None and _is_checked_around(body, there):
        return True
    names = [a.arg for a in there.node.args.args] if there is not None else []
    place = next(i for i, given in enumerate(above.args) if given is use)
    return there is not None and place < len(names) and _asks_what_it_is(there, names[place])


def _defaults(node: FunctionNode) -> dict[str, ast.expr]:
    """The defaults of a function's parameters, by name."""
    arguments = node.node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    found = dict(
        zip([a.arg for a in plain[len(plain) - len(arguments.defaults) :]], arguments.defaults, strict=True)
    )
    return found | {
        a.arg: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None
    }


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that a request reaches."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread", "background", "serialization"))
        names = mark.fact("missing").split(",")
        if not ways:
            continue
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"{mark.fact('text')} leaves out {listed(names)}: {mark.fact('of')} gets FastAPI's marker instead of a value",
            impact="it fails where the value is used, or goes on with an object that is always true",
            solution="pass the arguments, or call a plain function that both share",
            known="static",
            confidence=0.85,
            chain=(*ways[0].chain, Step(mark.fact("text"), mark.span)),
            facts={"missing": mark.fact("missing")},
            severity="note" if mark.fact("harmless") else None,
        )


EXAMPLES = (
    Example(
        "a handler that calls a handler",
        plain("""
from fastapi import Query


@app.get("/orders")
async def list_orders(limit: int = Query(10, le=100)):
    return list(range(limit))


@app.get("/first")
async def first():
    return (await list_orders())[0]
"""),
        bad=True,
    ),
    Example(
        "a dependency that is called",
        plain("""
def words():
    return ["one"]


def first_word(given: list = Depends(words)):
    return given[0]


@app.get("/first")
def first():
    return first_word()
"""),
        bad=True,
    ),
    Example(
        "every argument is passed",
        plain("""
from fastapi import Query


@app.get("/orders")
async def list_orders(limit: int = Query(10, le=100)):
    return list(range(limit))


@app.get("/first")
async def first():
    return (await list_orders(limit=1))[0]
"""),
        bad=False,
        mends="a handler that calls a handler",
    ),
    Example(
        "handed to FastAPI, and plain defaults",
        plain("""
def words():
    return ["one"]


def first_word(given: list = Depends(words), upper: bool = False):
    return given[0].upper() if upper else given[0]


@app.get("/first")
def first(word: str = Depends(first_word)):
    return word + first_word(["two"])
"""),
        bad=False,
    ),
    Example(
        "only where the same dependency gave nothing, which it never does",
        {
            "main.py": """\
from fastapi import Depends, FastAPI, Header

app = FastAPI()


class Speaker:
    def greet(self) -> str:
        return "hello"


def speaker(accept_language: str = Header("en")) -> Speaker:
    return Speaker()


class Greeter:
    spoken: Speaker = Depends(speaker)

    def word(self) -> str:
        return self.spoken.greet() if self.spoken else speaker().greet()


@app.get("/hello")
def hello(greeter: Greeter = Depends()):
    return Greeter().word()
""",
        },
        bad=False,
    ),
    Example(
        "the same, of a name of its own",
        {
            "main.py": """\
from fastapi import Depends, FastAPI, Header

app = FastAPI()


def language(accept_language: str = Header("en")) -> str:
    return accept_language.lower()


@app.get("/hello")
def hello(said: str = ""):
    return said or language()
""",
        },
        bad=True,
    ),
    Example(
        "a function that looks what it got: a note",
        plain("""
from fastapi import Query


def seconds(given: int) -> int:
    return given if isinstance(given, int) else given.default


@app.get("/pictures/{name}")
async def picture(name: str, age: int = Query(60, ge=0), style: str = Query("round")):
    border = 2 if style == "square" else 0
    return {"name": name, "border": border, "cache": f"max-age={seconds(age)}"}


@app.get("/first")
async def first():
    return await picture("first")
"""),
        bad=True,
    ),
    Example(
        "needed only beside another argument: a note",
        plain("""
def words():
    return ["one"]


def read(name: str, known: bool = False, given: list = Depends(words)):
    if known:
        return given.index(name)
    return name


@app.get("/first")
def first():
    return read("one")
"""),
        bad=True,
    ),
    Example(
        "a decorator that puts a session in its place: a note",
        plain("""
class Session:
    def read(self) -> list[str]:
        return ["one"]


def make_session() -> Session:
    return Session()


def with_session(function):
    def wrapper(session):
        return function(session if isinstance(session, Session) else Session())

    return wrapper


@with_session
def rows(session: Session) -> list[str]:
    return session.read()


@app.get("/orders")
def list_orders(session: Session = Depends(make_session)):
    return rows(session)


@app.get("/first")
def first():
    return list_orders()[0]
"""),
        bad=True,
    ),
)
