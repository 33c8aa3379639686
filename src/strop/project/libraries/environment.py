"""In which environment are the target's libraries at hand? Looked up, never run."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from strop.problem import Problem
from strop.project.cache import digest
from strop.project.folders import git_top
from strop.project.interpreter import find_installed, package_folders


class Environment(Struct, frozen=True):
    """The package folders of an interpreter, and a print of what is installed in them."""

    folders: tuple[Path, ...] = ()
    told: str = ""


NOWHERE = Environment()


def find_environment(root: Path, given: str | None, configured: str = "") -> Environment:
    """The environment of a `given` interpreter, else of the `configured` one, else the nearest that has FastAPI: in the
    project's folder, or activated. An empty one where there is none.

    Raises Problem T110 when the given interpreter does not exist, T104 when it has no FastAPI.
    """
    try:
        python = find_installed(root, git_top(root), given or configured)
    except Problem:
        if given:
            raise
        return NOWHERE
    folders = tuple(package_folders(python)) if python is not None else ()
    return Environment(folders, _print(folders)) if folders else NOWHERE


def _print(folders: tuple[Path, ...]) -> str:
    """Of what is installed: installers note name and version in the names of folders."""
    noted = [f"{folder}/{each.name}" for folder in folders for each in folder.glob("*-info")]
    return digest("\0".join((*map(str, folders), *sorted(noted))).encode(errors="surrogatepass"))
