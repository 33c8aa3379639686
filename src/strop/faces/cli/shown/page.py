"""A page: what a code means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.markdown import Markdown

from strop.actions.explain import Page
from strop.faces.cli.output import indented, words


def parts(page: Page) -> Iterator[RenderableType]:
    """The page for a person: laid out on a terminal, its Markdown in a pipe."""
    yield words(_title(page), "bold")
    yield ""
    yield indented(Markdown(page.text)) if Console().is_terminal else words(page.text)


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
    return {"code": page.code, "slug": page.slug, "title": page.title, "text": page.text}


def _title(page: Page) -> str:
    return f"{page.code}  {page.slug}: {page.title}" if page.slug else f"{page.code}  {page.title}"
