"""The language server in a real session on its standard input and output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from strop.faces.lsp.act import text_edits
from strop.fixes.add_ignore import with_ignore
from strop.project.ignores import read_ignores
from tests.actions.written import PICTURES, SLOW, SLOW_FILES, write
from tests.lsp.editor import editing

UNUSED = "ä = '𝄞'; b = 1  # strop: ignore[DB008] long gone\n"


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """The text after an editor's edits, the last one first."""
    lines = text.split("\n")
    for edit in reversed(edits):
        begin, end = edit["range"]["start"], edit["range"]["end"]
        before = "\n".join([*lines[: begin["line"]], _units(lines[begin["line"]], begin["character"])[0]])
        after = "\n".join([_units(lines[end["line"]], end["character"])[1], *lines[end["line"] + 1 :]])
        lines = (before + edit["newText"] + after).split("\n")
    return "\n".join(lines)


def _units(line: str, count: int) -> tuple[str, str]:
    """A line cut at a number of UTF-16 units."""
    data = line.encode("utf-16-le")
    return data[: 2 * count].decode("utf-16-le"), data[2 * count :].decode("utf-16-le")


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_a_finding_is_marked_where_it_is_with_its_chain(tmp_path: Path) -> None:
    write(tmp_path, {**SLOW_FILES, "pyproject.toml": ""})
    with editing(tmp_path) as editor:
        editor.open(tmp_path / "main.py")
        marks = {}
        for _ in range(2):
            published = editor.notified("textDocument/publishDiagnostics")
            marks[published["uri"].rpartition("/")[2]] = published["diagnostics"]
        deep = next(mark for mark in marks["pictures.py"] if mark["code"] == "ASY001")
        line = PICTURES.split("\n")[deep["range"]["start"]["line"]]
        assert (
            line[deep["range"]["start"]["character"] : deep["range"]["end"]["character"]]
            == "time.sleep(0.03)"
        )
        assert deep["source"] == "strop"
        assert deep["message"].startswith("GET /picture: ")
        first = deep["relatedInformation"][0]
        assert first["location"]["uri"].endswith("/main.py")


def test_saving_the_mended_file_takes_the_mark_away_in_every_file(tmp_path: Path) -> None:
    write(tmp_path, {**SLOW_FILES, "pyproject.toml": "[tool.strop.review]\nonly = ['ASY001']\n"})
    with editing(tmp_path) as editor:
        editor.open(tmp_path / "main.py")
        before = {editor.notified("textDocument/publishDiagnostics")["uri"] for _ in range(2)}
        write(tmp_path, {"pictures.py": PICTURES.replace("    time.sleep(0.03)\n", "")})
        editor.save(tmp_path / "main.py", SLOW.replace("    time.sleep(1)\n", ""))
        after = [editor.notified("textDocument/publishDiagnostics") for _ in range(2)]
        assert {published["uri"] for published in after} == before
        assert [published["diagnostics"] for published in after] == [[], []]


def test_an_exact_fix_and_a_comment_that_ignores(tmp_path: Path) -> None:
    text = UNUSED + SLOW
    write(
        tmp_path,
        {"main.py": text, "pictures.py": "def render(name):\n    return name\n", "pyproject.toml": ""},
    )
    with editing(tmp_path) as editor:
        editor.open(tmp_path / "main.py")
        published = editor.notified("textDocument/publishDiagnostics")
        unused = next(mark for mark in published["diagnostics"] if mark["code"] == "STR003")
        fix = next(
            a for a in editor.actions(tmp_path / "main.py", unused) if a["title"].startswith("strop: fix")
        )
        (edits,) = fix["edit"]["changes"].values()
        assert applied(text, edits) == text.replace("  # strop: ignore[DB008] long gone", "")
        slow = next(mark for mark in published["diagnostics"] if mark["code"] != "STR003")
        (ignore,) = editor.actions(tmp_path / "main.py", slow)
        assert ignore["title"] == f"strop: ignore {slow['code']} here"
        (edits,) = ignore["edit"]["changes"].values()
        found = read_ignores(applied(text, edits).split("\n"))
        assert slow["code"] in {code for one in found for code in one.codes}


def test_a_file_that_was_edited_since_is_not_fixed_from_the_old_text(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": UNUSED + SLOW, "pictures.py": PICTURES, "pyproject.toml": ""})
    with editing(tmp_path) as editor:
        editor.open(tmp_path / "main.py")
        mark = None
        while mark is None:
            published = editor.notified("textDocument/publishDiagnostics")
            mark = next((m for m in published["diagnostics"] if m["code"] == "STR003"), None)
        document = {"uri": (tmp_path / "main.py").as_uri(), "version": 2}
        changes = [{"text": f"# new\n{UNUSED}{SLOW}"}]
        editor.tell("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        titles = [action["title"] for action in editor.actions(tmp_path / "main.py", mark)]
        assert not any(title.startswith("strop: fix") for title in titles)


def test_a_project_without_fastapi_is_told_once_and_in_words(tmp_path: Path) -> None:
    write(tmp_path, {"tool.py": "print('hello')\n", "pyproject.toml": ""})
    with editing(tmp_path) as editor:
        editor.open(tmp_path / "tool.py")
        assert "no FastAPI application" in editor.notified("window/logMessage")["message"]


LINES = st.lists(st.sampled_from(["a", "b", "", "ä𝄞", "  c"]), max_size=8).map("\n".join)


@given(LINES, LINES)
def test_edits_make_the_new_text(before: str, after: str) -> None:
    edits = [
        {
            "range": {
                "start": {"line": edit.range.start.line, "character": edit.range.start.character},
                "end": {"line": edit.range.end.line, "character": edit.range.end.character},
            },
            "newText": edit.new_text,
        }
        for edit in text_edits(before, after, units)
    ]
    assert applied(before, edits) == after


def test_a_comment_goes_where_it_is_one() -> None:
    assert with_ignore("x = f(1)\n", 1, "DB001") == "x = f(1)  # strop: ignore[DB001]\n"
    assert with_ignore("x = 1  # strop: ignore[A] why\n", 1, "B") == "x = 1  # strop: ignore[A, B] why\n"
    assert with_ignore("x = 1 + \\\n    2\n", 1, "B") == "# strop: ignore[B]\nx = 1 + \\\n    2\n"
    assert (
        with_ignore("    x = '''\ntext\n'''\r\n", 1, "B")
        == "    # strop: ignore[B]\n    x = '''\ntext\n'''\r\n"
    )
    assert with_ignore("'''\ntext\n'''\n", 2, "B") is None
    assert with_ignore("x\r\n", 1, "B") == "x  # strop: ignore[B]\r\n"
    assert with_ignore("x\n", 9, "B") is None
