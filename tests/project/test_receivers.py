"""Branches that the object excludes whose method runs: by its class, and by what it was made with."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.project.effects import effects
from strop.project.reach import reaches
from strop.project.source import read_source
from tests.project.example import application, function, read, route, write

MAIL = """
import time
from fastapi import Depends
{more}

class Mailer:
    def __init__(self, tasks=None, retry: bool = False, quiet: bool = False):
        self.tasks = tasks
        self.retry = retry
        self.strict = True
        self.quiet = quiet
        self.quiet = not quiet

    def notify(self, text):
        self._begin(text)

    def _begin(self, text):
        if self.tasks:
            self.tasks.add(self._deliver, text)
        else:
            self._deliver(text)

    def again(self, text):
        return self.retry and self._deliver(text)

    def loosely(self, text):
        if self.strict:
            return None
        self._deliver(text)

    def loud(self, text):
        if not self.quiet:
            self._deliver(text)

    def _deliver(self, text):
        time.sleep(1)

def made_with(tasks):
    return Mailer(f"{{tasks}}")

def either(tasks):
    if tasks:
        return Mailer(f"{{tasks}}")
    return Mailer()

def promised(tasks) -> Mailer:
    return Special(f"{{tasks}}")

class Special(Mailer):
    def __init__(self, name=None, tasks=None):
        self.tasks = tasks

class Pages:
    mailer: Mailer = Depends(made_with)

    def __init__(self):
        self.own = Mailer(retry=True)
        self.given = Mailer(f"a {{1}}")

    def page(self):
        {page}

def caller(given, flag: bool = False):
    {caller}
"""
SLEEPS = {
    "Mailer().notify('a')": True,
    "Mailer(given).notify('a')": True,  # may be empty
    "Mailer(f'{given}').notify('a')": False,
    "Mailer(*given).notify('a')": True,
    "Mailer(tasks='now').notify('a')": False,
    "Mailer().again('a')": False,
    "Mailer(retry=True).again('a')": True,
    "Mailer(retry=given).again('a')": True,
    "Mailer().loosely('a')": False,  # set in any case
    "Mailer(quiet=True).loud('a')": True,  # the constructor changes what it was given
    "mailer = Mailer(f'{given}'); mailer.notify('a')": False,
    "mailer = Mailer(f'{given}'); mailer = Mailer(); mailer.notify('a')": True,
    "made_with(given).notify('a')": False,
    "either(given).notify('a')": True,
    "promised(given).notify('a')": True,  # another constructor than that of what it promises
    "given.mailer.notify('a')": False,  # not known what that is
}


def sleeps(
    root: Path, caller: str = "pass", page: str = "pass", more: str = "", name: str = "caller"
) -> bool:
    """Whether calling it comes to the branch that sleeps."""
    source = read(root, {"mail.py": MAIL.format(caller=caller, page=page, more=more)})
    found = reaches(application(route(source, name)), source)
    return function(source, "Mailer._deliver").id in found


@pytest.mark.parametrize("caller", SLEEPS)
def test_what_an_object_was_made_with_chooses_the_branch(tmp_path: Path, caller: str) -> None:
    assert sleeps(tmp_path, caller) is SLEEPS[caller]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("self.mailer.notify('a')", False),  # what a dependency gives
        ("self.own.notify('a')", True),
        ("self.own.again('a')", True),
        ("self.given.notify('a')", False),
    ],
)
def test_an_attribute_holds_what_was_made_for_it(tmp_path: Path, page: str, expected: bool) -> None:
    assert sleeps(tmp_path, page=page, name="Pages.page") is expected


def test_what_the_caller_was_given_itself_is_handed_on(tmp_path: Path) -> None:
    more = "def known():\n    caller(1, False)\n\ndef other():\n    caller(1, True)\n"
    caller = "Mailer(retry=flag).again('a')"
    assert not sleeps(tmp_path, caller, more=more, name="known")
    assert sleeps(tmp_path, caller, more=more, name="other")


@pytest.mark.parametrize(
    "more",
    [
        "def stop(mailer):\n    mailer.tasks = None\n",
        "def stop(mailer):\n    setattr(mailer, 'tasks', None)\n",
        "class Other:\n    def tasks(self):\n        return len(self.all)\n",
    ],
)
def test_what_may_change_later_decides_nothing(tmp_path: Path, more: str) -> None:
    assert sleeps(tmp_path, "Mailer(f'{given}').notify('a')", more=more)


JOBS = """
import time
from abc import ABC, abstractmethod

class Job(ABC):
    remote = False
    name: str = ""

    @abstractmethod
    def clean(self): ...

    def has_files(self):
        return False

    def finish(self):
        self._finish()

    def _finish(self):
        self.clean()

class Local(Job):
    def clean(self):
        {local}

class Copied(Local):
    {copied}

class Cluster(Job):
    remote = True

    def clean(self):
        time.sleep(1)

    def has_files(self):
        {has}

def pick() -> Job: ...

def caller(job: Job, copied: Copied, cluster: Cluster):
    {caller}
"""
RUNS = {
    "job.finish()": {"Local.clean", "Cluster.clean"},
    "copied.finish()": {"Local.clean"},
    "Copied().finish()": {"Local.clean"},
    "cluster.finish()": {"Cluster.clean"},
    "if job.has_files(): job.finish()": {"Cluster.clean"},
    "if not job.has_files(): job.finish()": {"Local.clean"},
    "if job.has_files(): job.clean()": {"Cluster.clean"},
    "if job.remote: job.finish()": {"Cluster.clean"},
    "if job.name: job.finish()": {"Local.clean", "Cluster.clean"},
    "if job.has_files(): pick().finish()": {"Local.clean", "Cluster.clean"},
    "if job.has_files():\n        job = pick()\n        job.finish()": {"Local.clean", "Cluster.clean"},
}


def cleaned(root: Path, caller: str, has: str = "return True", copied: str = "pass") -> set[str]:
    """The methods that calling it comes to."""
    text = JOBS.format(caller=caller, local="return 1", has=has, copied=copied)
    source = read(root, {"jobs.py": text})
    found = reaches(application(route(source, "caller")), source)
    return {source.functions[id].span.symbol for id in found if id.endswith(".clean")}


@pytest.mark.parametrize("caller", RUNS)
def test_the_class_of_the_object_chooses_the_method(tmp_path: Path, caller: str) -> None:
    assert cleaned(tmp_path, caller) == RUNS[caller]


def test_a_method_that_works_something_out_tells_nothing(tmp_path: Path) -> None:
    assert len(cleaned(tmp_path, "if job.has_files(): job.finish()", has="return bool(self.name)")) == 2


def test_a_class_below_that_differs_keeps_the_method(tmp_path: Path) -> None:
    copied = "def has_files(self):\n        return True"
    assert len(cleaned(tmp_path, "if job.has_files(): job.finish()", copied=copied)) == 2


def test_upwards_the_same_is_excluded(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"jobs.py": JOBS.format(caller="copied.finish()", local="return 1", has="return 1", copied="pass")},
    )
    source = read_source(tmp_path)
    found = effects(source.functions).get(function(source, "caller").id, ())
    assert not any(effect.kind == "blocks" for effect, _ in found)
