"""A review that takes up what the last one found says what a review of everything says, in every format."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest

from strop.actions import found
from strop.actions.review import Reviewed, ReviewRequest, review
from strop.faces.cli.review import FORMATS
from strop.project.cache import FOLDER
from strop.report.review.text import write as write_text
from tests.actions.written import PICTURES, SLOW, edit, write

COMMENTED = SLOW.replace("sleep(1)", "sleep(1)  # strop: ignore[ASY001] asked for once a year")
SETTINGS = '[project]\nname = "slow"\ndependencies = ["fastapi"]\n\n[tool.strop]\nexclude = ["old"]\n'
FILES = {
    "main.py": COMMENTED,
    "pictures.py": PICTURES + "\n\ndef draw() -> None:\n    pass  # strop: ignore[DB001] never true\n",
    "old/main.py": SLOW,
    "broken.py": "def (\n",
    "Dockerfile": 'FROM python:3.13\nCOPY . /app\nCMD ["uvicorn", "main:app", "--reload"]\n',
    "pyproject.toml": SETTINGS,
}
OPTIONS: tuple[dict[str, object], ...] = (
    {},
    {"only": ("ASY", "error")},
    {"ignore": ("blocking-call",)},
    {"strict": True},
    {"paths": (Path("pictures.py"),), "everything": False},
)


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path, FILES)


def ask(**options: object) -> Reviewed:
    return review(ReviewRequest(**{"everything": True, **options}))  # type: ignore[arg-type]  # options by name


def shown(done: Reviewed) -> dict[str, str]:
    """The review in every format."""
    names = {form: "document" if form == "json" else form for form in FORMATS}
    texts = {f: import_module(f"strop.report.review.{n}").render(done.review) for f, n in names.items()}
    out = StringIO()
    write_text(done.review, out, False, None)
    return texts | {"text": out.getvalue()}


def places(done: Reviewed) -> set[tuple[str, str, str]]:
    return {(e.finding.code, e.finding.span.file, e.finding.span.symbol) for e in done.review.entries}


def refuse(*_: object) -> None:
    raise AssertionError("the project was read")


def warm(monkeypatch: pytest.MonkeyPatch, **options: object) -> Reviewed:
    """A review that may not read the project."""
    with monkeypatch.context() as context:
        context.setattr(found, "_read", refuse)
        return ask(**options)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "plain")
def test_a_warm_review_says_what_a_cold_one_says(slow: Path, options: dict[str, object]) -> None:
    cold = ask(cache=False, **options)
    assert not (slow / FOLDER).exists()
    ask()
    again = ask(**options)
    assert again.review == cold.review
    assert shown(again) == shown(cold)


def test_a_warm_review_reads_nothing(slow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cold = ask()
    done = warm(monkeypatch)
    assert done.review == cold.review
    assert (done.review.routes, done.review.files, len(done.review.unread)) == (2, 2, 1)
    assert {e.finding.code for e in done.review.suppressed} == {"ASY001"}
    assert ("STR003", "pictures.py", "") in places(done)
    assert (
        done.project.source.functions == cold.project.source.functions
    )  # for fixes, read when it is asked for


def test_a_warm_review_loads_no_rules(slow: Path) -> None:
    code = (
        "import sys\nfrom strop.actions.review import ReviewRequest, review\n"
        "done = review(ReviewRequest(everything=True, only=('ASY',)))\n"
        "assert done.review.entries and done.review.rules\n"
        "print(sum(m.startswith('strop.rules.') for m in sys.modules), 'strop.project.infer' in sys.modules)"
    )
    (slow / "pictures.py").write_text(PICTURES)  # a comment that ignores nothing asks for the rules
    ask()
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=slow, capture_output=True, text=True, check=True
    ).stdout
    loaded, reader = out.split()
    assert int(loaded) < 20
    assert reader == "False"


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("Dockerfile", ', "--reload"', "", ""),
        ("pictures.py", "    time.sleep(0.03)\n", "", ""),
        ("main.py", "  # strop: ignore[ASY001] asked for once a year", "", "ASY001"),
        ("main.py", " asked for once a year", "", "STR002"),
        ("pyproject.toml", 'exclude = ["old"]', "exclude = []", "ASY001"),
        ("pyproject.toml", '"old"', '"old", "pictures.py"', ""),
        ("pyproject.toml", "[tool.strop]\n", '[tool.strop]\nreview = { ignore = ["ASY001"] }\n', ""),
        (
            "pyproject.toml",
            "[tool.strop]\n",
            '[tool.strop]\ncatalogue = { blocks = ["pictures.render"] }\n',
            None,
        ),
    ],
)
def test_what_is_edited_is_seen(slow: Path, file: str, old: str, new: str, code: str | None) -> None:
    before = ask()
    assert before.review == ask().review
    edit(slow, file, old, new)
    cold = ask(cache=False)
    done = ask()
    assert shown(done) == shown(cold)
    if code is not None:
        assert places(done) != places(before)
        assert any(found == code for found, *_ in places(done) - places(before)) or not code
    assert ask().review == cold.review


def test_a_new_file_and_one_that_is_gone_are_seen(slow: Path) -> None:
    before = places(ask())
    write(slow, {"worker.py": SLOW.replace("export", "report")})
    assert {file for _, file, _ in places(ask()) - before} >= {"worker.py"}
    (slow / "worker.py").unlink()
    assert places(ask()) == before


@pytest.mark.parametrize("name", ["findings", "rules", "application", "source"])
def test_what_is_broken_or_from_elsewhere_is_made_anew(
    slow: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = ask()
    kept = slow / FOLDER / name
    whole = kept.read_bytes()
    for data in (b"", whole[:-9], b"\x93\x01\x02\x03", b"\xff" * 64):
        kept.write_bytes(data)
        (slow / FOLDER / "findings").write_bytes(data)
        assert ask().review == cold.review
        assert warm(monkeypatch).review == cold.review


def test_without_a_cache_nothing_is_taken_up(slow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask()
    with pytest.raises(AssertionError, match="was read"):
        warm(monkeypatch, cache=False)
