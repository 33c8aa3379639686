"""What did the user write in `[tool.strop]` of pyproject.toml, and is it right?"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from strop.problem import EXIT_USAGE, Problem
from strop.project.catalogue import KINDS
from strop.target import Login


class ReviewSettings(Struct, frozen=True, kw_only=True):
    """The keys of `[tool.strop.review]`; dashes and underscores in them are the same."""

    only: tuple[str, ...] = ()
    """Findings that are reported: codes, begins of codes, names, domains, severities, "confidence>=0.8"."""
    ignore: tuple[str, ...] = ()
    """Findings that are not reported, named in the same ways."""
    per_file_ignores: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What is not reported in files that match a pattern: `"scripts/*" = ["ASY", "unbounded-list"]`."""
    notes: bool = False
    """Whether notes are reported: what is true and of little weight."""
    ruff: bool = True
    """Whether what the project's ruff says is reported, too, where the project has it configured."""
    baseline: str = ""
    """File of findings that are known already, relative to the project's folder."""


class ReplySetting(Struct, frozen=True, kw_only=True):
    """One answer of another service: a table `[[tool.strop.outbound]]`."""

    url: str
    """The whole URL with its query; "*" stands for anything."""
    method: str = "GET"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    """The answer's body as text."""
    json: Any = None
    """The answer's body as a value, instead of `body`."""
    sent: str | None = None
    """The body of the request; left out: any."""


class Settings(Struct, frozen=True, kw_only=True):
    """The keys of `[tool.strop]`. All are optional: what is left out is found, or is the default here."""

    app: str = ""
    """The application: "module:attribute"."""
    factory: bool = False
    """Whether the attribute is a function that makes the application."""
    python: str = ""
    """The interpreter that can import it; relative to the project's folder."""
    sources: tuple[str, ...] = ()
    """Folders that go on `sys.path`, relative to the project's folder, first one first."""
    exclude: tuple[str, ...] = ()
    """Paths that are not read as source, besides tests, migrations and environments."""
    tests: tuple[str, ...] = ()
    """Folders or files that pytest is given."""
    pytest_args: tuple[str, ...] = ()
    """More arguments for pytest."""
    migrations: str = ""
    """The folder of Alembic's env.py."""
    env: dict[str, str] = field(default_factory=dict)
    """Environment variables for the application; `{root}` stands for the folder of its copy."""
    copy: tuple[str, ...] = ()
    """Untracked paths that the application needs beside it: a built front end, a data file."""
    login: Login | None = None
    """How generated requests log in: path, username, password, token (its key in the answer), json."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers sent with generated requests."""
    skip_routes: tuple[str, ...] = ()
    """Routes that must not be called: "METHOD /path"."""
    allow_remote: tuple[str, ...] = ()
    """Database hosts that may be used although they are not local."""
    outbound: tuple[ReplySetting, ...] = ()
    """What other services answer, a table each: method, url, status, headers, body or json, sent."""
    outbound_file: str = ""
    """A HAR file, or a TOML file with tables `[[outbound]]`, relative to the project's folder."""
    configurations: dict[str, dict[str, str]] = field(default_factory=dict)
    """Other environment variables under which `strop prove` proves a change as well, by name of the configuration."""
    time_limit: float = 60.0
    """Seconds for import and start-up."""
    catalogue: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Library calls that strop doesn't know, by what they do: `blocks = ["acme.client.fetch"]`."""
    review: ReviewSettings = field(default_factory=ReviewSettings)
    """What `strop review` reports: only, ignore, per-file-ignores, notes, ruff, baseline."""


class Overrides(Struct, frozen=True, kw_only=True):
    """What the command line says instead; None leaves a key to the settings."""

    app: str | None = None
    factory: bool | None = None
    python: str | None = None
    sources: tuple[str, ...] | None = None
    tests: tuple[str, ...] | None = None
    pytest_args: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    skip_routes: tuple[str, ...] | None = None
    allow_remote: tuple[str, ...] | None = None
    time_limit: float | None = None


def read_pyproject(root: Path) -> dict[str, Any]:
    """The project's pyproject.toml; empty without one. Raises Problem T110 when it is not TOML."""
    path = root / "pyproject.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Problem(
            "T110", f"pyproject.toml can't be read: {error}", where=(str(path),), status=EXIT_USAGE
        ) from None


def read_settings(root: Path) -> Settings:
    """`[tool.strop]`, checked. Raises Problem T110 naming the key and what it must be."""
    table = table_of(read_pyproject(root), "tool", "strop")
    place = str(root / "pyproject.toml")
    _check_names(table, set(Settings.__struct_fields__), "", place)
    if isinstance(table.get("login"), dict):
        _check_names(table["login"], set(Login.__struct_fields__), "login.", place)
    for entry in table.get("outbound") or () if isinstance(table.get("outbound"), list) else ():
        if isinstance(entry, dict):
            _check_names(entry, set(ReplySetting.__struct_fields__), "outbound.", place)
    if isinstance(table.get("review"), dict):
        review = {str(key).replace("-", "_"): value for key, value in table["review"].items()}
        _check_names(review, set(ReviewSettings.__struct_fields__), "review.", place)
        table = table | {"review": review}
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise _bad(str(error), place) from None
    _check_values(settings, place)
    return settings


def table_of(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    """A table inside TOML data; empty when it is absent."""
    for key in keys:
        inner = data.get(key)
        if not isinstance(inner, dict):
            return {}
        data = inner
    return data


def _check_names(table: dict[str, Any], names: set[str], prefix: str, place: str) -> None:
    for key in sorted(set(table) - names):
        import difflib  # for mistakes alone

        near = difflib.get_close_matches(key, sorted(names), n=1)
        hint = f"did you mean {prefix}{near[0]}?" if near else f"known keys: {', '.join(sorted(names))}"
        raise Problem(
            "T110",
            f"[tool.strop] has no key {prefix}{key}",
            where=(place,),
            do=hint,
            status=EXIT_USAGE,
        )


def _bad(text: str, place: str) -> Problem:
    """msgspec says "Expected `str`, got `int` - at `$.app`"."""
    what, _, path = text.partition(" - at ")
    key = re.sub(r"^\$\.?", "", path.strip("`"))
    words = what.replace("`", "")
    return Problem(
        "T110",
        f"[tool.strop] {key}: {words[:1].lower()}{words[1:]}",
        where=(place,),
        do="correct the value",
        status=EXIT_USAGE,
    )


def _check_values(settings: Settings, place: str) -> None:
    wrong = []
    if settings.app and not re.fullmatch(r"[\w.]+:[\w.]+", settings.app):
        wrong.append(("app", f'expected "module:attribute", got "{settings.app}"'))
    wrong += [
        ("skip_routes", f'expected "METHOD /path", got "{route}"')
        for route in settings.skip_routes
        if not re.fullmatch(r"[A-Z]+ /\S*", route)
    ]
    wrong += [
        ("catalogue", f'expected one of {", ".join(KINDS)}, got "{kind}"')
        for kind in sorted(set(settings.catalogue) - set(KINDS))
    ]
    if settings.time_limit <= 0:
        wrong.append(("time_limit", "expected seconds above 0"))
    for key, words in wrong:
        raise Problem("T110", f"[tool.strop] {key}: {words}", where=(place,), status=EXIT_USAGE)
