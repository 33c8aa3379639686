"""Which folders are imported from, told by what files import of each other."""

from __future__ import annotations

from strop.project.roots import source_roots


def test_a_file_called_like_a_library_does_not_make_its_package_a_root() -> None:
    files = {
        "shop/__init__.py": b"",
        "shop/main.py": b"from shop.tracing.sqlalchemy import trace\n",
        "shop/tracing/__init__.py": b"",
        "shop/tracing/sqlalchemy.py": b"from sqlalchemy import event\n\ndef trace(): ...\n",
    }
    assert source_roots(files.items()) == (".",)


def test_a_package_is_a_root_when_its_files_import_each_other_so() -> None:
    files = {"app/__init__.py": b"", "app/main.py": b"from models import Row\n", "app/models.py": b""}
    assert source_roots(files.items()) == ("app",)
