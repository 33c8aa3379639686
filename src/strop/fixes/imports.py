"""How a file spells an imported name, and where a new import goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import libcst as cst
from msgspec import Struct

from strop.fixes.code import Code, dotted
from strop.fixes.draft import Draft
from strop.fixes.files import module_name
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit


class Spelling(Struct, frozen=True):
    """The expression that names an object in a file, and what must be inserted for it."""

    text: str
    splices: tuple[Splice, ...] = ()


def imported_names(code: Code) -> dict[str, str]:
    """Every name that an import binds anywhere in the file, and the dotted name that it stands for."""
    names: dict[str, str] = {}
    for node in code.nodes(cst.Import):
        for alias in node.names:
            full = dotted(alias.name)
            bound = dotted(alias.asname.name) if alias.asname else full.split(".")[0]
            names[bound] = full if alias.asname else full.split(".")[0]
    for source in code.nodes(cst.ImportFrom):
        module = module_of(code, source)
        for alias in _aliases(source):
            bound = dotted(alias.asname.name) if alias.asname else dotted(alias.name)
            names[bound] = f"{module}.{dotted(alias.name)}"
    return names


def resolve(code: Code, node: cst.CSTNode | None) -> str:
    """The dotted name with its first word replaced by what the file imported it from; "" if not a name."""
    text = dotted(node)
    first, dot, rest = text.partition(".")
    return imported_names(code).get(first, first) + dot + rest if text else ""


def module_of(code: Code, node: cst.ImportFrom) -> str:
    """The absolute module of a from-import, as far as the file's path tells."""
    name = dotted(node.module)
    if not node.relative:
        return name
    package = code.module_name.split(".")
    drop = len(node.relative) - (1 if code.file.endswith("__init__.py") else 0)
    return ".".join([*package[: len(package) - drop], *([name] if name else [])])


def spell(code: Code, module: str, name: str, also: tuple[str, ...] = (), *, ignoring: str = "") -> Spelling:
    """How this file can say `module.name`: through an import that it has (of `also`, too), or a new one.

    Unfit if the file binds the name to something else; a binding of `ignoring` is about to go.
    """
    for node in _module_level(code):
        found = _spelled_by(code, node, (module, *also), name)
        if found:
            return Spelling(found)
    if name in _bound_names(code) and name != ignoring:
        raise Unfit(f"{code.file} already uses the name {name} for something else")
    for node in _module_level(code):
        if isinstance(node, cst.ImportFrom) and not node.relative and dotted(node.module) == module:
            if isinstance(node.names, cst.ImportStar):
                continue
            return Spelling(name, (_join(code, node, name),))
    return Spelling(name, (_new_line(code, module, name),))


def say(draft: Draft, code: Code, module: str, name: str, also: tuple[str, ...] = ()) -> str:
    """How this file says `module.name`, imported where it is not yet."""
    spelling = spell(code, module, name, also)
    draft.change(code, *spelling.splices)
    return spelling.text


def _spelled_by(code: Code, node: cst.Import | cst.ImportFrom, modules: tuple[str, ...], name: str) -> str:
    if isinstance(node, cst.Import):
        for alias in node.names:
            if dotted(alias.name) in modules:
                return f"{dotted(alias.asname.name) if alias.asname else dotted(alias.name)}.{name}"
        return ""
    source = module_of(code, node)
    for alias in _aliases(node):
        bound = dotted(alias.asname.name) if alias.asname else dotted(alias.name)
        if source in modules and dotted(alias.name) == name:
            return bound
        if f"{source}.{dotted(alias.name)}" in modules:
            return f"{bound}.{name}"
    return ""


def _aliases(node: cst.ImportFrom) -> tuple[cst.ImportAlias, ...]:
    return () if isinstance(node.names, cst.ImportStar) else tuple(node.names)


def _module_level(code: Code) -> Iterator[cst.Import | cst.ImportFrom]:
    for line in code.module.body:
        if isinstance(line, cst.SimpleStatementLine):
            for part in line.body:
                if isinstance(part, cst.Import | cst.ImportFrom):
                    yield part


