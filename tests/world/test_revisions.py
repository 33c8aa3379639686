"""Which two states a range names, and how the one that is not committed becomes a revision of the copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.problem import Problem
from strop.world import git
from strop.world.folder import Folder
from strop.world.revisions import WORKING_TREE, find_range, take_changed
from tests import ledger


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return ledger.make(tmp_path / "ledger", ledger.FILES)


def commit(home: Path, file: str, text: str) -> str:
    (home / file).write_text(text)
    return git.commit(home, [file], f"change {file}", "")


def head(home: Path) -> str:
    return git.head(home)[0]


def test_without_a_range_it_is_what_differs_from_the_main_branch(home: Path) -> None:
    start = head(home)
    git.git(home, "switch", "--quiet", "--create", "mine")
    tip = commit(home, "app/new.py", "x = 1\n")
    found = find_range(home, home, "")
    assert (found.base, found.changed) == (start, tip)
    assert found.base_name == f"main {start[:8]}"


def test_what_is_not_committed_counts_unless_it_is_left_out(home: Path) -> None:
    start = head(home)
    (home / "app/main.py").write_text("app = None\n")
    assert find_range(home, home, "").changed_name == WORKING_TREE
    assert find_range(home, home, "HEAD").base == start
    with pytest.raises(Problem, match="nothing differs") as problem:
        find_range(home, home, "", committed=True)
    assert problem.value.code == "R509"


def test_a_range_begins_where_both_sides_part(home: Path) -> None:
    start = head(home)
    git.git(home, "switch", "--quiet", "--create", "mine")
    tip = commit(home, "app/new.py", "x = 1\n")
    git.git(home, "switch", "--quiet", "main")
    commit(home, "app/other.py", "y = 1\n")
    for text in ("main..mine", "main...mine"):
        found = find_range(home, home, text)
        assert (found.base, found.changed) == (start, tip)
        assert found.base_name == f"{start[:8]}, where main and mine part"


def test_a_range_of_commits_leaves_the_working_tree_out(home: Path) -> None:
    start, tip = head(home), commit(home, "app/new.py", "x = 1\n")
    (home / "app/main.py").write_text("app = None\n")
    found = find_range(home, home, "HEAD~1..")
    assert (found.base, found.changed) == (start, tip)


@pytest.mark.parametrize(
    ("text", "code"),
    [("nowhere", "R506"), ("main..nowhere", "R506"), ("HEAD..HEAD", "R509"), ("--help", "R506")],
)
def test_ranges_that_name_nothing(home: Path, text: str, code: str) -> None:
    with pytest.raises(Problem) as problem:
        find_range(home, home, text)
    assert problem.value.code == code


def test_the_working_tree_becomes_a_commit_of_the_copy_alone(home: Path, tmp_path: Path) -> None:
    (home / "app/main.py").write_text("app = None\n")
    (home / "app/models.py").unlink()
    (home / "app/added.py").write_text("added = True\n")
    before = git.git(home, "status", "--porcelain"), head(home)
    change = find_range(home, home, "")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    folder = Folder(scratch, ledger.target(home))
    root = folder.tree(take_changed(folder, change))
    assert (root / "app/main.py").read_text() == "app = None\n"
    assert (root / "app/added.py").read_text() == "added = True\n"
    assert not (root / "app/models.py").exists()
    assert git.changed(root, "AMD") == ("app/added.py", "app/main.py", "app/models.py")
    assert (git.git(home, "status", "--porcelain"), head(home)) == before
    assert (folder.tree("base") / "app/models.py").exists()
