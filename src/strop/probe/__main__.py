"""The probe as a program: `python <folder>/__main__.py CONFIG.json`, in the target's interpreter."""

from __future__ import annotations

import sys

_FOLDER = __file__.replace("\\", "/").rpartition("/")[0] or "."

if __name__ == "__main__":
    # The folder must not be on the path: its modules would shadow others of the same name.
    sys.path[:] = [each for each in sys.path if each.replace("\\", "/").rstrip("/") != _FOLDER]

    import importlib
    import importlib.util

    spec = importlib.util.spec_from_file_location(
        "strop_probe", f"{_FOLDER}/__init__.py", submodule_search_locations=[_FOLDER]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["strop_probe"] = package
    spec.loader.exec_module(package)
    config = importlib.import_module("strop_probe.config").Config.read(sys.argv[1])
    importlib.import_module("strop_probe.bytecode").install(config.bytecode)
    importlib.import_module("strop_probe.modes").run(config)