def _leading(code: Code) -> Iterator[cst.Import | cst.ImportFrom]:
    """The imports at the top, before the first statement that is something else."""
    for line in code.module.body:
        part = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        if isinstance(part, cst.Import | cst.ImportFrom):
            yield part
        elif not _is_preamble(line):
            return


def _bound_names(code: Code) -> set[str]:
    """Names that the file binds by definition, assignment, parameter or import."""
    names = {f.name.value for f in code.nodes(cst.FunctionDef)} | {
        c.name.value for c in code.nodes(cst.ClassDef)
    }
    names |= {n.target.value for n in code.nodes(cst.AssignTarget) if isinstance(n.target, cst.Name)}
    names |= {n.target.value for n in code.nodes(cst.AnnAssign) if isinstance(n.target, cst.Name)}
    names |= {p.name.value for p in code.nodes(cst.Param)}
    return names | set(imported_names(code))


def sort_key(name: str) -> tuple[int, str]:
    """The order of names in one import: constants, classes, then the rest (isort and ruff)."""
    bare = name.strip("_")
    kind = 0 if bare.isupper() and len(bare) > 1 else 1 if bare[:1].isupper() else 2
    return kind, name.lower()


def _plain_key(name: str) -> tuple[int, str]:
    return 0, name.lower()


def swap(code: Code, module: str, old: str, new: str, times: int) -> tuple[Splice, ...]:
    """Import `new`, and no longer `old` if `times` are all the places where the file uses it."""
    node, alias = _import_of(code, module, old)
    uses = sum(1 for name in code.nodes(cst.Name) if name.value == old) - 1
    if uses > times or alias.asname is not None:
        return spell(code, module, new).splices
    aliases = _aliases(node)
    if new not in imported_names(code):
        names = [new if a is alias else dotted(a.name) for a in aliases]
        if names == sorted(names, key=sort_key):
            return (Splice(code.start(alias), code.end(alias), new),)
        return spell(code, module, new).splices
    return (_without(code, node, aliases, aliases.index(alias)),)


def retire(code: Code, name: str, times: int) -> tuple[Splice, ...]:
    """No longer import a name if `times` are all the places where the file uses it."""
    if sum(1 for node in code.nodes(cst.Name) if node.value == name) - 1 > times:
        return ()
    for node in _module_level(code):
        aliases = _aliases(node) if isinstance(node, cst.ImportFrom) else ()
        for at, alias in enumerate(aliases):
            if alias.asname is None and dotted(alias.name) == name:
                return (_without(code, node, aliases, at),)
    return ()


def _without(code: Code, node: cst.CSTNode, aliases: tuple[cst.ImportAlias, ...], at: int) -> Splice:
    if len(aliases) == 1:
        start = code.line_start(code.start(node))
        return Splice(start, _next_line(code, code.end(node)), "")
    if at + 1 < len(aliases):
        return Splice(code.start(aliases[at]), code.start(aliases[at + 1]), "")
    return Splice(code.end(aliases[at - 1]), code.end(aliases[at]), "")


def _import_of(code: Code, module: str, name: str) -> tuple[cst.ImportFrom, cst.ImportAlias]:
    for node in _module_level(code):
        if isinstance(node, cst.ImportFrom) and module_of(code, node) == module:
            for alias in _aliases(node):
                if dotted(alias.name) == name:
                    return node, alias
    raise Unfit(f"{code.file} does not import {name} from {module}")


def _join(code: Code, node: cst.ImportFrom, name: str) -> Splice:
    """Insert a name into a from-import that exists."""
    aliases = _aliases(node)
    names = [dotted(alias.name) for alias in aliases]
    key = sort_key if names == sorted(names, key=sort_key) else _plain_key
    after = next((a for a in aliases if key(dotted(a.name)) > key(name)), None)
    if after is not None:
        at = code.start(after)
        gap = code.newline + code.indent_at(at) if code.begins_line(after) else " "
        made = Splice(at, at, f"{name},{gap}")
    else:
        made = _append_name(code, aliases[-1], name)
    return _wrapped(code, node, name, after) if _too_long(code, node, made) else made


