"""Serves cells one by one, in this process: the `serve` mode."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from typing import Any

from . import answers, calls, clock, conversation, drive, engines, network, randomness, together, written
from .channel import Channel
from .config import Config
from .inspect_app import describe
from .lifespan import Lifespan
from .load import Failed, load
from .turns import Plan
from .watchdog import Watchdog


class Server:
    """The application, started, with a loop that runs only while a command is carried out."""

    def __init__(self, config: Config, channel: Channel, recording: Any) -> None:
        self._config = config
        self._channel = channel
        self._recording = recording
        self._loop = asyncio.new_event_loop()
        self._dog = Watchdog(channel)
        self._app: Any = None
        self._bare: Any = None
        self._lifespan: Lifespan | None = None
        self._served = 0
        self._exchange: dict[str, Any] | None = None

    @property
    def started(self) -> bool:
        """Whether there is an application to serve."""
        return self._lifespan is not None

    def start(self) -> dict[str, Any]:
        """Import the application and run its start-up."""
        asyncio.set_event_loop(self._loop)
        self._bare = self._app = load(self._config)
        if self._recording is not None:
            self._app = self._recording.attach(self._bare)
            self._recording.on_finish = self._keep
        self._lifespan = Lifespan(self._bare, self._loop)
        self._lifespan.start()
        written.install(self._config.root)
        if self._recording is not None:
            self._recording.start_loop_watch(self._loop)
        gc.collect()
        gc.freeze()
        gc.disable()
        return {
            "engines": engines.describe_all(),
            "thread_limit": self._loop.run_until_complete(engines.thread_limit()),
            "refused": network.take_refused(),
        }

    def stop(self) -> None:
        """Run the application's shutdown."""
        if self._recording is not None:
            self._recording.stop_loop_watch()
        if self._lifespan is not None:
            self._lifespan.stop()

    def serve(self, request: drive.Request) -> dict[str, Any]:
        """Serve one cell in its own world; the outcome."""
        request = self._lead_to(self._app, request)
        self._exchange = None
        made = calls.begin()
        written.begin()
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        answer = self._run_recorded(request)
        wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
        plain = plain_exchange(request.cell, request.method, request.path, answer.status, wall, cpu)
        return {
            "cell": request.cell,
            "answer": answer.to_json(),
            "exchange": self._exchange or plain,
            "calls": made,
            "refused": network.take_refused(),
            "files": written.take(),
            "left": answer.left,
        }

    def _run_recorded(self, request: drive.Request) -> drive.Answer:
        """A conversation does not pass the wrapper that records requests."""
        if self._recording is None or request.method != conversation.METHOD:
            return self._run(self._app, request)
        record = self._recording.begin(request.cell, request.method, request.path)
        answer = self._run(self._app, request)
        self._exchange = self._recording.finish(record, answer.status)
        return answer

    def measure(self, requests: list[drive.Request], rounds: int) -> dict[str, Any]:
        """Serve the requests `rounds` times without recording: CPU time in nanoseconds, of the process and
        of this thread alone, which is the event loop's.
        """
        if self._recording is not None:
            self._recording.stop_watching()
        taken: list[list[int]] = []
        on_loop: list[list[int]] = []
        status: list[int] = []
        for _ in range(rounds):
            row: list[int] = []
            loop_row: list[int] = []
            status = []
            for each in requests:
                request = self._lead_to(self._bare, each)
                cpu, loop = time.process_time_ns(), time.thread_time_ns()
                answer = self._run(self._bare, request)
                row.append(time.process_time_ns() - cpu)
                loop_row.append(time.thread_time_ns() - loop)
                status.append(answer.status)
            taken.append(row)
            on_loop.append(loop_row)
        return {"cpu": taken, "loop": on_loop, "status": status}

    def crowd(self, request: drive.Request, times: int) -> list[dict[str, Any]]:
        """Serve a request `times` times at once: the exchanges, as far as they were recorded."""
        assert self._lifespan is not None
        request = self._lead_to(self._app, request)
        found: list[dict[str, Any]] = []
        if self._recording is not None:
            self._recording.on_finish = found.append
        self._dog.watch(request.cell, request.limit)
        try:
            together = drive.drive_together(self._app, request, times, self._lifespan.state)
            self._loop.run_until_complete(together)
        except drive.Stuck:
            self._dog.kill(request.cell, "TimeLimit")
            raise
        finally:
            self._dog.rest()
            if self._recording is not None:
                self._recording.on_finish = self._keep
        return found

    def turns(self, requests: list[drive.Request], plan: Plan, limit: float) -> dict[str, Any]:
        """Serve different requests at once, in `limit` seconds, as a plan says: answers, effects and steps.

        All have the clock of the latest of them.
        """
        assert self._lifespan is not None
        together.install()
        requests = [self._lead_to(self._bare, request) for request in requests]
        if self._config.clock is not None:
            clock.set_time(max(map(self._moment, requests)))
        made = calls.begin()
        written.begin()
        self._dog.watch(requests[0].cell, limit)
        try:
            served = together.serve_together(self._bare, requests, plan, self._lifespan.state, limit)
            told = self._loop.run_until_complete(served)
        except drive.Stuck:
            self._dog.kill(requests[0].cell, "TimeLimit")
            raise
        finally:
            self._dog.rest()
        return {**told, "calls": made, "files": written.take()}

    def describe(self) -> dict[str, Any]:
        """All facts of the application as it is after its start-up."""
        gc.unfreeze()  # tables are found among the collector's objects, which frozen ones are not
        try:
            return describe(self._bare)
        finally:
            asyncio.set_event_loop(self._loop)
            gc.freeze()

    def _lead_to(self, app: Any, request: drive.Request) -> drive.Request:
        """Send what comes before a request, and enter its world; the request as it is to be sent then."""
        answers: list[drive.Answer] = []
        for step in request.lead:
            self._enter_world(step)
            answers.append(self._run(app, step.handing_back(answers)))
        self._enter_world(request)
        return request.handing_back(answers) if request.takes else request

    def _enter_world(self, request: drive.Request) -> None:
        self._served += 1
        answers.restart()
        gc.collect()
        if (
            self._served & (self._served - 1) == 0
        ):  # 1, 2, 4, 8 ...: caches that have filled need no more looks
            gc.freeze()
        if self._config.clock is not None:
            clock.set_time(self._moment(request))
        randomness.reseed(request.cell, *([request.chance] if request.chance else []))

    def _moment(self, request: drive.Request) -> float:
        """When it is for a request, in seconds since 1970."""
        assert self._config.clock is not None
        at = self._config.clock + request.ordinal * self._config.step + request.shift
        return at if request.clock is None else request.clock

    def _run(self, app: Any, request: drive.Request) -> drive.Answer:
        assert self._lifespan is not None
        self._dog.watch(request.cell, request.limit)
        try:
            way = conversation.converse if request.method == conversation.METHOD else drive.drive
            return self._loop.run_until_complete(way(app, request, self._lifespan.state))
        except drive.Stuck:
            self._dog.kill(request.cell, "TimeLimit")
            raise
        finally:
            self._dog.rest()

    def _keep(self, exchange: dict[str, Any]) -> None:
        self._exchange = exchange


