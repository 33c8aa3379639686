"""Which names say that a value is secret?"""

from __future__ import annotations

import itertools
import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET = frozenset(
    {"secret", "token", "password", "passwd", "signature", "hmac", "apikey", "csrf", "otp", "passphrase"}
)
_PAIRS = frozenset(
    {
        ("api", "key"),
        ("secret", "key"),
        ("private", "key"),
        ("access", "key"),
        ("signing", "key"),
        ("auth", "key"),
    }
)
_NO_SECRET = frozenset(
    {
        "type",
        "id",
        "ids",
        "name",
        "names",
        "url",
        "uri",
        "count",
        "counts",
        "length",
        "header",
        "prefix",
        "field",
        "status",
        "kind",
        "expiry",
    }
    | {
        "expires",
        "expire",
        "limit",
        "usage",
        "policy",
        "manager",
        "path",
        "file",
        "endpoint",
        "version",
        "algorithm",
        "lifetime",
        "ttl",
        "scope",
    }
    | {
        "minutes",
        "seconds",
        "days",
        "hours",
        "ref",
        "provider",
        "format",
        "index",
        "enabled",
        "required",
        "at",
        "model",
        "cls",
        "max",
        "min",
        "exp",
    }
)


def words(name: str) -> tuple[str, ...]:
    """The words of an identifier or header, in small letters: "x-apiKey" is x, api, key."""
    return tuple(word.lower() for word in _WORD.findall(name))


def is_secret(name: str) -> bool:
    """Whether a variable, attribute, field or header of this name holds a secret (and not its type, id or lifetime)."""
    parts = words(name)
    if not parts or parts[-1] in _NO_SECRET:
        return False
    return bool(_SECRET.intersection(parts)) or any(
        pair in _PAIRS for pair in itertools.pairwise(parts)
    )
