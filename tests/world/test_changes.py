"""Changed lines, as git knows them: also of odd names, of the index, and of what only looks like a diff."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.world import changes
from tests.actions.written import commit, edit, git, write

TEN = "".join(f"line {number}\n" for number in range(1, 11))


def since(folder: Path, ref: str = "HEAD") -> dict[str, list[int]]:
    found = changes.changed_since(folder, ref, folder)
    return {name: [line for lines in ranges for line in lines] for name, ranges in found.items()}


def staged(folder: Path) -> dict[str, list[int]]:
    found = changes.changed_staged(folder, folder)
    return {name: [line for lines in ranges for line in lines] for name, ranges in found.items()}


def test_lines_that_were_changed_added_and_taken_out(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.py": TEN, "b.py": TEN, "c.py": TEN, "same.py": TEN}))
    edit(tmp_path, "a.py", "line 2\n", "line two\n")
    edit(tmp_path, "b.py", "line 9\n", "line 9\nmore\nmore\n")
    edit(tmp_path, "c.py", "line 4\nline 5\n", "")
    assert since(tmp_path) == {"a.py": [2], "b.py": [10, 11], "c.py": [3, 4]}


def test_a_new_file_counts_whole_and_an_ignored_one_not_at_all(tmp_path: Path) -> None:
    commit(write(tmp_path, {".gitignore": "build.py\n", "a.py": TEN}))
    write(tmp_path, {"new.py": TEN, "build.py": TEN})
    assert changes.changed_since(tmp_path, "HEAD", tmp_path) == {"new.py": (changes.WHOLE,)}


@pytest.mark.parametrize("name", ["ä ö.py", 'with "quotes".py', "b/b.py", "tab\there.py", "back\\slash.py"])
def test_odd_names(name: str, tmp_path: Path) -> None:
    commit(write(tmp_path, {name: TEN}))
    edit(tmp_path, name, "line 1\n", "LINE 1\n")
    assert since(tmp_path) == {name: [1]}


def test_the_users_own_ways_to_show_a_diff_change_nothing(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.py": TEN, "b.py": TEN}))
    settings = {"diff.noprefix": "true", "diff.mnemonicPrefix": "true", "color.ui": "always"}
    for name, value in (settings | {"diff.external": "false", "diff.interHunkContext": "9"}).items():
        git(tmp_path, "config", name, value)
    edit(tmp_path, "a.py", "line 2\n", "line two\n")
    edit(tmp_path, "a.py", "line 6\n", "line six\n")
    edit(tmp_path, "b.py", "line 3\n", "line three\n")
    assert since(tmp_path) == {"a.py": [2, 6], "b.py": [3]}


def test_content_that_looks_like_a_diff_is_content(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.py": TEN, "b.py": TEN}))
    edit(tmp_path, "a.py", "line 3\n", "++ b/other.py\n-- a/other.py\n@@ -1 +1 @@\n")
    edit(tmp_path, "b.py", "line 1\n", "one\n")
    assert since(tmp_path) == {"a.py": [3, 4, 5], "b.py": [1]}


def test_a_renamed_file_has_the_lines_that_changed(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.py": TEN}))
    git(tmp_path, "mv", "a.py", "z.py")
    edit(tmp_path, "z.py", "line 10\n", "line ten\n")
    assert since(tmp_path) == {"z.py": [10]}


def test_carriage_returns_are_part_of_the_line(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.py": TEN.replace("\n", "\r\n")}))
    edit(tmp_path, "a.py", "line 7\r\n", "line seven\r\n")
    assert since(tmp_path) == {"a.py": [7]}


def test_staged_lines_are_told_where_they_stand_now(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.py": TEN, "b.py": TEN}))
    edit(tmp_path, "a.py", "line 5\n", "line five\n")
    git(tmp_path, "add", "a.py")
    edit(tmp_path, "a.py", "line 1\n", "before\nbefore\nline 1\n")
    edit(tmp_path, "b.py", "line 5\n", "line five\n")
    assert staged(tmp_path) == {"a.py": [7]}


def test_the_index_that_a_hook_is_given_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(write(tmp_path, {"a.py": TEN}))
    edit(tmp_path, "a.py", "line 5\n", "line five\n")
    assert staged(tmp_path) == {}
    write(tmp_path, {"other": (tmp_path / ".git" / "index").read_bytes().decode("latin-1")})
    (tmp_path / "other").write_bytes((tmp_path / ".git" / "index").read_bytes())
    git(tmp_path, "add", "a.py")
    (tmp_path / ".git" / "index").rename(tmp_path / "its own")
    (tmp_path / "other").rename(tmp_path / ".git" / "index")
    assert staged(tmp_path) == {}
    monkeypatch.setenv("GIT_INDEX_FILE", "its own")
    assert staged(tmp_path) == {"a.py": [5]}


def test_a_submodule_that_changed_is_looked_into(tmp_path: Path) -> None:
    commit(write(tmp_path / "inner", {"shared.py": TEN}))
    commit(write(tmp_path / "outer", {"a.py": TEN}))
    outer = tmp_path / "outer"
    git(outer, "submodule", "--quiet", "add", str(tmp_path / "inner"), "lib")
    commit(outer)
    edit(outer / "lib", "shared.py", "line 4\n", "line four\n")
    assert since(outer) == {"lib/shared.py": [4]}


def test_a_name_that_is_an_option_is_no_commit(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.py": TEN}))
    assert changes.find_commit(tmp_path, "--all") is None
    assert changes.find_commit(tmp_path, "nowhere") is None
    assert changes.find_commit(tmp_path, "main") == git(tmp_path, "rev-parse", "HEAD")


@given(st.data())
def test_lines_of_the_index_are_found_in_the_working_tree(data: st.DataObject) -> None:
    """Whatever is inserted before or after a line, it is found again by its number."""
    count = data.draw(st.integers(1, 12))
    line = data.draw(st.integers(1, count))
    inserted = data.draw(st.lists(st.integers(0, 3), min_size=count + 1, max_size=count + 1))
    hunks, shift = [], 0
    for after, number in enumerate(inserted):
        if number:
            hunks.append(changes.Hunk(after + 1, 0, after + 1 + shift, number))
            shift += number
    expected = line + sum(inserted[:line])
    assert changes._moved(range(line, line + 1), hunks) == range(expected, expected + 1)
