"""Which files must be read again when something has changed? What every file looked at, kept from run to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from strop.project.found import Found
from strop.project.prints import print_of
from strop.project.watch import Watch


class Graph(Struct):
    """What files and keys depend on, and the prints of what they looked at when they did."""

    files: dict[str, list[str]] = field(default_factory=dict)  # by file: keys of other files
    keys: dict[str, list[str]] = field(default_factory=dict)  # by key: keys
    prints: dict[str, str] = field(default_factory=dict)

    def changed(self, found: Found, modules: set[str], named: bool, everything: str) -> set[str]:
        """The keys whose print is another one than it was; prints are made anew for these modules, and for names
        of modules where `named`. The new prints are kept.
        """
        changed = set()
        for key, before in self.prints.items():
            about = key.partition(":")[0] in modules if ":" in key else key == "*" or named
            if about and (now := print_of(found, key, everything)) != before:
                self.prints[key] = now
                changed.add(key)
        return changed

    def dependents(self, changed: Iterable[str]) -> set[str]:
        """The files that depend on these keys, through others too."""
        affected = set(changed)
        if not affected:
            return set()
        askers: dict[str, list[str]] = {}
        for key, asked in self.keys.items():
            for each in asked:
                askers.setdefault(each, []).append(key)
        waiting = list(affected)
        while waiting:
            for key in askers.get(waiting.pop(), ()):
                if key not in affected:
                    affected.add(key)
                    waiting.append(key)
        return {file for file, asked in self.files.items() if not affected.isdisjoint(asked)}

    def learn(self, watch: Watch, found: Found, files: Mapping[str, str], everything: str) -> None:
        """Take in what was looked at while these files (with the names of their modules) were read."""
        seen = watch.seen
        own: dict[str, set[str]] = {module: set() for module in files.values()}
        for asker, asked in seen.items():
            module = files[asker] if asker in files else asker.partition(":")[0]
            if module in own:
                own[module].update(key for key in asked if key.partition(":")[0] != module)
        for file, module in files.items():
            self.files[file] = sorted(own[module])
        for asker in seen:
            if asker not in files and not _is_local(asker):
                self.keys[asker] = sorted(_outward(seen, asker))
        needed = {key for asked in own.values() for key in asked}
        needed.update(key for asker in seen for key in self.keys.get(asker, ()))
        for key in needed:
            self.prints[key] = print_of(found, key, everything)

    def join(self, other: Graph) -> None:
        """Take in what another learned of files that are read beside these."""
        self.files.update(other.files)
        for key, asked in other.keys.items():
            known = self.keys.get(key, asked)
            self.keys[key] = asked if known == asked else sorted({*known, *asked})
        self.prints.update(other.prints)

    def replace(self, newer: Graph) -> None:
        """What another knows of files, keys and prints holds instead of what was known."""
        self.files.update(newer.files)
        self.keys.update(newer.keys)
        self.prints.update(newer.prints)

    def about(self, other: Graph) -> Graph:
        """What is known of the files, keys and prints that another knows something of."""
        return Graph(
            {file: self.files[file] for file in other.files},
            {key: self.keys[key] for key in other.keys},
            {key: self.prints[key] for key in other.prints},
        )

    def drop(self, file: str) -> None:
        """Forget a file that is gone."""
        self.files.pop(file, None)


def _is_local(key: str) -> bool:
    """Whether this is a name inside a function, which nobody else asks for by itself."""
    return "!" in key and not key.endswith("!")


def _outward(seen: Mapping[str, set[str]], asker: str) -> set[str]:
    """What a key depends on, through names inside functions to what others ask for too."""
    found: set[str] = set()
    waiting, passed = [asker], {asker}
    while waiting:
        for key in seen.get(waiting.pop(), ()):
            if key in passed:
                continue
            passed.add(key)
            if _is_local(key):
                found.add(key[: key.index("!") + 1])
                waiting.append(key)
            else:
                found.add(key)
    return found
