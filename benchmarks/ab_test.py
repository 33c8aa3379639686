"""How often is a cost told that is not there, and how often is one of 5 % seen?

    python benchmarks/ab_test.py [--only ledger|shop] [--launches 40] [--requests 800] [--runs 200]

Real: fresh processes of the same code are started in pairs, as `strop prove` does for the cost of a change, and serve
the same cells side by side. A run of the command is five such pairs, which have the requests together, and as many more
(20 in all at most) as their spread asks for, for the claim, and one for the A/A control, drawn
without replacement from all that were measured; its decision is the command's own. The effect of 5 % is put on the
measured times of one side, so the noise is this machine's and the truth is known. Runs share launches, so they are less
independent than as many runs of the command would be.
Simulated: the same decision over times whose spread within and between launches is given; every run is drawn anew.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parent))

from cell_speed import targets

from strop.actions.control import control
from strop.measure.observe import Workload, observe
from strop.proof.branch_cost import LAUNCHES, MOST_LAUNCHES
from strop.proof.cost import Pair, TimeNoise, pair, pairs_wanted, time_gains, timed_cells
from strop.proof.schema import Schema
from strop.proof.start import start_revision
from strop.report.headline import is_proved
from strop.report.prove.text import is_loss
from strop.stats.bootstrap import relative_gain
from strop.target import Target
from strop.verdict import Gain
from strop.world.instance import open_world

Launches = list[tuple[Pair, ...]]
Draw = Callable[[Random], tuple[Launches, Launches]]  # pairs for the claim, one pair for the control
SPREADS = ((0.02, 0.01), (0.05, 0.01), (0.05, 0.03), (0.10, 0.05))  # of a round, of a launch


def measured(target: Target, launches: int, requests: int) -> tuple[Launches, int]:
    """Pairs of fresh processes of the base, and how many cells each round has."""
    with open_world(target) as world:
        base, _ = control(world, observe(world, Workload(suite=False)), lambda _: None)
        cells = timed_cells(base.cells, base.outcomes, {cell.route for cell in base.cells})
        rounds = max(requests // (LAUNCHES * len(cells)), 1)
        found: Launches = []
        for _ in range(launches):
            one, other = (start_revision(world, "base", Schema()) for _ in range(2))
            found.append(pair(one, other, cells, base.outcomes, rounds=rounds))
            for side in (one, other):
                side.instance.close()
                world.folder.remove(side.instance.root)
    return found, len(cells)


def from_measured(launches: Launches) -> Draw:
    """A run of the command out of what was measured."""

    def draw(random: Random) -> tuple[Launches, Launches]:
        chosen = random.sample(launches, MOST_LAUNCHES + 1)
        turned = [tuple(_turned(p) for p in x) if random.random() < 0.5 else x for x in chosen]
        return turned[:MOST_LAUNCHES], turned[MOST_LAUNCHES:]

    return draw


def simulated(within: float, between: float, rounds: int) -> Draw:
    """A run of the command whose rounds spread by `within` and whose launches by `between` (relative)."""

    def launch(random: Random) -> tuple[Pair, ...]:
        sides = [random.gauss(1, between) for _ in range(2)]
        times = [
            tuple(1000 * side * random.lognormvariate(0, within) for side in sides) for _ in range(rounds)
        ]
        return tuple(Pair((a, b), (a, b)) for a, b in times)

    def draw(random: Random) -> tuple[Launches, Launches]:
        return [launch(random) for _ in range(MOST_LAUNCHES)], [launch(random)]

    return draw


def decide(claim: Launches, same: Launches, times: float, cells: int) -> str:
    """What the command tells of CPU when the second side costs `times` as much: "saved", "dearer" or "nothing"."""
    changed = [[_slower(p, times) for p in x] for x in claim]
    changed = changed[: pairs_wanted(changed[:LAUNCHES], MOST_LAUNCHES)]
    control = TimeNoise(cpu_seen=abs(relative_gain([[p.cpu for p in x] for x in same], resamples=1).value))
    cpu: Gain = time_gains(changed, cells, control, set(), first=LAUNCHES)[0]
    return "saved" if is_proved(cpu) else "dearer" if is_loss(cpu) else "nothing"


def _alike(a: float, b: float) -> Pair:
    return Pair((a, b), (a, b))


def _turned(pair: Pair) -> Pair:
    return Pair(pair.cpu[::-1], pair.loop[::-1])


def _slower(pair: Pair, times: float) -> Pair:
    return Pair((pair.cpu[0], pair.cpu[1] * times), (pair.loop[0], pair.loop[1] * times))


def tell(name: str, draw: Draw, runs: int, cells: int) -> None:
    """Print how often each word was said over `runs`, for no effect and for 5 % either way."""
    shares = []
    for times, right in (
        (1.0, "nothing"),
        (0.95, "saved"),
        (1.05, "dearer"),
        (0.9, "saved"),
        (1.1, "dearer"),
    ):
        random = Random(1)
        drawn = [draw(random) for _ in range(runs)]
        said = Counter(decide(*each, times, cells) for each in drawn)
        wrong = "" if right == "nothing" else f", the opposite {said['saved'] + said['dearer'] - said[right]}"
        shares.append(f"x{times:g}: {said[right] / runs:.1%} {right}{wrong}")
    wanted = fmean(pairs_wanted(claim[:LAUNCHES], MOST_LAUNCHES) for claim, _ in drawn)
    print(f"  {name}, {runs} runs, {wanted:.1f} pairs each: " + "; ".join(shares), flush=True)


def main() -> None:
    """Measure, simulate, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="ledger", choices=["shop", "ledger"])
    parser.add_argument("--launches", type=int, default=40)
    parser.add_argument("--requests", type=int, default=800, help="of each side, in the first pairs of a run")
    parser.add_argument("--runs", type=int, default=200)
    given = parser.parse_args()
    print(
        f"load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}, {os.cpu_count()} cores", flush=True
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, target in targets(Path(folder), given.only):
            launches, cells = measured(target, given.launches, given.requests)
            print(
                f"{name}: {len(launches)} pairs of processes, {_spread(launches)}, load {os.getloadavg()[0]:.1f}"
            )
            tell("real", from_measured(launches), given.runs, cells)
    rounds = given.requests // (LAUNCHES * 8)
    for within, between in SPREADS:
        tell(
            f"simulated, rounds ±{within:.0%}, launches ±{between:.0%}",
            simulated(within, between, rounds),
            given.runs,
            8,
        )


def _spread(launches: Sequence[Sequence[Pair]]) -> str:
    gains = sorted(abs(1 - sum(p.cpu[1] for p in x) / sum(p.cpu[0] for p in x)) for x in launches)
    return f"{len(launches[0])} rounds each; two processes differ by {gains[len(gains) // 2]:.1%} (median), {gains[-1]:.1%} at most"


if __name__ == "__main__":
    main()
