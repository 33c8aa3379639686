"""Which codes are not strop's and may stand where codes stand: in comments, in selections, in a baseline?"""

from __future__ import annotations

import re

# The families of ruff's rules that ask what strop asks, and where strop would put them.
DOMAINS = {"ASYNC": "async", "B": "errors", "FAST": "api", "S": "security"}


def family(code: str) -> str:
    """The letters that a code begins with."""
    return re.sub(r"\d+$", "", code)


def is_foreign(code: str) -> bool:
    """Whether it is a code of one of ruff's families: "S608"."""
    return re.fullmatch(rf"({'|'.join(DOMAINS)})\d{{3}}", code.upper()) is not None
