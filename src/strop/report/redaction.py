"""What must not leave the machine with a report? Secrets and characters that deceive a reader are replaced.

Every format passes what it is given through `clean` before it writes a character. Patterns are anchored on
what announces a secret (a scheme, a key, a header, a known prefix), so that source code stays readable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from strop.regex import regex
from strop.verdict import Difference

if TYPE_CHECKING:  # a review takes nothing of what runs measured
    from strop.report.result import Result

MARK = "[redacted]"

T = TypeVar("T")

_WORD = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|credential|(?:api|access|private|signing|encryption|auth)"
    r"[_-]?key|authorization|cookie|session[_-]?id|csrf|otp)s?"
    r"(?:[_-]?(?:key|hash|value|base|digest|salt|confirm\w{0,8}|again|old|new|[0-9]{1,3})){0,3}"
)
_LITERAL = r"""(?:"(?:[^"\\\n]|\\.){0,4096}(?:"|$|(?=\n))|'(?:[^'\\\n]|\\.){0,4096}(?:'|$|(?=\n)))"""
_HEADERS = r"(?:proxy-)?authorization|set-cookie|cookie|x-api-key|x-auth-token|x-csrf-token"
_PROSE = r"(?:auth\w*|tokens?|scheme|security|header|credentials?)\b"

_Replacement = str | Callable[[re.Match[str]], str]


def _quoted(match: re.Match[str]) -> str:
    """Keep the key and the quotes, drop what is between them."""
    literal = match[2]
    return f"{match[1]}{literal[0]}{MARK}{literal[0]}"


_PATTERNS: tuple[tuple[re.Pattern[str], _Replacement], ...] = (
    (
        regex(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.S),
        MARK,
    ),
    # A URL's password: drivers of databases take even a slash in it, browsers don't.
    (regex(r"""(?i)(\bhttps?|wss?)(://[^\s/:@'"]{0,200}):[^\s/'"]{1,1024}@"""), rf"\1\2:{MARK}@"),
    (
        regex(r"""(?i)(?<!http)(?<!https)(?<!ws)(?<!wss)(://[^\s/:@'"]{0,200}):[^\s'"]{1,1024}@"""),
        rf"\1:{MARK}@",
    ),
    (regex(r"""(?i)(https?://)[^\s/:@'"]{12,200}@"""), rf"\1{MARK}@"),
    (regex(r"\beyJ[\w-]{4,}\.[\w-]{2,}(?:\.[\w-]*){0,3}"), MARK),
    (regex(r"\$(?:argon2\w{0,3}|2[abxy]|pbkdf2[\w-]{0,16}|scrypt|5|6|y)\$[^\s'\"<>]{4,}"), MARK),
    (
        regex(
            r"\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{8,}|AKIA[0-9A-Z]{16}"
            r"|AIza[\w-]{20,}|sk-[\w-]{16,}|[sr]k_(?:live|test)_\w{8,}|npm_\w{20,}|pypi-[\w-]{20,})"
        ),
        MARK,
    ),
    (regex(rf"(?i)\b(bearer|digest|negotiate)(\s+)(?!{_PROSE})[^\s'\",;<>)\]]{{4,}}"), rf"\1\2{MARK}"),
    # "authorization", "value" and 'Authorization': 'value'
    (regex(rf"(?i)(['\"](?:{_HEADERS})['\"]\s*[:=,]\s*[bru]{{0,2}})({_LITERAL})"), _quoted),
    # Authorization: Basic abc, on a line of its own or inside quotes of a command
    (
        regex(rf"(?i)(\b(?:{_HEADERS})\s*:[ \t]*(?:basic|bearer|token|digest|apikey)[ \t]+)[^\s'\"]+"),
        rf"\1{MARK}",
    ),
    (regex(r"(?i)(\b(?:set-)?cookie:[ \t]*)[\w.$-]+=[^\n'\"]*"), rf"\1{MARK}"),
    (regex(r"(?i)(\bx-(?:api-key|auth-token|csrf-token):[ \t]*)[^\s'\"]+"), rf"\1{MARK}"),
    # key: "value", key="value", key: str = "value"
    (
        regex(rf"(?i)({_WORD}['\"]?(?:\s*:\s*[\w\[\], |.]{{1,60}}?)?\s*[:=]\s*[bruf]{{0,2}})({_LITERAL})"),
        _quoted,
    ),
    (regex(rf"(?i)({_WORD}['\"]\s*:\s*)-?[0-9][0-9.eE+-]*"), rf'\1"{MARK}"'),
    (regex(rf"(?i)([?&;][\w.%-]{{0,40}}?{_WORD}=)[^&\s#'\"<>]+"), rf"\1{MARK}"),
    (regex(rf"(?i)(--[a-z-]{{0,20}}{_WORD}[= ])[^\s'\"-][^\s'\"]*"), rf"\1{MARK}"),
    (
        regex(rf"((?:^|[\s;])(?:export )?(?=[A-Z0-9_]+=)[A-Z0-9_]{{0,40}}(?i:{_WORD})=)[^\s'\"()]+", re.M),
        rf"\1{MARK}",
    ),
)
_HINT = regex(
    r"(?i)://|eyJ|bearer|digest|negotiate|auth|cookie|pass|pwd|secret|token|credential|key|csrf|otp|session|\$|"
    r"gh[pousr]_|github_pat|glpat|xox|AKIA|AIza|sk[-_]|rk_|npm_|pypi-"
)
_SECRET_KEY = regex(rf"(?i)(?:{_WORD}|{_HEADERS})$")

# Control characters could move a terminal's cursor, bidirectional ones reorder code that is shown.
_VISIBLE = {number: chr(0x2400 + number) for number in range(32) if chr(number) not in "\n\t"}
_VISIBLE |= {127: "\u2421", **dict.fromkeys(range(0x80, 0xA0), "\ufffd")}
_VISIBLE |= dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
_VISIBLE |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # lone surrogates can't be written as UTF-8


@lru_cache(maxsize=65_536)
def clean_text(text: str) -> str:
    """The text without secrets and without characters that are not shown as what they are."""
    text = text.replace("\r\n", "\n").translate(_VISIBLE)
    if not _HINT.search(text):
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def clean(value: T) -> T:
    """The same value with every text in it cleaned, however deep; the type stays."""
    return cast(T, _clean(value))


def hide(value: T, secrets: Collection[str]) -> T:
    """The same value without these texts, which are known to be secret, however deep they are in it."""
    return cast(T, _mapped(value, re.compile("|".join(map(re.escape, secrets))))) if secrets else value


def _mapped(value: object, pattern: re.Pattern[str]) -> object:
    match value:
        case StrEnum():
            return value
        case str():
            return pattern.sub(MARK, value)
        case tuple():
            return tuple(_mapped(part, pattern) for part in value)
        case _ if isinstance(value, Struct):
            parts = {name: getattr(value, name) for name in value.__struct_fields__}
            changed = {name: new for name, part in parts.items() if (new := _mapped(part, pattern)) != part}
            return replace(value, **changed) if changed else value
        case _:
            return value


def share(result: Result) -> Result:
    """What may be written of a result: cleaned, and without the single exchanges of its runs."""
    base = replace(result.base, exchanges=())
    final = replace(result.final, exchanges=()) if result.final else None
    return clean(replace(result, base=base, final=final))


def _clean(value: object) -> object:
    match value:
        case str():
            cleaned = clean_text(str(value))
            return value if cleaned == value else cleaned
        case tuple():
            return tuple(_clean(part) for part in value)
        case Difference():
            return _clean_difference(value)
        case _ if isinstance(value, Struct):
            parts = {name: getattr(value, name) for name in value.__struct_fields__}
            changed = {name: new for name, part in parts.items() if (new := _clean(part)) is not part}
            return replace(value, **changed) if changed else value
        case _:
            return value


def _clean_difference(difference: Difference) -> Difference:
    """A difference names its place, so a value can be known to be secret by where it is."""
    place = difference.path
    keys = re.findall(r"[\w-]+", place.split(" ", 1)[-1])
    secret = any(_SECRET_KEY.search(key) for key in keys)
    before, after = (
        (MARK if text and secret else _clean_body(text)) for text in (difference.before, difference.after)
    )
    return replace(
        difference,
        cell=clean_text(difference.cell),
        route=clean_text(difference.route),
        path=clean_text(place),
        before=before,
        after=after,
    )


def _clean_body(text: str) -> str:
    """A shown value that is JSON is cleaned by its keys, nested or not; any text by its patterns."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            return clean_text(text)
        hidden = _hide(body)
        if hidden != body:
            text = json.dumps(hidden, ensure_ascii=False)
    return clean_text(text)


def _hide(body: object, secret: bool = False) -> object:
    match body:
        case dict():
            return {
                key: _hide(part, secret or bool(_SECRET_KEY.search(str(key)))) for key, part in body.items()
            }
        case list():
            return [_hide(part, secret) for part in body]
        case None | bool():
            return body
        case _:
            return MARK if secret else body
