"""`strop explain`: what does a code mean?"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import resources

from strop.problem import EXIT_USAGE, Problem
from strop.rules.example import Example
from strop.rules.registry import Registered, rules


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """A code ("DB001", "T103"), a slug ("lazy-load"), or "" for the list of all pages."""

    word: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `text` is Markdown without a headline."""

    code: str
    slug: str  # "" for a problem
    title: str
    text: str
    examples: tuple[Example, ...] = ()


def explain(request: ExplainRequest) -> tuple[Page, ...]:
    """The page of that code or slug; all pages, by code, without a word. Raises Problem R505."""
    if not request.word:
        return pages()
    word = request.word.strip()
    found = tuple(page for page in pages() if word.upper() == page.code or word.lower() == page.slug)
    if not found:
        raise _unknown(word)
    return found


def pages() -> tuple[Page, ...]:
    """Every page: rules first, then problems, each by code."""
    return (*(_of_rule(registered) for registered in rules()), *problem_pages())


def problem_pages() -> tuple[Page, ...]:
    """The pages of problems that stop a command, by code."""
    folder = resources.files("strop") / "problems"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".md")), key=lambda f: f.name)
    return tuple(_of_problem(file.name.removesuffix(".md"), file.read_text("utf-8")) for file in files)


def _of_rule(registered: Registered) -> Page:
    rule = registered.rule
    return Page(rule.code, rule.slug, rule.title, registered.page, registered.examples)


def _of_problem(code: str, text: str) -> Page:
    headline, _, body = text.partition("\n")
    return Page(code, "", headline.removeprefix("#").strip(), body.strip())


def _unknown(word: str) -> Problem:
    names = {name.lower(): name for page in pages() for name in (page.code, page.slug) if name}
    near = difflib.get_close_matches(word.lower(), names, n=3)
    listed = " or ".join(f"strop explain {names[name]}" for name in near)
    do = f"try {listed}" if near else "strop explain lists all codes"
    return Problem("R505", f"there is no rule and no problem called {word}", do=do, status=EXIT_USAGE)
