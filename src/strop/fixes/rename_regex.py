"""Write `pattern=` where `Query`, `Path`, `Body` ... still get `regex=`.

Answers API016. Since FastAPI 0.100 a parameter keeps `pattern or regex`: with one of the two given, they are the
same value in validation and in the schema. Only the warning goes, so no run has to prove it.

Left alone: a FastAPI that is older or not known, a call that has both, and other deprecated names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst
from packaging.version import InvalidVersion, Version

from strop.finding import Finding
from strop.fixes.arguments import keyword
from strop.fixes.code import Code, called_name
from strop.fixes.draft import Draft
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit
from strop.patch import Patch, Proposal
from strop.project.project import Project

NAME = "rename_regex"
ANSWERS = ("API016",)
UNMEASURED = True
SINCE = Version("0.100")
OLD, NEW = "regex", "pattern"
MAKERS = frozenset({"Query", "Path", "Body", "Form", "Header", "Cookie", "File"})


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch for all places of the project, or one proposal."""
    if finding.fact("what") != f"{OLD}=":
        raise Unfit(f"{finding.fact('what') or 'this'} has no replacement that is exactly the same")
    _must_know(dict(project.imported.versions).get("fastapi", ""))
    draft = Draft(project, read)
    marks = project.source.marks.get(finding.code, ())
    places = {(mark.span.file, mark.span.line) for mark in marks if mark.fact("what") == f"{OLD}="}
    for file, line in sorted(places):
        code = draft.code(file)
        draft.change(code, *(_renamed(code, call) for call in _calls(code, line)))
    yield Patch(NAME, "", finding.id, f"Write {NEW}= for {OLD}=", "", draft.edits())


def _must_know(version: str) -> None:
    try:
        is_new = Version(version) >= SINCE
    except InvalidVersion:
        raise Unfit("the version of FastAPI is not known") from None
    if not is_new:
        raise Unfit(f"FastAPI {version} has no {NEW}=")


def _calls(code: Code, line: int) -> Iterator[cst.Call]:
    for call in code.nodes(cst.Call):
        if code.line(call) == line and called_name(call) in MAKERS and keyword(call, OLD) is not None:
            if keyword(call, NEW) is not None:
                raise Unfit(f"{code.file}:{line} has both {OLD}= and {NEW}=")
            yield call


def _renamed(code: Code, call: cst.Call) -> Splice:
    argument = keyword(call, OLD)
    assert argument is not None
    assert argument.keyword is not None
    return Splice(code.start(argument.keyword), code.end(argument.keyword), NEW)
