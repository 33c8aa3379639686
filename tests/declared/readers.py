"""Reads a small application in both ways: imported in this process, and from its source alone."""

from __future__ import annotations

import importlib
import json
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from strop.probe import inspect_app, places
from strop.project.declared.assemble import put_together
from strop.project.declared.declare import declare
from strop.project.project import Imported
from strop.project.source import Reading


def write(root: Path, files: Mapping[str, str]) -> None:
    """Make a project of these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def declared(root: Path) -> Imported:
    """The application as its source says."""
    reading = Reading.of(root, (".",))
    return put_together(declare(reading.types, module) for module in reading.found.modules.values())


def application(root: Path, app: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import an application from this folder; its modules are forgotten after the test."""
    monkeypatch.syspath_prepend(root)
    for path in root.rglob("*.py"):
        name = (
            path.relative_to(root).as_posix().removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        )
        monkeypatch.delitem(sys.modules, name, raising=False)
    module, _, attribute = app.partition(":")
    found = getattr(importlib.import_module(module), attribute.removesuffix("()"))
    for name in [
        n for n, m in sys.modules.items() if (getattr(m, "__file__", None) or "").startswith(str(root))
    ]:
        monkeypatch.setitem(sys.modules, name, sys.modules.pop(name))
    return found() if attribute.endswith("()") else found


def imported(root: Path, app: Any) -> Imported:
    """The application as it says itself."""
    places.set_root(str(root))
    return msgspec.json.decode(json.dumps(inspect_app.describe(app)).encode(), type=Imported)
