"""What strop asks of git, and the one thing that the user's repository receives."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.problem import Problem
from strop.world import git
from tests import ledger
from tests.world.photograph import photograph

ODD = "übung; $(x) %41\n'.py"  # a name that shells, URLs and git's quoting stumble over


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "user"
    folder.mkdir()
    ledger.write(folder, {"app/main.py": "a = 1\n", "notes.txt": "mine\n", ".gitignore": "*.db\n"})
    ledger.commit(folder)
    return folder


def finished(repo: Path, folder: Path) -> tuple[Path, str]:
    """A clone with one commit more; returns it and the commit."""
    clone = folder / "clone"
    git.clone(repo, clone, git.head(repo)[0])
    git.add_worktree(clone, folder / "tree", "base")
    (folder / "tree" / "app" / "main.py").write_text("a = 2\n")
    return clone, git.commit(folder / "tree", ["app/main.py"], "Count from two", "Because.")


def test_deliver_makes_one_branch_and_touches_nothing_else(repo: Path, tmp_path: Path) -> None:
    ledger.write(repo, {"app/main.py": "a = 1  # unfinished\n", "new.py": "", "my.db": "canary"})
    ledger.git(repo, "add", "new.py")  # the index is the user's too
    before = photograph(repo)
    clone, commit = finished(repo, tmp_path)
    assert photograph(repo) == before
    assert git.deliver(repo, clone, commit, "strop/1234") == "strop/1234"
    after = photograph(repo)
    new = {name for name in after.keys() - before.keys() if not name.startswith(".git/objects/")}
    assert new - {".git/logs/refs/heads/strop"} <= {
        ".git/refs/heads/strop",
        ".git/refs/heads/strop/1234",
        ".git/logs/refs/heads/strop/1234",
    }
    assert {name: after[name] for name in before} == before
    assert (
        ledger.git(repo, "log", "-1", "--format=%an|%s|%b", "strop/1234") == "strop|Count from two|Because."
    )
    assert ledger.git(repo, "diff", "--name-only", "main...strop/1234") == "app/main.py"
    assert ledger.git(repo, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_branch_of_that_name_is_left_alone(repo: Path, tmp_path: Path) -> None:
    ledger.git(repo, "branch", "strop/1234")
    ledger.git(repo, "branch", "strop/1234-2")
    clone, commit = finished(repo, tmp_path)
    assert git.deliver(repo, clone, commit, "strop/1234") == "strop/1234-3"
    assert ledger.git(repo, "rev-parse", "strop/1234", "main").split() == [git.head(repo)[0]] * 2
    assert ledger.git(repo, "rev-parse", "strop/1234-3") == commit


@pytest.mark.parametrize(
    ("there", "asked", "made"),
    [
        ("strop", "strop/1234", "strop-1234"),
        ("strop/1234/old", "strop/1234", "strop/1234-2"),
        ("strop/1", "strop/1234", "strop/1234"),
        ("other", "a/b/c", "a/b/c"),
    ],
)
def test_branches_that_stand_in_the_way(
    there: str, asked: str, made: str, repo: Path, tmp_path: Path
) -> None:
    ledger.git(repo, "branch", there)
    clone, commit = finished(repo, tmp_path)
    assert git.deliver(repo, clone, commit, asked) == made
    assert ledger.git(repo, "rev-parse", made) == commit


def test_names_of_branches(repo: Path) -> None:
    good = ["a", "a/b", "größe", "strop/1234-2"]
    bad = ["", "a b", "-a", "a..b", "a/", "/a", "a~1", "a.lock", "@{-1}", "a\nb"]
    assert [name for name in (*good, *bad) if git.is_branch_name(repo, name)] == good


def test_the_users_own_settings_of_git_do_not_reach_in(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks, a signing key that is not there, an editor, and the variables of a hook that starts strop."""
    hook = repo / ".git" / "hooks" / "post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ../hooked\n")
    hook.chmod(0o755)
    ledger.git(repo, "config", "commit.gpgsign", "true")
    ledger.git(repo, "config", "core.hooksPath", str(hook.parent))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    clone, commit = finished(repo, tmp_path)
    assert git.deliver(repo, clone, commit, "strop/1") == "strop/1"
    assert not list(tmp_path.rglob("hooked"))