def _append_name(code: Code, last: cst.ImportAlias, name: str) -> Splice:
    end = code.end(last)
    gap = code.newline + code.indent_at(end) if code.begins_line(last) else " "
    return Splice(end, end, f",{gap}{name}")


def _too_long(code: Code, node: cst.ImportFrom, made: Splice) -> bool:
    line = code.data[code.line_start(code.start(node)) : code.line_end(code.start(node))].decode()
    return (
        node.lpar is None and len(line) + len(made.text) > code.limit and "\\" not in line and "#" not in line
    )


def _wrapped(code: Code, node: cst.ImportFrom, name: str, before: cst.ImportAlias | None) -> Splice:
    """One name a line, in parentheses, as formatters write it."""
    texts = []
    for alias in _aliases(node):
        if alias is before:
            texts.append(name)
        texts.append(code.source(alias))
    if before is None:
        texts.append(name)
    start, end = code.start(_aliases(node)[0]), code.end(_aliases(node)[-1])
    new = code.newline
    return Splice(start, end, f"({new}" + "".join(f"    {text},{new}" for text in texts) + ")")


def _new_line(code: Code, module: str, name: str) -> Splice:
    """A new import statement in its section, sorted."""
    text = f"from {module} import {name}{code.newline}"
    mine = _place(code, module, True)
    lines = [(node, _place_of(code, node)) for node in _leading(code)]
    lines = [(node, place) for node, place in lines if place[0] >= 0]
    if not lines:
        return _first_import(code, text)
    same = [(node, place) for node, place in lines if place[0] == mine[0]]
    gap = "" if same else code.newline
    before = [node for node, place in same or lines if place < mine]
    if before:
        at = _next_line(code, code.end(before[-1]))
        return Splice(at, at, gap + text)
    at = code.line_start(code.start((same or lines)[0][0]))
    return Splice(at, at, text + gap)


def _next_line(code: Code, offset: int) -> int:
    end = code.data.find(b"\n", offset)
    if end < 0:
        raise Unfit(f"{code.file} ends without a newline in its imports")
    return end + 1


def _place(code: Code, module: str, is_from: bool) -> tuple[int, int, str]:
    return _section(code, module), int(is_from), module.lower()


def _place_of(code: Code, node: cst.Import | cst.ImportFrom) -> tuple[int, int, str]:
    if isinstance(node, cst.Import):
        return _place(code, dotted(node.names[0].name), False)
    if node.relative:
        return 4, 1, dotted(node.module)
    name = dotted(node.module)
    return (-1, 0, name) if name == "__future__" else _place(code, name, True)


def _section(code: Code, module: str) -> int:
    """1 standard library, 2 third party, 3 the project's own package."""
    first = module.split(".")[0]
    if first in sys.stdlib_module_names:
        return 1
    own = {*code.style.own, module_name(code.file).split(".")[0], "tests"}
    return 3 if first in own else 2


def _first_import(code: Code, text: str) -> Splice:
    """The place of the first import: after the docstring and `from __future__`."""
    at, body = 0, list(code.module.body)
    for line in body:
        if not _is_preamble(line):
            start = code.line_start(code.start(line))
            return (
                Splice(start, start, text + code.newline * 2)
                if at == 0
                else Splice(at, at, code.newline + text)
            )
        at = _next_line(code, code.end(line))
    return Splice(at, at, code.newline + text if at else text)


def _is_preamble(line: cst.CSTNode) -> bool:
    if not isinstance(line, cst.SimpleStatementLine):
        return False
    part = line.body[0]
    if isinstance(part, cst.ImportFrom):
        return dotted(part.module) == "__future__"
    return isinstance(part, cst.Expr) and isinstance(part.value, cst.SimpleString | cst.ConcatenatedString)
