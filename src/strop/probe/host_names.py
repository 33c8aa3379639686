"""What address has a server that is answered for here: one that looks like any other, and that nobody reaches.

Applications look names up before they call, to refuse addresses of the inner network.
"""

from __future__ import annotations

import functools
import socket
from typing import Any

from . import answers
from .network import is_local

ADDRESS = "93.184.216.34"  # global, as of a public server; connections to it are refused like all


def install() -> None:
    """Resolve names for which there are answers; the others are refused, as ever (`network`)."""
    by_name, by_name_ex, by_info = socket.gethostbyname, socket.gethostbyname_ex, socket.getaddrinfo

    @functools.wraps(by_name)
    def gethostbyname(hostname: Any, /) -> Any:
        return ADDRESS if _is_answered(hostname) else by_name(hostname)

    @functools.wraps(by_name_ex)
    def gethostbyname_ex(hostname: Any, /) -> Any:
        return (str(hostname), [], [ADDRESS]) if _is_answered(hostname) else by_name_ex(hostname)

    @functools.wraps(by_info)
    def getaddrinfo(host: Any, *args: Any, **kw: Any) -> Any:
        return by_info(ADDRESS if _is_answered(host) else host, *args, **kw)

    socket.gethostbyname, socket.gethostbyname_ex = gethostbyname, gethostbyname_ex
    socket.getaddrinfo = getaddrinfo


def _is_answered(host: Any) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    return isinstance(name, str) and not is_local(name) and answers.has_host(name)
