"""Where do a project's sources, tests and migrations lie?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from strop.project.parse import parse_file
from strop.project.settings import read_pyproject, table_of


def git_top(root: Path) -> Path | None:
    """The folder that holds `.git`, the root or one above it."""
    return next((p for p in (root, *root.parents) if (p / ".git").exists()), None)


def find_sources(root: Path, app: str, file: str) -> tuple[str, ...]:
    """The folder that makes the application's module importable, relative to root.

    `file` is the module's file where it is known; else it is looked for by the name in `app`.
    """
    if not file:
        return _source_of_name(root, app.partition(":")[0])
    folders = _ancestors(file)
    names = _imported_names(root, file)
    scores = [(sum(_holds(root / folder, name) for name in names), folder) for folder in folders]
    best = max(score for score, _ in scores)
    chosen = [folder for score, folder in scores if score == best]
    package = _above_package(root, file)
    if package in chosen:
        return (package,)
    return ("src" if "src" in chosen else chosen[0],)


def _source_of_name(root: Path, module: str) -> tuple[str, ...]:
    inside = module.replace(".", "/")
    for folder in ("src", ".", *_children(root)):
        if (root / folder / f"{inside}.py").exists() or (root / folder / inside / "__init__.py").exists():
            return (folder,)
    return (".",)


def _children(root: Path) -> list[str]:
    return sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))


def _ancestors(file: str) -> list[str]:
    """Folders from the root down to the file's own."""
    parts = file.split("/")[:-1]
    return [".", *("/".join(parts[: count + 1]) for count in range(len(parts)))]


def _imported_names(root: Path, file: str) -> set[str]:
    """First words of the module's absolute imports."""
    tree = parse_file(root, root / file).tree
    names: set[str] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names


def _holds(folder: Path, name: str) -> bool:
    if (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists():
        return True
    return (folder / name).is_dir() and any((folder / name).glob("*.py"))


def _above_package(root: Path, file: str) -> str:
    """The folder above the outermost package around the file; "" when it lies in none."""
    folder = (root / file).parent
    if not (folder / "__init__.py").exists():
        return ""
    while folder != root and (folder / "__init__.py").exists():
        folder = folder.parent
    return folder.relative_to(root).as_posix()


def find_tests(root: Path, sources: tuple[str, ...]) -> tuple[str, ...]:
    """What pytest is configured to collect, else the usual folders."""
    for given in _configured_tests(root):
        found = [p.relative_to(root).as_posix() for entry in given for p in sorted(root.glob(entry))]
        if found:
            return tuple(found)
    places = [".", *sources, *(p for s in sources for p in [Path(s).parent.as_posix()])]
    usual = [(Path(place) / name).as_posix() for place in places for name in ("tests", "test")]
    return tuple(entry for entry in dict.fromkeys(usual) if (root / entry).is_dir())[:1]


def _configured_tests(root: Path) -> Iterator[list[str]]:
    data = read_pyproject(root)
    for keys in (("tool", "pytest"), ("tool", "pytest", "ini_options")):
        yield _words(table_of(data, *keys).get("testpaths"))
    for name, section in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        yield _words(_ini(root / name).get(section, {}).get("testpaths"))


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _ini(path: Path) -> dict[str, dict[str, str]]:
    import configparser  # a review needs none

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return {}
    return {section: dict(parser[section]) for section in parser.sections()}


def find_migrations(root: Path, sources: tuple[str, ...]) -> str:
    """The folder of Alembic's env.py, relative to root; "" without one."""
    for place in dict.fromkeys((".", *sources)):
        home = root / place
        for script in (
            _ini(home / "alembic.ini").get("alembic", {}).get("script_location"),
            _in_pyproject(home),
        ):
            folder = _script_folder(root, home, script) if script else None
            if folder is not None:
                return folder
    return ""


def _in_pyproject(home: Path) -> str | None:
    script = table_of(read_pyproject(home), "tool", "alembic").get("script_location")
    return script if isinstance(script, str) else None


def _script_folder(root: Path, home: Path, script: str) -> str | None:
    """`migrations`, `%(here)s/migrations` or `package:migrations`."""
    text = script.replace("%(here)s", str(home)).replace("%%", "%")
    package, colon, inside = text.partition(":")
    if colon and "/" not in package:
        text = f"{package.replace('.', '/')}/{inside}"
    for start in (home, root, root / "src"):
        folder = (start / text).resolve()
        if (folder / "env.py").exists() and folder.is_relative_to(root):
            return folder.relative_to(root).as_posix()
    return None
