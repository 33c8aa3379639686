from __future__ import annotations

import json

import msgspec
import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from strop.report import document
from strop.report.result import SCHEMA
from tests.report.sample import RESULT


def test_document(snapshot: SnapshotAssertion) -> None:
    assert document.render(RESULT) == snapshot


def test_schema(snapshot: SnapshotAssertion) -> None:
    assert json.dumps(document.schema(), indent=2, sort_keys=True) == snapshot


def test_a_written_document_is_read_back() -> None:
    assert document.read(document.render(RESULT)) == document.build(RESULT)


def test_a_document_without_its_version_is_refused() -> None:
    loaded = json.loads(document.render(RESULT))
    assert loaded.pop("schema") == SCHEMA
    with pytest.raises(msgspec.ValidationError, match="schema"):
        document.read(json.dumps(loaded))


def test_nothing_kept_is_a_document_too() -> None:
    result = replace(RESULT, changes=(), final=None, verdict=None, branch="")
    read = document.read(document.render(result))
    assert (read.final, read.verdict, read.answers, read.figures) == (None, None, None, ())


def test_single_exchanges_and_whole_files_stay_out() -> None:
    loaded = json.loads(document.render(RESULT))
    assert "exchanges" not in loaded["base"]
    assert loaded["changes"][0]["patch"]["files"] == ["shop/api/orders.py"]
    assert "edits" not in loaded["changes"][0]["patch"]


def test_the_same_result_gives_the_same_text() -> None:
    assert document.render(RESULT) == document.render(RESULT)
