"""Which names stand for secrets?"""

from __future__ import annotations

import re

_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ALONE = frozenset(
    {"password", "passwd", "passphrase", "secret", "pwd", "jwt", "apikey", "credential", "credentials"}
)
_LAST = _ALONE | {"token", "authorization"}
_KEYS = frozenset({"api", "secret", "private", "access", "signing", "encryption", "jwt", "auth", "master"})
_ABOUT = frozenset(  # "has_password", "num_token", "valid_token": something about it, not it
    {
        "has",
        "is",
        "no",
        "num",
        "max",
        "min",
        "count",
        "total",
        "n",
        "use",
        "uses",
        "require",
        "requires",
        "need",
    }
    | {
        "needs",
        "valid",
        "missing",
        "enable",
        "enabled",
        "show",
        "check",
        "next",
        "page",
        "continuation",
        "cursor",
    }
    | {
        "allow",
        "csrf",
        "xsrf",
        "last",
        "first",
        "stop",
        "start",
        "input",
        "output",
        "special",
        "pad",
        "eos",
        "bos",
    }
    | {"unk", "mask", "sep", "with", "hide", "reset" + "s", "per", "sync", "cancel", "cancellation", "masked"}
    | {
        "redacted",
        "anonymized",
        "local",
        "claims",
        "hidden",
        "delta",
        "prompt",
        "completion",
        "device",
        "fcm",
        "push",
        "resume",
        "lock",
        "public",
    }
    | {"encrypted", "hashed", "old_style", "unknown", "logging", "sanitized", "safe", "change", "update"}
)
_URLS = re.compile(
    r"^(db|database|sqlalchemy|postgres|postgresql|pg|mysql|mongo|mongodb|redis|broker|amqp|sql)"
    r"(_\w+)?_(url|uri|dsn)$|^(dsn|connection_string|conn_str)$"
)


def words(name: str) -> list[str]:
    """The words of a name, in small letters: access_token and accessToken are access, token."""
    return [part.lower() for part in _PARTS.findall(name)]


def is_secret(name: str) -> bool:
    """Whether a variable or field of this name holds a secret itself: a password, a token, a key."""
    parts = words(name)
    if not parts or set(parts[:-1]) & _ABOUT:
        return False
    if parts[-1] in _LAST:
        return True
    return len(parts) > 1 and parts[-1] == "key" and parts[-2] in _KEYS


def is_password(name: str) -> bool:
    """Whether a name is a password or a secret, or its hash: what no answer needs."""
    parts = words(name)
    if not parts or set(parts) & (_ABOUT - {"hashed", "encrypted", "reset"}):
        return False
    hashed = parts[-1] == "hash" and len(parts) > 1 and parts[-2] in ("password", "passwd", "pwd")
    return (
        hashed
        or parts[-1] in ("password", "passwd", "pwd", "passphrase")
        or parts in (["totp", "secret"], ["otp", "secret"], ["mfa", "secret"])
    )


def is_address_with_password(name: str) -> bool:
    """Whether a name is the address of a database or broker, which has the password in it."""
    return bool(_URLS.match(name.lower()))
