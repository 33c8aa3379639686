"""Does a call on files take so long that others notice?

The system keeps what is read often in memory, and a write goes to memory first: a small file costs microseconds. What
is copied, unpacked, walked through or read as bytes may be of any size.
"""

from __future__ import annotations

import re

from strop.project.function import Call

# Reading and writing as text, or a look into one folder: as short as configuration, prompts and templates are.
_TEXT = frozenset(
    {"open", "read_text", "write_text", "load", "dump", "listdir", "scandir", "iterdir", "glob", "iglob", "getline"}
    | {"read", "readline", "readlines", "write", "writelines", "load_dotenv", "dotenv_values", "set_key"}
    | {"open_code", "disk_usage", "chown", "copymode", "copystat", "is_zipfile", "is_tarfile", "truetype"}
)  # fmt: skip
_BYTES = frozenset({"read_bytes", "write_bytes"})
_LONG = ("pickle.", "joblib.", "numpy.", "gzip.", "bz2.", "lzma.", "zipfile.", "tarfile.", "shelve.", "PIL.", "py7zr.", "tempfile.")  # fmt: skip
_BINARY = re.compile(r"""["'][rwax+]*b[rwax+]*["']""")
_SHIPPED = re.compile(
    r"__file__|importlib|resources|\(\s*_?[A-Z][A-Z0-9_]+\s*[,)]|^_?[A-Z][A-Z0-9_]+\.|Path\(\s*['\"][^'\"{]+['\"]\s*\)"
)
_GROWS = re.compile(r"(?<![a-z])logs?(_?file\w*)?(?![a-z])", re.I)  # what is appended to all day
_SMALL = re.compile(r"(?<![a-z])(key|cert|pem|config|settings|template|schema|prompt|version|manifest|icon|logo|favicon)(?![a-z])", re.I)  # fmt: skip


def is_short(call: Call) -> bool:
    """Whether a call that reads or writes files is over before anybody waits: text, a look into one folder, a file
    that comes with the code or holds a key or settings.
    """
    last = call.name.rpartition(".")[2]
    if call.name.startswith(_LONG) and last not in ("is_zipfile", "is_tarfile", "truetype"):
        return False
    if _SHIPPED.search(call.text) or _SMALL.search(call.text):
        return last in _TEXT or last in _BYTES
    return last in _TEXT and not _BINARY.search(call.text) and not _GROWS.search(call.text)
