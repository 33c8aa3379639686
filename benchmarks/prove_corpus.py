"""How many changes of behaviour does `strop prove` tell, and does it call any neutral edit different?

    python benchmarks/prove_corpus.py [FOLDER] [--only TEXT...] [--random N] [--mutants N]
    python benchmarks/prove_corpus.py --repository PATH --corpus benchmarks/corpus/template --python PY
        [--env NAME=VALUE]... [--login PATH USER PASSWORD] [the same]

Without a repository FOLDER (./corpus) is made anew: a copy of the example backend with rows. The base is observed once;
every change of the corpus, and of N random mistakes anywhere in its functions, is then judged as `strop prove` judges
it, two at a time. `--saved FILE` keeps what was said, a line of JSON each. Status 1 when a mutant without an
explanation is not told, or when a neutral edit is called different.
"""

from __future__ import annotations

import argparse
import json
import runpy
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import as_completed
from pathlib import Path

from corpus_changes import Change, random_changes, read_changes
from corpus_judge import Bench, Judged
from msgspec.structs import replace

from strop.actions.target import open_target
from strop.project.settings import Overrides
from strop.target import Login, Target
from strop.world.instance import open_world
from strop.world.process import workers

HERE = Path(__file__).parent
DEMO = HERE.parent / "examples" / "demo.py"


def target_of(arguments: argparse.Namespace) -> Target:
    """The repository that is named, or a new copy of the shop."""
    if arguments.repository:
        environ = tuple(tuple(pair.split("=", 1)) for pair in arguments.env)
        overrides = Overrides(python=arguments.python, env=environ)
        target = open_target(arguments.repository.resolve(), overrides, head=True)
        return replace(target, login=Login(*arguments.login)) if arguments.login else target
    folder = arguments.folder.resolve()
    runpy.run_path(str(DEMO))["make_copy"](folder)
    subprocess.run([sys.executable, "-m", "shop.seed"], cwd=folder, check=True)
    return open_target(folder, Overrides(python=sys.executable), head=True)


def changes_of(arguments: argparse.Namespace, root: Path) -> list[Change]:
    """Those of the corpus and the random ones, as far as they are wanted."""
    found = [*read_changes(arguments.corpus, root), *random_changes(arguments.corpus, root, arguments.random)]
    return [
        c
        for c in found
        if not arguments.only or any(text in f"{c.group} {c.name}" for text in arguments.only)
    ]


def judge_all(arguments: argparse.Namespace) -> list[Judged]:
    """Observe the base once, judge every change."""
    target = target_of(arguments)
    changes = changes_of(arguments, Path(target.root))
    found = []
    with open_world(target) as world:
        began = time.monotonic()
        bench = Bench(world, arguments.mutants)
        known = bench.known
        tests = len(known.suites.one.tests) if known.suites else 0
        took = time.monotonic() - began
        print(f"{len(known.base.cells)} cells, {tests} tests on the base: {took:.0f} s", flush=True)
        for note in known.seen.evidence.notes:
            print(f"note: {note}")
        with workers(2) as pool:
            for future in as_completed([pool.submit(bench.judge, change) for change in changes]):
                found.append(future.result())
                print(found[-1], flush=True)
                save(arguments.saved, found[-1])
    return found


def save(path: Path | None, judged: Judged) -> None:
    """Add one line to the file that keeps what was said."""
    if path is None:
        return
    told = [f"{d.cell} {d.route} {d.path}: {d.before} | {d.after}" for d in judged.verdict.differences]
    gates = [f"{g.number} {g.name}: {g.detail} ({g.seconds:.1f} s)" for g in judged.verdict.gates]
    line = {
        "group": judged.change.group,
        "name": judged.change.name,
        "word": judged.verdict.behaviour.value,
        "gate": judged.gate,
        "differences": told,
        "gates": gates,
        "reason": judged.verdict.reason,
        "relaxed": judged.verdict.relaxed,
        "unproved": judged.verdict.unproved,
        "reached": judged.verdict.reached,
        "seconds": round(judged.seconds, 1),
    }
    with path.open("a") as file:
        file.write(f"{json.dumps(line)}\n")


def sum_up(found: Sequence[Judged]) -> int:
    """Print the figures; the exit status."""
    for group in dict.fromkeys(judged.change.group for judged in found):
        own = [judged for judged in found if judged.change.group == group]
        told = sum(judged.is_told for judged in own)
        seconds = sum(judged.seconds for judged in own) / len(own)
        words = Counter(judged.verdict.behaviour.value for judged in own)
        by = Counter(judged.gate for judged in own if judged.gate)
        print(
            f"{group}: {told} of {len(own)} told ({told / len(own):.0%}); {dict(words)}; "
            f"by gate {dict(sorted(by.items()))}; {seconds:.1f} s each"
        )
    missed = [judged for judged in found if judged.change.group != "neutral" and not judged.is_told]
    for judged in missed:
        why = judged.change.because or judged.verdict.reason or "no reason is known"
        print(f"not told: {judged.change.name}: {why}")
    for judged in found:
        if judged.is_told and judged.change.because:
            print(f"told by now, its explanation can go: {judged.change.name}")
    return int(any(judged.is_wrong for judged in found))


def main() -> int:
    """Make the copy, judge the corpus."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", default="corpus", type=Path)
    parser.add_argument("--corpus", default=HERE / "corpus" / "shop", type=Path, help="folder of the changes")
    parser.add_argument("--repository", type=Path, help="application to judge instead of a copy of the shop")
    parser.add_argument("--python", default=sys.executable, help="its interpreter")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for it")
    parser.add_argument("--login", nargs=3, help="path, user and password of its login")
    parser.add_argument("--only", nargs="+", default=(), help="changes whose group and name hold such a text")
    parser.add_argument("--random", default=0, type=int, help="how many random mistakes")
    parser.add_argument("--mutants", default=0, type=int, help="how many mistakes score each proof (gate 7)")
    parser.add_argument("--saved", type=Path, help="file to which what is said is added")
    arguments = parser.parse_args()
    began = time.monotonic()
    status = sum_up(judge_all(arguments))
    print(f"{time.monotonic() - began:.0f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
