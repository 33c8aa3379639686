"""A table that was decoded is taken as it was kept, while nothing that it comes from changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from strop.project.decoded import read_decoded


class _Decoder:
    """Counts the lines of a table, and how often it is asked to."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, text: str) -> list[str]:
        self.asked += 1
        return text.splitlines()


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> _Decoder:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return _Decoder()


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    table, module = tmp_path / "table.toml", tmp_path / "table.py"
    table.write_text("one\ntwo")
    module.write_text("")
    (tmp_path / "__pycache__").mkdir()
    return table, module


def test_decodes_once(decoder: _Decoder, files: tuple[Path, Path]) -> None:
    assert [read_decoded(*files, list[str], decoder) for _ in range(2)] == [["one", "two"]] * 2
    assert decoder.asked == 1


@pytest.mark.parametrize("which", [0, 1], ids=["table", "module"])
def test_decodes_again_when_a_file_is_another(
    decoder: _Decoder, files: tuple[Path, Path], which: int
) -> None:
    read_decoded(*files, list[str], decoder)
    os.utime(files[which], ns=(1, 1))
    read_decoded(*files, list[str], decoder)
    assert decoder.asked == 2


@pytest.mark.parametrize(
    "bytes_", [b"", b"\xc1", b"\x92\x90\x01"], ids=["empty", "broken", "of something else"]
)
def test_decodes_again_when_what_was_kept_is_none(
    decoder: _Decoder, files: tuple[Path, Path], bytes_: bytes
) -> None:
    read_decoded(*files, list[str], decoder)
    (kept,) = (files[0].parent / "__pycache__").iterdir()
    kept.write_bytes(bytes_)
    assert read_decoded(*files, list[str], decoder) == ["one", "two"]
    assert decoder.asked == 2


def test_decodes_where_nothing_can_be_written(decoder: _Decoder, files: tuple[Path, Path]) -> None:
    (files[0].parent / "__pycache__").rmdir()
    assert read_decoded(*files, list[str], decoder) == ["one", "two"]
    assert sorted(p.name for p in files[0].parent.iterdir()) == ["table.py", "table.toml"]
