from datetime import UTC, datetime, timedelta

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shop.core.config import get_settings

ALGORITHM = "HS256"

_settings = get_settings()
_hasher = PasswordHasher(
    time_cost=_settings.argon2_time_cost,
    memory_cost=_settings.argon2_memory_kib,
    parallelism=_settings.argon2_parallelism,
)


def hash_password(password: str, *, salt: bytes | None = None) -> str:
    return _hasher.hash(password, salt=salt)


def verify_password(password: str, password_hash: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def create_token(subject: str) -> str:
    now = datetime.now(UTC)
    claims = {
        "sub": subject,
        "iat": now,
        "exp": now + timedelta(minutes=get_settings().token_minutes),
    }
    return jwt.encode(claims, get_settings().jwt_secret, algorithm=ALGORITHM)


def read_token(token: str) -> str | None:
    """The subject of a valid token, or nothing."""
    try:
        claims = jwt.decode(token, get_settings().jwt_secret, algorithms=[ALGORITHM])
    except jwt.PyJWTError:
        return None
    return claims.get("sub")
