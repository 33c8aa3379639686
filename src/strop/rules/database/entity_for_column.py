"""Whole rows are loaded for one of their columns.

**What.** `[page.id for page in session.scalars(select(Page)).all()]`, where the list of pages is used for nothing else.

**Why it costs.** All columns of all rows are sent, parsed and made into objects that the session then watches: for a table with JSON or
long texts a hundred times what the one column needs, and more with relationships that load themselves.

**How it is found.** Lists of one mapped class of which only one attribute, a column, is read in the same function: by comprehensions, by nothing
else. It is a warning where the table has a wide column (JSON, text, binary) or ten and more; otherwise a note.

**How to fix it.** `select(Page.id)`.

**When it is no problem.** Few rows; objects that the session holds already.

**Sources.** https://docs.sqlalchemy.org/en/20/orm/queryguide/select.html#selecting-individual-attributes
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.table import Column, Table
from strop.regex import regex
from strop.rules.code import tables_of
from strop.rules.example import Example
from strop.rules.loading import is_mapped, load_of
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.seldom import is_seldom
from strop.rules.told import marks, tell, ways_to

RULE = Rule("DB027", "entity-for-column", "database", "warning", "Whole rows for one column", static=True)
WORDS = ("select", "query")
_WIDE = regex(r"json|text|blob|binary|array|vector", re.IGNORECASE)
_MANY = 10  # columns
_Made = ast.ListComp | ast.SetComp | ast.GeneratorExp


def notice(body: Body) -> Iterator[Mark]:
    """Comprehensions that take one attribute of rows which nothing else reads."""
    found: list[_Made] = [*body.of(ast.ListComp), *body.of(ast.SetComp), *body.of(ast.GeneratorExp)]
    for made in found:
        generator = made.generators[0]
        attribute = _taken(made, generator)
        load = load_of(body, generator.iter) if attribute else None
        if load is None or not load.many or len(load.statement.entities) != 1 or load.statement.columns:
            continue
        entity = load.statement.entities[0]
        narrow = load.statement.has("limit", "with_only_columns", "from_statement", "with_for_update")
        if narrow or not is_mapped(body, entity) or not _is_all(body, generator.iter, attribute):
            continue
        if any("load_only" in body.text(call) for call in load.statement.calls("options")):
            continue
        few = any(".in_(" in body.text(call) for call in load.statement.calls("where", "filter"))
        short = entity.rpartition(".")[2]
        text = body.brief(made, 90)
        yield body.mark(RULE.code, load.executed, entity=short, column=attribute, text=text, few=few)


def _taken(made: _Made, generator: ast.comprehension) -> str:
    """The one attribute that a comprehension reads of each row; "" when it does anything else with it."""
    if len(made.generators) != 1 or not isinstance(generator.target, ast.Name):
        return ""
    row = generator.target.id
    inside = [made.elt, *generator.ifs]
    names = [n for part in inside for n in ast.walk(part) if isinstance(n, ast.Name) and n.id == row]
    reads = [
        n for part in inside for n in ast.walk(part)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == row
    ]  # fmt: skip
    attributes = {n.attr for n in reads}
    return attributes.pop() if names and len(names) == len(reads) and len(attributes) == 1 else ""


def _is_all(body: Body, rows: ast.expr, attribute: str) -> bool:
    """Whether every use of the list reads this attribute alone, or only asks whether there is a row."""
    if not isinstance(rows, ast.Name):
        return True
    for use in body.of(ast.Name):
        if use.id != rows.id or not isinstance(use.ctx, ast.Load):
            continue
        above = body.parent(use)
        if isinstance(above, ast.comprehension):
            made = body.parent(above)
            if isinstance(made, _Made) and _taken(made, above) == attribute:
                continue
        asked = isinstance(above, ast.If | ast.UnaryOp) or (
            isinstance(above, ast.Call)
            and isinstance(above.func, ast.Name)
            and above.func.id in ("len", "bool")
        )
        if not asked:
            return False
    return True


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each statement that a request waits for."""
    for mark in marks(project, RULE):
        table = next(iter(tables_of(project, mark.fact("entity"))), None)
        ways = ways_to(project, mark.function)
        column = _column(table, mark.fact("column"))
        if table is None or not ways or column is None:
            continue
        wide = [c.name for c in table.columns if _WIDE.search(c.type) and c is not column]
        heavy = (bool(wide) or len(table.columns) >= _MANY) and not mark.fact("few")
        size = f", {wide[0]} among them" if wide else ""
        yield tell(
            RULE,
            mark,
            ways,
            message=f"rows of {mark.fact('entity')} are loaded with {len(table.columns)} columns{size}, and only {mark.fact('column')} is read",
            impact="the other columns of every row are sent, parsed and thrown away",
            solution=f"select({mark.fact('entity')}.{mark.fact('column')})",
            confidence=0.8,
            severity=None if heavy and not is_seldom(project, ways) else "note",
        )


def _column(table: Table | None, name: str) -> Column | None:
    columns = table.columns if table is not None else ()
    return next((c for c in columns if name in (c.name, c.attribute)), None)


_PAGES = """
from sqlalchemy import Text


class Page(Base):
    __tablename__ = "pages"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str]
    text: Mapped[str] = mapped_column(Text)


"""
EXAMPLES = (
    Example(
        "pages for their slugs",
        shop(
            _PAGES
            + """
@app.get("/sitemap")
def sitemap(session: Session = Depends(get_session)):
    pages = session.scalars(select(Page)).all()
    return [page.slug for page in pages]
"""
        ),
        bad=True,
    ),
    Example(
        "the slugs",
        shop(
            _PAGES
            + """
@app.get("/sitemap")
def sitemap(session: Session = Depends(get_session)):
    return session.scalars(select(Page.slug)).all()
"""
        ),
        bad=False,
        mends="pages for their slugs",
    ),
    Example(
        "pages that are shown as well",
        shop(
            _PAGES
            + """
@app.get("/sitemap")
def sitemap(session: Session = Depends(get_session)):
    pages = session.scalars(select(Page)).all()
    slugs = [page.slug for page in pages]
    return {"slugs": slugs, "pages": pages}
"""
        ),
        bad=False,
    ),
)