def plain_exchange(cell: str, method: str, path: str, status: int, wall: int, cpu: int) -> dict[str, Any]:
    """The exchange of a request that was not recorded; times in nanoseconds."""
    return {
        "cell": cell,
        "route": "",
        "method": method,
        "path": path,
        "status": status,
        "duration": wall // 1000,
        "cpu": cpu // 1000,
    }


def _refuse(message: str) -> dict[str, Any]:
    return {"failed": Failed("command", message).to_json()}


def run(config: Config, channel: Channel, recording: Any) -> None:
    """Carry out commands until `stop` or the end of the pipe, then end the process."""
    server = Server(config, channel, recording)
    while (command := channel.receive()) is not None and command["do"] != "stop":
        if command["do"] == "start":
            try:
                channel.send({"ready": server.start()})
            except Failed as error:
                channel.send({"failed": error.to_json()})
                break
        elif not server.started:
            channel.send(_refuse("start comes first"))
        elif command["do"] == "request":
            channel.send({"outcome": server.serve(drive.Request.from_json(command))})
        elif command["do"] == "describe":
            channel.send({"described": server.describe()})
        elif command["do"] == "batch":
            requests = [drive.Request.from_json(each) for each in command["requests"]]
            channel.send({"batch": server.measure(requests, int(command["rounds"]))})
        elif command["do"] == "crowd":
            request = drive.Request.from_json(command)
            channel.send({"crowd": server.crowd(request, int(command["times"]))})
        elif command["do"] == "turns":
            requests = [drive.Request.from_json(each) for each in command["requests"]]
            plan = Plan.from_json(command["plan"])
            channel.send({"turns": server.turns(requests, plan, float(command["limit"]))})
        else:
            channel.send(_refuse(f"unknown: {command['do']}"))
    server.stop()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads and executors of the application may not want to end
