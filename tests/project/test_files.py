"""Folders that tools make are left out, and a package of the project that has such a name is not."""

from __future__ import annotations

from pathlib import Path

from strop.project.files import source_files


def test_a_folder_named_build_is_source_only_inside_of_a_package(tmp_path: Path) -> None:
    made = (
        "build/lib/made.py",
        "build/__init__.py",
        "dist/made.py",
        "tool/build/lib/made.py",
    )
    own = (
        "shop/__init__.py",
        "shop/build/__init__.py",
        "shop/build/site.py",
        "shop/dist/parcels.py",  # a package without __init__.py
        "tool/__init__.py",
        "tool/setup.py",
    )
    for name in (*made, *own):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert [path.relative_to(tmp_path).as_posix() for path in source_files(tmp_path)] == list(own)
