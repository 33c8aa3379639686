"""What is in a file, as a print of its bytes? Read once while the file stays as it is.

A review asks three times: whether what it found last still holds, which files to read again, and whether one changed
meanwhile. A file that the system says is the same one, untouched, is not read for the second answer. One that was
written a moment ago is: a further change could bear the same time.
"""

from __future__ import annotations

import time
from pathlib import Path

from strop.project.cache import digest
from strop.project.roots import read_bytes

_SETTLED = 2_000_000_000  # nanoseconds: no file system tells times apart less well

_State = tuple[int, int, int, int, int]
_known: dict[Path, tuple[_State, str]] = {}


def digest_of(path: Path) -> str:
    """A print of what is in a file now; that of nothing where it can't be read."""
    state = _state(path)
    known = _known.get(path)
    if known is not None and known[0] == state:
        return known[1]
    now = time.time_ns()
    found = digest(read_bytes(path))
    _known.pop(path, None)
    if state is not None and max(state[3:]) + _SETTLED < now:
        _known[path] = state, found
    return found


def _state(path: Path) -> _State | None:
    """What the system says of a file: which one it is, its size, when it was written and when anything of it changed."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
