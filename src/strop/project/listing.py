"""Which files does a reading concern, and what is in them? Listed once for a run, which asks several times."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from strop.project.digests import digest_of
from strop.project.files import source_files
from strop.project.shipped.listing import print_of, shipped_paths


class Listing:
    """The files below `root` as they are now. A file that is made later is not among them."""

    def __init__(self, root: Path, exclude: tuple[str, ...]) -> None:
        self.root = root
        self.sources = tuple(source_files(root, exclude))
        self.beside = tuple(shipped_paths(root))  # what ships beside the code

    @cached_property
    def prints(self) -> tuple[str, ...]:
        """Every file with a print of what was in it at first."""
        return tuple(self._now())

    @property
    def shipped(self) -> tuple[str, ...]:
        """The same of what ships beside the code alone."""
        return self.prints[len(self.sources) :]

    def holds(self) -> bool:
        """Whether no file has changed since."""
        return all(now == before for now, before in zip(self._now(), self.prints, strict=True))

    def _now(self) -> Iterator[str]:
        begin = len(str(self.root)) + 1
        for path in self.sources:
            yield f"{str(path)[begin:]} {digest_of(path)}"
        for path in self.beside:
            yield f"beside {str(path)[begin:]} {print_of(path)}"
