"""`strop explain`: what does a code mean?"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

from strop.problem import EXIT_USAGE, Problem
from strop.rules import sample
from strop.rules.example import Example
from strop.rules.foreign import is_foreign
from strop.rules.registry import Registered, rules


class ExplainRequest(Struct, frozen=True):
    """A code ("DB001", "T103"), a slug ("lazy-load"), or "" for the list of all pages."""

    word: str = ""


class Precision(Struct, frozen=True):
    """How often a rule was right: findings on real repositories, judged one by one by a person."""

    true: int
    low: int = 0  # true, and of little value
    false: int = 0
    where: str = ""  # which repositories, when

    @property
    def judged(self) -> int:
        """How many findings were judged."""
        return self.true + self.low + self.false


class Page(Struct, frozen=True):
    """One page. `text` is Markdown without a headline."""

    code: str
    slug: str  # "" for a problem
    title: str
    text: str
    examples: tuple[Example, ...] = ()
    precision: Precision | None = None  # None: not judged yet


def explain(request: ExplainRequest) -> tuple[Page, ...]:
    """The page of that code or slug; all pages, by code, without a word. Raises Problem R505."""
    if not request.word:
        return pages()
    word = request.word.strip()
    found = tuple(page for page in pages() if word.upper() == page.code or word.lower() == page.slug)
    if not found and is_foreign(word):
        return (_of_ruff(word.upper()),)
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
    precision = read_precision().get(rule.code)
    return Page(rule.code, rule.slug, rule.title, registered.page, registered.examples, precision)


@cache
def read_precision() -> dict[str, Precision]:
    """Measured precision by code: what `rules/precision.toml` holds, a table a code (true, low, false, where)."""
    file = resources.files("strop.rules") / "precision.toml"
    return msgspec.toml.decode(file.read_bytes(), type=dict[str, Precision]) if file.is_file() else {}


def telling(example: Example) -> str:
    """The example's files without the first lines that all examples share."""
    files = {name: _own(text) for name, text in example.files.items()}
    if len(files) == 1:
        return next(iter(files.values()))
    return "\n\n\n".join(f"# {name}\n{text}" for name, text in files.items())


def _own(text: str) -> str:
    own = text.removeprefix(sample.SHOP).removeprefix(sample.PLAIN)
    shared = {block.strip() for block in sample.SHOP.split("\n\n\n")}
    return "\n\n\n".join(block.strip() for block in own.split("\n\n\n") if block.strip() not in shared)


def shown_examples(page: Page) -> tuple[tuple[str, Example], ...]:
    """What a page shows: one that is reported, the same mended, and one that looks alike and is fine."""
    bad = next((e for e in page.examples if e.bad), None)
    mended = next((e for e in page.examples if bad is not None and e.mends == bad.name), None)
    fine = next((e for e in page.examples if not e.bad and not e.mends), None)
    titled = (("Reported", bad), ("Mended", mended), ("Left alone", fine))
    return tuple((title, example) for title, example in titled if example is not None)


def _of_problem(code: str, text: str) -> Page:
    headline, _, body = text.partition("\n")
    return Page(code, "", headline.removeprefix("#").strip(), body.strip())


def _of_ruff(code: str) -> Page:
    text = (
        "This is ruff's rule, not strop's. `strop review` takes it in where the project has ruff configured and chooses "
        f"it, and says it once where a rule of strop says the same. `ruff rule {code}` prints its page; "
        "`ruff = false` under `[tool.strop.review]` leaves all of ruff out.\n\n"
        "**Sources.** https://docs.astral.sh/ruff/rules/"
    )
    return Page(code, "", "A rule of ruff", text)


def _unknown(word: str) -> Problem:
    names = {name.lower(): name for page in pages() for name in (page.code, page.slug) if name}
    near = difflib.get_close_matches(word.lower(), names, n=3)
    listed = " or ".join(f"strop explain {names[name]}" for name in near)
    do = f"try {listed}" if near else "strop explain lists all codes"
    return Problem("R505", f"there is no rule and no problem called {word}", do=do, status=EXIT_USAGE)
