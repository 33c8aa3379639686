from datetime import UTC, datetime


def utcnow() -> datetime:
    """Now in UTC without a zone: what the database columns hold."""
    return datetime.now(UTC).replace(tzinfo=None)
