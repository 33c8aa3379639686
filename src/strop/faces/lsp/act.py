"""What can an editor do about a finding at a key stroke? An exact fix, or a comment that ignores it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from lsprotocol import types

from strop.actions.mend import patch_of
from strop.actions.review import Reviewed
from strop.faces.lsp.diagnose import SOURCE, Units
from strop.finding import Finding
from strop.fixes.add_ignore import with_ignore


def actions_for(
    done: Reviewed, uri: str, text: str, diagnostics: Sequence[types.Diagnostic], units: Units
) -> list[types.CodeAction]:
    """The actions for these marks of a file, whose text is as the editor has it now."""
    known = {entry.fingerprint: entry.finding for entry in done.review.entries}
    found: list[types.CodeAction] = []
    for diagnostic in diagnostics:
        finding = known.get(str(diagnostic.data)) if diagnostic.source == SOURCE else None
        if finding is not None:
            found += _actions(done, finding, uri, text, diagnostic, units)
    return found


def _actions(
    done: Reviewed, finding: Finding, uri: str, text: str, diagnostic: types.Diagnostic, units: Units
) -> Iterator[types.CodeAction]:
    patch, fixed, _ = patch_of(done, [finding])
    for edit in patch.edits if fixed else ():
        if edit.file == finding.span.file and edit.before == text:  # else it was edited since
            yield _action(
                f"strop: fix {finding.code}", uri, text, edit.after, diagnostic, units, preferred=True
            )
    line = diagnostic.range.start.line + 1
    ignoring = with_ignore(text, line, finding.code)
    if ignoring is not None:
        yield _action(f"strop: ignore {finding.code} here", uri, text, ignoring, diagnostic, units)


def _action(
    title: str,
    uri: str,
    before: str,
    after: str,
    diagnostic: types.Diagnostic,
    units: Units,
    preferred: bool = False,
) -> types.CodeAction:
    edits = list(text_edits(before, after, units))
    return types.CodeAction(
        title,
        types.CodeActionKind.QuickFix,
        [diagnostic],
        is_preferred=preferred,
        edit=types.WorkspaceEdit({uri: edits}),
    )


def text_edits(before: str, after: str, units: Units) -> Iterator[types.TextEdit]:
    """The lines that differ, as an editor replaces them: its cursor and folds elsewhere stay."""
    old, new = before.split("\n"), after.split("\n")
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    end = types.Position(len(old) - 1, units(old[-1]))
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        begin, lines = types.Position(i1, 0), "".join(f"{line}\n" for line in new[j1:j2])
        if i2 < len(old):
            yield types.TextEdit(types.Range(begin, types.Position(i2, 0)), lines)
            continue
        lines = "\n".join(new[j1:j2])  # the last line ends without a line end
        if i1 == len(old):
            begin, lines = end, f"\n{lines}"
        elif j1 == j2:
            begin = types.Position(i1 - 1, units(old[i1 - 1]))
        yield types.TextEdit(types.Range(begin, end), lines)