def test_what_differs_from_the_last_commit(repo: Path) -> None:
    assert git.dirty(repo, repo) == ()
    ledger.write(repo, {"app/main.py": "a = 3\n", "app/new.py": "", "app/new.txt": "", "mine.db": ""})
    assert sorted(git.dirty(repo, repo)) == ["app/main.py", "app/new.py"]
    assert git.dirty(repo, repo / "app") == git.dirty(repo, repo)
    (repo / "notes.txt").unlink()
    assert "notes.txt" in git.dirty(repo, repo)
    assert "notes.txt" not in git.dirty(repo, repo / "app")


def test_new_python_files_in_a_new_folder_are_seen(repo: Path) -> None:
    ledger.write(repo, {"shop/__init__.py": "", "shop/cart.py": ""})
    assert sorted(git.dirty(repo, repo)) == ["shop/__init__.py", "shop/cart.py"]


def test_odd_names_are_told_as_they_are(repo: Path) -> None:
    ledger.write(repo, {ODD: "", "two words.py": ""})
    assert sorted(git.untracked(repo)) == sorted([ODD, "two words.py"])
    assert sorted(git.dirty(repo, repo)) == sorted([ODD, "two words.py"])


def test_an_environment_that_git_does_not_ignore_is_no_new_code(repo: Path) -> None:
    ledger.write(repo, {"env/pyvenv.cfg": "", "env/lib/site-packages/a.py": ""})
    assert git.dirty(repo, repo) == ()


def test_a_renamed_file_is_told_by_both_names(repo: Path) -> None:
    ledger.git(repo, "mv", "notes.txt", "memo.txt")
    assert git.dirty(repo, repo) == ("memo.txt", "notes.txt")


def test_ignored_files_and_whole_folders_are_untracked(repo: Path) -> None:
    ledger.write(repo, {"a.db": "", "data/x": "", "data/deep/y": "", "app/z": ""})
    assert sorted(git.untracked(repo)) == ["a.db", "app/z", "data/"]


def test_facts_of_a_repository(repo: Path, tmp_path: Path) -> None:
    commit = ledger.git(repo, "rev-parse", "HEAD")
    assert git.head(repo) == (commit, "main")
    assert git.top_level(repo / "app") == repo
    assert git.is_tracked(repo, repo / "app")
    (repo / "other").mkdir()
    assert not git.is_tracked(repo, repo / "other")
    ledger.git(repo, "checkout", "-q", "--detach")
    assert git.head(repo) == (commit, "")
    outside = tmp_path / "outside"
    outside.mkdir()
    assert git.top_level(outside) is None


def test_a_repository_without_a_commit_is_none(tmp_path: Path) -> None:
    ledger.git(tmp_path, "init", "-q")
    assert git.top_level(tmp_path) is None


def test_a_worktree_of_the_user_is_a_repository(repo: Path, tmp_path: Path) -> None:
    ledger.git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    assert git.top_level(tmp_path / "side") == tmp_path / "side"
    clone, commit = finished(tmp_path / "side", tmp_path)
    assert git.deliver(tmp_path / "side", clone, commit, "strop/1") == "strop/1"
    assert ledger.git(repo, "rev-parse", "strop/1") == commit


def test_texts_that_change_apart_are_merged_and_others_are_not() -> None:
    base = "".join(f"line {n}\n" for n in range(9))
    ours, theirs = base.replace("line 1", "ours"), base.replace("line 7\n", "theirs\nmore\n")
    assert git.merge(base, ours, theirs) == ours.replace("line 7\n", "theirs\nmore\n")
    assert git.merge(base, ours, ours) == ours
    assert git.merge(base, ours, base) == ours
    assert git.merge(base, ours, base.replace("line 1", "theirs")) is None
    assert git.merge("a\n\nb", "ü\n\nb", "a\n\nb\r\n") == "ü\n\nb\r\n"


def test_commits_as_patch_files_apply_elsewhere(repo: Path, tmp_path: Path) -> None:
    _, commit = finished(repo, tmp_path)
    (patch,) = git.format_patches(tmp_path / "tree", commit, tmp_path / "patches")
    ledger.git(repo, "am", "-q", str(patch))
    assert (repo / "app" / "main.py").read_text() == "a = 2\n"


def test_git_speaks_for_itself(repo: Path) -> None:
    with pytest.raises(git.GitFailed, match="Needed a single revision"):
        git.git(repo, "rev-parse", "--verify", "nothing-here")


def test_no_git(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Problem) as caught:
        git.head(repo)
    assert caught.value.code == "W201"
