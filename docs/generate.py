"""Write the pages that say what the code says: rules, verbs, settings, problems.

python docs/generate.py            writes them
python docs/generate.py --check    ends with 1 when a committed page is stale
"""

from __future__ import annotations

import ast
import difflib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click

from strop.actions.explain import ExplainRequest, explain, problem_pages, shown_examples, telling
from strop.faces.cli.main import VERBS, group
from strop.project import settings
from strop.rules.registry import Registered, rules
from strop.target import Login

DOCS = Path(__file__).parent
WIDTH = 100


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them with what would be written."""
    stale = drop_leftovers("--check" in arguments)
    for name, text in pages().items():
        path = DOCS / name
        old = path.read_text("utf-8") if path.is_file() else ""
        if old == text:
            continue
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            continue
        stale += 1
        shown = difflib.unified_diff(old.splitlines(), text.splitlines(), name, "generated", n=1, lineterm="")
        sys.stderr.write("\n".join(list(shown)[:20]) + "\n")
    if stale:
        sys.stderr.write(f"{stale} of the pages in docs/ are stale: run python docs/generate.py\n")
    return 1 if stale else 0


def drop_leftovers(check: bool) -> int:
    """Delete the pages of rules that are gone; with `check`, only count them."""
    wanted = {f"{r.rule.code}.md" for r in rules()}
    left = [path for path in sorted((DOCS / "rules").glob("*.md")) if path.name not in wanted]
    for path in left:
        if check:
            sys.stderr.write(f"docs/rules/{path.name} is the page of no rule\n")
        else:
            path.unlink()
    return len(left) if check else 0


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    return {
        "rules.md": "\n".join(write_rules()),
        **{f"rules/{r.rule.code}.md": "\n".join(write_rule(r)) for r in rules()},
        "cli.md": "\n".join(write_verbs()),
        "settings.md": "\n".join(write_settings()),
        "problems.md": "\n".join(write_problems()),
    }


def write_rules() -> Iterator[str]:
    """One table of all rules, by domain."""
    yield "# Rules\n"
    yield "What strop looks for: one page a rule, which `strop explain CODE` prints, too. Rules that are judged from the"
    yield "source alone speak in `strop review`; the others speak in `strop measure` and `strop optimize` as well.\n"
    yield "| code | name | domain | severity | finds |\n|---|---|---|---|---|"
    for registered in rules():
        rule = registered.rule
        link = f"[{rule.code}](rules/{rule.code}.md)"
        yield f"| {link} | {rule.slug} | {rule.domain} | {rule.severity} | {rule.title} |"
    yield ""


def write_rule(registered: Registered) -> Iterator[str]:
    """A rule's page, with what it reports, the same mended, and what it leaves alone."""
    rule = registered.rule
    yield f"# {rule.code} {rule.slug}\n"
    versions = " and ".join(f"`{version}`" for version in (rule.since, rule.until) if version)
    yield f"Domain {rule.domain}, severity {rule.severity}{f', for {versions}' if versions else ''}.\n"
    yield registered.page
    (page,) = explain(ExplainRequest(rule.code))
    for title, example in shown_examples(page):
        yield f"\n## {title}: {example.name}\n"
        yield f"```python\n{telling(example)}\n```"
    if page.precision is not None:
        judged = page.precision
        counts = f"{judged.true} true, {judged.low} true but of low value, {judged.false} false"
        yield f"\n## Measured\n\n{judged.judged} findings judged by hand: {counts}. {judged.where}".rstrip()
    yield "\n[All rules](../rules.md). Imports, models and sessions that the examples share are left out.\n"


def write_verbs() -> Iterator[str]:
    """The help of every verb, as it is printed."""
    yield "# The command line\n"
    yield from _help("strop", group)
    for name in sorted(VERBS):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield from _help(f"strop {name}", command)


def _help(name: str, command: click.Command) -> Iterator[str]:
    parent = click.Context(group, info_name="strop", terminal_width=WIDTH)
    context = click.Context(
        command,
        info_name=name.removeprefix("strop ").strip(),
        parent=None if command is group else parent,
        terminal_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    yield f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"


def write_settings() -> Iterator[str]:
    """The keys of `[tool.strop]` with their types, defaults and meanings."""
    yield "# Settings\n"
    yield "All keys of `[tool.strop]` in `pyproject.toml`. All are optional: what is left out is found.\n"
    yield "```toml\n" + EXAMPLE + "```\n"
    yield "| key | type | default | meaning |\n|---|---|---|---|"
    for key, kind, default, meaning in _fields(settings, settings.Settings):
        yield f"| `{key}` | {kind} | {default} | {meaning} |"
    yield "\n## `[tool.strop.review]`\n"
    yield "What `strop review` reports; [review.md](review.md) shows it at work. Dashes and underscores are the same.\n"
    yield "| key | type | default | meaning |\n|---|---|---|---|"
    for key, kind, default, meaning in _fields(settings, settings.ReviewSettings):
        yield f"| `{key.replace('_', '-')}` | {kind} | {default} | {meaning} |"
    yield "\n## `[tool.strop.login]`\n"
    yield "How generated requests get an identity. The answer's token is sent as `Authorization: Bearer`.\n"
    yield "| key | type | default |\n|---|---|---|"
    for key, kind, default, _ in _fields(inspect.getmodule(Login), Login):
        yield f"| `{key}` | {kind} | {default} |"
    yield ""


EXAMPLE = """\
[tool.strop]
app = "shop.main:app"
skip_routes = ["POST /admin/shutdown"]

[tool.strop.env]
DATABASE_URL = "sqlite:///{root}/shop.db"

[tool.strop.login]
path = "/login"
username = "admin@example.com"
password = "admin-password"
"""
KINDS = {"str": "text", "bool": "true or false", "float": "number", "tuple[str, ...]": "list of texts"}
KINDS |= {"dict[str, str]": "table of texts", "dict[str, tuple[str, ...]]": "table of lists of texts"}
DEFAULTS = {
    "": "",
    '""': "",
    "()": "",
    "False": "false",
    "True": "true",
    "None": "",
    "field(default_factory=dict)": "",
    "field(default_factory=ReviewSettings)": "",
}


def _fields(module: ModuleType | None, kind: type) -> Iterator[tuple[str, str, str, str]]:
    """Name, type, default and meaning of each field, from the source: meanings are strings below the fields."""
    assert module is not None
    tree = ast.parse(inspect.getsource(module))
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__)
    for place, node in enumerate(found.body):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        after = found.body[place + 1] if place + 1 < len(found.body) else None
        meaning = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            meaning = str(after.value.value)
        annotation = ast.unparse(node.annotation)
        default = ast.unparse(node.value).replace("'", '"') if node.value is not None else "needed"
        shown = DEFAULTS.get(default, default if default == "needed" else f"`{default}`")
        name = node.target.id
        yield name, KINDS.get(annotation, f"table, see below `[tool.strop.{name}]`"), shown, meaning


def write_problems() -> Iterator[str]:
    """A section for each problem that stops a command."""
    yield "# Problems\n"
    yield "What stops a command, by the code in the error. `strop explain CODE` prints the same pages.\n"
    for page in problem_pages():
        yield f"## {page.code} {page.title}\n\n{page.text}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
