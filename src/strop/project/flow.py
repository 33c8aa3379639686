"""Where does a function pass on what it is given: to which calls, to its result, to attributes of its instance?

Noted for every function while its file is read, as one `Mark` with plain text (see `origins` for the words), and
read again by `Flow.of` for the functions that a request's values reach.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec import Struct

from strop.project.backtracking import USES, slow_use
from strop.project.body import Body, Noticer
from strop.project.entities import LASTS as XML
from strop.project.entities import opening
from strop.project.harmless import is_clean
from strop.project.mark import Mark
from strop.project.origins import Origins, handed_place
from strop.project.sinks import LASTS, SINKS
from strop.project.spelling import last_name
from strop.project.tested import tested
from strop.span import Span, Step

CODE = "FLOW"
_LONGEST = 90
_TAB, _LINE = "\t", "\n"


class Passing(Struct, frozen=True):
    """One call, and what its arguments are built from: ("0", "url", "." for the receiver, "*") -> origins."""

    number: int  # under which its result is known, -1 when nobody asks for it
    line: int
    end_line: int
    name: str  # dotted; of a sink as the table of sinks has it
    text: str
    arguments: tuple[tuple[str, tuple[str, ...]], ...]


class Flow(Struct, frozen=True):
    """What one function does with what it is given."""

    function: str
    file: str
    symbol: str
    parameters: tuple[str, ...]  # without the instance
    calls: tuple[Passing, ...]
    returns: tuple[str, ...]
    guarded: frozenset[str]
    sets: tuple[tuple[str, tuple[str, ...]], ...]  # attributes of the instance

    @classmethod
    def of(cls, mark: Mark) -> Flow:
        """Read what was noted."""
        facts = dict(mark.facts)
        return cls(
            mark.function,
            mark.span.file,
            mark.span.symbol,
            tuple(filter(None, facts.get("parameters", "").split(","))),
            tuple(_passing(line) for line in facts.get("calls", "").split(_LINE) if line),
            tuple(filter(None, facts.get("returns", "").split(","))),
            frozenset(filter(None, facts.get("guarded", "").split(","))),
            tuple(_pair(line) for line in facts.get("sets", "").split(_LINE) if line),
        )

    def step(self, call: Passing) -> Step:
        """The call as a link of a chain."""
        end = call.end_line if call.end_line != call.line else 0
        return Step(call.text, Span(self.file, call.line, self.symbol, end))


def notice(body: Body) -> Iterator[Mark]:
    """The mark of a function; none for one that passes nothing on."""
    if not _is_given(body):
        return
    origins = Origins(body)
    returns = ",".join(sorted({t for r in body.of(ast.Return) for t in origins.of(r.value)}))
    sets = _LINE.join(_sets(body, origins))
    calls = _LINE.join(_calls(body, origins))
    guarded = ",".join(sorted(tested(body, origins)))
    if not calls and not sets and not returns and not guarded:
        return
    parameters = ",".join(_parameters(body))
    yield body.mark(
        CODE, body.node, parameters=parameters, calls=calls, returns=returns, guarded=guarded, sets=sets
    )


def _is_given(body: Body) -> bool:
    """Whether anything that could carry a text comes in: a parameter, or the attributes of an instance."""
    assert not isinstance(body.node, ast.Module | ast.ClassDef)
    args = body.node.args
    return any(not is_clean(arg.annotation) for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs))


NOTICER = Noticer(CODE, notice)


def _calls(body: Body, origins: Origins) -> Iterator[str]:
    """One line a call, inner ones first; written last, when it is known whose results are asked for."""
    found = [(call, _named(body, origins, call)) for call in body.of(ast.Call)]
    kept = [(call, name, list(_arguments(origins, call, place))) for call, (name, place) in found if name]
    for call, name, arguments in sorted(kept, key=lambda k: (k[0].end_lineno, k[0].end_col_offset)):
        number = origins.noted.get(id(call), -1)
        if arguments or number >= 0:
            yield _TAB.join((*_place(number, call), name, _shortened(body, call), *arguments))


def _place(number: int, call: ast.Call) -> tuple[str, str, str]:
    return str(number), str(call.lineno), str(call.end_lineno or call.lineno)


def _shortened(body: Body, call: ast.Call) -> str:
    text = body.text(call).replace(_TAB, " ")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _named(body: Body, origins: Origins, call: ast.Call) -> tuple[str, int]:
    """What a call runs, and where its arguments begin: a function of the project, or a sink; else ""."""
    name = body.name(call.func)
    target = origins.target(call, name)
    if target:
        return target, -1 if target == name else handed_place(call)
    return _sink(body, origins, call, name), -1


def _arguments(origins: Origins, call: ast.Call, handed: int) -> Iterator[str]:
    if isinstance(call.func, ast.Attribute):
        yield from _argument(".", origins.of(call.func.value))
    for place, argument in enumerate(call.args[handed + 1 :]):
        yield from _argument(str(place), origins.of(argument))
    for keyword in call.keywords:
        match keyword.value:
            case ast.Dict(keys=keys, values=values) if keyword.arg == "headers":
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and str(key.value).lower() == "location":
                        yield from _argument("Location", origins.of(value))
            case _:
                yield from _argument(keyword.arg or "**", origins.of(keyword.value))


def _argument(place: str, tokens: frozenset[str]) -> Iterator[str]:
    if tokens:
        yield f"{place}={','.join(sorted(tokens))}"


def _is_safe(body: Body, loader: ast.expr) -> bool:
    """Whether a loader of YAML makes plain values only: SafeLoader, or a class below it."""
    return any("Safe" in base for base in body.bases(body.name(loader) or body.text(loader)))


def _sink(body: Body, origins: Origins, call: ast.Call, name: str) -> str:
    """The name under which the table of sinks has this call; "" when it doesn't."""
    func = call.func
    last = last_name(func)
    if last not in LASTS and name.rpartition(".")[2] not in LASTS:
        return ""
    if isinstance(func, ast.Attribute) and not name and origins.is_path(func.value):
        name = f"pathlib.Path.{last}"
    if last == "from_string" and not name:
        name = "?.from_string"
    given = {k.arg: k.value for k in call.keywords}
    if name == "yaml.load" and not any(_is_safe(body, v) for v in [*call.args[1:], *given.values()]):
        name = "yaml.load:unsafe"
    shell = given.get("shell")
    if name.startswith("subprocess.") and isinstance(shell, ast.Constant) and shell.value:
        name = f"{name}:shell"
    if name.startswith("httpx.") and _has_transport(body):
        return ""
    if name == "tarfile.TarFile.extractall" and "filter" in given:
        return ""
    if last in USES and name.startswith("re.") and slow_use(body, call) is not None:
        name = f"{name}:slow"
    elif last in XML:
        name = opening(body, call) or name
    return name if name in SINKS else ""


