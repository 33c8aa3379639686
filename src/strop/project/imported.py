"""What the application says of itself when it is imported in a child process."""

from __future__ import annotations

import msgspec

from strop.problem import Problem
from strop.project.failure import Failed, explain
from strop.project.project import Imported
from strop.world.instance import Conditions, Instance, refusal


class _Report(msgspec.Struct):
    failed: Failed | None = None


def read_imported(instance: Instance) -> Imported:
    """Import the application in a child and read its routes, middleware, tables and engines.

    Raises the Problem that explains why it can't be imported (T103 and following).
    """
    instance.out.unlink(missing_ok=True)
    limit = instance.world.target.time_limit
    done = instance.report("inspect", Conditions(clock=None, seed=None, record=False), limit)
    data = instance.out.read_bytes() if instance.out.exists() else b"{}"
    failed = msgspec.json.decode(data, type=_Report).failed
    if failed is not None:
        raise explain(failed, instance)
    if done.status or data == b"{}":
        raise refusal(instance) or _ended(instance, done.status, limit, done.err or done.out)
    return msgspec.json.decode(data, type=Imported)


def _ended(instance: Instance, status: int, limit: float, printed: str) -> Problem:
    last = tuple(line for line in printed.splitlines()[-6:] if line.strip())
    where = (instance.world.target.app, *last)
    if status == 124:
        message = f"the application's import did not end within {limit:.0f} s"
        do = "move start-up work into the lifespan, or set [tool.strop] time_limit"
        return Problem("T112", message, where=where, do=do)
    message = f"the application's import ended the process (exit status {status})"
    return Problem("T113", message, where=where, do="import it by hand to see why it ends")
