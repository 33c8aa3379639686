"""A finding was made on the base; on the branch, earlier patches have moved its lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from strop.finding import Finding
from strop.span import Span

LINES = (
    ("parent_line", "parent_file"),
    ("loop_line", ""),
)  # facts that are lines, and the fact that names their file

Read = Callable[[str], str]
T = TypeVar("T")


class Moved:
    """Where lines of the base are now."""

    def __init__(self, before: Read, after: Read) -> None:
        self._before = before
        self._after = after
        self._maps: dict[str, dict[int, int]] = {}

    def line(self, file: str, line: int) -> int:
        """The number of the same line now; of the nearest kept line above when it was changed."""
        known = self._lines(file)
        for back in range(line, 0, -1):
            if back in known:
                return known[back] + line - back
        return line

    def span(self, span: Span) -> Span:
        """The same place now."""
        end = self.line(span.file, span.end_line) if span.end_line else 0
        return replace(span, line=self.line(span.file, span.line), end_line=end)

    def finding(self, finding: Finding) -> Finding:
        """The same finding with its places as they are now. Its id stays."""
        facts = dict(finding.facts)
        for name, file in LINES:
            if facts.get(name, "").isdigit():
                where = facts.get(file) or finding.span.file
                facts[name] = str(self.line(where, int(facts[name])))
        chain = tuple(replace(step, span=self.span(step.span)) for step in finding.chain)
        return replace(finding, span=self.span(finding.span), chain=chain, facts=tuple(sorted(facts.items())))

    def everything(self, value: T) -> T:
        """A value of nested structs and tuples with every place in it as it is now."""
        return cast(T, self._moved(value))

    def _moved(self, value: Any) -> Any:
        if isinstance(value, Span):
            return self.span(value)
        if isinstance(value, tuple):
            return tuple(self._moved(each) for each in value)
        if isinstance(value, Struct):
            old = {name: getattr(value, name) for name in value.__struct_fields__}
            new = {name: self._moved(each) for name, each in old.items()}
            return replace(value, **{name: new[name] for name in new if new[name] is not old[name]})
        return value

    def _lines(self, file: str) -> dict[int, int]:
        import difflib

        if file not in self._maps:
            try:
                old, new = self._before(file).splitlines(), self._after(file).splitlines()
            except OSError:
                old, new = [], []
            blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
            self._maps[file] = {b.a + n + 1: b.b + n + 1 for b in blocks for n in range(b.size)}
        return self._maps[file]
