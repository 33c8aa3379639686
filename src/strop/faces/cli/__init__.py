"""The command line: thin, lazy, and the only door that is always installed."""

from strop.faces.cli.main import main

__all__ = ["main"]
