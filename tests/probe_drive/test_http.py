from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from tests.probe_drive.apps import WORLD
from tests.probe_drive.process import Oracle, Serving, write_files


def test_uvicorn_serves_until_stop(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write_files(root, WORLD)
    oracle = Oracle(lambda question: {"path": str(tmp_path / "clone.db")})
    serving = Serving(root, tmp_path, mode="http", ask=oracle.path, host="127.0.0.1", port=0)
    port = serving.read()["ready"]["port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/echo/x?q=1") as answer:
        assert json.load(answer)["query"] == "q=1"
    assert "shut down" in serving.close()
    oracle.close()
    assert serving.process.returncode == 0
    assert not (root / "data.db").exists()
