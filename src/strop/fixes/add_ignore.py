"""A comment that ignores a finding, written where it is read as one.

No fix, and no answer to any finding: somebody decides that it stays. The reason is left to be written.
"""

from __future__ import annotations

from strop.project.ignores import COMMENT, read_ignores


def with_ignore(text: str, line: int, code: str) -> str | None:
    """The text with the comment behind the line, else above it; None where neither would be a comment."""
    lines = text.split("\n")
    if not 0 < line <= len(lines):
        return None
    for number, changed in ((line, _behind(lines, line, code)), (line, _above(lines, line, code))):
        if any(i.line == number and code in i.codes for i in read_ignores(changed)):
            return "\n".join(changed)
    return None


def _behind(lines: list[str], line: int, code: str) -> list[str]:
    old = lines[line - 1]
    body = old.rstrip()
    if body.endswith("\\"):  # a comment would end the statement
        return lines
    match = COMMENT.search(body)
    if match is not None and match[1] is not None:  # it ignores something already
        new = f"{body[: match.end(1)]}, {code}{body[match.end(1) :]}"
    else:
        new = f"{body}  # strop: ignore[{code}]"
    return [*lines[: line - 1], new + ("\r" if old.endswith("\r") else ""), *lines[line:]]


def _above(lines: list[str], line: int, code: str) -> list[str]:
    old = lines[line - 1]
    indent = old[: len(old) - len(old.lstrip())]
    comment = f"{indent}# strop: ignore[{code}]" + ("\r" if old.endswith("\r") else "")
    return [*lines[: line - 1], comment, *lines[line - 1 :]]
