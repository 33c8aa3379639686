"""Fixes that need no run: what they write on whole small projects, what they leave alone, and that they are exact."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel

from strop.actions.mend import Mended, mend
from strop.actions.review import ReviewRequest
from strop.fixes.registry import unmeasured
from tests.actions.written import write

HEAD = "from fastapi import FastAPI, Query\nfrom pydantic import BaseModel, field_validator\n\napp = FastAPI()\n\n\n"
WORD = 'class Word(BaseModel):\n    name: str\n\n    @field_validator("name")\n    def short(cls, value: str) -> str:\n        return value[:9]\n\n\n'
NEW_FASTAPI = "fastapi==0.115.0\npydantic==2.9.0\n"


def mended(folder: Path, main: str, requirements: str = NEW_FASTAPI, **more: str) -> Mended:
    files = {f"{name}.py": text for name, text in more.items()}
    write(folder, {"main.py": main, "requirements.txt": requirements, **files})
    return mend(ReviewRequest((folder,), only=("API015", "API016", "STR003")), write=True)


def test_which_fixes_need_no_run() -> None:
    assert [fix.__name__.rpartition(".")[2] for fix in unmeasured()] == [
        "call_new_name",
        "remove_ignore",
        "rename_regex",
    ]


def test_regex_becomes_pattern_everywhere_and_twice_in_a_line(tmp_path: Path) -> None:
    route = '@app.get("/w")\ndef w(a: str = Query("x", regex="^a"), b: str = Query("y", regex="b$")) -> str:\n    return a + b\n'
    other = 'from fastapi import APIRouter, Path\n\nrouter = APIRouter()\n\n\n@router.get("/o/{c}")\ndef o(\n    c: str = Path(\n        regex="c",  # kept\n    ),\n) -> str:\n    return c\n'
    main = HEAD + "from other import router\n\napp.include_router(router)\n\n\n" + route
    done = mended(tmp_path, main, other=other)
    assert len(done.fixed) == 1
    assert (tmp_path / "main.py").read_text() == main.replace("regex=", "pattern=")
    assert (tmp_path / "other.py").read_text() == other.replace("regex=", "pattern=")


@pytest.mark.parametrize(
    ("requirements", "query"), [("", 'regex="a"'), ("fastapi==0.115.0\n", 'regex="a", pattern="b"')]
)
def test_regex_stays(requirements: str, query: str, tmp_path: Path) -> None:
    main = HEAD + f'@app.get("/w")\ndef w(a: str = Query("x", {query})) -> str:\n    return a\n'
    done = mended(tmp_path, main, requirements)
    assert done.fixed == ()
    assert (tmp_path / "main.py").read_text() == main


def test_pattern_is_exactly_regex() -> None:
    def schema(**limit: str) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            app = FastAPI()
            query = Query("x", **limit)  # type: ignore[arg-type]  # one keyword or the other

            @app.get("/w")
            def word(a: str = query) -> str:
                return a

            return app.openapi()

    assert schema(regex="^a") == schema(pattern="^a") != schema()


def test_class_methods_get_their_new_names(tmp_path: Path) -> None:
    route = '@app.post("/w")\ndef w(given: dict) -> str:\n    one = Word.parse_obj(given)\n    return Word.construct(name=one.name).name\n'
    done = mended(tmp_path, HEAD + WORD + route)
    assert len(done.fixed) == 1
    changed = route.replace("parse_obj", "model_validate").replace(".construct", ".model_construct")
    assert (tmp_path / "main.py").read_text() == HEAD + WORD + changed


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (WORD, "one = Word(**given)\n    return str(one.dict())"),
        (
            WORD
            + "    @classmethod\n    def parse_obj(cls, obj: object) -> 'Word':\n        return cls()\n\n\n",
            "return Word.parse_obj(given).name",
        ),
        (WORD, "Word.from_orm(given)\n    return str(Word(**given).json())"),
    ],
)
def test_what_is_not_certain_stays(model: str, body: str, tmp_path: Path) -> None:
    main = HEAD + model + f'@app.post("/w")\ndef w(given: dict) -> str:\n    {body}\n'
    assert mended(tmp_path, main).fixed == ()
    assert (tmp_path / "main.py").read_text() == main


def test_the_new_names_do_the_same() -> None:
    class Word(BaseModel):
        name: str

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert Word.parse_obj({"name": "a"}) == Word.model_validate({"name": "a"})
        old, new = Word.construct(name=1), Word.model_construct(name=1)
    assert (old.name, old.model_fields_set) == (new.name, new.model_fields_set)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # strop: ignore[DB008] gone\n", "x = 1\n"),
        (
            "x = 1  # noqa: E1  # strop: ignore[DB008] gone  # type: ignore\n",
            "x = 1  # noqa: E1  # type: ignore\n",
        ),
        ("# strop: ignore[DB008] gone\nx = 1\n", "x = 1\n"),
        ("    # strop: ignore[DB008, DB001] gone\n", ""),
        ("x = 1  # strop: ignore[DB008] gone\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n"),
        ("x = 1  # strop: ignore[DB008] a\n# strop: ignore[DB001] b\ny = 2\n", "x = 1\ny = 2\n"),
    ],
)
def test_comments_that_ignore_nothing_go(before: str, after: str, tmp_path: Path) -> None:
    mended(tmp_path, HEAD, words=before)
    assert (tmp_path / "words.py").read_bytes().decode() == after


def test_a_comment_that_still_ignores_something_keeps_that(tmp_path: Path) -> None:
    body = '@app.get("/w")\nasync def w() -> None:\n    time.sleep(1)  # strop: ignore[ASY001, DB008, ASY003] a stub\n'
    write(tmp_path, {"main.py": "import time\n" + HEAD + body})
    kept = mend(ReviewRequest((tmp_path,)), write=True).left.suppressed
    codes = sorted({entry.finding.code for entry in kept})
    line = (tmp_path / "main.py").read_text().splitlines()[-1]
    assert codes
    assert line == f"    time.sleep(1)  # strop: ignore[{', '.join(codes)}] a stub"


def test_looking_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": HEAD + "x = 1  # strop: ignore[DB008] gone\n"})
    done = mend(ReviewRequest((tmp_path,), since=""), write=False)
    assert "-x = 1  # strop: ignore[DB008] gone\n+x = 1\n" in done.diff
    assert (tmp_path / "main.py").read_text().endswith("gone\n")


def test_what_is_left_says_which_verb_proves_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"main.py": "import time\n" + HEAD + '@app.get("/w")\nasync def w() -> None:\n    time.sleep(1)\n'},
    )
    done = mend(ReviewRequest((tmp_path,)), write=True)
    ((verb, codes),) = done.elsewhere
    assert verb == "strop optimize"
    assert set(codes) <= {"ASY001", "ASY003"}
