"""After any edit, what is taken from the cache and what is read again are what reading everything gives, and so are the
findings in it."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from shutil import copytree

import pytest

from strop.project.project import Project
from strop.project.read import read_changed, read_project
from strop.rules.registry import check, noticers, recall, rules, settle
from strop.rules.standing import Standing
from tests.project.edits import edit
from tests.project.example import write

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECT = {
    "app/__init__.py": "",
    "app/main.py": """
    from fastapi import Depends, FastAPI
    from app.api import router
    from app.deps import get_service
    from app.services import Service

    app = FastAPI()
    app.include_router(router, prefix="/v1")

    @app.get("/health")
    async def health(service: Service = Depends(get_service)):
        return service.clock.now().isoformat()
    """,
    "app/api/__init__.py": "from .orders import *\n",
    "app/api/orders.py": """
    import time
    from fastapi import APIRouter, Depends
    from ..deps import get_service
    from ..models import Order
    from .. import store as shelf

    router = APIRouter()
    LIMIT = 10

    @router.get("/orders")
    async def orders(service=Depends(get_service)):
        found = service.load()
        while found:
            found = found.after
        return shelf.STORE.find(LIMIT)

    @router.post("/orders")
    def create(order: Order):
        time.sleep(1)
        return order.total
    """,
    "app/deps.py": """
    from .services import Service, make
    from .mail import mail

    def get_service():
        service = make()
        mail(service)
        return service
    """,
    "app/services.py": """
    from abc import ABC, abstractmethod
    from .models import Order
    from .clock import Clock
    from . import deps

    class Base(ABC):
        def __init__(self, order=None):
            self.order = order or Order()
            self.clock = Clock()

        @abstractmethod
        def load(self): ...

        def again(self):
            return deps.get_service().load()

    class Service(Base):
        def load(self):
            return self.order.first()

    class Other(Base):
        def load(self):
            return self.clock.open().read()

    def make() -> Service:
        return Service()
    """,
    "app/models.py": """
    from pydantic import BaseModel, field_validator
    from .clock import stamp

    class Line(BaseModel):
        price: int = 0

    class Order(BaseModel):
        lines: list[Line] = []

        @field_validator("lines")
        def check(cls, value):
            return stamp(value)

        @property
        def total(self):
            return sum(line.price for line in self.lines)

        def first(self):
            return self

        @property
        def after(self):
            return self.first()
    """,
    "app/clock.py": """
    import datetime
    from functools import lru_cache

    class Clock:
        def now(self):
            return datetime.datetime.now()

        def open(self):
            return open("/dev/null")

    @lru_cache
    def stamp(value):
        return ping(value)

    def ping(value):
        return pong(value)

    def pong(value):
        return ping(value) or Clock()
    """,
    "app/store.py": """
    from .services import Service as Kept

    class Store:
        def __init__(self):
            self.kept = Kept()

        def find(self, limit):
            return self.kept.load()

    STORE = Store()
    """,
    "app/mail.py": "import smtplib\n\n\ndef mail(to):\n    smtplib.SMTP('x').sendmail('a', to, 'x')\n",
}


def facts(project: Project) -> tuple[object, ...]:
    """All that a reading gives."""
    ways = dict(project.reaches.items())
    return project.source, project.imported, ways


def same(root: Path, done: list[str], last: Standing | None = None) -> Standing:
    """Compare a reading with the cache to one without, and what rules say that are asked again where it concerns them
    to what all say; `last` is what they said the last time.
    """
    seeing = last.noticers() if last is not None else noticers()
    warm, changes = read_changed(root, (), (), seeing, cache=True)
    cold = read_project(root, (), (), noticers())
    for ours, theirs in zip(warm.source.functions.items(), cold.source.functions.items(), strict=True):
        assert ours == theirs, done
    assert warm.source.marks == cold.source.marks, done
    assert warm.source.classes == cold.source.classes, done
    assert warm.source == cold.source, done
    assert facts(warm) == facts(cold), done
    assert warm.shipped == cold.shipped, done
    standing = recall(warm, changes, last, "")
    asked = {registered.module: registered for registered in rules()}
    for card, answer in zip(standing.cards, standing.answers, strict=True):
        assert answer.findings == tuple(asked[card.module].check(cold, None)), (card.rule.code, done)
    assert settle(standing.findings()) == check(cold, None, reading=True), done
    return standing


@pytest.mark.parametrize("seed", range(12))
def test_a_small_project(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    write(tmp_path, PROJECT)
    done: list[str] = []
    last = same(tmp_path, done)
    for _ in range(12):
        done.append(edit(tmp_path, random))
        if random.random() < 0.7:
            last = same(tmp_path, done, last)
    same(tmp_path, done, last)


def test_the_example_backend(tmp_path: Path) -> None:
    random = Random(5)
    root = tmp_path / "shop"
    copytree(EXAMPLES / "shop", root)
    done: list[str] = []
    last = None
    for _ in range(6):
        last = same(root, done, last)
        done.append(edit(root, random, sorted((root / "shop").rglob("*.py"))))
    same(root, done, last)


def test_few_rules_are_asked_after_an_edit_of_a_body(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    copytree(EXAMPLES / "shop", root)
    seeing = noticers()
    project, changes = read_changed(root, (), (), seeing, cache=True)
    first = recall(project, changes, None, "")
    file = root / "shop" / "services" / "rates.py"
    at = list(re.finditer(r"^    return ", text := file.read_text(), re.M))[-1].start()
    file.write_text(f"{text[:at]}    len('more')\n{text[at:]}")
    project, changes = read_changed(root, (), (), seeing, cache=True)
    second = recall(project, changes, first, "")
    stood = [ours is theirs for ours, theirs in zip(second.answers, first.answers, strict=True)]
    assert 0 < len(stood) - sum(stood) < len(stood) // 2
