"""Kept patches put together: one commit for each, in the order of what the findings cost.

Each was judged alone, from the base. Where an earlier one has changed the same file, a later one is merged; where
that conflicts, or the patch brings a migration, which has to follow the one before, it is made anew from the
branch as it stands. The proof of the branch judges the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from strop.actions.kept import Kept, Refused
from strop.actions.relocate import Moved
from strop.fixes.registry import propose
from strop.fixes.write import apply
from strop.patch import Edit, Patch
from strop.problem import Problem
from strop.project.join import join
from strop.project.project import Project
from strop.project.source import read_source
from strop.proof.schema import Schema
from strop.tree import module_tree
from strop.world import git
from strop.world.instance import World


class Composition(Struct):
    """A branch in the making."""

    world: World
    project: Project
    read: Callable[[str], str]  # a file of the base
    revision: str = "base"
    schema: Schema = field(default_factory=Schema)
    kept: list[Kept] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def add(self, kept: Kept, tree: Path) -> None:
        """Put one patch on top as a commit; it is refused where it does not fit any more."""
        try:
            patch = self._fit(kept, tree)
            if all(edit.before == edit.after for edit in patch.edits):
                raise Problem("P601", "an earlier change does the same")
            apply(tree, patch)
        except Problem as problem:
            reason = f"not on this branch: {problem.message}"
            self.refused.append(Refused(kept.item, reason, tried=(kept.candidate,)))
            return
        files = [edit.file for edit in (*patch.edits, *patch.tests)]
        self.revision = git.commit(tree, files, patch.title, patch.why)
        if patch.touches_schema:
            self.schema = self.schema.with_index(kept.item.finding)
        self.kept.append(replace(kept, patch=patch, commit=self.revision, schema=self.schema))

    def _fit(self, kept: Kept, tree: Path) -> Patch:
        """The patch as it was judged, on the files as they are now."""
        patch = replace(kept.candidate.patch, tests=kept.patch.tests)
        for edit in patch.edits:
            if edit.before is not None and not git.is_tracked(tree, tree / edit.file):
                raise Problem("P602", f"{edit.file} is not committed, and a commit would take all of it in")
        merged = None if patch.touches_schema and self.schema.statements else _merge(patch, tree)
        return merged or self._made_anew(kept, tree)

    def _made_anew(self, kept: Kept, tree: Path) -> Patch:
        patch, moved = kept.patch, Moved(self.read, reader(tree))
        source = read_source(tree, self.world.target.sources)
        project = join(tree, moved.everything(self.project.imported), source)
        again = propose(project, moved.finding(kept.item.finding), reader(tree))
        for found in again:
            if isinstance(found, Patch) and (found.fix, found.option) == (patch.fix, patch.option):
                return replace(found, tests=patch.tests)
        raise Problem("P601", "an earlier patch changed the same lines")


def compose(world: World, project: Project, read: Callable[[str], str], kept: Sequence[Kept]) -> Composition:
    """All patches on a new branch from the base."""
    tree = world.folder.tree("base")
    made = Composition(world, project, read)
    for each in kept:
        made.add(each, tree)
    world.folder.remove(tree)
    return made


def with_distinct_tests(kept: Sequence[Kept]) -> list[Kept]:
    """Two findings in one function may bring tests of the same name: the later is renamed, or left out if equal."""
    taken: dict[str, str] = {}
    named = []
    for each in kept:
        tests = [_rename(edit, taken) for edit in each.patch.tests if taken.get(edit.file) != edit.after]
        taken |= {edit.file: edit.after for edit in tests}
        named.append(replace(each, patch=replace(each.patch, tests=tuple(tests))))
    return named


def reader(root: Path) -> Callable[[str], str]:
    """How a file below `root` is read."""
    return lambda file: (root / file).read_text(encoding="utf-8")


def _rename(edit: Edit, taken: dict[str, str]) -> Edit:
    path, number = PurePosixPath(edit.file), 2
    while edit.before is None and edit.file in taken:
        edit = replace(edit, file=str(path.with_stem(f"{path.stem}_{number}")))
        number += 1
    return edit


def _merge(patch: Patch, tree: Path) -> Patch | None:
    edits = [_merge_edit(edit, tree) for edit in patch.edits]
    found = tuple(edit for edit in edits if edit is not None)
    return replace(patch, edits=found) if len(found) == len(edits) else None


def _merge_edit(edit: Edit, tree: Path) -> Edit | None:
    """The edit on the file as it is now; None where they conflict."""
    now = reader(tree)(edit.file) if (tree / edit.file).exists() else None
    if now == edit.before:
        return edit
    if now is None or edit.before is None:
        return None
    merged = git.merge(edit.before, now, edit.after)
    return Edit(edit.file, now, merged) if merged is not None and _parses(edit.file, merged) else None


def _parses(file: str, text: str) -> bool:
    if not file.endswith(".py"):
        return True
    try:
        module_tree(text)
    except SyntaxError:
        return False
    return True
