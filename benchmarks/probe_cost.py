"""What does the probe's recording cost a request, and a query?

Four processes serve the same application: two without the probe (their difference is the noise), one
that is recorded, and one whose loop is watched as well. Small blocks of requests alternate between them
in random order; a block's CPU time is compared with the block of the same round. Processes differ from
launch to launch, so the launch is the unit: the intervals are bootstrapped over launches, then rounds.

    python benchmarks/probe_cost.py [--launches 8] [--rounds 60]
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIDES = ("plain", "control", "recorded", "watched")
QUERIES = 20  # of the route that queries
ROUTES = {"/plain": 60, "/queries": 4}  # requests a block: 4 to 10 ms
PACKAGES = ("fastapi", "starlette", "sqlalchemy", "pydantic")


def build() -> Any:
    """Build the application: a route of plain JSON, and one that executes queries in a loop."""
    from fastapi import FastAPI
    from sqlalchemy import Integer, String, create_engine, select
    from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
    from sqlalchemy.pool import StaticPool

    class Base(DeclarativeBase):
        pass

    class Item(Base):
        __tablename__ = "items"
        id = mapped_column(Integer, primary_key=True)
        name = mapped_column(String)

    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Item(id=number, name=f"item {number}") for number in range(1, QUERIES + 1))
        session.commit()
    app = FastAPI()

    @app.get("/plain")
    async def plain() -> dict[str, str]:
        return {"hello": "world"}

    @app.get("/queries")
    async def queries() -> list[str]:
        with Session(engine) as session:
            names = []
            for number in range(1, QUERIES + 1):
                names.append(session.scalars(select(Item).where(Item.id == number)).one().name)
            return names

    return app


async def _serve(app: Any, path: str, times: int) -> None:
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": [(b"host", b"x")], "scheme": "http", "server": ("x", 80), "client": ("x", 1)}
    scope |= {"root_path": "", "http_version": "1.1"}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message.get("status", 200) != 200:
            raise RuntimeError(f"{path} answered {message['status']}")

    for _ in range(times):
        await app(dict(scope), receive, send)
        await asyncio.sleep(0)  # as between the requests of a server: a step of the loop ends


async def _work(recorded: bool, watched: bool) -> None:
    """Serve blocks as the parent asks for them; answer with their CPU time in ns."""
    recording: Any = None
    if recorded:
        from strop.probe import recording

        recording.install(str(Path(__file__).parent))
    app = build()
    if recorded:
        app = recording.attach(app)
        recording.on_finish = lambda exchange: None
    if watched:
        recording.start_loop_watch(asyncio.get_running_loop())
    for path in ROUTES:
        await _serve(app, path, 300)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        path = line.strip()
        await _serve(app, path, 1)  # wake the caches
        start = time.process_time_ns()
        await _serve(app, path, ROUTES[path])
        print(time.process_time_ns() - start, flush=True)
    if watched:
        recording.stop_loop_watch()


def _ask(worker: subprocess.Popen[str], path: str) -> float:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(path + "\n")
    worker.stdin.flush()
    return int(worker.stdout.readline()) / 1000 / ROUTES[path]


def launch(rounds: int, shuffle: Callable[[list[str]], None]) -> dict[str, list[dict[str, float]]]:
    """Start one process a side; return for each route its rounds: us a request, by side."""
    command = [sys.executable, __file__, "--serve"]
    workers = {
        side: subprocess.Popen([*command, side], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for side in SIDES
    }
    try:
        measured: dict[str, list[dict[str, float]]] = {path: [] for path in ROUTES}
        for _ in range(rounds):
            for path, found in measured.items():
                order = list(SIDES)
                shuffle(order)
                found.append({side: _ask(workers[side], path) for side in order})
        return measured
    finally:
        for worker in workers.values():
            worker.communicate()


def _difference(rounds: list[dict[str, float]], side: str) -> float:
    return statistics.median(each[side] - each["plain"] for each in rounds)


def interval(launches: list[list[dict[str, float]]], side: str, draw: random.Random) -> tuple[float, ...]:
    """The mean over launches of the median difference to `plain`, with its 95 % interval."""
    center = statistics.fmean(_difference(rounds, side) for rounds in launches)
    resampled = sorted(
        statistics.fmean(
            _difference(draw.choices(rounds, k=len(rounds)), side)
            for rounds in draw.choices(launches, k=len(launches))
        )
        for _ in range(1000)
    )
    return center, resampled[25], resampled[974]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--launches", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--serve", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(_work(options.serve in SIDES[2:], options.serve == "watched"))
        return
    draw = random.Random(7)
    runs = [launch(options.rounds, draw.shuffle) for _ in range(options.launches)]
    print(platform.python_version(), *(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES))
    for path in ROUTES:
        rounds = [run[path] for run in runs]
        base = statistics.fmean(statistics.median(each["plain"] for each in run) for run in rounds)
        print(f"{path}: {base:.1f} us of CPU a request without the probe")
        for side in SIDES[1:]:
            print(f"  {side:9} {_text(interval(rounds, side, draw))} us a request")
    for side in SIDES[1:]:
        print(f"a query, {side}: {_text(interval([_a_query(run, side) for run in runs], side, draw))} us")


def _a_query(run: dict[str, list[dict[str, float]]], side: str) -> list[dict[str, float]]:
    """The rounds of a launch as us a query: what the route with queries costs more than the plain one."""
    return [
        {"plain": 0.0, side: (queries[side] - queries["plain"] - plain[side] + plain["plain"]) / QUERIES}
        for plain, queries in zip(*run.values(), strict=True)
    ]


def _text(values: tuple[float, ...]) -> str:
    return f"{values[0]:+.2f} [{values[1]:+.2f}, {values[2]:+.2f}]"


if __name__ == "__main__":
    main()
