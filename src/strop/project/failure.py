"""What it means when the application can't be imported, started or reached: a problem that a person can act on."""

from __future__ import annotations

from msgspec import Struct

from strop.problem import Problem
from strop.world.instance import Gone, Instance, refusal

ENVIRONMENT = "put it in .env, or in [tool.strop.env] of pyproject.toml; a scratch value is enough here"
SHOWN = 6  # frames of the application that are shown


class Failed(Struct, frozen=True):
    """The probe's own words: what failed, with which exception, through which frames of the application."""

    kind: str
    message: str
    frames: tuple[tuple[str, int, str], ...] = ()


CODES = {
    "import": ("T103", "the application could not be imported"),
    "attribute": ("T106", "the module has no such application"),
    "not-asgi": ("T107", "what was found is not an ASGI application"),
    "factory": ("T108", "the factory did not make an application"),
    "lifespan": ("T109", "the application did not start"),
    "elsewhere": ("T111", "the application was imported from another folder"),
    "pytest": ("T115", "pytest could not run"),
}


def explain(failed: Failed, instance: Instance) -> Problem:
    """The problem behind a failure that the probe reported."""
    refused = refusal(instance)
    if refused is not None:
        return refused
    code, message = CODES.get(failed.kind, ("T103", "the application failed"))
    frames = tuple(f"{file}:{line}  {function}" for file, line, function in failed.frames[-SHOWN:])
    where = (instance.world.target.app, *frames, failed.message)
    return Problem(code, message, where=where, do=_advice(failed))


def _advice(failed: Failed) -> str:
    text = failed.message
    if "ModuleNotFoundError" in text or "ImportError" in text:
        return "install it in the target's environment, or name the right one: --python PATH"
    if any(
        word in text
        for word in ("KeyError", "Field required", "ValidationError", "environment variable", "not set")
    ):
        return ENVIRONMENT
    if "FileNotFoundError" in text or "does not exist" in text:
        return 'untracked files are not in the working copy: name them in [tool.strop] copy = ["path"]'
    if failed.kind in ("attribute", "not-asgi", "factory"):
        return "name the application: --app module:attribute (add --factory when it must be called)"
    if failed.kind == "elsewhere":
        return 'the environment has another copy installed: set [tool.strop] sources = ["src"] to the folder with the package'
    return "start it by hand with the same interpreter to see the whole error"


def explain_gone(gone: Gone, instance: Instance, doing: str) -> Problem:
    """The problem behind a process that ended or hung."""
    refused = refusal(instance)
    if refused is not None:
        return refused
    hangs = "did not answer" in str(gone)
    code = "T112" if hangs else "T113"
    last = tuple(line for line in gone.tail.splitlines()[-SHOWN:] if line.strip())
    do = (
        "give it more time: [tool.strop] time_limit = 120" if hangs else "start it by hand to see why it ends"
    )
    return Problem(code, f"{doing}: {gone}", where=(instance.world.target.app, *last), do=do)
