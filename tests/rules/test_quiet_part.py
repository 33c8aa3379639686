"""Which examples of rules that mostly make warnings are notes: what was chosen, or costs nothing."""

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.registry import check, noticers, rules


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("API006", "declared among the responses: a note"),
        ("API006", "requires: a note"),
        ("API006", "403 for nobody: a note"),
        ("API019", "a list that may be left out: a note"),
        ("API012", "a token that is revoked: a note"),
        ("ASY001", "a folder that is made where it is not there yet: a note"),
        ("ASY001", "a plugin's folder is copied, for who is an administrator: a note"),
        ("DB012", "a client that is closed where it is made: a note"),
        ("DB026", "sorted where somebody asks for it: a note"),
        ("DB017", "one person's, but for one name: a note"),
        ("DEP005", "only the host of the address is read: a note"),
        ("ERR001", "all that is called takes its failures itself: a note"),
        ("ERR001", "a health check that takes nothing: a note"),
        ("ERR001", "only administrators read it: a note"),
        ("DB002", "few rows unless the client asks for more: a note"),
        ("ERR002", "what is asked returns True or raises: a note"),
        ("ERR002", "a function that nothing calls: a note"),
        ("ERR002", "asked by the model's validator before: a note"),
        ("ERR002", "found before by the same key: a note"),
        ("ERR002", "what is missing was missed before: a note"),
        ("ERR002", "a machine that signs what it sends: a note"),
        ("ERR003", "said to be best effort, of what another service says: a note"),
        ("ERR004", "for who looks for a defect: a note"),
        ("ERR004", "a success has the same field with nothing in it: a note"),
        ("ERR004", "a success sets the same flag: a note"),
        ("ERR003", "a probe of what another service speaks: a note"),
        ("ERR008", "the key of a credential's record: a note"),
        ("ERR008", "a marker that may be a path: a note"),
        ("ERR008", "the headers of who brings no token: a note"),
        ("ERR008", "what was no token at all: a note"),
        ("HTTP001", "only administrators ask: a note"),
        ("HTTP002", "in a function that a cache calls where it has nothing: a note"),
        ("HTTP002", "in a dependency, where its cache has nothing: a note"),
        ("HTTP006", "all that the route does: a note"),
        ("SEC012", "a webhook's signature: a note"),
        ("SCH013", "the detail for who asks for it: a note"),
        ("STA004", "a time that functions read which nothing calls: a note"),
    ],
)
def test_it_is_a_note(code: str, name: str, tmp_path: Path) -> None:
    example = next(e for r in rules() if r.rule.code == code for e in r.examples if e.name == name)
    for file, text in example.files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    found = [f for f in check(read_project(tmp_path, (), (), noticers()), None) if f.code == code]
    assert [f.severity for f in found] == ["note"]
