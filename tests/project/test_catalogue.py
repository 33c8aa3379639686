"""Every name in the catalogue exists in its library, where that is installed."""

from __future__ import annotations

import builtins
import importlib
import warnings
from pathlib import Path

import pytest

from strop.project.catalogue import KINDS, default_catalogue, load_catalogue
from strop.project.function import Effect
from tests.project.example import effects_of, read

CATALOGUE = default_catalogue()
INSTALLED = ("sqlalchemy", "httpx", "starlette", "fastapi", "pydantic_settings", "jwt", "argon2", "anyio")
STANDARD = (
    "asyncio", "builtins", "bz2", "concurrent", "csv", "datetime", "filecmp", "ftplib", "functools", "glob",
    "gzip", "hashlib", "http", "imaplib", "io", "lzma", "os", "pathlib", "shutil", "smtplib", "socket",
    "sqlite3", "ssl", "subprocess", "tarfile", "tempfile", "time", "urllib", "zipfile", "zlib", "difflib",
)  # fmt: skip
NAMES = sorted(
    name
    for name in {*CATALOGUE.effects, *CATALOGUE.off_loop, *CATALOGUE.background, *CATALOGUE.memoised}
    | {*CATALOGUE.builders, *CATALOGUE.inline, *CATALOGUE.aliases}
    if name.partition(".")[0] in (*INSTALLED, *STANDARD) or "." not in name
)
ELSEWHERE = {
    "pydantic.BaseSettings",  # of Pydantic 1
    "sqlalchemy.orm.Session.exec",  # SQLModel adds it
    "sqlalchemy.ext.asyncio.AsyncSession.exec",
}


def _exists(dotted: str) -> bool:
    parts = dotted.removesuffix(".*").split(".")
    if len(parts) == 1:
        return hasattr(builtins, parts[0])
    for count in range(len(parts), 0, -1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found: object = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ELSEWHERE])
def test_names_exist(name: str) -> None:
    assert _exists(name), f"{name} is not in its library"


def test_enough_names_are_checked() -> None:
    assert len(NAMES) > 200


def test_a_wrong_name_would_be_seen() -> None:
    assert not _exists("sqlalchemy.orm.Session.exekute")


def test_kinds_are_known_and_notes_say_why() -> None:
    for effects in CATALOGUE.effects.values():
        for effect in effects:
            assert effect.kind in KINDS
            assert effect.note


def test_aliases_lead_to_one_name_only() -> None:
    for name, canonical in CATALOGUE.aliases.items():
        assert name != canonical
        assert canonical not in CATALOGUE.aliases


def test_a_family_of_names() -> None:
    catalogue = load_catalogue('[[effects]]\nkind = "blocks"\nnote = "n"\nnames = ["a.Client.*"]\n')
    assert catalogue.effect("a.Client.put") == (Effect("blocks", "a.Client.*", "n"),)
    assert catalogue.effect("a.Client") == ()
    assert catalogue.effect("a.Other.put") == ()


def test_a_project_adds_names_of_its_own(tmp_path: Path) -> None:
    files = {
        "app.py": "import acme\n\ndef use():\n    acme.client.fetch(1)\n",
        "generated/big.py": "def big(): ...\n",
    }
    assert effects_of(read(tmp_path, files), "use") == set()
    own = '[tool.strop]\nexclude = ["generated"]\n[tool.strop.catalogue]\nblocks = ["acme.client.fetch"]\n'
    source = read(tmp_path, {"pyproject.toml": own})
    assert effects_of(source, "use") == {("blocks", "acme.client.fetch")}
    assert list(source.modules) == ["app"]
