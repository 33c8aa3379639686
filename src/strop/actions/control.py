"""The base beside itself (A/A): what it leaves open, which tests can't be trusted, and how far its cost differs."""

from __future__ import annotations

from strop.event import Listener, Note, Stage
from strop.measure.observe import Observation
from strop.proof.branch import Suites
from strop.proof.cost import TimeNoise, pair, time_noise, timed_cells, weights_of
from strop.proof.judge import Base
from strop.proof.relax import relax
from strop.proof.suites import flaky_tests
from strop.world.instance import World
from strop.world.process import workers


def control(world: World, seen: Observation, listener: Listener) -> tuple[Base, Suites | None]:
    """The base as the proof takes it, and its own tests where there are any."""
    suites = _suites(seen, listener)
    relaxed = relax(seen.one.values(), seen.two.values())
    base = Base(world, seen.root, seen.project.imported, seen.cells, seen.one, seen.two, relaxed)
    base.mix = dict(seen.evidence.mix)
    base.noise = measure_noise(seen, listener)
    return base, suites


def measure_noise(seen: Observation, listener: Listener) -> TimeNoise:
    """How far the CPU time of two processes of the base differs on this machine at this moment."""
    mix = dict(seen.evidence.mix)
    cells = timed_cells(seen.cells, seen.one, {cell.route for cell in seen.cells}, mix)
    if not cells:
        return TimeNoise()
    listener(Stage("comparing the base with itself"))
    with workers(2) as pool:  # what sleeps is woken, both at once
        for woken in [pool.submit(getattr, side, "instance") for side in (seen.served, seen.again)]:
            woken.result()
    return time_noise([pair(seen.served, seen.again, cells, seen.one, weights_of(cells, mix))])


def _suites(seen: Observation, listener: Listener) -> Suites | None:
    if len(seen.suites) != 2 or not seen.suites[0].tests:
        return None
    one, two = seen.suites
    suites = Suites(one, two, flaky_tests(one, two))
    if suites.flaky:
        shown = ", ".join(suites.flaky[:3])
        text = f"{len(suites.flaky)} tests differ between two runs and are set aside: {shown}"
        listener(Note(text, "warn"))
    return suites
