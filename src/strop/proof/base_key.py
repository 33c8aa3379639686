"""What decides the evidence of a base? Its tree, what lies beside it, the environment and the options: one key for all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

from msgspec.structs import replace

from strop.measure.observe import Workload
from strop.project.cache import cache_key
from strop.project.interpreter import package_folders
from strop.target import Target
from strop.world import beside, git

# What says where and when a command runs, not how the application is set up.
PASSING = (
    *("ACTIONS_", "AGENT_", "BUILD_", "CI_", "CIRCLE_", "DBUS_", "GITHUB_", "GITLAB_", "INPUT_", "JENKINS_"),
    *("LESS", "LS_COLORS", "RUNNER_", "SSH_", "STATS_", "TERM", "TMUX", "VSCODE_", "XDG_"),
    *("GIT_", "PYTEST_", "STROP_"),  # these never reach the application
)
PLACES = frozenset(
    {"_", "COLORTERM", "COLUMNS", "DISPLAY", "EDITOR", "FORCE_COLOR", "HOSTNAME", "INVOCATION_ID", "LINES"}
    | {"MAIL", "NO_COLOR", "OLDPWD", "PAGER", "PATH", "PROMPT_COMMAND", "PS1", "PWD", "SHLVL", "TMPDIR"}
    | {"VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "WAYLAND_DISPLAY", "WINDOWID"}
)


def key_of(target: Target, workload: Workload) -> str:
    """The key for the base at `target.commit`; nothing of what went into it can be read out of it."""
    return cache_key((*_code(target), *_options(target, workload), *_environment(target)), whole=True)


def _code(target: Target) -> Iterator[str]:
    repo = Path(target.repo)
    yield git.git(repo, "rev-parse", f"{target.commit}^{{tree}}")
    yield str(Path(target.root).relative_to(repo))
    yield from sorted(beside.prints(repo, target))


def _options(target: Target, workload: Workload) -> Iterator[str]:
    yield repr(replace(target, root="", repo="", commit="", branch="", dirty=()))
    for name in workload.__struct_fields__:
        value = getattr(workload, name)
        yield f"{name} {beside.print_of(value) if isinstance(value, Path) else value!r}"


def _environment(target: Target) -> Iterator[str]:
    python = Path(target.python)
    yield str(python.resolve())
    settings = python.parent.parent / "pyvenv.cfg"
    yield settings.read_text("utf-8", errors="replace") if settings.is_file() else ""
    for folder in package_folders(python):
        for info in sorted(folder.glob("*.dist-info")):
            yield info.name
            yield from _source(info / "direct_url.json", Path(target.repo))
    for name, value in sorted(os.environ.items()):
        if not name.startswith(PASSING) and name not in PLACES:
            yield f"{name}={value}"


def _source(note: Path, repo: Path) -> Iterator[str]:
    """Where a package came from; of one that lies in a folder elsewhere, how its files look."""
    if not note.is_file():
        return
    text = note.read_text("utf-8", errors="replace")
    yield text
    try:
        url = urlparse(str(json.loads(text).get("url", "")))
    except (ValueError, AttributeError):
        return
    folder = Path(unquote(url.path))
    if url.scheme == "file" and folder.is_dir() and not folder.is_relative_to(repo):
        for path in sorted(folder.rglob("*.py")):
            status = path.stat()
            yield f"{path} {status.st_size} {status.st_mtime_ns}"
