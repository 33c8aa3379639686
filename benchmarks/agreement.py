"""Does the application as its source declares it equal the application as it is imported?

    python benchmarks/agreement.py FOLDER [--imported FILE.json] [--limit 40]

FILE.json is what `strop show project FOLDER --format json` printed (it imports the application in a safe copy);
without it that command is run here. Prints each difference of routes, dependencies, middleware and handlers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec

from strop.project.declared.assemble import put_together
from strop.project.declared.declare import declare
from strop.project.difference import differences
from strop.project.project import Imported
from strop.project.source import Reading


def main() -> None:
    """Read the arguments, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--imported", type=Path, help="the project as `strop show` printed it")
    parser.add_argument("--limit", type=int, default=40, help="differences that are printed of each kind")
    options = parser.parse_args()
    if options.imported is not None:
        text = options.imported.read_bytes()
    else:
        command = [sys.executable, "-m", "strop", "show", "project", str(options.folder), "--format", "json"]
        text = subprocess.run(command, check=True, capture_output=True).stdout
    document = json.loads(text)
    imported = msgspec.json.decode(json.dumps(document["imported"]).encode(), type=Imported)
    reading = Reading.of(options.folder, tuple(document.get("sources", ())))
    started = time.process_time()
    declared = put_together(declare(reading.types, module) for module in reading.found.modules.values())
    print(f"{len(reading.found.modules)} files, {time.process_time() - started:.2f} s of CPU")
    found = list(differences(imported, declared))
    for kind, count in Counter(each.kind for each in found).items():
        print(f"\n{kind}: {count}")
        for each in [d for d in found if d.kind == kind][: options.limit]:
            print(f"  {each}")
    print(
        f"\n{len(imported.routes)} routes imported, {len(declared.routes)} declared, {len(found)} differences"
    )
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
