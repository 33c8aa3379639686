"""Which calls ask a database, a document store or Redis for something, and which of them change what is there?"""

from __future__ import annotations

import re

from strop.project.function import Call
from strop.regex import regex

FLUSHES = ("commit", "flush", "close", "begin", "refresh", "merge")  # calls that write what was collected
ASKS = frozenset(
    [
        "execute",
        "scalars",
        "scalar",
        "stream",
        "stream_scalars",
        "exec",
        "get",
        "get_one",
        "all",
        "first",
        "one",
        "one_or_none",
        "query",
        "count",
    ]
)  # calls that execute a statement themselves
_SCHEMA = ("DropTable", "DropConstraint", "CreateTable", "CreateIndex")  # a statement each is their nature
_REDIS = frozenset(
    {"get", "hget", "hgetall", "exists", "ttl", "smembers", "lrange", "zrange", "sismember", "hmget"}
)  # what has a form for many keys, or fits into a pipeline
_KEYS = frozenset(
    {"keys", "scan", "scan_iter", "smembers", "sscan_iter", "lrange", "zrange", "hkeys", "hgetall"}
)
_CHANGES = regex(
    r"\b(insert|update|delete|upsert|replace|save|remove)(_one|_many|_and_\w+)?\s*\(|_and_(update|replace|delete)\b"
    r"|['\"]\s*(INSERT|UPDATE|DELETE|MERGE|REPLACE|CREATE|DROP|ALTER|TRUNCATE)\b|\b(insert|update|delete)\w*_(stmt|statement|query|sql)\b",
    re.IGNORECASE,
)


def asks(call: Call) -> bool:
    """Whether a call asks for data: no flush, no change of the schema, nothing that happens once."""
    if call.effect is None or call.effect.kind != "queries" or call.once:
        return False
    last = call.name.rpartition(".")[2]
    return last not in FLUSHES and not any(word in call.text for word in _SCHEMA)


ASKING = ("queries", "redis")  # what functions with such calls do


def asks_one(call: Call) -> bool:
    """Whether a call is one question to a database, a document store or Redis."""
    if asks(call):
        return True
    owner, _, last = call.name.rpartition(".")
    return owner.startswith("redis.") and "ipeline" not in owner and last in _REDIS


def lists_keys(call: Call) -> bool:
    """Whether a call to Redis gives as many keys or members as there are."""
    owner, _, last = call.name.rpartition(".")
    return owner.startswith("redis.") and last in _KEYS


def changes(call: Call) -> bool:
    """Whether the text of such a call says that it writes: to ask once before the loop is no way out then."""
    return bool(_CHANGES.search(call.text))
