"""Where is the application, and with what is it imported, tested and migrated? Nothing of it runs here."""

from __future__ import annotations

from pathlib import Path

from strop.problem import EXIT_USAGE, Problem
from strop.project.application import Candidate, choose, find_applications, is_function, unread_applications
from strop.project.folders import find_migrations, find_sources, find_tests, git_top
from strop.project.interpreter import find_python, read_versions
from strop.project.settings import Overrides, Settings, read_pyproject, read_settings, table_of
from strop.target import Configuration, Target

_CHOOSE = '{do}: --app {app}, or app = "{app}" under [tool.strop] in pyproject.toml'


def find(folder: Path, overrides: Overrides | None = None) -> Target:
    """The target in a folder. Git's facts are left empty.

    Raises Problem: T100 no such folder, T101 no application found, T102 several, T104 no interpreter that
    has FastAPI, T110 a wrong value in `[tool.strop]`.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise Problem(
            "T100",
            f"{folder} {what}",
            do="give the folder that holds the application, or start strop in it",
            status=EXIT_USAGE,
        )
    root = folder.resolve()
    settings, given = read_settings(root), overrides or Overrides()
    app, factory, file = _application(root, settings, given)
    sources = given.sources or settings.sources or find_sources(root, app, file)
    python = find_python(root, git_top(root), given.python or settings.python)
    return Target(
        root=str(root),
        app=app,
        factory=factory,
        python=str(python),
        sources=sources,
        tests=given.tests or settings.tests or find_tests(root, sources),
        pytest_args=settings.pytest_args if given.pytest_args is None else given.pytest_args,
        migrations=settings.migrations or find_migrations(root, sources),
        configurations=tuple(
            Configuration(name, tuple(sorted(values.items())))
            for name, values in settings.configurations.items()
        ),
        environ=tuple(sorted({**settings.env, **dict(given.env)}.items())),
        copy=settings.copy,
        login=settings.login,
        headers=tuple(sorted({**settings.headers, **dict(given.headers)}.items())),
        skip_routes=settings.skip_routes if given.skip_routes is None else given.skip_routes,
        allow_remote=settings.allow_remote if given.allow_remote is None else given.allow_remote,
        time_limit=settings.time_limit if given.time_limit is None else given.time_limit,
        versions=read_versions(python),
    )


def _application(root: Path, settings: Settings, given: Overrides) -> tuple[str, bool, str]:
    """The application's name, whether it is a factory, and its file where we found it ourselves."""
    entrypoint = table_of(read_pyproject(root), "tool", "fastapi").get("entrypoint")
    app = given.app or settings.app or (entrypoint if isinstance(entrypoint, str) else "")
    if app:
        _check_app(app)
        factory = settings.factory if given.factory is None else given.factory
        return app, factory or is_function(root, find_sources(root, app, ""), app), ""
    chosen = _only(root, find_applications(root, settings.exclude))
    source = find_sources(root, "", chosen.file)
    return chosen.name(source), chosen.factory, chosen.file


def _check_app(app: str) -> None:
    module, colon, attribute = app.partition(":")
    if not (module and colon and attribute):
        raise Problem(
            "T110",
            f'the application must be "module:attribute", got "{app}"',
            do='write it as in "shop.main:app"',
            status=EXIT_USAGE,
        )


def _only(root: Path, candidates: list[Candidate]) -> Candidate:
    best = choose(candidates)
    if not best:
        raise Problem(
            "T101",
            f"no FastAPI application was found in {root}",
            where=unread_applications(root),
            do=_CHOOSE.format(do="name it", app="module:attribute"),
        )
    if len(best) > 1:
        names = [c.name(find_sources(root, "", c.file)) for c in best]
        raise Problem(
            "T102",
            f"{len(best)} applications were found: {', '.join(names)}",
            where=tuple(f"{c.file}:{c.line}" for c in best),
            do=_CHOOSE.format(do="choose one", app=names[0]),
        )
    return best[0]
