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

from strop.actions.explain import problem_pages
from strop.faces.cli.main import VERBS, group
from strop.project import settings
from strop.rules import sample
from strop.rules.example import Example
from strop.rules.registry import Registered, rules
from strop.target import Login

DOCS = Path(__file__).parent
WIDTH = 100


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them with what would be written."""
    stale = 0
    for name, text in pages().items():
        path = DOCS / name
        old = path.read_text("utf-8") if path.is_file() else ""
        if old == text:
            continue
        if "--check" not in arguments:
            path.write_text(text, "utf-8")
            continue
        stale += 1
        shown = difflib.unified_diff(old.splitlines(), text.splitlines(), name, "generated", n=1, lineterm="")
        sys.stderr.write("\n".join(list(shown)[:20]) + "\n")
    if stale:
        sys.stderr.write(f"{stale} of the pages in docs/ are stale: run python docs/generate.py\n")
    return 1 if stale else 0


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    return {
        "rules.md": "\n".join(write_rules()),
        "cli.md": "\n".join(write_verbs()),
        "settings.md": "\n".join(write_settings()),
        "problems.md": "\n".join(write_problems()),
    }


def write_rules() -> Iterator[str]:
    """A section for each rule: its page, one example that it reports and one that it leaves alone."""
    yield "# Rules\n"
    yield "What strop looks for. `strop explain CODE` prints the same pages.\n"
    yield "Each rule is tested on applications like those below; their imports, models and sessions are left out here.\n"
    yield "| code | name | severity | finds |\n|---|---|---|---|"
    for registered in rules():
        rule = registered.rule
        anchor = f"{rule.code} {rule.slug}".lower().replace(" ", "-")
        yield f"| [{rule.code}](#{anchor}) | {rule.slug} | {rule.severity} | {rule.title} |"
    for registered in rules():
        yield from _rule(registered)


def _rule(registered: Registered) -> Iterator[str]:
    rule = registered.rule
    yield f"\n## {rule.code} {rule.slug}\n"
    versions = " and ".join(f"`{version}`" for version in (rule.since, rule.until) if version)
    yield f"Severity {rule.severity}{f', for {versions}' if versions else ''}.\n"
    yield registered.page
    for bad, title in ((True, "Reported"), (False, "Left alone")):
        example = next((e for e in registered.examples if e.bad is bad), None)
        if example is not None:
            yield f"\n{title}: {example.name}.\n"
            yield f"```python\n{_telling(example)}\n```"


def _telling(example: Example) -> str:
    """The example's files without the first lines that all examples share."""
    files = {name: _own(text) for name, text in example.files.items()}
    if len(files) == 1:
        return next(iter(files.values()))
    return "\n\n\n".join(f"# {name}\n{text}" for name, text in files.items())


def _own(text: str) -> str:
    own = text.removeprefix(sample.SHOP).removeprefix(sample.PLAIN)
    shared = {block.strip() for block in sample.SHOP.split("\n\n\n")}
    return "\n\n\n".join(block.strip() for block in own.split("\n\n\n") if block.strip() not in shared)


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
