"""Does a file stand beside the service: an example, a tool, a script? What is wrong there harms nobody who uses it."""

from __future__ import annotations

import re

_ASIDE = re.compile(
    r"(^|/)(scripts?|tools?|dev|demos?|examples?|samples?|tutorials?|bench\w*|load\w*|smoke\w*|cli|docs?|playground|sandbox)[/._]"
    r"|(^|/)(demo|smoke|example)\w*\.py$"
)


def is_aside(file: str) -> bool:
    """Whether the path of a file says that it is no part of what is deployed."""
    return bool(_ASIDE.search(file))
