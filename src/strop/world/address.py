"""Where a database server listens."""

from __future__ import annotations

import socket

from msgspec import Struct


class Address(Struct, frozen=True):
    """Where a server listens, as whom to connect, and to which database; a host that begins with / is a socket."""

    host: str
    port: int
    user: str
    password: str
    database: str

    def at(self, database: str) -> Address:
        """The same server, another database."""
        return Address(self.host, self.port, self.user, self.password, database)


def answers(address: Address) -> bool:
    """Whether a server listens there (whatever it then says of the login)."""
    if address.host.startswith("/"):
        return True
    try:
        socket.create_connection((address.host or "127.0.0.1", address.port), 2).close()
    except OSError:
        return False
    return True
