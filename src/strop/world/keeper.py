"""Waits beside a command for its end, and puts away what it left if it was killed: `python -m strop.world.keeper FOLDER`.

Its standard input is a pipe that only the command holds open.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path


def main() -> None:
    """Wait for the end of standard input; then remove the folder, if it is still there, and what runs in it."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.stdin.buffer.read()
    folder = Path(sys.argv[1])
    if folder.exists():
        from strop.world.temporary import remove

        remove(folder)


if __name__ == "__main__":
    main()
