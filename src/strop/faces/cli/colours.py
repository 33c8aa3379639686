"""Does a stream get colours? A terminal does, unless the environment says otherwise: https://no-color.org"""

from __future__ import annotations

import os
from typing import TextIO


def wants_colours(stream: TextIO) -> bool:
    """Whether to write colours; FORCE_COLOR asks for them in a pipe, too (a CI server's log)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM", "") not in ("dumb", "")
