"""Everything in a folder as it is now, so that a test can say that nothing changed."""

from __future__ import annotations

import hashlib
from pathlib import Path


def photograph(folder: Path) -> dict[str, str]:
    """Every entry below a folder (.git too): files by mode and content, links by their goal. What strop keeps for
    itself in `.strop` (base evidence, runs) is written on purpose.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.relative_to(folder).parts[0] == ".strop":
            continue
        mode = oct(path.lstat().st_mode)
        if path.is_symlink():
            what = str(path.readlink())
        else:
            what = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[str(path.relative_to(folder))] = f"{mode} {what}"
    return found
