"""The changes of a corpus: those that its TOML files describe, and random mistakes in the same application."""

from __future__ import annotations

import ast
import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strop.proof.mutants import Mutant, make_mutants

SEED = 20261121
GROUPS = ("mutants", "neutral")


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of the application: whole files afterwards, by name."""

    group: str  # mutants, neutral, random
    name: str
    kind: str
    files: tuple[tuple[str, str], ...]
    because: str = ""  # why it is not told


def read_changes(corpus: Path, root: Path) -> Iterator[Change]:
    """The changes that `mutants.toml` and `neutral.toml` describe, of the application in `root`.

    `swaps` are (file, old, new), where old stands in the file once. `edits` are tables of `file` and `within`, the
    name of a function (or class) there (else the whole file), in which `old` becomes `new` once, or the name `rename[0]` becomes `rename[1]`
    everywhere, or the statement that holds the words `drop` goes.
    """
    for group in GROUPS:
        for entry in tomllib.loads((corpus / f"{group}.toml").read_text())["change"]:
            texts: dict[str, str] = {}
            for file, old, new in entry.get("swaps", ()):
                texts[file] = _swap(_text(texts, root, file), old, new, entry["name"])
            for edit in entry.get("edits", ()):
                texts[edit["file"]] = _edit(_text(texts, root, edit["file"]), edit, entry["name"])
            yield Change(group, entry["name"], entry["kind"], tuple(texts.items()), entry.get("because", ""))


def _text(texts: Mapping[str, str], root: Path, file: str) -> str:
    return texts[file] if file in texts else (root / file).read_text()


def _swap(text: str, old: str, new: str, name: str) -> str:
    if text.count(old) != 1:
        raise SystemExit(f"{name}: {text.count(old)} times: {old}")
    return text.replace(old, new)


def _edit(text: str, edit: Mapping[str, Any], name: str) -> str:
    if "within" not in edit:
        return _replaced(text, edit, name)
    lines = text.splitlines(keepends=True)
    first, last = _place(text, edit["within"], name)
    inner = "".join(lines[first:last])
    if "drop" in edit:
        inner = _without(text, lines, (first, last), edit["drop"], name)
    else:
        inner = _replaced(inner, edit, name)
    return "".join([*lines[:first], inner, *lines[last:]])


def _replaced(text: str, edit: Mapping[str, Any], name: str) -> str:
    if "rename" in edit:
        return re.sub(rf"\b{edit['rename'][0]}\b", edit["rename"][1], text)
    return _swap(text, edit["old"], edit["new"], name)


def _place(text: str, within: str, name: str) -> tuple[int, int]:
    """The lines of a definition, decorators with them."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == within:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
            return first, node.end_lineno or node.lineno
    raise SystemExit(f"{name}: there is no {within}")


def _without(text: str, lines: list[str], place: tuple[int, int], words: str, name: str) -> str:
    """The definition, with `pass` instead of the smallest statement that holds the words."""
    found = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt)
        and place[0] < node.lineno <= place[1]
        and words in "".join(lines[node.lineno - 1 : node.end_lineno])
    ]
    if not found:
        raise SystemExit(f"{name}: no statement holds {words}")
    node = min(found, key=lambda n: ((n.end_lineno or 0) - n.lineno, -n.col_offset))
    kept = [*lines[place[0] : node.lineno - 1], f"{' ' * node.col_offset}pass\n"]
    return "".join([*kept, *lines[node.end_lineno : place[1]]])


def random_changes(corpus: Path, root: Path, count: int) -> list[Change]:
    """Mistakes inside functions anywhere in the application, drawn with a fixed seed; `random.toml` explains some."""
    where = tomllib.loads((corpus / "corpus.toml").read_text())
    files = sorted(p.relative_to(root).as_posix() for p in root.glob(where["files"]))
    lines = {
        file: range(1, (root / file).read_text().count("\n") + 2)
        for file in files
        if not any(part in f"/{file}" for part in where["left_out"])
    }
    found = [m for m in make_mutants(root, lines, 10_000).mutants if m.inside]
    chosen = random.Random(SEED).sample(found, min(count, len(found)))
    known = _explained(corpus / "random.toml")
    return [
        Change("random", _name(m), m.operator, ((m.span.file, m.edit.after),), known.get(_name(m), ""))
        for m in chosen
    ]


def _name(mutant: Mutant) -> str:
    return f"{mutant.span.file}:{mutant.span.line} {mutant.operator}: {mutant.diff}"


def _explained(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    return {entry["name"]: entry["because"] for entry in tomllib.loads(path.read_text())["survivor"]}
