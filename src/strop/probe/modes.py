"""What is this process for: reads the configuration, puts up the walls and runs the mode."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from . import engines, load, walls
from .channel import Channel
from .config import Config


def run(config: Config) -> None:
    """Run the probe as `config` says."""
    sys.argv[:] = sys.argv[:1]  # the application must not see our arguments
    load.prepare(config)
    recording = _install_recording(config)
    walls.install(config)
    engines.install()
    mode = importlib.import_module(f".{_MODES[config.mode]}", __package__)
    if config.mode in ("serve", "http"):
        assert config.input is not None
        assert config.output is not None
        mode.run(config, Channel(config.input, config.output), recording)
    else:
        mode.run(config, recording)


_MODES = {"inspect": "inspect_app", "serve": "serve", "suite": "suite", "http": "listen"}


def _install_recording(config: Config) -> Any:
    """The recording half, installed before the walls: it keeps the real clock for itself."""
    if not config.record:
        return None
    recording = importlib.import_module(".recording", __package__)
    recording.install(config.root, config.watch)
    return recording
