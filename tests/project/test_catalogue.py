"""Every name in the catalogue exists in its library, where that is installed."""

from __future__ import annotations

import builtins
import importlib
import sys
import warnings
from collections import defaultdict
from pathlib import Path

import pytest

from strop.project.catalogue import KINDS, default_catalogue, load_catalogue
from strop.project.function import Effect
from tests.project.example import effects_of, read

CATALOGUE = default_catalogue()
SURELY = (
    "sqlalchemy",
    "httpx",
    "starlette",
    "fastapi",
    "pydantic_settings",
    "jwt",
    "argon2",
    "anyio",
    "jinja2",
)
ELSEWHERE = {
    "pydantic.BaseSettings",  # of Pydantic 1
    "sqlalchemy.orm.Session.exec",  # SQLModel adds it
    "sqlalchemy.ext.asyncio.AsyncSession.exec",
    "pymupdf",  # a module that has another name as well
    "crypt.crypt",  # until Python 3.12
}


def _tops() -> dict[str, list[str]]:
    """The names that can be looked up here, by package: all of the standard library, of others what is installed."""
    names = {*CATALOGUE.effects, *CATALOGUE.off_loop, *CATALOGUE.background, *CATALOGUE.memoised}
    names |= {*CATALOGUE.builders, *CATALOGUE.inline, *CATALOGUE.aliases.values(), *CATALOGUE.harmless}
    names |= {
        *CATALOGUE.only_with,
        *CATALOGUE.not_without,
        *CATALOGUE.not_at_zero,
        *CATALOGUE.few_rounds,
        *CATALOGUE.anonymous,
        *CATALOGUE.mappings,
    }
    found = defaultdict(list)
    for name in sorted(names - ELSEWHERE):
        top = name.partition(".")[0] if "." in name else "builtins"
        if top in (*SURELY, "builtins") or top in sys.stdlib_module_names:
            found[top].append(name)
    return dict(found)


TOPS = _tops()


def _exists(dotted: str) -> bool:
    parts = dotted.removesuffix(".**").removesuffix(".*").split(".")
    if len(parts) == 1 and not dotted.endswith("*"):
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


@pytest.mark.parametrize("top", TOPS)
def test_names_exist(top: str) -> None:
    assert [name for name in TOPS[top] if not _exists(name)] == []


def test_enough_names_are_checked() -> None:
    assert sum(map(len, TOPS.values())) > 350


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


def test_a_deep_family_and_its_exceptions() -> None:
    text = """
effects = [
  { kind = "blocks", note = "n", names = ["a.Client.**", "a.wait"] },
  { kind = "calls", note = "m", names = ["a.Client.files.put"] },
]
harmless = { names = ["a.Client.files.plan"] }
"""
    catalogue = load_catalogue(text)
    kinds = [effect.kind for effect in catalogue.effect("a.Client.files.put")]
    assert kinds == ["calls", "blocks"]
    assert catalogue.effect("a.Client.close")
    assert catalogue.effect("a.Client.files.plan") == ()
    assert catalogue.effect("a.Client") == ()


def test_looking_into_a_dictionary_is_no_call_of_its_class() -> None:
    text = """
effects = [{ kind = "blocks", note = "n", names = ["a.Order.*", "a.Page.*"] }]
mappings = { names = ["a.Order"] }
"""
    catalogue = load_catalogue(text)
    assert catalogue.effect("a.Order.get") == ()
    assert catalogue.effect("a.Order.retrieve")
    assert catalogue.effect("a.Page.get")


def test_an_argument_decides(tmp_path: Path) -> None:
    code = """import queue
import psutil

def load():
    return psutil.cpu_percent()

def watch():
    return psutil.cpu_percent(interval=1)

def poll(jobs: queue.Queue):
    return jobs.get(block=False)

def wait(jobs: queue.Queue):
    return jobs.get()
"""
    source = read(tmp_path, {"app.py": code})
    assert effects_of(source, "load") == set()
    assert effects_of(source, "watch") == {("blocks", "psutil.cpu_percent")}
    assert effects_of(source, "poll") == set()
    assert effects_of(source, "wait") == {("blocks", "queue.Queue.get")}


def test_a_buffer_is_no_file(tmp_path: Path) -> None:
    code = """import io
from PIL import Image

def decode(data):
    return Image.open(io.BytesIO(data)).size

def load(name):
    return Image.open(name).size
"""
    source = read(tmp_path, {"app.py": code})
    assert ("blocks", "PIL.Image.open") not in effects_of(source, "decode")
    assert ("blocks", "PIL.Image.open") in effects_of(source, "load")


def test_an_archive_over_a_buffer_is_no_file(tmp_path: Path) -> None:
    code = """import io
import tarfile
import zipfile

def look_into(data, name):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(each) for each in archive.namelist()], archive.read(name)

def list_members(data):
    archive = tarfile.open(fileobj=io.BytesIO(data))
    return archive.getmembers()

def load(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)

def unpack(data, folder):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
"""
    source = read(tmp_path, {"app.py": code})
    assert effects_of(source, "look_into") == set()
    assert effects_of(source, "list_members") == set()
    assert ("blocks", "zipfile.ZipFile.read") in effects_of(source, "load")
    assert ("blocks", "zipfile.ZipFile.extractall") in effects_of(source, "unpack")


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
