"""What an application's own Python processes run first: the same walls as in the application itself.

This folder is on PYTHONPATH inside a world; STROP_PROBE_CONFIG names the configuration.
"""

import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib is not loaded at this point
_PROBE = os.path.dirname(_HERE)  # noqa: PTH120


def _is_probe() -> bool:
    """Whether this process is the probe itself, which puts up its walls on its own."""
    return any(os.path.dirname(os.path.abspath(each)) == _PROBE for each in sys.orig_argv[1:3])  # noqa: PTH100, PTH120


def _load_probe() -> None:
    spec = importlib.util.spec_from_file_location(
        "strop_probe",
        os.path.join(_PROBE, "__init__.py"),  # noqa: PTH118
        submodule_search_locations=[_PROBE],
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["strop_probe"] = module
    spec.loader.exec_module(module)


def _put_up_walls(config: str) -> None:
    try:
        _load_probe()
        read = importlib.import_module("strop_probe.config").Config.read(config)
        importlib.import_module("strop_probe.bytecode").install(read.bytecode)
        importlib.import_module("strop_probe.walls").install_in_child(read)
    except Exception as error:
        # `site` swallows exceptions, and a process without walls must not go on.
        raise SystemExit(f"strop: no walls in this process: {type(error).__name__}: {error}") from error


def _run_own() -> None:
    """Run the `sitecustomize` that the environment has itself, if it has one."""
    path = [each for each in sys.path if os.path.abspath(each) != _HERE]  # noqa: PTH100
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if os.environ.get("STROP_PROBE_CONFIG") and not _is_probe():
    _put_up_walls(os.environ["STROP_PROBE_CONFIG"])
_run_own()
