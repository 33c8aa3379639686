"""A problem that ends a verb is told in the format that was asked for."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.run_strop import run_strop


def test_a_program_gets_json_and_a_person_the_same_in_words(tmp_path: Path) -> None:
    status, out, err = run_strop(tmp_path, "show", "F123456", "--format", "json")
    told = json.loads(out)["problem"]
    assert status == told["status"] == 2
    assert told["code"] == "R502"
    assert told["message"] in err


def test_without_the_format_nothing_is_on_standard_output(tmp_path: Path) -> None:
    status, out, err = run_strop(tmp_path, "show", "F123456")
    assert (status, out) == (2, "")
    assert "[R502]" in err
