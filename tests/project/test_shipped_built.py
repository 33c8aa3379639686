"""Which container files does nothing in a repository build?"""

from pathlib import Path

import pytest

from strop.project.shipped.read import read_shipped

_FLOW = (
    "jobs:\n  images:\n    strategy:\n      matrix:\n        include:\n          - file: ./api/Dockerfile\n"
)


def unbuilt(folder: Path, **files: str) -> tuple[str, ...]:
    given = {"api/Dockerfile": "FROM python\n", "trials/Dockerfile": "FROM python\n"}
    given |= {".github/workflows/images.yml": _FLOW} | {n.replace("__", "/"): t for n, t in files.items()}
    for name, text in given.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_shipped(folder).unbuilt


def test_what_nobody_builds(tmp_path: Path) -> None:
    assert unbuilt(tmp_path, Dockerfile="FROM python\n") == ("trials/Dockerfile",)


@pytest.mark.parametrize(
    "files",
    [
        {"compose.yml": "services:\n  trials:\n    build: ./trials\n"},
        {"scripts__images.sh": "cd trials\ndocker build -t trials .\n"},
        {"trials__Makefile": "image:\n\tdocker build -t trials .\n"},
        {".github__workflows__more.yml": "matrix:\n  folder:\n    - trials\n"},
        {".github__workflows__more.yml": "matrix:\n  folder: [api, trials]\n"},
        {".github__workflows__more.yml": "file: ${{ matrix.name }}/Dockerfile\n"},
        {".github__workflows__more.yml": "context: ${{ inputs.folder }}\n"},
        {".github__workflows__images.yml": "run: pytest\n"},
    ],
)
def test_what_somebody_may_build(tmp_path: Path, files: dict[str, str]) -> None:
    assert unbuilt(tmp_path, **files) == ()