def _has_transport(body: Body) -> bool:
    """Whether a client is made here with a transport of its own: it may check every address."""
    made = body.calls("AsyncClient", "Client")
    return any(k.arg in ("transport", "mounts", "event_hooks") for call in made for k in call.keywords)


def _sets(body: Body, origins: Origins) -> Iterator[str]:
    plain = [(target, each.value) for each in body.of(ast.Assign) for target in each.targets]
    annotated = [(each.target, each.value) for each in body.of(ast.AnnAssign)]
    for target, value in (*plain, *annotated):
        match target:
            case ast.Attribute(value=ast.Name(id="self"), attr=attr):
                tokens = origins.of(value)
                if tokens:
                    yield f"{attr}={','.join(sorted(tokens))}"


def _parameters(body: Body) -> Iterator[str]:
    assert not isinstance(body.node, ast.Module | ast.ClassDef)
    args = body.node.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    for place, name in enumerate(names):
        own = place == 0 and any(b.how in ("self", "cls") for b in body.scope.names.get(name, ()))
        if not own:
            yield name


def _passing(line: str) -> Passing:
    number, start, end, name, text, *arguments = line.split(_TAB)
    return Passing(int(number), int(start), int(end), name, text, tuple(map(_pair, arguments)))


def _pair(text: str) -> tuple[str, tuple[str, ...]]:
    name, _, tokens = text.partition("=")
    return name, tuple(tokens.split(","))
