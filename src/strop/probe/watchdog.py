"""What holds the process up: a thread that ends it when a request does not end, and says where it stood."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

from . import places
from .channel import Channel
from .patience import Patience

_GRACE = 2.0  # seconds after the limit, in which the loop may still answer itself
_TICK = 0.2
DEAD = 70  # exit status


class Watchdog:
    """Sends `{"dead": ...}` and ends the process when the watched request is over its limit."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._main = threading.get_ident()
        self._patience: Patience | None = None
        self._cell = ""
        self._started = False

    def watch(self, cell: str, limit: float | None) -> None:
        """Begin to watch a request; no limit means no watching."""
        self._cell = cell
        self._patience = Patience(limit + _GRACE) if limit else None
        if limit and not self._started:
            self._started = True
            threading.Thread(target=self._run, name="strop-watchdog", daemon=True).start()

    def rest(self) -> None:
        """The request is over."""
        self._patience = None

    def kill(self, cell: str, reason: str) -> None:
        """Say where every thread of the application stands, and end the process."""
        self._channel.send({"dead": {"cell": cell, "reason": reason, "frames": self._stand()}})
        os._exit(DEAD)

    def _run(self) -> None:
        while True:
            time.sleep(_TICK)
            patience = self._patience
            if patience is not None and not patience.left() and patience is self._patience:
                self.kill(self._cell, "TimeLimit")

    def _stand(self) -> list[Any]:
        """Frames of the loop's thread, or of the first thread that runs code of the application."""
        stacks = sys._current_frames()
        main = stacks.pop(self._main, None)
        found = [places.frames_of_stack(each) for each in (main, *stacks.values())]
        return next((frames for frames in found if frames), [])
