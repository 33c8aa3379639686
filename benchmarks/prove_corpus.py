"""How many changes of behaviour does `strop prove` tell, and does it call any neutral edit different?

    python benchmarks/prove_corpus.py [FOLDER] [--only TEXT...] [--random N] [--mutants N]

FOLDER (./corpus) is made anew: a copy of the example backend with rows. The base is observed once; every change of
`benchmarks/corpus/*.toml`, and of N random mistakes anywhere in its handlers, services and queries, is then judged as
`strop prove` judges it, two at a time. Status 1 when a mutant without an explanation is not told, or when a neutral
edit is called different.
"""

from __future__ import annotations

import argparse
import random
import runpy
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from strop.actions.control import control
from strop.actions.prove import Proving
from strop.actions.target import open_target
from strop.measure.observe import Workload, observe
from strop.project.settings import Overrides
from strop.proof.branch import Suites
from strop.proof.judge import Base
from strop.proof.mutants import make_mutants
from strop.proof.perturbed import Perturbing
from strop.verdict import Behaviour, Verdict
from strop.world import git
from strop.world.instance import World, open_world
from strop.world.process import workers

HERE = Path(__file__).parent
DEMO = HERE.parent / "examples" / "demo.py"
SEED = 20261121
HIDDEN = ("/seed.py", "/core/config.py", "/models/", "/schemas/")  # of these no random mistakes are made


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of the shop: whole files afterwards, by name."""

    group: str  # mutants, neutral, random
    name: str
    kind: str
    files: tuple[tuple[str, str], ...]
    because: str = ""  # why it is not told


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of one change."""

    change: Change
    verdict: Verdict
    seconds: float

    @property
    def is_told(self) -> bool:
        """Whether it was called different."""
        return self.verdict.behaviour is Behaviour.DIFFERENT

    @property
    def is_wrong(self) -> bool:
        """Whether that is a mistake of strop's that nobody has explained."""
        if self.change.group == "neutral":
            return self.is_told
        return not self.is_told and not self.change.because

    def __str__(self) -> str:
        gates = [gate for gate in self.verdict.gates if not gate.passed]
        score = next((g.detail for g in self.verdict.gates if g.number == 7), "")
        by = f"gate {gates[0].number}" if gates else ""
        first = self.verdict.differences[0] if self.verdict.differences else None
        where = score or self.verdict.reason
        if first:
            where = f"{first.route} {first.path} {first.after if first.path == 'contract' else ''}"
        return (
            f"{'WRONG' if self.is_wrong else 'ok':5} {self.change.group:8} {self.change.name[:64]:64} "
            f"{self.verdict.behaviour.value:12} {by:8} {where[:70]:70} {self.seconds:5.1f} s"
        )


def read_changes(root: Path) -> Iterator[Change]:
    """The corpus, with the files as each change leaves them."""
    for group in ("mutants", "neutral"):
        for entry in tomllib.loads((HERE / "corpus" / f"{group}.toml").read_text())["change"]:
            texts: dict[str, str] = {}
            for file, old, new in entry["swaps"]:
                text = texts.get(file) or (root / file).read_text()
                if text.count(old) != 1:
                    raise SystemExit(f"{entry['name']}: {text.count(old)} times in {file}: {old}")
                texts[file] = text.replace(old, new)
            yield Change(group, entry["name"], entry["kind"], tuple(texts.items()), entry.get("because", ""))


def random_changes(root: Path, count: int) -> list[Change]:
    """Mistakes anywhere in the application, drawn with a fixed seed."""
    files = sorted(p.relative_to(root).as_posix() for p in root.glob("shop/**/*.py"))
    lines = {
        file: range(1, (root / file).read_text().count("\n") + 2)
        for file in files
        if not any(part in f"/{file}" for part in HIDDEN)
    }
    found = [m for m in make_mutants(root, lines, 10_000).mutants if m.inside]
    chosen = random.Random(SEED).sample(found, min(count, len(found)))
    return [
        Change(
            "random",
            f"{m.span.file}:{m.span.line} {m.operator}: {m.diff}",
            m.operator,
            ((m.span.file, m.edit.after),),
        )
        for m in chosen
    ]


