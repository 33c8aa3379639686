"""Which files are followed, of all that declare something? Who looks at the statements of one is noted."""

from __future__ import annotations

from strop.project.declared.terms import Declarations, Statement


class Followed:
    """The declarations of one file; who follows its statements is noted in `followed`."""

    __slots__ = ("_declarations", "_followed", "active", "file", "imports", "is_package", "module")

    def __init__(self, declarations: Declarations, followed: set[str]) -> None:
        self._declarations = declarations
        self._followed = followed
        self.module = declarations.module
        self.file = declarations.file
        self.is_package = declarations.is_package
        self.active = declarations.active
        self.imports = declarations.imports

    @property
    def body(self) -> tuple[Statement, ...]:
        """The statements of the file."""
        self._followed.add(self.module)
        return self._declarations.body

    @property
    def main(self) -> tuple[Statement, ...]:
        """Those that run when it is started."""
        self._followed.add(self.module)
        return self._declarations.main
