"""What does a developer ask of his own server? A wrapper that only looks, and writes what passes as a HAR file.

    from strop.record import Recorder
    app = Recorder(app, ".strop/recordings/mine.har")

Standard library only, because it runs in the application's own process.
"""

from .recorder import Recorder

__all__ = ["Recorder"]
