"""Which names stand for secrets?"""

from __future__ import annotations

from functools import lru_cache

from strop.regex import regex

_WORD = regex(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_PASSWORDS = frozenset({"password", "passwd", "passphrase", "pwd"})
_SECRETS = _PASSWORDS | {"secret", "jwt", "apikey", "credential", "credentials", "token", "authorization"}
_KEYS = frozenset({"api", "secret", "private", "access", "signing", "encryption", "jwt", "auth", "master"})
# "has_password", "num_token", "valid_token": something about a secret, or a token of another kind
_ABOUT = frozenset({
    "has", "is", "no", "num", "max", "min", "count", "total", "n", "use", "uses", "require", "requires",
    "need", "needs", "valid", "missing", "enable", "enabled", "show", "check", "next", "page", "continuation",
    "cursor", "allow", "csrf", "xsrf", "last", "first", "stop", "start", "input", "output", "special", "pad",
    "eos", "bos", "unk", "mask", "sep", "with", "hide", "resets", "per", "sync", "cancel", "cancellation",
    "masked", "redacted", "anonymized", "local", "claims", "hidden", "delta", "prompt", "completion",
    "device", "fcm", "push", "resume", "lock", "public", "encrypted", "hashed", "unknown",
    "logging", "sanitized", "safe", "change", "update",
    "short", "shortened", "truncated", "abbreviated", "reservation", "borrower",
})  # fmt: skip
_PROOFS = frozenset({
    "secret", "token", "password", "passwd", "passphrase", "signature", "hmac", "apikey", "csrf", "otp",
})  # fmt: skip
_PROOF_KEYS = frozenset({
    "api", "secret", "private", "access", "signing", "auth", "encryption", "jwt", "session", "cookie",
})  # fmt: skip
_FORMS = frozenset({
    "value", "str", "raw", "bytes", "text", "digest", "b64", "hex", "plain", "encoded", "header",
})  # fmt: skip
_URLS = regex(
    r"^(db|database|sqlalchemy|postgres|postgresql|pg|mysql|mongo|mongodb|redis|broker|amqp|sql)"
    r"(_\w+)?_(url|uri|dsn)$|^(dsn|connection_string|conn_str)$"
)


def words(name: str) -> list[str]:
    """The words of a name, in small letters: access_token, accessToken and access-token are access, token."""
    return [word.lower() for word in _WORD.findall(name)]


def is_secret(name: str) -> bool:
    """Whether a variable or field of this name holds a secret that nobody else may see: a password, a token, a key."""
    parts = words(name)
    if not parts or set(parts[:-1]) & _ABOUT:
        return False
    return parts[-1] in _SECRETS or (len(parts) > 1 and parts[-1] == "key" and parts[-2] in _KEYS)


@lru_cache(maxsize=4096)  # the same few names stand in many models
def is_password(name: str) -> bool:
    """Whether a name is a password or a secret, or its hash: what no answer needs."""
    parts = words(name)
    if not parts or set(parts) & (_ABOUT - {"hashed", "encrypted"}):
        return False
    hashed = parts[-1] == "hash" and len(parts) > 1 and parts[-2] in _PASSWORDS
    seed = parts in (["totp", "secret"], ["otp", "secret"], ["mfa", "secret"])
    return hashed or seed or parts[-1] in _PASSWORDS


def is_proof(name: str) -> bool:
    """Whether a caller proves something with what goes by this name: a token, a signature, a code, in any form."""
    parts = words(name)
    while parts and parts[-1] in _FORMS:
        parts.pop()
    if not parts:
        return False
    return parts[-1] in _PROOFS or (len(parts) > 1 and parts[-1] == "key" and parts[-2] in _PROOF_KEYS)


def is_address_with_password(name: str) -> bool:
    """Whether a name is the address of a database or broker, which has the password in it."""
    return bool(_URLS.match(name.lower()))
