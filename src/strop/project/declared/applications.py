"""Which applications does the project have, and which of them is the main one?"""

from __future__ import annotations

from pathlib import PurePosixPath

from strop.project.declared import terms
from strop.project.declared.follow import Machine
from strop.project.declared.values import Func, Router

_ASIDE = frozenset({"docs", "docs_src", "examples", "example", "scripts", "benchmarks", "samples", "tools"})
_USUAL_FILES = ("main", "app", "asgi", "api", "server", "application", "__init__", "wsgi")
_USUAL_NAMES = ("app", "application", "api", "")


def applications(machine: Machine) -> list[Router]:
    """Applications that are not mounted in another, the most usual one first."""
    for name, file in machine.files.items():
        if file.active:
            machine.load(name)
    _call_factories(machine)
    found = [r for r in machine.routers if r.is_app and not r.below]
    return sorted(found, key=_rank)


def _call_factories(machine: Machine) -> None:
    """Call functions that make an application and that nothing called: a server does."""
    for function in list(machine.functions):
        term = function.term
        if isinstance(term, terms.Function) and id(term) not in machine.called and _makes(term):
            machine.call(Func(term, function.frame), [], {})


def _makes(term: terms.Function) -> bool:
    """Whether the function's body makes an application."""
    return term.body is not None and any(_makes_here(each) for each in term.body)


def _makes_here(statement: terms.Statement) -> bool:
    match statement:
        case terms.Bind(_, value) | terms.Give(value) | terms.Note(value=terms.Apply() as value):
            return isinstance(value, terms.Apply) and terms.write(value.func).rpartition(".")[2].endswith(
                "FastAPI"
            )
        case terms.Branch(blocks=blocks):
            return any(_makes_here(each) for block in blocks for each in block)
    return False


def _rank(app: Router) -> tuple[bool, int, int, int, str, int]:
    path = PurePosixPath(app.span.file)
    name = app.name.partition(":")[2]
    return (
        bool(_ASIDE & set(path.parts)),
        -min(len(app.entries), 1),
        _USUAL_NAMES.index(name) if name in _USUAL_NAMES else len(_USUAL_NAMES),
        _USUAL_FILES.index(path.stem) if path.stem in _USUAL_FILES else len(_USUAL_FILES),
        app.span.file,
        app.span.line,
    )
