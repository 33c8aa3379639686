"""Values of an answer that a client hands back, put into what it sends."""

from __future__ import annotations

import pytest

from strop.probe.handed import read, swap, values

ANSWER = b'{"id": 7, "tags": [{"slug": "a b"}], "ok": true, "none": null}'
HEADERS = [
    ("set-cookie", "session=s1; Path=/; HttpOnly"),
    ("set-cookie", "csrf=c1"),
    ("location", "https://h/items/7?x=1"),
]


def test_every_value_is_read_again_at_its_place() -> None:
    found = list(values(HEADERS, ANSWER))
    assert {text for _, text in found} == {"s1", "c1", "7", "a b"}
    assert [read(HEADERS, ANSWER, place) for place, _ in found] == [text for _, text in found]
    assert read(HEADERS, b"<html>", ("body", "id")) is None
    assert read([], b"[1]", ("body", 3)) is None


@pytest.mark.parametrize(
    ("old", "new", "path", "expected"),
    [
        ("7", "8", "/items/7/parts/77?id=7&page=17", "/items/8/parts/77?id=8&page=17"),
        ("a b", "c/d", "/tags/a%20b?tag=a%20b", "/tags/c%2Fd?tag=c%2Fd"),
        ("abc", "xyz", "/abcd/abc.json", "/abcd/xyz.json"),
    ],
)
def test_paths(old: str, new: str, path: str, expected: str) -> None:
    assert swap(path, [], b"", old, new)[0] == expected


@pytest.mark.parametrize(
    ("old", "new", "body", "expected"),
    [
        ("7", "8", b'{"item_id": 7, "quantity": 7}', b'{"item_id": 8, "quantity": 7}'),
        ("7", "8", b'{"ids": [7, 17], "n": [7]}', b'{"ids": [8, 17], "n": [7]}'),
        ("7", "8", b"item_id=7&n=7", b"item_id=8&n=7"),
        ("tok-1", 'a"b', b'{"token": "tok-1", "x": "tok-12"}', b'{"token": "a\\"b", "x": "tok-12"}'),
        ("a b", "c d", b"name=a+b&x=1", b"name=c+d&x=1"),
    ],
)
def test_bodies_and_their_length(old: str, new: str, body: bytes, expected: bytes) -> None:
    _, headers, changed = swap("/", [("content-length", str(len(body)))], body, old, new)
    assert (changed, headers) == (expected, [("content-length", str(len(expected)))])


def test_headers() -> None:
    sent = [("host", "tok1"), ("authorization", "Bearer tok1"), ("cookie", "a=tok1; b=tok12"), ("x-n", "1")]
    assert swap("/", sent, b"", "tok1", "new2")[1] == [
        ("host", "tok1"), ("authorization", "Bearer new2"), ("cookie", "a=new2; b=tok12"), ("x-n", "1")
    ]  # fmt: skip
