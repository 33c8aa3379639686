"""The working trees of a world: what is in them, and that the user's own folder stays as it is."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.target import Target
from strop.world import beside, git
from strop.world.folder import Folder
from tests import ledger
from tests.world.photograph import photograph

FILES = {
    "app/main.py": "a = 1\n",
    "app/deep/rates.csv": "1\n",
    "run.sh": "#!/bin/sh\n",
    ".gitignore": "*.db\n.env\ndata/\nvenv/\nnode_modules/\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "user"
    folder.mkdir()
    ledger.write(folder, FILES)
    (folder / "run.sh").chmod(0o755)
    (folder / "link.py").symlink_to("app/main.py")
    ledger.commit(folder)
    return folder


def target(home: Path, repo: Path | None = None) -> Target:
    made = Target(root=str(home), app="app.main:app", factory=False, python="/env/bin/python")
    return replace(made, repo=str(repo), commit=git.head(repo)[0]) if repo else made


def names(root: Path) -> set[str]:
    return {str(p.relative_to(root)) for p in root.rglob("*") if not p.is_dir() or p.is_symlink()} - {".git"}


def test_a_tree_is_the_commit_with_what_lies_beside_it(home: Path, tmp_path: Path) -> None:
    ledger.write(home, {".env": "KEY=1", "data/in/x.txt": "x", "ü b.txt": "y", "data/a.pyc": ""})
    ledger.fill(home / "ledger.db")
    ledger.write(home, {"venv/pyvenv.cfg": "", "venv/lib/a.py": "", "node_modules/a.js": ""})
    ledger.write(home, {"app/main.py": "a = 1  # not committed\n"})
    (home / "data" / "goal").symlink_to("/etc/hostname")
    before = photograph(home)
    folder = Folder(tmp_path / "world", target(home, home))
    one, two = folder.tree(), folder.tree()
    assert photograph(home) == before
    assert one != two
    beside_it = {".env", "data/in/x.txt", "data/goal", "ü b.txt", "ledger.db"}
    assert names(one) == {*FILES, "link.py", *beside_it} == names(two)
    assert (one / "app" / "main.py").read_text() == "a = 1\n"
    assert os.access(one / "run.sh", os.X_OK)
    assert (one / "link.py").is_symlink()
    assert (one / "data" / "goal").is_symlink()
    (one / "data" / "in" / "x.txt").write_text("changed")
    assert (two / "data" / "in" / "x.txt").read_text() == "x"


def test_a_revision_of_its_own(home: Path, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "world", target(home, home))
    one = folder.tree()
    (one / "app" / "main.py").write_text("a = 2\n")
    commit = git.commit(one, ["app/main.py"], "Two", "")
    assert (folder.tree(commit) / "app" / "main.py").read_text() == "a = 2\n"
    assert (folder.tree() / "app" / "main.py").read_text() == "a = 1\n"


def test_a_root_inside_its_repository(home: Path, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "world", target(home / "app", home))
    root = folder.tree()
    assert (root / "main.py").is_file()
    top = root.parent
    folder.remove(root)
    assert not top.exists()
    assert folder.tree().is_dir()


def test_a_submodule_comes_with_its_files(home: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    ledger.write(library, {"__init__.py": "", "prices/list.py": "x = 1\n"})
    ledger.commit(library)
    ledger.git(home, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "app/lib")
    ledger.git(home, "commit", "-q", "-m", "library")
    ledger.write(home, {"app/lib/untracked.txt": ""})
    before = photograph(home)
    root = Folder(tmp_path / "world", target(home, home)).tree()
    assert names(root / "app" / "lib") == {"__init__.py", "prices/list.py"}
    assert photograph(home) == before


def test_a_submodule_that_was_never_fetched_is_empty(home: Path, tmp_path: Path) -> None:
    (home / "lib").mkdir()
    commit = git.head(home)[0]
    ledger.git(home, "update-index", "--add", "--cacheinfo", f"160000,{commit},lib")
    ledger.git(home, "commit", "-q", "-m", "library")
    root = Folder(tmp_path / "world", target(home, home)).tree()
    assert names(root / "lib") == set()
    assert (root / "app" / "main.py").is_file()


def test_no_git_at_all(tmp_path: Path) -> None:
    home = tmp_path / "user"
    ledger.write(home, {"main.py": "a = 1\n", ".gitignore": "*.txt\n", "b.txt": "", "venv/x.py": ""})
    ledger.write(home, {"data/empty/keep": "", ".venv/y.py": "", "__pycache__/a.pyc": ""})
    ledger.fill(home / "my.db")
    before = photograph(home)
    folder = Folder(tmp_path / "world", target(home))
    root = folder.tree()
    assert photograph(home) == before
    assert names(root) == {"main.py", ".gitignore", "b.txt", "data/empty/keep", "my.db"}
    (root / "main.py").write_text("a = 2\n")
    commit = git.commit(root, ["main.py"], "Two", "")
    (patch,) = git.format_patches(folder.clone, commit, tmp_path / "out")
    subprocess.run(["git", "apply", str(patch)], cwd=home, check=True)
    assert (home / "main.py").read_text() == "a = 2\n"


def test_large_files_are_left_out_and_named_databases_and_wanted_ones_are_not(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "LARGEST", 1000)
    ledger.write(home, {"data/big.bin": "x" * 2000, "data/front/built.js": "x" * 2000, "data/small": "x"})
    ledger.fill(home / "data" / "my.db")
    folder = Folder(tmp_path / "world", replace(target(home, home), copy=("data/front",)))
    assert folder.left_out == ("data/big.bin",)
    assert names(folder.tree() / "data") == {"front/built.js", "small", "my.db"}


def test_a_database_that_is_being_written_is_copied_as_it_was_committed(home: Path, tmp_path: Path) -> None:
    with sqlite3.connect(home / "my.db", isolation_level=None) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("create table t (a)")
        database.execute("insert into t values (1)")
        database.execute("begin immediate")
        database.execute("insert into t values (2)")
        root = Folder(tmp_path / "world", target(home, home)).tree()
        database.execute("rollback")
    database.close()
    assert {name for name in names(root) if "my.db" in name} == {"my.db"}
    with sqlite3.connect(root / "my.db") as copy:
        assert copy.execute("select a from t").fetchall() == [(1,)]
    copy.close()


def test_the_environment_of_the_application(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "PYTHONPATH", "PYTEST_ADDOPTS", "VIRTUAL_ENV", "STROP_X", "MINE"):
        monkeypatch.setenv(name, "given")
    folder = Folder(
        tmp_path / "world", replace(target(home), environ=(("DATA", "{root}/data"), ("MINE", "2")))
    )
    environ = folder.environ(Path("/tree"), Path("/temporary"))
    assert {"GIT_DIR", "PYTHONPATH", "PYTEST_ADDOPTS", "VIRTUAL_ENV", "STROP_X"} & environ.keys() == set()
    assert (environ["MINE"], environ["DATA"], environ["TMPDIR"]) == ("2", "/tree/data", "/temporary")
    assert environ["PATH"].startswith(f"/env/bin{os.pathsep}")
