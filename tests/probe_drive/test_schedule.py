from __future__ import annotations

from pathlib import Path

from strop.probe.schedule import Schedule
from tests.probe_drive.process import write_files

FILES = {
    "tests/test_a.py": "x\n" * 150,
    "tests/test_b.py": "x\n",
    "tests/helper.py": "x\n" * 999,
    "more/b_test.py": "",
}
PATTERNS = ["test_*.py", "*_test.py"]


def _moments(root: Path, ignored: tuple[str, ...] = ()) -> list[float]:
    schedule = Schedule(root, PATTERNS, ignored)
    places = [("more/b_test.py", 0), ("tests/test_a.py", 0), ("tests/test_a.py", 149), ("tests/test_b.py", 0)]
    return [schedule.moment(*place) for place in (*places, ("elsewhere.py", 0))]


def test_later_files_and_lines_come_later(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    moments = _moments(tmp_path)
    assert moments == sorted(set(moments))
    assert moments[0] == 1.0
    assert moments[3] - moments[1] == 2.0


def test_a_small_change_or_a_file_that_is_left_out_moves_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    before = _moments(tmp_path)
    write_files(
        tmp_path, {"tests/test_a.py": "x\n" * 160, "added/test_new.py": "x\n" * 500, "venv/test_x.py": ""}
    )
    assert _moments(tmp_path, ("added/test_new.py",)) == before
    assert _moments(tmp_path, ("added",)) == before
    assert _moments(tmp_path) != before
