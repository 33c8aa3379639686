from __future__ import annotations

from pathlib import Path

import pytest

from strop.fixes.diff import unified
from strop.fixes.write import apply
from strop.patch import Edit, Patch
from strop.problem import Problem


def patch(*edits: Edit) -> Patch:
    return Patch("fix", "", "F1", "title", "why", edits)


def test_changes_and_new_files_are_written_and_the_mode_stays(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text("a\n")
    script.chmod(0o750)
    apply(tmp_path, patch(Edit("run.py", "a\n", "b\n"), Edit("new/deep/x.py", None, "x\r\n")))
    assert script.read_bytes() == b"b\n"
    assert script.stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "new/deep/x.py").read_bytes() == b"x\r\n"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["deep", "new", "run.py", "x.py"]


def test_a_file_of_windows_lines_that_was_read_as_text_gets_them_back(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"a\r\nb\r\n")
    apply(tmp_path, patch(Edit("a.py", "a\nb\n", "a\nc\n")))
    assert (tmp_path / "a.py").read_bytes() == b"a\r\nc\r\n"


@pytest.mark.parametrize(
    "edit",
    [
        Edit("b.py", "something else\n", "x\n"),
        Edit("missing.py", "a\n", "x\n"),
        Edit("b.py", None, "x\n"),
        Edit("../out.py", None, "x\n"),
        Edit("/tmp/out.py", None, "x\n"),
        Edit("link/out.py", None, "x\n"),
        Edit("link.py", "secret\n", "x\n"),
        Edit("folder", None, "x\n"),
        Edit("", None, "x\n"),
        Edit("a.py", "a\n", "twice\n"),
        Edit("a.py/x.py", None, "x\n"),
    ],
)
def test_a_refused_edit_leaves_everything_as_it_was(tmp_path: Path, edit: Edit) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (outside / "file.py").write_text("secret\n")
    root.mkdir()
    for name in "ab":
        (root / f"{name}.py").write_text(f"{name}\n")
    (root / "folder").mkdir()
    (root / "link").symlink_to(outside)
    (root / "link.py").symlink_to(outside / "file.py")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(Problem):
        apply(root, patch(Edit("a.py", "a\n", "changed\n"), Edit("new/n.py", None, "n\n"), edit))
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    assert not (root / "new").exists()


def test_diff_is_that_of_git() -> None:
    made = patch(Edit("b.py", None, "new"), Edit("a.py", "1\r\n2\n", "1\r\n3\n"))
    assert unified(made) == (
        "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n 1\r\n-2\n+3\n"
        "--- /dev/null\n+++ b/b.py\n@@ -0,0 +1 @@\n+new\n\\ No newline at end of file\n"
    )
