"""Do clients call a route often, to read: is it a GET, or a POST that asks, and does it start no work?"""

from __future__ import annotations

import re

from strop.regex import regex

_ASKS = frozenset(
    {"query", "search", "list", "filter", "lookup", "find", "batch_get", "batch-get", "bulk-get"}
)
_STARTS = regex(
    r"(^|[_-])(create|new|regist\w*|sign_?up|log_?in|log_?out|callback|connect|authori[sz]e|install|uninstall|setup|init|reload|reset|sync"
    r"|synchroni[sz]e|refresh|import|export|download|backup|restore|migrat\w*|delete|remove|purge|clean\w*|rebuild|reindex|run|start|stop|restart"
    r"|execute|trigger|process|now|accept|confirm|verify|unsubscribe|recalculate|recompute|scan|test|debug|seed)([_-]|$)",
    re.IGNORECASE,
)
_FEW = frozenset(
    {
        "settings",
        "config",
        "configuration",
        "permissions",
        "roles",
        "providers",
        "plugins",
        "integrations",
        "setup",
        "health",
        "status",
    }
)  # parts of paths: what somebody sets up by hand


def is_about_few(key: str) -> bool:
    """Whether the route with this key is about what a service has a handful of, as its path says."""
    return bool(_FEW & set(key.partition(" ")[2].lower().split("/")))


def is_read_often(key: str) -> bool:
    """Whether the route with this key is for reading, as its method and its path say."""
    method, _, path = key.partition(" ")
    parts = [part.lower() for part in path.split("/") if part and not part.startswith("{")]
    if any(_STARTS.search(part) for part in parts[-2:]):
        return False
    return method == "GET" or (method == "POST" and bool(parts) and parts[-1] in _ASKS)
