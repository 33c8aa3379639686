"""Names of secrets are told from names that only speak of them."""

from __future__ import annotations

import pytest

from strop.rules.secretive import is_address_with_password, is_password, is_proof, is_secret, words


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "accessToken", "client_secret", "API_KEY", "encoded_jwt", "authorization"],
)
def test_a_secret_itself(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "total_tokens",
        "max_token",
        "has_password",
        "token_type",
        "secret_name",
        "primary_key",
        "next_token",
        "key",
        "",
    ],
)
def test_what_only_speaks_of_one(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("hashed_password", True), ("password_hash", True), ("password_hint", False), ("has_password", False)],
)
def test_what_no_answer_needs(name: str, shown: bool) -> None:
    assert is_password(name) is shown


@pytest.mark.parametrize(("name", "has"), [("database_url", True), ("DSN", True), ("image_url", False)])
def test_addresses(name: str, has: bool) -> None:
    assert is_address_with_password(name) is has


@pytest.mark.parametrize("name", ["accessToken", "access_token", "access-token", "ACCESS_TOKEN"])
def test_words(name: str) -> None:
    assert words(name) == ["access", "token"]


@pytest.mark.parametrize(
    ("name", "proves"),
    [("x-api-key", True), ("token_value", True), ("csrf_token", True), ("token_type", False), ("key", False)],
)
def test_what_a_caller_proves_something_with(name: str, proves: bool) -> None:
    assert is_proof(name) is proves
