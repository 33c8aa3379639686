"""Which tasks does a pyproject.toml name, for Poe, taskipy, PDM, Rye and Hatch?"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

from strop.project.shipped.values import Task
from strop.regex import regex

_SPEAKS = regex(r"^\[+tool\.(?:poe|taskipy|pdm\.scripts|rye\.scripts|hatch)\b", re.M)
_PLACES = (
    ("poe", ("poe", "tasks")),
    ("task", ("taskipy", "tasks")),
    ("pdm", ("pdm", "scripts")),
    ("rye", ("rye", "scripts")),
)
_SERIES = ("sequence", "composite", "chain", "parallel")


def read_tasks(file: str, text: str) -> Iterator[Task]:
    """The tasks with their commands; one that names a function of Python has none."""
    if not _SPEAKS.search(text):
        return
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return
    for runner, (first, second) in _PLACES:
        for name, given in _table(_table(tool, first), second).items():
            yield _task(file, text, runner, name, given)
    for environment, body in _table(_table(tool, "hatch"), "envs").items():
        for name, given in _table(body, "scripts").items():
            full = name if environment == "default" else f"{environment}:{name}"
            yield _task(file, text, "hatch", full, given)


def _table(value: object, key: str) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _task(file: str, text: str, runner: str, name: str, given: object) -> Task:
    commands, others = [], []
    for command, is_task in _commands(given, runner):
        if is_task:
            others.append(command)
        else:
            commands.append((command, _line(text, name, command)))
    return Task(name, runner, file, tuple(commands), tuple(others))


def _commands(given: object, runner: str) -> Iterator[tuple[str, bool]]:
    """The commands of a task, or the names of the tasks that it runs (True)."""
    match given:
        case str():
            yield given, False
        case list():  # Poe's are names of tasks, Hatch's are commands
            for each in given:
                yield from ((each, runner != "hatch"),) if isinstance(each, str) else _commands(each, runner)
        case dict():
            for key in ("cmd", "shell"):
                command = given.get(key)
                if isinstance(command, list):
                    yield shlex.join(map(str, command)), False
                elif isinstance(command, str):
                    yield command, False
            for key in _SERIES:
                series = given.get(key)
                yield from _commands(series, runner) if isinstance(series, list) else ()


def _line(text: str, name: str, command: str) -> int:
    """Where a command stands; where it is written otherwise, its task's name."""
    place = text.find(command)
    if place < 0:
        key = re.search(rf"^(?:\[.*\.)?[\"']?{re.escape(name.rpartition(':')[2])}\b", text, re.M)
        place = key.start() if key else 0
    return text.count("\n", 0, place) + 1