@dataclass(frozen=True, slots=True)
class Bench:
    """The base, observed once: what every change is judged against."""

    world: World
    base: Base
    suites: Suites | None
    perturbing: Perturbing
    mutants: int


def judge(bench: Bench, change: Change) -> Judged:
    """One change as a commit of the world's clone, through the gates of `strop prove`."""
    began = time.monotonic()
    world = bench.world
    tree = world.folder.tree("base")
    for file, text in change.files:
        (tree / file).write_text(text)
    revision = git.commit(tree, [file for file, _ in change.files], change.name[:60], "")
    world.folder.remove(tree)
    proving = Proving(world, bench.base, bench.suites, revision, perturbing=bench.perturbing)
    verdict = proving.run(cost=False, mutants=bench.mutants)
    return Judged(change, verdict, time.monotonic() - began)


def judge_all(folder: Path, arguments: argparse.Namespace) -> list[Judged]:
    """Observe the base once, judge every change."""
    target = open_target(folder, Overrides(python=sys.executable), head=True)
    changes = [*read_changes(folder), *random_changes(folder, arguments.random)]
    changes = [change for change in changes if is_wanted(change, arguments.only)]
    with open_world(target) as world:
        began = time.monotonic()
        seen = observe(world, Workload())
        base, suites = control(world, seen, lambda _: None)
        bench = Bench(world, base, suites, Perturbing(seen, base), arguments.mutants)
        print(
            f"{len(base.cells)} cells, {len(suites.one.tests) if suites else 0} tests on the base: {time.monotonic() - began:.0f} s"
        )
        with workers(2) as pool:
            asked: list[Future[Judged]] = [pool.submit(judge, bench, c) for c in changes]
            found = []
            for future in asked:
                found.append(future.result())
                print(found[-1], flush=True)
        return found


def is_wanted(change: Change, only: Sequence[str]) -> bool:
    """Whether one of the texts occurs in the change's group and name; without a text all are wanted."""
    return not only or any(text in f"{change.group} {change.name}" for text in only)


def sum_up(found: Sequence[Judged]) -> int:
    """Print the figures; the exit status."""
    for group in dict.fromkeys(judged.change.group for judged in found):
        own = [judged for judged in found if judged.change.group == group]
        told = sum(judged.is_told for judged in own)
        seconds = sum(judged.seconds for judged in own) / len(own)
        words = Counter(judged.verdict.behaviour.value for judged in own)
        by = Counter(g.number for j in own for g in j.verdict.gates if not g.passed)
        print(
            f"{group}: {told} of {len(own)} told ({told / len(own):.0%}); {dict(words)}; by gate {dict(by)}; {seconds:.1f} s each"
        )
    missed = [judged for judged in found if judged.change.group != "neutral" and not judged.is_told]
    for judged in missed:
        print(
            f"not told: {judged.change.name}: {judged.change.because or judged.verdict.reason or 'no reason is known'}"
        )
    for judged in found:
        if judged.is_told and judged.change.because:
            print(f"told by now, its explanation can go: {judged.change.name}")
    return int(any(judged.is_wrong for judged in found if judged.change.group != "random"))


def main() -> int:
    """Make the copy, judge the corpus."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", default="corpus", type=Path)
    parser.add_argument(
        "--only", nargs="+", default=(), help="changes whose group and name hold one of these texts"
    )
    parser.add_argument("--random", default=0, type=int, help="how many random mistakes")
    parser.add_argument("--mutants", default=0, type=int, help="how many mistakes score each proof (gate 7)")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    runpy.run_path(str(DEMO))["make_copy"](folder)
    subprocess.run([sys.executable, "-m", "shop.seed"], cwd=folder, check=True)
    began = time.monotonic()
    status = sum_up(judge_all(folder, arguments))
    print(f"{time.monotonic() - began:.0f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
