"""Does a call on files take so long that others notice?

The system keeps what is read often in memory, and a write goes to memory first: one small file costs microseconds. Long
is what is seen to be large: uploads, archives, images, saved models and tables, and files one after the other in a loop.
"""

from __future__ import annotations

import re

from strop.project.function import Call, Function
from strop.regex import regex

# Reading and writing as text, or a look into one folder: as short as configuration, prompts and templates are.
_TEXT = frozenset(
    {"open", "read_text", "write_text", "load", "dump", "listdir", "scandir", "iterdir", "glob", "iglob", "getline"}
    | {"read", "readline", "readlines", "write", "writelines", "load_dotenv", "dotenv_values", "set_key"}
    | {"open_code", "disk_usage", "chown", "copymode", "copystat", "is_zipfile", "is_tarfile", "truetype"}
)  # fmt: skip
_BYTES = frozenset({"read_bytes", "write_bytes"})
# One file, or what is done to the entries of one folder: long where it is done again and again.
_ONE = frozenset({"copy", "copy2", "copyfile", "move", "rmtree", "walk", "fwalk", "rglob", "fsync", "cmp", "ZipFile", "mmap"})  # fmt: skip
_LONG = (
    "pickle.", "joblib.", "numpy.", "gzip.", "bz2.", "lzma.", "zipfile.", "tarfile.", "shelve.", "PIL.", "py7zr.",
    "tempfile.", "cv2.", "imageio.", "pandas.", "psutil.",
)  # fmt: skip
_SHORT_OF_THEM = frozenset({"is_zipfile", "is_tarfile", "truetype", "ZipFile"})
_BINARY = regex(r"""["'][rwax+]*b[rwax+]*["']""")
_SHIPPED = regex(
    r"__file__|importlib|resources|\(\s*_?[A-Z][A-Z0-9_]+\s*[,)]|^_?[A-Z][A-Z0-9_]+\.|Path\(\s*['\"][^'\"{]+['\"]\s*\)"
)
_WRITES = regex(r"""\.write(lines)?\(|["'][awx]\+?t?["']""")  # a line more, however long the file is
_GROWS = regex(r"(?<![a-z])logs?(_?file\w*)?(?![a-z])", re.I)  # what is appended to all day
_SMALL = regex(r"(?<![a-z])(key|cert|pem|config|settings|template|schema|prompt|version|manifest|icon|logo|favicon)(?![a-z])", re.I)  # fmt: skip
_UPLOAD = regex(r"\bUploadFile\.|\.copyfileobj$")
# A part of an upload, in memory or just written; the head of an image or of an archive's entry, which is all that is read.
_MOMENTS = ("tempfile.SpooledTemporaryFile.", "PIL.Image.open", "zipfile.ZipFile.open")


def is_short(call: Call, function: Function | None = None) -> bool:
    """Whether a call that reads or writes files is over before anybody waits: text, one file, a look into one folder, a
    file that comes with the code or holds a key or settings. `function` is where the call stands.
    """
    last = call.name.rpartition(".")[2]
    if call.name.startswith(_MOMENTS):
        return True
    if call.name.startswith(_LONG) and last not in _SHORT_OF_THEM:
        return False
    if _SHIPPED.search(call.text) or _SMALL.search(call.text):
        return last in _TEXT or last in _BYTES or last in _ONE
    if last in _BYTES or last in _ONE or _BINARY.search(call.text):
        return not (call.loop or (function is not None and _takes_upload(function)))
    return last in _TEXT and (_WRITES.search(call.text) is not None or not _GROWS.search(call.text))


def _takes_upload(function: Function) -> bool:
    """Whether the function copies an upload, which may be of any size; what it awaits comes in pieces, or is in memory."""
    return any(_UPLOAD.search(call.name) and not call.awaited for call in function.calls)
