"""Which names say that a value is secret?"""

from __future__ import annotations

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
    | {("encryption", "key"), ("jwt", "key"), ("session", "key"), ("cookie", "key")}
)
_FORMS = frozenset(
    {"value", "str", "raw", "bytes", "text", "digest", "b64", "hex", "plain", "encoded", "header"}
)


def words(name: str) -> tuple[str, ...]:
    """The words of an identifier or header, in small letters: "x-apiKey" is x, api, key."""
    return tuple(word.lower() for word in _WORD.findall(name))


def is_secret(name: str) -> bool:
    """Whether a variable, attribute, field or header of this name holds a secret (and not its type, id or lifetime)."""
    parts = list(words(name))
    while parts and parts[-1] in _FORMS:
        parts.pop()
    return bool(parts) and (parts[-1] in _SECRET or tuple(parts[-2:]) in _PAIRS)
