"""Do revisions of a backend give the same answers, and what does each cost? Side by side in one run.

    python benchmarks/compare.py CLONE REVISION REVISION... [--app M:A] [--env NAME=VALUE]... [--login PATH USER PASSWORD]

The first revision is the base. Cells come from its OpenAPI; each is served on every revision in a safe
copy. Prints identical answers, rows and queries over all cells, and CPU time in interleaved pairs with the
base, with the A/A control of the same run (the base against itself).
"""

from __future__ import annotations

import argparse
import platform
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from strop.actions.target import open_target
from strop.evidence import Outcome
from strop.measure.generate import generate
from strop.measure.serve import Served
from strop.project.settings import Overrides
from strop.proof.compare import compare
from strop.proof.cost import Pair, pair, timed_cells
from strop.proof.relax import relax
from strop.stats.bootstrap import relative_gain
from strop.target import Login
from strop.world.git import git
from strop.world.instance import World, open_world


def main() -> None:
    """Compare and print."""
    asked = arguments()
    environ = tuple((name, value) for name, _, value in (text.partition("=") for text in asked.env))
    overrides = Overrides(app=asked.app, env=environ, python=asked.python)
    target = open_target(asked.clone, overrides, head=True)
    if asked.login:
        target = replace(target, login=Login(*asked.login))
    print(f"{datetime.now(UTC):%Y-%m-%d}  Python {platform.python_version()}, {platform.machine()}")
    print("  ".join(f"{name} {version}" for name, version in target.versions))
    commits = [git(Path(target.repo), "rev-parse", revision) for revision in asked.revisions]
    with open_world(replace(target, commit=commits[0])) as world:
        report(world, commits, asked.launches)


def arguments() -> argparse.Namespace:
    """The command line."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("clone", type=Path)
    ask.add_argument("revisions", nargs="+")
    ask.add_argument("--app")
    ask.add_argument("--python")
    ask.add_argument("--env", action="append", default=[])
    ask.add_argument("--login", nargs=3)
    ask.add_argument("--launches", type=int, default=3)
    return ask.parse_args()


def report(world: World, revisions: list[str], launches: int) -> None:
    """Serve everything on every revision and print a line for each."""
    base = start(world, revisions[0])
    again = start(world, revisions[0])
    identity = base.log_in(world.target.login) if world.target.login else ()
    cells = generate(world.target, base.describe(), base.instance.databases, identity)
    again.describe()
    one = {cell.id: base.serve(cell) for cell in cells}
    two = {cell.id: again.serve(cell) for cell in cells}
    relaxed = relax(one.values(), two.values())
    timed = timed_cells(cells, one, {cell.route for cell in cells})
    print(f"{len(cells)} cells, {len(timed)} timed; relaxed: {', '.join(relaxed.lines) or 'nothing'}")
    print(line("base", one, "-", [pair(base, again, timed, one)]))
    again.instance.close()
    for revision in revisions[1:]:
        pairs = []
        for launch in range(launches):
            other = start(world, revision)
            other.describe()
            if launch == 0:
                outcomes = {cell.id: other.serve(cell) for cell in cells}
                differing = {
                    d.cell for c in cells for d in compare(one[c.id], outcomes[c.id]) if not relaxed.allows(d)
                }
            pairs.append(pair(base, other, timed, one))
            other.instance.close()
        print(line(revision, outcomes, f"{len(cells) - len(differing)} of {len(cells)}", pairs))


def start(world: World, revision: str) -> Served:
    """The application of a revision, started."""
    served = Served(world.instance(world.folder.tree(revision)))
    served.start()
    return served


def line(name: str, outcomes: dict[str, Outcome], same: str, pairs: list[tuple[Pair, ...]]) -> str:
    """One revision's row."""
    rows = sum(q.rows for o in outcomes.values() for q in o.exchange.queries)
    queries = sum(len(o.exchange.queries) for o in outcomes.values())
    gain = relative_gain([[p.cpu for p in launch] for launch in pairs])
    cpu = sum(p.cpu[1] for launch in pairs for p in launch) / sum(map(len, pairs)) / 1000
    saved = f"CPU {cpu:9.1f} ms a round, saves {gain.value:6.1%} [{gain.low:6.1%}, {gain.high:6.1%}]"
    return f"{name[:12]:12} identical {same:>10}  rows {rows:>9,}  queries {queries:>6,}  {saved}"


if __name__ == "__main__":
    main()
