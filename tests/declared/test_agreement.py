"""The application as its source declares it is the application that is imported."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from strop.project.difference import differences
from tests.declared.readers import application, declared, imported, write
from tests.declared.shapes import SHAPES

SHOP = Path(__file__).parents[2] / "examples" / "shop"


@pytest.mark.parametrize("shape", SHAPES)
def test_both_readers_say_the_same(shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, SHAPES[shape])
    entry = "main:app()" if shape == "factory alone" else "main:app"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `on_event` and others are deprecated; applications use them
        theirs = imported(tmp_path, application(tmp_path, entry, monkeypatch))
    ours = declared(tmp_path)
    found = [str(each) for each in differences(theirs, ours)]
    assert not found, "\n".join(found)
    assert len(ours.routes) == len(theirs.routes) > 0
    assert {route.uncertain for route in ours.routes} == {""}
