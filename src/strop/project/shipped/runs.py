"""Which of the tasks of developers does production run, and what do they start?

A task is there to be typed: what it starts is the production's only where something shows it. That is a container,
a service or a process manager that runs it, its name, or several workers. One that is named for development never is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from strop.project.shipped.commands import behind_wrappers, in_text, is_development, simple
from strop.project.shipped.values import Launch, Task
from strop.regex import regex
from strop.span import Span

_SHELL = regex(r"(?:\S*/)?(?:ba|da|a)?sh\s+-\w+\s+['\"]?")
_BY_NAME = frozenset({"make", "poe", "task"})
_PRODUCTION = regex(r"(?:^|[-_.:/])(?:prod|production|deploy)(?=$|[-_.:/\d])", re.I)
_DEVELOPS = regex(r"(?:^|[-_.:/])(?:watch|reload|hot|debugger)(?=$|[-_.:/\d])", re.I)


def of_tasks(tasks: Iterable[Task], commands: Iterable[str]) -> Iterator[Launch]:
    """The servers that tasks start; `commands` are those that production starts with."""
    every = list(tasks)
    started = _started(every, commands)
    for task in every:
        for command, line in task.commands:
            for launch in in_text(command, Span(task.file, line, task.name), "task", task.name):
                serves = (task.runner, task.name) in started or _is_for_production(task, launch)
                yield replace(launch, development=_is_for_developers(task) or not serves)


def _started(tasks: list[Task], commands: Iterable[str]) -> set[tuple[str, str]]:
    """The tasks (runner, name) that these commands run, and those that they run in turn."""
    needs = {(task.runner, task.name): task.others for task in tasks}
    waiting = [task for command in commands for task in _named(command, needs)] if needs else []
    started: set[tuple[str, str]] = set()
    while waiting:
        task = waiting.pop()
        if task in needs and task not in started:
            started.add(task)
            waiting += [(task[0], other) for other in needs[task]]
    return started


def _named(command: str, known: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The tasks that a command asks for: `make serve`, `uv run poe serve`, `pdm run serve`."""
    for words in simple(_SHELL.sub("", command, count=1)):
        place = behind_wrappers(words, _BY_NAME)
        if place >= 0:
            yield from ((words[place], word) for word in words[place + 1 :])
        yield from (task for task in known if task[0] in words and behind_wrappers(words, (task[1],)) >= 0)


def _is_for_developers(task: Task) -> bool:
    """Whether a task's name says so, or its file's: a container that runs it is one for developers too."""
    name = task.name.replace(":", "-")
    return is_development(task.file, name) or _DEVELOPS.search(name) is not None


def _is_for_production(task: Task, launch: Launch) -> bool:
    """Whether a task shows by itself what it is for."""
    workers = launch.option("--workers", "-w") or ""
    several = workers.isdigit() and int(workers) > 1
    return _PRODUCTION.search(task.name) is not None or (several and launch.option("--reload") is None)
