"""Runs in the environment with the libraries: looks up the names on standard input, answers JSON on standard output."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.metadata
import importlib.util
import io
import json
import sys
import warnings
from functools import cache
from pathlib import Path

MADE_AT_RUN_TIME = ("boto3.client.", "boto3.resource.", "googleapiclient.discovery.Resource.execute")


def by_import(dotted: str) -> bool:
    """Whether the name is there after importing what can be imported of it."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                found: object = importlib.import_module(".".join(parts[:count]))
        except BaseException:  # libraries raise anything while they are imported
            continue
        for part in parts[count:]:
            try:
                found = getattr(found, part)
            except Exception:
                return False
        return True
    return False


@cache
def definitions(top: str) -> frozenset[str]:
    """ "Class.method", "Class.attribute", "Class" and "function" for everything that a package's files define."""
    spec = importlib.util.find_spec(top)
    places = [Path(p) for p in (spec.submodule_search_locations or ())] if spec is not None else []
    files = [f for place in places for f in place.rglob("*.py*") if f.suffix in (".py", ".pyi")]
    if spec is not None and spec.origin and not files:  # a single module, compiled or not
        files = [
            f
            for f in (Path(spec.origin), Path(spec.origin).parent / f"{top}.pyi")
            if f.suffix != ".so" and f.exists()
        ]
    found: set[str] = set()
    for file in files:
        with contextlib.suppress(SyntaxError, ValueError, OSError):
            note(ast.parse(file.read_bytes()), found)
    return frozenset(found)


def note(tree: ast.Module, found: set[str]) -> None:
    """What one file defines; attributes that a class gives itself count."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found.add(node.name)
            for each in ast.walk(node):
                match each:
                    case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                        found.add(f"{node.name}.{name}")
                    case ast.Attribute(value=ast.Name(id="self"), attr=name):
                        found.add(f"{node.name}.{name}")
                    case ast.AnnAssign(target=ast.Name(id=name)):
                        found.add(f"{node.name}.{name}")


@cache
def bases(top: str) -> dict[str, tuple[str, ...]]:
    """The bases of every class that a package defines, by plain name."""
    spec = importlib.util.find_spec(top)
    found: dict[str, tuple[str, ...]] = {}
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        for file in Path(place).rglob("*.py"):
            with contextlib.suppress(SyntaxError, ValueError, OSError):
                for node in ast.walk(ast.parse(file.read_bytes())):
                    if isinstance(node, ast.ClassDef):
                        names = (
                            b.attr if isinstance(b, ast.Attribute) else getattr(b, "id", "")
                            for b in node.bases
                        )
                        found[node.name] = (*found.get(node.name, ()), *names)
    return found


def by_source(dotted: str) -> bool:
    """Whether a class with this name and member, or a function with this name, is written in the package."""
    parts = dotted.split(".")
    top = ".".join(parts[:2]) if parts[0] in ("google", "azure") else parts[0]
    try:
        known = definitions(top)
    except (ImportError, ValueError):
        return False
    if len(parts) < 2 or not parts[-2][:1].isupper():
        return parts[-1] in known
    waiting, seen = [parts[-2]], set()
    while waiting:
        owner = waiting.pop()
        if f"{owner}.{parts[-1]}" in known:
            return True
        if owner not in seen:
            seen.add(owner)
            waiting.extend(bases(top).get(owner, ()))
    return False


def exists(name: str) -> bool:
    """Whether a name, or what a family's name stands for, is there."""
    if name.startswith(MADE_AT_RUN_TIME):
        name = name.rpartition(".")[0] if not name.endswith("*") else name
    dotted = name.removesuffix(".**").removesuffix(".*")
    if dotted in ("boto3.resource.meta", "boto3.client", "boto3.resource"):
        return by_import("boto3.client")
    return by_import(dotted) or by_source(dotted)


def is_here(top: str) -> bool:
    """Whether anything of the package is installed."""
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def main() -> None:
    """Answer one question."""
    asked: dict[str, list[str]] = json.load(sys.stdin)
    absent = [name for top, names in asked.items() if not is_here(top) for name in names]
    found = {name: exists(name) for top, names in asked.items() if is_here(top) for name in names}
    owners = importlib.metadata.packages_distributions()
    versions = sorted({f"{d} {importlib.metadata.version(d)}" for top in asked for d in owners.get(top, ())})
    missing = [name for name, there in found.items() if not there]
    print(
        json.dumps(
            {"versions": versions, "found": len(found) - len(missing), "missing": missing, "absent": absent}
        )
    )


if __name__ == "__main__":
    main()
