"""Changes to several files, collected until they are edits."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import libcst as cst

from strop.fixes.code import BOM, Code, Style, read_code
from strop.fixes.files import files, module_name
from strop.fixes.fit import refit
from strop.fixes.splice import Splice, splice
from strop.fixes.unfit import Unfit
from strop.patch import Edit
from strop.project.project import Project

Read = Callable[[str], str]


class Draft:
    """What one alternative of a fix changes; reads each file once."""

    def __init__(self, project: Project, read: Read) -> None:
        self._read = read
        self._texts: dict[str, str] = {}
        self._codes: dict[str, Code] = {}
        self._splices: dict[str, list[Splice]] = {}
        self._new: dict[str, str] = {}
        self._style = Style(line_limit(read), own_modules(project))

    @property
    def limit(self) -> int:
        """The project's line length."""
        return self._style.limit

    def text(self, file: str) -> str:
        """The file as it is; Unfit if it can't be read."""
        if file not in self._texts:
            try:
                self._texts[file] = self._read(file)
            except (OSError, UnicodeError, KeyError) as error:
                raise Unfit(f"{file or 'a file without a name'} can't be read") from error
        return self._texts[file]

    def code(self, file: str) -> Code:
        """The parsed file; Unfit if it can't be read or parsed."""
        if file not in self._codes:
            self._codes[file] = read_code(file, self.text(file), self._style)
        return self._codes[file]

    def change(self, code: Code, *splices: Splice) -> None:
        """Add splices of one file; an equal one is made once."""
        self._splices.setdefault(code.file, []).extend(splices)

    def create(self, file: str, text: str) -> None:
        """Add a new file."""
        self._new[file] = text

    def edits(self) -> tuple[Edit, ...]:
        """The edits in the order of their paths; Unfit if nothing changes or a result does not parse."""
        edits = []
        for file, splices in self._splices.items():
            code = self._codes[file]
            after = refit(code.text, splice(code.data, splices).decode(), self.limit)
            _must_parse(file, code.text, after)
            if after != code.text:
                edits.append(Edit(file, code.text, after))
        edits += [Edit(file, None, text) for file, text in self._new.items()]
        if not edits:
            raise Unfit("nothing is left to change")
        return tuple(sorted(edits, key=lambda edit: edit.file))


def own_modules(project: Project) -> frozenset[str]:
    """The first words of the names under which the project's own modules are imported."""
    paths = [f.span.file for f in project.source.functions.values()]
    paths += [t.span.file for t in project.imported.tables if t.span] or files(project)
    return frozenset(module_name(path).split(".")[0] for path in paths)


def line_limit(read: Read) -> int:
    """The line length of the project's formatter, in characters."""
    try:
        tools = tomllib.loads(read("pyproject.toml")).get("tool", {})
        ruff, black = tools.get("ruff", {}), tools.get("black", {})
        return int(ruff.get("line-length") or black.get("line-length") or 88)
    except (OSError, UnicodeError, KeyError, ValueError, TypeError, AttributeError):
        return 88


def _must_parse(file: str, before: str, after: str) -> None:
    try:
        cst.parse_module(after.removeprefix(BOM))
    except cst.ParserSyntaxError as error:
        raise Unfit(f"the changed {file} would not parse") from error
    # The target may be written for a newer Python than this one: only a new error counts.
    if _compiles(before) and not _compiles(after):
        raise Unfit(f"the changed {file} would not compile")


def _compiles(text: str) -> bool:
    try:
        compile(text.removeprefix(BOM), "<target>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True
