"""A page: what a code means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.markdown import Markdown
from rich.syntax import Syntax

from strop.actions.explain import Page, Precision, shown_examples, telling
from strop.faces.cli.output import indented, words
from strop.report.quantity import plural
from strop.report.redaction import clean_text


def parts(page: Page) -> Iterator[RenderableType]:
    """The page for a person: laid out on a terminal, its Markdown in a pipe."""
    yield words(_title(page), "bold")
    yield ""
    is_terminal = Console().is_terminal
    yield indented(Markdown(page.text)) if is_terminal else words(page.text)
    for title, example in shown_examples(page):
        yield ""
        yield words(f"{title}: {example.name}", "bold")
        yield ""
        code = clean_text(telling(example))
        yield indented(Syntax(code, "python", background_color="default") if is_terminal else words(code))
    if page.precision is not None:
        yield ""
        yield words(f"Measured: {_measured(page.precision)}")


def index(pages: tuple[Page, ...]) -> Iterator[RenderableType]:
    """All pages by code."""
    rules = [page for page in pages if page.slug]
    width = max(len(page.slug) for page in rules)
    yield words("Rules", "bold")
    yield from (words(f"  {page.code:<8}{page.slug:<{width}}  {page.title}") for page in rules)
    yield ""
    yield words("Problems", "bold")
    yield from (words(f"  {page.code:<8}{page.title}") for page in pages if not page.slug)


def document(page: Page) -> dict[str, Any]:
    """The page for a program."""
    examples = [{"kind": kind, "name": e.name, "code": telling(e)} for kind, e in shown_examples(page)]
    known = {"code": page.code, "slug": page.slug, "title": page.title, "text": page.text}
    return known | ({"examples": examples, "precision": page.precision} if page.slug else {})


def _measured(precision: Precision) -> str:
    counts = f"{precision.true} true, {precision.low} true but of low value, {precision.false} false"
    where = f" ({precision.where})" if precision.where else ""
    return f"{plural(precision.judged, 'finding')} judged by hand: {counts}{where}"


def _title(page: Page) -> str:
    return f"{page.code}  {page.slug}: {page.title}" if page.slug else f"{page.code}  {page.title}"
