"""Which object is the application: imports "module:attribute" and says clearly why it can't."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from pathlib import Path
from typing import Any

from . import network, places
from .config import Config

_LONGEST = 1000  # characters of a message


class Failed(Exception):
    """The application can't be had. `kind`: import, attribute, not-asgi, factory, elsewhere, lifespan."""

    def __init__(self, kind: str, message: str, frames: list[places.Frame] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.frames = frames or []

    def to_json(self) -> dict[str, Any]:
        """The answer in the shape of the protocol, with the hosts that were refused meanwhile."""
        return {
            "kind": self.kind,
            "message": self.message,
            "frames": self.frames,
            "refused": network.take_refused(),
        }


def failure(kind: str, error: BaseException) -> Failed:
    """A `Failed` from an exception of the application."""
    return Failed(kind, describe(error), places.frames_of(error))


def describe(error: BaseException) -> str:
    """Type and text of an exception, shortened."""
    text = f"{type(error).__name__}: {error}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def prepare(config: Config) -> None:
    """Make the root the working directory and put the sources first on `sys.path`."""
    os.chdir(config.root)
    places.set_root(config.root)
    folders = [os.path.normpath(f"{config.root}/{each}") for each in config.sources]
    sys.path[:] = [*folders, *(each for each in sys.path if each not in folders)]
    sys.dont_write_bytecode = True


def load(config: Config) -> Any:
    """Import the application. Raises Failed."""
    module_name, _, attribute = config.app.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except BaseException as error:
        raise failure("import", error) from error
    _check_place(config, found)
    for name in attribute.split("."):
        try:
            found = getattr(found, name)
        except Exception as error:
            raise failure("attribute", error) from error
    if config.factory:
        try:
            found = found()
        except BaseException as error:
            raise failure("factory", error) from error
    _check_asgi(config, found)
    return found


def _check_place(config: Config, module: Any) -> None:
    """Refuse code that was imported from the user's own tree instead of the world's copy."""
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")
    if places.relative(file) is None:
        message = f"{module.__name__} was imported from {file}, which is not below {config.root}"
        raise Failed("elsewhere", message)
    for name, other in sorted(sys.modules.items()):
        path = getattr(other, "__file__", None)
        if isinstance(path, str) and _belongs_to_user(config, path):
            raise Failed("elsewhere", f"{name} was imported from {path}, which is not below {config.root}")


def _belongs_to_user(config: Config, path: str) -> bool:
    if not any(path.startswith(folder.rstrip("/") + "/") for folder in config.protect):
        return False
    library = any(part in ("site-packages", "dist-packages", "lib-dynload") for part in Path(path).parts)
    return (
        not library and not path.startswith((sys.prefix, sys.base_prefix)) and places.relative(path) is None
    )


def _check_asgi(config: Config, app: Any) -> None:
    if inspect.isclass(app) or not callable(app):
        raise Failed(
            "not-asgi",
            f"{config.app} is a {type(app).__name__}, which can't be called as an ASGI application",
        )
    if inspect.isfunction(app) or inspect.ismethod(app):
        parameters = inspect.signature(app).parameters.values()
        needed = [
            each for each in parameters if each.default is each.empty and each.kind < each.VAR_POSITIONAL
        ]
        if len(needed) != 3 and not any(each.kind is each.VAR_POSITIONAL for each in parameters):
            hint = "" if needed else "; is it a factory?"
            raise Failed(
                "not-asgi", f"{config.app} takes {len(needed)} arguments, not scope, receive and send{hint}"
            )
