"""Which examples of rules that mostly make notes are warnings: the part of them that maintainers mend."""

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.registry import check, noticers, rules


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("API006", "403 in one place and 401 in another"),
        ("API006", "requires a scope, and tells nobody apart"),
        ("ARC002", "orders and customers"),
        ("ASY001", "a folder is copied for whoever owns it or is an administrator"),
        ("AUTH011", "what one of two callers gets"),
        ("AUTH014", "recovery that sends a message, beside a registration that tells it too"),
        ("ERR001", "one of those that are called does not take its failures"),
        ("DB002", "many rows unless the client asks for fewer"),
        ("ERR002", "what is asked may return False: a warning"),
        ("ERR002", "another question than the model's validator: a warning"),
        ("ERR002", "another key than before: a warning"),
        ("ERR008", "a token of one kind or another"),
        ("ERR008", "the headers of who brings one that is not taken"),
        ("ERR013", "left from a search for a defect"),
        ("HTTP002", "in a dependency"),
        ("HTTP004", "all rows, with rows in them"),
        ("HTTP004", "all rows unless fewer are asked for, with wide objects in them"),
        ("MID001", "the session of the request ends when the answer begins"),
        ("SCH010", "three models with a copy of the list"),
        ("SCH010", "a literal in one model, a text in another"),
        ("SCH012", "a page that is written and read"),
        ("SCH012", "published with JSON in a text"),
        ("SCH013", "the detail in each row"),
        ("SCH013", "a page of details, made by hand"),
        ("STA004", "a time that a route reads"),
        ("SEC001", "an administrator uploads what somebody else named"),
        ("SEC004", "an administrator looks for a text"),
    ],
)
def test_it_is_a_warning(code: str, name: str, tmp_path: Path) -> None:
    example = next(e for r in rules() if r.rule.code == code for e in r.examples if e.name == name)
    for file, text in example.files.items():
        (tmp_path / file).write_text(text)
    found = [f for f in check(read_project(tmp_path, (), (), noticers()), None) if f.code == code]
    assert [f.severity for f in found] == ["warning"]
