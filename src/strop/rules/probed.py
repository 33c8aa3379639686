"""Is a route there for what watches the service: a health check, a probe of the platform?"""

from __future__ import annotations

import re

from strop.regex import regex

_PROBED = regex(
    r"/([\w-]*[_-])?(health\w*|(is|keep)?alive|live(z|ness)?|ready(z)?|readiness|ping|heartbeat)([_-][\w-]*)?/?$",
    re.IGNORECASE,
)


def is_probed(key: str) -> bool:
    """Whether the path of a route ends as that of a health check does: "GET /health", not "GET /shipping"."""
    return bool(_PROBED.search(key))
