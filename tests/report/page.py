"""What an HTML page is made of, as far as a reader of a report could be harmed or confused by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "img", "link", "hr", "area", "base", "col", "embed", "source", "track", "wbr"}
# A browser ends these where their parent ends; the templates end them all the same.
LOADING = {
    "src",
    "srcset",
    "href",
    "action",
    "formaction",
    "poster",
    "data",
    "ping",
    "background",
    "xlink:href",
}


@dataclass
class Page:
    """Elements of a page in order, ids, addresses that could be loaded, and text by element."""

    tags: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    addresses: list[tuple[str, str]] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        page = self.page
        page.tags.append(tag)
        names = [name for name, _ in attrs]
        page.errors += [f"<{tag}> has {name} twice" for name in set(names) if names.count(name) > 1]
        for name, value in attrs:
            if name == "id":
                page.ids.append(value or "")
            if name in ("for", "aria-labelledby", "aria-describedby"):
                page.references += (value or "").split()
            if name in LOADING:
                page.addresses.append((tag, value or ""))
            if name.startswith("on") or name == "style":
                page.handlers.append(f"{tag} {name}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.page.errors.append(f"</{tag}> at {self.getpos()} ends another element")

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.page.text += data


def read_page(html: str) -> Page:
    """The page; what is not well-formed is in its `errors`."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.page.errors += [f"<{tag}> is never ended" for tag in reader.open]
    return reader.page
