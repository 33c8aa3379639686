"""How does a process that lives for a second leave out what only long ones need?

Nothing of it is looked through for cycles (what it makes is needed until its end), and at its end objects are not
taken apart one by one: the system takes back all memory at once. Together that was two fifths of a review's time.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from typing import NoReturn


def be_brief() -> None:
    """From now on nothing is collected; whoever makes waste for minutes must not call this."""
    gc.disable()


def leave(status: int) -> NoReturn:
    """End the process; at once where it was brief, after all that was to be done at its end."""
    if not gc.isenabled():
        atexit._run_exitfuncs()
        with contextlib.suppress(OSError, ValueError):  # Python says what it thinks of a closed pipe
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    sys.exit(status)
