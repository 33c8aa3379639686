"""How many findings of `strop review` are true? Draws findings to be judged by hand, and writes what was judged.

strop review --all --format json FOLDER > NAME.json
python benchmarks/precision.py draw NAME=NAME.json ... --count 100 --seed 7 > sample.tsv
python benchmarks/precision.py show sample.tsv NAME=FOLDER ...     each finding with its code, to be read
python benchmarks/precision.py page benchmarks/judged.tsv > docs/precision.md
python benchmarks/precision.py rates benchmarks/judged.tsv > src/strop/rules/precision.toml

A row of the sample is a finding with its repository; `verdict` (true, low, false) and `why` are filled in by
whoever reads the code. Findings are drawn evenly over the repositories, so that the largest does not decide.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strop.rules.registry import rules

COLUMNS = (
    "repository",
    "code",
    "severity",
    "confidence",
    "file",
    "line",
    "symbol",
    "routes",
    "message",
    "verdict",
    "why",
)
VERDICTS = ("true", "low", "false")
AROUND = 12  # lines shown before and after


@dataclass(frozen=True, slots=True)
class Place:
    """A repository by the name that the page gives it: its folder, or what was found in it."""

    name: str
    path: Path


def main() -> int:
    """Run the step that was asked for."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("step", choices=["draw", "show", "page", "rates"])
    ask.add_argument("what", nargs="+")
    ask.add_argument("--count", type=int, default=100)
    ask.add_argument("--seed", type=int, default=7)
    given = ask.parse_args()
    if given.step == "draw":
        write(draw(places(given.what), given.count, random.Random(given.seed)))
    elif given.step == "show":
        show(read(Path(given.what[0])), {p.name: p.path for p in places(given.what[1:])})
    elif given.step == "rates":
        sys.stdout.write("\n".join(rates(read(Path(given.what[0])))) + "\n")
    else:
        sys.stdout.write("\n".join(page(read(Path(given.what[0])))) + "\n")
    return 0


def places(words: Iterable[str]) -> list[Place]:
    """NAME=PATH."""
    return [Place(name, Path(path)) for name, _, path in (word.partition("=") for word in words)]


def draw(repositories: list[Place], count: int, dice: random.Random) -> Iterator[dict[str, str]]:
    """An equal share of every repository's findings; what a small one lacks the others give."""
    found = {p.name: json.loads(p.path.read_text("utf-8"))["findings"] for p in repositories}
    for findings in found.values():
        findings.sort(key=lambda f: (f["file"], f["line"], f["code"], f["message"]))
        dice.shuffle(findings)
    drawn = 0
    while drawn < count and any(found.values()):
        for name, findings in found.items():
            if findings and drawn < count:
                drawn += 1
                yield row(name, findings.pop())


def row(name: str, finding: dict[str, Any]) -> dict[str, str]:
    """One finding, not judged yet."""
    found = finding | {
        "repository": name,
        "routes": "; ".join(finding["routes"][:3]),
        "verdict": "",
        "why": "",
    }
    return {column: str(found[column]) for column in COLUMNS}


def write(rows: Iterable[dict[str, str]]) -> None:
    """As tab-separated text."""
    table = csv.DictWriter(sys.stdout, COLUMNS, delimiter="\t", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a sample."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def show(rows: list[dict[str, str]], folders: dict[str, Path]) -> None:
    """Each finding above the code that it is about."""
    for number, found in enumerate(rows, 1):
        if found["repository"] not in folders:
            continue
        head = f"{found['repository']} {found['code']} {found['file']}:{found['line']} {found['symbol']}"
        sys.stdout.write(f"\n=== {number} {head}\n{found['message']}\n{found['routes']}\n")
        lines = (folders[found["repository"]] / found["file"]).read_text("utf-8", "replace").splitlines()
        line = int(found["line"])
        for place in range(max(1, line - AROUND), min(len(lines), line + AROUND) + 1):
            sys.stdout.write(f"{'>' if place == line else ' '}{place:5} {lines[place - 1]}\n")


def rates(rows: list[dict[str, str]]) -> Iterator[str]:
    """What `strop explain` says of each rule of ours that was drawn; what ruff says of a project is ruff's."""
    yield "# Findings judged by reading the code; made by benchmarks/precision.py from benchmarks/judged.tsv."
    for code in sorted({r["code"] for r in rows} & {each.rule.code for each in rules()}):
        of = Counter(r["verdict"] for r in rows if r["code"] == code)
        yield f"\n[{code}]"
        yield from (f"{verdict} = {of[verdict]}" for verdict in VERDICTS)
        yield f'where = "{", ".join(sorted({r["repository"] for r in rows if r["code"] == code}))}"'


def page(rows: list[dict[str, str]]) -> Iterator[str]:
    """The page: shares first, then by rule, then every judgement."""
    wrong = [r for r in rows if r["verdict"] not in VERDICTS]
    if wrong:
        raise SystemExit(
            f"{len(wrong)} rows are not judged: the first is {wrong[0]['file']}:{wrong[0]['line']}"
        )
    counts = Counter(r["verdict"] for r in rows)
    shares = ", ".join(f"{counts[v]} {v}" for v in VERDICTS)
    yield "# How many findings are true"
    yield ""
    yield (
        f"{len(rows)} findings of `strop review` drawn at random, an equal share from each repository (of some all), each judged by"
        f" reading the code: **{shares}**. `low` is true but of little value. How they were drawn:"
        " `benchmarks/precision.py`."
    )
    yield ""
    for title, key in (("Repository", "repository"), ("Rule", "code")):
        yield f"| {title} | true | low | false |"
        yield "|---|---|---|---|"
        for name in sorted({r[key] for r in rows}):
            of = Counter(r["verdict"] for r in rows if r[key] == name)
            yield f"| {name} | {of['true']} | {of['low']} | {of['false']} |"
        yield ""
    yield "| # | Repository | Rule | Place | Finding | Verdict | Why |"
    yield "|---|---|---|---|---|---|---|"
    for number, r in enumerate(rows, 1):
        cells = (
            number,
            r["repository"],
            r["code"],
            f"{r['file']}:{r['line']}",
            r["message"],
            r["verdict"],
            r["why"],
        )
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
