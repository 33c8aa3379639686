"""What does the code that builds the application do? Its terms are followed in the order of the imports.

Nothing runs: a call of the project's own function binds its parameters and follows its body, a call of FastAPI
registers what it would register, and any other call gives something unknown. Of branches that can't be decided
all are taken.
"""

from __future__ import annotations

from collections.abc import Iterable

from strop.project.declared import terms
from strop.project.declared.calls import call
from strop.project.declared.contents import attribute
from strop.project.declared.evaluate import VALUES
from strop.project.declared.followed import Followed
from strop.project.declared.modules import load, packages
from strop.project.declared.statements import run
from strop.project.declared.terms import Declarations, Expr, Statement
from strop.project.declared.values import Frame, Func, Router, Value
from strop.span import Span


class Machine:
    """What is known while the declarations of a project are followed; answers are remembered.

    Its methods are what following one thing needs of another, whichever module says how.
    """

    def __init__(self, declarations: Iterable[Declarations], followed: set[str] | None = None) -> None:
        noted = set() if followed is None else followed  # modules whose statements were looked at
        self.files = {each.module: Followed(each, noted) for each in declarations}
        self.packages = packages(self.files)
        self.frames: dict[str, Frame] = {}
        self.loaded: set[str] = set()
        self.routers: list[Router] = []
        self.functions: list[Func] = []  # of active modules, in order
        self.called: set[int] = set()  # ids of functions' terms
        self.lost: list[tuple[Span, str]] = []  # includes that could not be followed
        self.site: Span | None = None  # the decorator that is being applied
        self.ghost = (
            0  # loops around of which it is not known whether they do anything: nothing is registered
        )
        self.choices: list[str] = []  # tests around on what a caller gave, which can't be decided
        self.forks = 0  # branches that were followed without an answer
        self.arms: list[
            tuple[int, int]
        ] = []  # of these, the ones around, and which branch of each is followed
        self.beginning: terms.Function | terms.Lambda | None = None  # what runs when an application starts
        self.steps = 0
        self.until = 0  # the step at which the call from a module is given up
        self.depth = 0

    def load(self, name: str) -> None:
        """Import a module or package: what it imports first, then its statements if they may matter."""
        load(self, name)

    def run(self, body: tuple[Statement, ...], frame: Frame) -> bool:
        """Follow statements; True when a `return` ends them."""
        return run(self, body, frame)

    def value(self, term: Expr, frame: Frame) -> Value:
        """What an expression gives."""
        return VALUES[type(term)](self, term, frame)

    def call(
        self,
        func: Value,
        args: list[Value],
        keywords: dict[str, Value],
        term: terms.Apply | None = None,
        frame: Frame | None = None,
    ) -> Value:
        """What calling a value gives, and what it registers."""
        return call(self, func, args, keywords, term, frame)

    def attribute(self, owner: Value, name: str) -> Value:
        """`owner.name`."""
        return attribute(self, owner, name)
