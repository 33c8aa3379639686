"""What became of a finding: a patch on the branch, or a reason."""

from __future__ import annotations

from msgspec import Struct, field

from strop.patch import Patch, Proposal
from strop.plan import Item
from strop.proof.judge import Candidate
from strop.proof.schema import Schema


class Kept(Struct, frozen=True):
    """A patch on the branch, with the alternatives that lost against it."""

    item: Item
    candidate: Candidate
    patch: Patch
    commit: str = ""
    schema: Schema = field(default_factory=Schema)
    lost: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()


class Refused(Struct, frozen=True):
    """A finding that stays, and why: what was proposed and what was tried."""

    item: Item
    reason: str
    proposals: tuple[Proposal, ...] = ()
    tried: tuple[Candidate, ...] = ()
