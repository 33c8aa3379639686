"""What did a run of `strop optimize` find, change and prove? One value, from which every format is written.

It is plain data: a report file gets it, starts nothing and reads nothing else.
"""

from __future__ import annotations

from msgspec import Struct, field

from strop import __version__
from strop.evidence import Evidence
from strop.finding import Finding
from strop.patch import Patch
from strop.plan import Item
from strop.report.excerpt import Excerpt
from strop.verdict import Verdict

SCHEMA = 1


class TargetFacts(Struct, frozen=True):
    """What was worked on, as far as a reader of the report needs it."""

    name: str  # the folder's name or the project's: "examples/shop"
    app: str  # "shop.main:app"
    commit: str = ""
    branch: str = ""  # the base that the new branch is compared with
    dialect: str = ""
    versions: tuple[tuple[str, str], ...] = ()  # ("fastapi", "0.121.2")
    machine: str = ""  # "2 cores, Linux 6.1, Python 3.11.9"


class Workload(Struct, frozen=True):
    """Where the requests came from and which routes they reached."""

    source: str  # "47 tests", "OpenAPI", "traffic.har"
    requests: int
    reached: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    rows: int = 0  # in the measured database
    seed: str = ""

    @property
    def routes(self) -> int:
        """All routes of the application, reached or not."""
        return len(self.reached) + len(self.missed)


class Noise(Struct, frozen=True):
    """The same code measured twice: what differs between two runs of the base is not evidence."""

    cells: int
    identical: int
    cpu: float = 0.0  # relative: 0.014 is 1.4 %


class Attempt(Struct, frozen=True):
    """A fix that was tried and is not on the branch, and why not."""

    fix: str
    reason: str
    option: str = ""
    title: str = ""
    diff: str = ""
    verdict: Verdict | None = None


class Change(Struct, frozen=True):
    """A finding that was fixed, proved and committed. `diff` is unified text, tests included."""

    item: Item
    patch: Patch
    diff: str
    verdict: Verdict
    commit: str
    excerpt: Excerpt | None = None
    attempts: tuple[Attempt, ...] = ()  # alternatives that were measured and lost

    @property
    def finding(self) -> Finding:
        """The cause that this change removes."""
        return self.item.finding


class Proposed(Struct, frozen=True):
    """A finding that stays: no fix was written, or none could be kept. The item has the options."""

    item: Item
    reason: str
    excerpt: Excerpt | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def finding(self) -> Finding:
        """The cause that stays."""
        return self.item.finding


class Choice(Struct, frozen=True):
    """A finding whose fix changes what clients can see: the user decides. The item has the options."""

    item: Item
    question: str
    default: str = ""  # title of the option that is taken when nobody answers; "" leaves all as it is
    excerpt: Excerpt | None = None
    record: bool = False  # the decision deserves a written record

    @property
    def finding(self) -> Finding:
        """The cause that waits for an answer."""
        return self.item.finding


Entry = Change | Proposed | Choice


class Acceptance(Struct, frozen=True):
    """A check that a person can repeat: the command ticks the box."""

    text: str
    command: str
    ticked: bool = False


class Result(Struct, frozen=True):
    """Everything a report says. `final` and `verdict` are None when nothing was kept."""

    run: str
    target: TargetFacts
    surface: str
    criteria: str
    workload: Workload
    noise: Noise
    base: Evidence
    final: Evidence | None = None
    changes: tuple[Change, ...] = ()
    proposals: tuple[Proposed, ...] = ()
    choices: tuple[Choice, ...] = ()
    verdict: Verdict | None = None  # of the whole branch against the base
    branch: str = ""  # the branch that holds the commits
    acceptance: tuple[Acceptance, ...] = ()
    unproved: tuple[str, ...] = ()  # what nobody should conclude from this report
    notes: tuple[str, ...] = ()  # what limits the measurement
    followups: tuple[str, ...] = ()  # at most three are shown
    constraints: tuple[str, ...] = ()
    invariants: tuple[str, ...] = ()
    non_goals: tuple[str, ...] = ()
    probe_cost: float = 0.0  # us a request, measured in this run
    schema: int = SCHEMA
    strop: str = field(default=__version__)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every finding with what became of it: changes, then proposals, then choices."""
        return (*self.changes, *self.proposals, *self.choices)
