"""Which commands in a text start an ASGI server, and does the server get the signals?"""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterator

from strop.project.shipped.values import How, Launch
from strop.regex import regex
from strop.span import Span

SERVERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "granian", "fastapi"})
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_PASS = frozenset(  # run what follows in their own place, or hand signals on
    {"uv", "poetry", "pdm", "pipenv", "hatch", "rye", "run", "tini", "dumb-init", "gosu", "su-exec", "env",
     "exec", "sudo", "python", "python3", "opentelemetry-instrument", "ddtrace-run", "newrelic-admin",
     "run-program", "doppler", "chamber", "nohup", "time", "command"}
)  # fmt: skip
_SPLIT = regex(r"&&|\|\||[;|\n]|(?<![>&])&(?![>&\d])|\bthen\b|\belse\b|\bdo\b")
_TEST = regex(r"(?:^|[-_./])(dev|devel|development|local|test|tests|testing|debug|ci|example|examples|benchmarks?"
                   r"|loadtest|mock|mocks|override|demo|devcontainer|playwright|e2e|sandbox|preview)(?=$|[-_./\d])", re.I)  # fmt: skip


def is_development(*names: str) -> bool:
    """Whether a file, stage or service is named for development, tests or a demonstration."""
    return any(_TEST.search(name) for name in names)


def in_words(words: tuple[str, ...], span: Span, stage: str = "") -> Iterator[Launch]:
    """The launch that a list of words is: `["uvicorn", "app:app"]` or `["sh", "-c", "..."]`."""
    if len(words) >= 3 and words[0].rpartition("/")[2] in _SHELLS and words[1].startswith("-"):
        yield from in_text(words[2], span, "shell", stage)
        return
    found = _server(list(words))
    if found:
        yield Launch(found[0], tuple(found), span, "exec", True, False, _dev(span, stage), stage)


def in_text(text: str, span: Span, how: How, stage: str = "") -> Iterator[Launch]:
    """The launches in a line of shell; `span` is the place of the whole."""
    parts = simple(text)
    many = len(parts) > 1
    for words in parts:
        found = _server(words)
        if found:
            execs = (
                "exec" in words[: len(words) - len(found)] or (how == "shell" and not many) or how == "line"
            )
            yield Launch(found[0], tuple(found), span, how, execs, False, _dev(span, stage), stage)


def simple(text: str) -> list[list[str]]:
    """The simple commands in a text of shell, as their words."""
    return [_split(part) for part in _SPLIT.split(text) if part.strip()]


def in_script(file: str, text: str) -> Iterator[Launch]:
    """The launches in a shell script, each at its own lines."""
    deep = 0
    for first, last, line in _joined(text):
        word = line.split(None, 1)[0] if line.split() else ""
        deep += (word in ("if", "case")) - (word in ("fi", "esac"))
        for launch in in_text(line, Span(file, first, "", last if last != first else 0), "script"):
            conditional = deep > 0
            yield Launch(
                launch.server,
                launch.words,
                launch.span,
                "script",
                launch.execs,
                conditional,
                launch.development,
            )


def _joined(text: str) -> Iterator[tuple[int, int, str]]:
    """Lines with their continuations: first and last number, text; comments left out."""
    parts: list[str] = []
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if line.startswith("#"):
            continue
        if not parts:
            start = number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            yield start, number, " ".join(parts).strip()
            parts = []


def _dev(span: Span, stage: str) -> bool:
    return is_development(span.file, stage)


def _split(part: str) -> list[str]:
    try:
        return shlex.split(part, comments=True)
    except ValueError:
        return part.split()


def behind_wrappers(words: list[str], wanted: Container[str]) -> int:
    """The place of the first of these programs that a command runs itself, or hands on to; -1 for none."""
    for place, word in enumerate(map(_bare, words)):
        if word in wanted:
            return place
        known = (
            word in _PASS or word.startswith(("-", "python3.")) or re.fullmatch(r"\w+=.*", word) is not None
        )
        after_option = place > 0 and (
            words[place - 1].startswith("-") or words[place - 1].endswith(("gosu", "su-exec"))
        )
        if not (known or after_option):
            break
    return -1


def _bare(word: str) -> str:
    return word.rpartition("/")[2].strip("\"'()")


def _server(words: list[str]) -> list[str]:
    """The server's own part of a command, empty when it starts none."""
    place = behind_wrappers(words, SERVERS)
    if place < 0:
        return []
    word, rest = _bare(words[place]), words[place + 1 :]
    serves = rest[:1] == ["run"] if word == "fastapi" else any(_is_application(w) for w in rest)
    return [word, *rest] if serves else []


def _is_application(word: str) -> bool:
    module, colon, name = word.partition(":")
    if "$" in word:
        return True
    return bool(colon) and module.replace(".", "").replace("_", "").isalnum() and not name.isdigit()
