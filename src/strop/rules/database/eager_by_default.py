"""A model that loads its collections whenever it is loaded.

**What.** `lazy="selectin"` (or `"joined"`, `"subquery"`) on several collections of one model: every statement that
loads the model loads them too, and what those load by default in turn, also where one column was wanted.

**Why it costs.** A statement and its rows for each collection, in every request that touches the model. On the
model of the user that is every authenticated request.

**How it is found.** The relationships of each model and their strategies; reported from two eager collections of
its own, or four that follow from each other, where a route reaches code that loads the model.

**How to fix it.** `lazy="select"` (or `"raise"`) in the model, and `.options(selectinload(...))` in the statements
whose answers contain the collection.

**When it is no problem.** A model whose every reader wants the collections; a relationship to one that is joined. A
note only where a response model for its rows holds all of its own eager collections, unless the rows are those who call.

**Sources.** SQLAlchemy, "Relationship Loading Techniques":
https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.table import Relationship
from strop.rules.clients import answered, is_answer_of
from strop.rules.code import tables_of
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.growth import is_person
from strop.rules.rule import Rule
from strop.rules.sample import SHOP, shop
from strop.rules.wording import listed
from strop.span import Span

RULE = Rule(
    "DB011",
    "eager-by-default",
    "database",
    "warning",
    "Collections loaded whenever their model is loaded",
    static=True,
)

EAGER = ("selectin", "joined", "subquery", "immediate")
OWN = 2  # collections of one model: one alone is often what each reader wants
FOLLOWING = 4  # statements that one load brings, through the models it loads


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each model."""
    eager: dict[tuple[str, str], list[Relationship]] = {}
    for relationship in project.imported.relationships:
        if relationship.lazy in EAGER:
            eager.setdefault((relationship.module, relationship.owner), []).append(relationship)
    for found in eager.values():
        own = [r for r in found if r.uselist and r.span is not None]
        follow = _following(found, eager, {found[0].owner})
        if len(own) >= OWN or (own and len(follow) >= FOLLOWING):
            yield _finding(project, own, follow, is_wanted=_is_wanted(project, own))


def _is_wanted(project: Project, own: list[Relationship]) -> bool:
    """Whether routes answer with all of these collections of a model; not of users, whom each request loads."""
    owner, names = own[0].owner, {r.name for r in own}
    answers = (m for m in answered(project, reading=False) if is_answer_of(m, owner))
    return not is_person(owner) and any(names <= {name for name, _ in m.fields} for m in answers)


def _following(
    found: list[Relationship], eager: dict[tuple[str, str], list[Relationship]], seen: set[str]
) -> list[str]:
    """The collections that a load brings, itself and through what it loads."""
    keys: list[str] = []
    for relationship in found:
        if relationship.uselist:
            keys.append(relationship.key)
        if relationship.target not in seen:
            below = next((v for (_, owner), v in eager.items() if owner == relationship.target), [])
            keys += _following(below, eager, seen | {relationship.target})
    return list(dict.fromkeys(keys))


def _finding(project: Project, own: list[Relationship], follow: list[str], *, is_wanted: bool) -> Finding:
    first = min(own, key=lambda r: r.span or Span("", 0))
    place = first.span or Span("", 0)
    owner = first.owner
    tables = tables_of(project, owner, first.module)
    more = [key for key in follow if key not in {r.key for r in own}]
    through = f", and {listed(more[:4])} through them" if more else ""
    return draft(
        RULE,
        Span(place.file, place.line, place.symbol or owner, place.end_line),
        (),
        message=f"each load of {owner} loads {listed([r.name for r in own])}{through}",
        impact=f"{len(follow)} more collections with every statement that loads {owner}, wanted or not",
        solution='lazy="select" or "raise" in the model, selectinload in the statements that want them',
        known="static",
        confidence=0.6,
        severity="note" if is_wanted else None,
        facts={"model": owner, "table": tables[0].name if tables else ""},
    )


_EAGER = SHOP.replace(
    'relationship(back_populates="order")', 'relationship(back_populates="order", lazy="selectin")'
).replace(
    "payments: Mapped[list[Payment]] = relationship()",
    'payments: Mapped[list[Payment]] = relationship(lazy="selectin")',
)
_READ = """
@app.get("/orders/{order_id}/number")
def read_number(order_id: int, session: Session = Depends(get_session)):
    return session.get(Order, order_id).number
"""

EXAMPLES = (
    Example("two collections of the order, for its number", {"main.py": _EAGER + _READ}, bad=True),
    Example(
        "an answer that holds both: a note",
        {
            "main.py": _EAGER
            + """
class PaymentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    cents: int


class OrderWhole(OrderOut):
    payments: list[PaymentOut]


@app.get("/orders/{order_id}", response_model=OrderWhole)
def read_order(order_id: int, session: Session = Depends(get_session)):
    return session.get(Order, order_id)
"""
        },
        bad=True,
    ),
    Example(
        "loaded where they are asked for",
        shop(_READ),
        bad=False,
        mends="two collections of the order, for its number",
    ),
    Example(
        "one collection and a relationship to one",
        {
            "main.py": SHOP.replace(
                'relationship(back_populates="order")',
                'relationship(back_populates="order", lazy="selectin")',
            ).replace(
                "customer: Mapped[Customer] = relationship()",
                'customer: Mapped[Customer] = relationship(lazy="joined")',
            )
            + _READ
        },
        bad=False,
    ),
)
