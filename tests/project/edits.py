"""Random edits of a project's files, as people make them: of bodies, signatures, names, files and syntax."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

_DEF = re.compile(r"^( *)(?:async )?def (\w+)\(", re.M)
_CLASS = re.compile(r"^( *)class (\w+)", re.M)
_IMPORT = re.compile(r"^(?:from \S+ import .*|import .*)$", re.M)


def edit(root: Path, random: Random, files: list[Path] | None = None) -> str:
    """Make one edit below root; says which."""
    files = files if files is not None else sorted(root.rglob("*.py"))
    path = random.choice(files)
    if not path.exists():
        return "nothing"
    text = path.read_bytes().decode(errors="replace")
    kind = random.choice([*_EDITS, "delete", "copy", "move"])
    if kind in _EDITS:
        path.write_text(_EDITS[kind](text, random), "utf-8")
    elif kind == "delete":
        path.unlink()
    elif kind == "copy":
        path.with_name(f"{path.stem}_copy.py").write_text(text, "utf-8")
    else:
        path.rename(random.choice(files).parent / f"moved_{path.name}")
    return f"{kind} {path.relative_to(root)}"


def _body(text: str, random: Random) -> str:
    found = list(re.finditer(r"^( +)return (.*)$", text, re.M))
    if not found:
        return text
    match = random.choice(found)
    value = random.choice(["None", "dict()", "self", f"str({match[2]})", "[]"])
    return f"{text[: match.start()]}{match[1]}return {value}{text[match.end() :]}"


def _statement(text: str, random: Random) -> str:
    """A statement more before a return: most bind nothing and give nothing."""
    found = list(re.finditer(r"^( +)return\b", text, re.M))
    if not found:
        return text
    match = random.choice(found)
    statement = random.choice(
        ['len("more")', "print(self)", "(self := dict())", "yield self", "self.more()  # :"]
    )
    return f"{text[: match.start()]}{match[1]}{statement}\n{text[match.start() :]}"


def _line(text: str, random: Random) -> str:
    lines = text.split("\n")
    lines.insert(0, "# " + "x" * random.randint(0, 5))
    return "\n".join(lines)


def _signature(text: str, random: Random) -> str:
    found = list(re.finditer(r"^( *(?:async )?def \w+\([^()]*)\)( *->[^:\n]*)?:$", text, re.M))
    if not found:
        return text
    match = random.choice(found)
    comma = ", " if not match[1].endswith(("(", ",", "*")) else ""
    arrow = random.choice(["", " -> int", " -> list[str]", match[2] or ""])
    return f"{text[: match.start()]}{match[1]}{comma}more=None){arrow}:{text[match.end() :]}"


def _rename(text: str, random: Random) -> str:
    found = [*_DEF.finditer(text), *_CLASS.finditer(text)]
    if not found:
        return text
    name = random.choice(found)[2]
    return re.sub(rf"\b{name}\b", f"{name}{random.randint(0, 3)}", text)


def _import(text: str, random: Random) -> str:
    found = list(_IMPORT.finditer(text))
    if not found:
        return text
    match = random.choice(found)
    line = random.choice(
        ["", "import json", match[0] + "\n" + match[0].replace("import ", "import json as x, ", 1)]
    )
    return text[: match.start()] + line + text[match.end() :]


def _method(text: str, random: Random) -> str:
    found = list(_CLASS.finditer(text))
    if not found:
        return text
    match = random.choice(found)
    end = text.find("\n", text.find(":", match.end()))
    name = random.choice(["get", "total", "name", "run", "__call__", "save"])
    mark = random.choice(["", "@property\n", "@staticmethod\n"]).replace("\n", f"\n{match[1]}    ")
    return f"{text[: end + 1]}{match[1]}    {mark}def {name}(self): return self\n{text[end + 1 :]}"


def _attribute(text: str, random: Random) -> str:
    found = list(re.finditer(r"^( +)self\.(\w+) = (.*)$", text, re.M))
    if not found:
        return text
    match = random.choice(found)
    return f"{text[: match.start()]}{match[1]}self.{match[2]} = {random.choice(['None', '1', 'dict()'])}{text[match.end() :]}"


def _broken(text: str, random: Random) -> str:
    place = random.randint(0, len(text))
    return text[:place] + random.choice(["(", "def", "'''", "\x00", " \t "]) + text[place:]


_EDITS = {
    "body": _body,
    "statement": _statement,
    "line": _line,
    "signature": _signature,
    "rename": _rename,
    "import": _import,
    "method": _method,
    "attribute": _attribute,
    "broken": _broken,
}
