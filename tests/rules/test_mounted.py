"""Which routes does a layer of a mounted application see?"""

from pathlib import Path

from strop.project.read import read_project
from strop.rules.registry import check, noticers
from strop.rules.security.cors_wildcard import EXAMPLES

NAME = "a mounted application that reads no cookie: a note"


def test_cors_of_a_mounted_application_names_the_routes_of_that_one_alone(tmp_path: Path) -> None:
    (example,) = (e for e in EXAMPLES if e.name == NAME)
    (tmp_path / "main.py").write_text(example.files["main.py"])
    (found,) = (f for f in check(read_project(tmp_path, (), (), noticers()), None) if f.code == "SEC011")
    assert "GET /news/latest" in found.routes
    assert all(route.startswith("GET /news/") for route in found.routes)
