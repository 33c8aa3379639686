"""May the application talk to another machine: no. Loopback and Unix sockets are all there is."""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

from . import calls

_installed = False
_refused: list[str] = []
_CONNECT = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_REDIS = 6379  # clients that we know are led to a socket: who comes here would reach the user's own
_RESOLVE = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


def install() -> None:
    """Refuse connections and name look-ups that leave this machine, for the rest of the process."""
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_watch)


def take_refused() -> list[str]:
    """Hosts ("host:port") that were refused since the last call, in order, each once."""
    taken = list(dict.fromkeys(_refused))
    _refused.clear()
    return taken


def is_local(host: Any) -> bool:
    """Whether `host` (name or address, text or bytes, None for the wildcard) is this machine."""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
    if name.lower() in ("", "localhost", "localhost.", "ip6-localhost", "<broadcast>"):
        return name != "<broadcast>"
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name.lower().endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event in _CONNECT:
        address = args[1]
        if isinstance(address, tuple) and address and not is_local(address[0]):
            refuse(address[0], address[1] if len(address) > 1 else "")
        elif isinstance(address, tuple) and address[1:2] == (_REDIS,):
            refuse(f"redis {address[0]}", _REDIS)
    elif event in _RESOLVE:
        host, port = args[0], args[1] if len(args) > 1 else ""
        if not is_local(host) and not _is_own_name(host) and not _is_address(host):
            refuse(host, port)


def _is_address(host: Any) -> bool:
    """Resolving a literal address sends nothing; connecting to it is refused later."""
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True


def _is_own_name(host: Any) -> bool:
    return str(host) == socket.gethostname()


def refuse(host: Any, port: Any) -> None:
    """Note that a server was refused, and raise ConnectionRefusedError."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
    place = f"{name}:{port}" if port not in (None, "", 0) else name
    _refused.append(place)
    calls.note("connection", f"connection to {place}", "", False)
    raise ConnectionRefusedError(f"strop: the network is closed here, {place} was refused")
