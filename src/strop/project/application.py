"""Which files make a FastAPI application? Seen in their syntax, never by importing them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from strop.project.files import module_name, source_files
from strop.project.parse import parse_file

_USUAL_FILES = ("main", "app", "asgi", "api", "server", "application", "__init__", "wsgi")
_USUAL_NAMES = ("app", "application", "api", "create_app", "get_app", "make_app", "build_app")
SHOWN = 4  # files that could not be parsed
_ASIDE = frozenset({"docs", "docs_src", "examples", "example", "scripts", "benchmarks", "samples", "tools"})
_Def = ast.FunctionDef | ast.AsyncFunctionDef


class Candidate(Struct, frozen=True):
    """A name in a file that is an application, or a function that makes one."""

    file: str
    attribute: str
    factory: bool
    line: int

    def name(self, sources: tuple[str, ...]) -> str:
        """ "module:attribute", as imported from these source folders."""
        return f"{module_name(self.file, sources)}:{self.attribute}"


def find_applications(root: Path, exclude: tuple[str, ...] = ()) -> list[Candidate]:
    """Every application and factory below root, in the order of files."""
    texts = {path: _text(path) for path in source_files(root, exclude)}
    found: list[Candidate] = []
    trees = {}
    for path, text in texts.items():
        if "FastAPI" in text:
            parsed = parse_file(root, path)
            if parsed.tree is not None:
                trees[path] = parsed.tree
                found.extend(_in_module(parsed.file, parsed.tree, _makers(parsed.tree)))
    factories = {c.attribute for c in found if c.factory}
    if factories:
        called = re.compile(rf"=.*\b({'|'.join(map(re.escape, sorted(factories)))})\(")
        for path, text in texts.items():
            if called.search(text):
                found.extend(_from_factories(root, path, factories, found))
    return sorted(found, key=lambda c: (c.file, c.line))


def unread_applications(root: Path) -> tuple[str, ...]:
    """Files that speak of FastAPI and can't be parsed, with the reason: the application may be there."""
    parsed = (parse_file(root, path) for path in source_files(root, ()) if "FastAPI" in _text(path))
    return tuple(f"{one.file} can't be parsed: {one.reason}" for one in parsed if one.tree is None)[:SHOWN]


def is_function(root: Path, sources: tuple[str, ...], app: str) -> bool:
    """Whether "module:attribute" names a function in a file below these folders: a factory."""
    module, _, attribute = app.partition(":")
    inside = module.replace(".", "/")
    for source in sources:
        for path in (root / source / f"{inside}.py", root / source / inside / "__init__.py"):
            tree = parse_file(root, path).tree if path.exists() else None
            if tree is not None:
                return any(isinstance(n, ast.FunctionDef) and n.name == attribute for n in tree.body)
    return False


def choose(candidates: list[Candidate]) -> list[Candidate]:
    """The most usual ones: one when the choice is clear, several when it is not."""
    near = [c for c in candidates if not _ASIDE & set(PurePosixPath(c.file).parts)] or candidates
    if not near:
        return []
    best = min(map(_rank, near))
    return [c for c in near if _rank(c) == best]


def _rank(candidate: Candidate) -> tuple[bool, int, int]:
    stem = PurePosixPath(candidate.file).stem
    return (
        candidate.factory,
        _place(stem, _USUAL_FILES),
        _place(candidate.attribute, _USUAL_NAMES),
    )


def _place(name: str, usual: tuple[str, ...]) -> int:
    return usual.index(name) if name in usual else len(usual)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _makers(tree: ast.Module) -> set[str]:
    """Names that make an application when called: FastAPI, its aliases and its subclasses in this file."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("fastapi", "fastapi.applications"):
            names.update(a.asname or a.name for a in node.names if a.name == "FastAPI")
        elif isinstance(node, ast.Import):
            names.update(f"{a.asname or a.name}.FastAPI" for a in node.names if a.name == "fastapi")
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(_dotted(base) in names for base in node.bases):
            names.add(node.name)
    return names


def _in_module(file: str, tree: ast.Module, makers: set[str]) -> Iterator[Candidate]:
    made: set[str] = set()
    for node in _top(tree.body):
        for name, value in _assigned(node):
            if _is_made(value, makers) and name not in made:
                made.add(name)
                yield Candidate(file, name, False, node.lineno)
        if isinstance(node, ast.FunctionDef) and _makes(node, makers):
            yield Candidate(file, node.name, True, node.lineno)


def _from_factories(
    root: Path, path: Path, factories: set[str], known: list[Candidate]
) -> Iterator[Candidate]:
    """`app = create_app()` at module level."""
    parsed = parse_file(root, path)
    if parsed.tree is None or any(c.file == parsed.file and not c.factory for c in known):
        return
    for node in _top(parsed.tree.body):
        for name, value in _assigned(node):
            if isinstance(value, ast.Call) and _dotted(value.func).rpartition(".")[2] in factories:
                yield Candidate(parsed.file, name, False, node.lineno)


def _top(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a module, those in its branches too, but not a script's main part."""
    for node in body:
        yield node
        match node:
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                continue
            case ast.If() | ast.Try():
                yield from _top([*node.body, *node.orelse])
            case ast.With():
                yield from _top(node.body)


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value


def _is_made(value: ast.expr | None, makers: set[str]) -> bool:
    return isinstance(value, ast.Call) and _dotted(value.func) in makers


def _makes(node: _Def, makers: set[str]) -> bool:
    """Whether a function that needs no argument returns an application."""
    args = node.args
    needed = len(args.posonlyargs) + len(args.args) - len(args.defaults)
    if needed or any(default is None for default in args.kw_defaults):
        return False
    if node.returns is not None and _dotted(node.returns) in makers:
        return not any(isinstance(part, ast.Yield) for part in ast.walk(node))
    local = {
        name
        for part in ast.walk(node)
        if isinstance(part, ast.Assign | ast.AnnAssign)
        for name, value in _assigned(part)
        if _is_made(value, makers)
    }
    returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return)]
    return any(_is_made(v, makers) or (isinstance(v, ast.Name) and v.id in local) for v in returned)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return node.id if isinstance(node, ast.Name) else ""
