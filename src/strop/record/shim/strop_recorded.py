"""The application that `strop record` gives to uvicorn: the developer's own, wrapped.

This folder is on PYTHONPATH then; STROP_RECORD says which application, and where the recording goes. strop itself
need not be installed beside the application, so the wrapper is loaded from its files.
"""

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path

_RECORD = Path(__file__).parent.parent


def _load_recorder() -> type:
    spec = importlib.util.spec_from_file_location(
        "strop_record", _RECORD / "__init__.py", submodule_search_locations=[str(_RECORD)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["strop_record"] = module
    spec.loader.exec_module(module)
    recorder: type = module.Recorder
    return recorder


def _load_app(name: str, factory: bool) -> object:
    module, _, path = name.partition(":")
    found: object = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found() if factory and callable(found) else found


_asked = json.loads(os.environ["STROP_RECORD"])
app = _load_recorder()(_load_app(_asked["app"], _asked["factory"]), _asked["path"])
