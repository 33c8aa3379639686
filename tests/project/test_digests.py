"""The print of a file is that of what is in it now, also where it was read before."""

from __future__ import annotations

import os
import time
from pathlib import Path
from random import Random

import pytest

from strop.project import digests
from strop.project.cache import digest
from strop.project.digests import digest_of

LONG_AGO = 1_000_000_000_000_000_000


def test_a_file_that_stays_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"one")
    now = time.time_ns() + 10**10
    monkeypatch.setattr(time, "time_ns", lambda: now)
    first = digest_of(file)
    monkeypatch.setattr(digests, "read_bytes", lambda _: b"read again")
    assert digest_of(file) == first == digest(b"one")


def test_one_that_was_just_written_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"one")
    digest_of(file)
    monkeypatch.setattr(digests, "read_bytes", lambda _: b"read again")
    assert digest_of(file) == digest(b"read again")


def test_a_time_that_is_put_back_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"one")
    os.utime(file, ns=(LONG_AGO, LONG_AGO))
    now = time.time_ns() + 10**10
    monkeypatch.setattr(time, "time_ns", lambda: now)
    digest_of(file)
    time.sleep(0.02)  # a tick of the file system
    file.write_bytes(b"two")
    os.utime(file, ns=(LONG_AGO, LONG_AGO))
    assert digest_of(file) == digest(b"two")


@pytest.mark.parametrize("seed", range(4))
def test_after_any_change(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    files = [tmp_path / name for name in "abc"]
    for _ in range(200):
        file = random.choice(files)
        match random.choice(("write", "remove", "move", "link")):
            case "write":
                file.write_bytes(random.choice((b"one", b"two", b"three")))
            case "remove":
                file.unlink(missing_ok=True)
            case "move" if file.exists():
                file.replace(random.choice(files))
            case "link" if not file.is_symlink():
                file.unlink(missing_ok=True)
                file.symlink_to(tmp_path / "elsewhere")
        for each in files:
            assert digest_of(each) == digest(each.read_bytes() if each.exists() else b"")
