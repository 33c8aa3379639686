"""What went wrong, said so that a person knows what to do: never a traceback for a user's mistake."""

from __future__ import annotations

from typing import Literal

EXIT_FINDINGS, EXIT_USAGE, EXIT_TARGET, EXIT_NOT_PROVED, EXIT_ANSWER = 1, 2, 3, 4, 5

Retry = Literal["never", "same", "changed"]


class Problem(Exception):
    """A problem with a code, the place, the next step and the exit status of the command.

    `retry` tells an agent whether the same call can work later ("same"), only a changed one
    ("changed"), or none ("never"). `where` are lines from the outermost place to the cause.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        where: tuple[str, ...] = (),
        do: str = "",
        retry: Retry = "changed",
        status: int = EXIT_TARGET,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.do = do
        self.retry = retry
        self.status = status
