from __future__ import annotations

import json
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.report import document, markdown, text
from strop.report.redaction import MARK, clean, clean_text
from strop.verdict import Difference
from tests.report.rendered import print_with
from tests.report.sample import RESULT

WORDY = string.ascii_letters + string.digits
SECRET = st.text(WORDY + "-_.~+", min_size=12, max_size=40).map(lambda text: f"Zq9{text}7Kx")
QUOTED = st.text(string.ascii_letters + string.digits + " !#$%&()*+,-./:;<=>?@[]^_{|}~äß", min_size=6).map(
    lambda text: f"Zq9{text}7Kx"
)
KEYS = st.sampled_from(
    [
        "password",
        "Password",
        "new_password",
        "hashed_password",
        "passwd",
        "secret",
        "client_secret",
        "SECRET_KEY",
        "token",
        "access_token",
        "refreshToken",
        "api_key",
        "apiKey",
        "x-api-key",
        "private_key",
        "password_confirmation",
        "credentials",
        "session_id",
    ]
)
HEADERS = st.sampled_from(
    ["Authorization", "authorization", "Cookie", "Set-Cookie", "X-API-Key", "Proxy-Authorization"]
)
AROUND = st.text(string.ascii_letters + " \n,.;", max_size=30).map(lambda text: f" {text} ")


@given(
    SECRET,
    st.sampled_from(["postgresql", "postgresql+asyncpg", "mysql", "redis", "amqp", "https", "http"]),
    AROUND,
)
def test_passwords_of_urls(secret: str, scheme: str, around: str) -> None:
    shown = clean_text(f"{around}{scheme}://user:{secret}@db.example:5432/shop{around}")
    assert secret not in shown
    assert "db.example:5432/shop" in shown


@given(SECRET)
def test_passwords_with_signs_that_should_have_been_quoted(secret: str) -> None:
    shown = clean_text(f"postgresql://user:{secret}/p@ss:{secret}@db/shop")
    assert secret not in shown
    assert shown.endswith("@db/shop")


@given(SECRET, AROUND)
def test_bearer_tokens(secret: str, around: str) -> None:
    assert secret not in clean_text(f"{around}Bearer {secret}{around}")
    assert secret not in clean_text(f"curl -H 'Authorization: Bearer {secret}' http://localhost")


PART = st.text(WORDY + "-_", min_size=8, max_size=60).map(lambda text: f"Zq9{text}7Kx")


@given(PART, PART, PART, AROUND)
def test_json_web_tokens(head: str, body: str, signature: str, around: str) -> None:
    token = f"eyJ{head}.eyJ{body}.{signature}"
    shown = clean_text(f"{around}{token}{around}")
    assert head not in shown
    assert body not in shown


@given(HEADERS, QUOTED)
def test_values_of_headers(name: str, secret: str) -> None:
    for shown in (f'"{name}": "{secret}"', f"('{name}', '{secret}')", f'{{"{name}" : "{secret}"}}'):
        assert secret not in clean_text(shown)


@given(SECRET)
def test_lines_of_headers(secret: str) -> None:
    assert secret not in clean_text(f"GET / HTTP/1.1\nAuthorization: Basic {secret}\nAccept: */*")
    assert secret not in clean_text(f"Cookie: session={secret}; theme=dark\nAccept: */*")
    assert secret not in clean_text(f"X-API-Key: {secret}")


@given(KEYS, QUOTED)
def test_values_of_keys(key: str, secret: str) -> None:
    for shown in (
        json.dumps({"id": 1, key: secret, "name": "x"}),
        json.dumps({key: secret}, ensure_ascii=False, indent=2),
        f"{key} = {json.dumps(secret)}",
        f"{key}='{secret}'",
        f'{key}: str = "{secret}"',
    ):
        assert secret not in clean_text(shown)


@given(KEYS, SECRET)
def test_values_of_keys_that_are_cut_off(key: str, secret: str) -> None:
    assert secret not in clean_text(f'{{"id": 1, "{key}": "{secret}')


@given(KEYS, SECRET)
def test_queries_of_urls(key: str, secret: str) -> None:
    shown = clean_text(f"/orders?limit=2&{key}={secret}&page=3")
    assert secret not in shown
    assert shown.startswith("/orders?limit=2&")
    assert shown.endswith("&page=3")


@given(KEYS, QUOTED, st.integers(1_000, 10**12))
def test_bodies_in_differences(key: str, secret: str, number: int) -> None:
    body = json.dumps({"items": [{key: {"deep": [secret, number]}}], "total": 2})
    found = clean(Difference("c", "GET /x", "body $", "value", body, body))
    assert secret not in found.before + found.after
    assert str(number) not in found.before
    assert json.loads(found.before)["total"] == 2


@given(KEYS, QUOTED)
def test_a_difference_at_a_secret_place(key: str, secret: str) -> None:
    found = clean(Difference("c", "GET /x", f"body $.user.{key}", "value", secret, f"{secret}2"))
    assert (found.before, found.after) == (MARK, MARK)


@pytest.mark.parametrize("header", ["authorization", "set-cookie", "Cookie", "x-api-key"])
def test_a_difference_of_a_secret_header(header: str) -> None:
    found = clean(Difference("c", "GET /x", f"header {header}", "missing", "sid=abc; Path=/", ""))
    assert (found.before, found.after) == (MARK, "")


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_0123456789abcdefABCDEF",
        "github_pat_11AAAAAAA0abcdefghij",
        "AKIAIOSFODNN7EXAMPLE",
        "sk_live_0123456789abcdef",
        "xoxb-123456789012-abcdef",
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
        "$2b$12$abcdefghijklmnopqrstuv",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEow",
    ],
)
def test_secrets_that_tell_what_they_are(secret: str) -> None:
    assert clean_text(f"value {secret}").replace("value ", "") == MARK


@pytest.mark.parametrize(
    "source",
    [
        "if not verify(form.password, user.password_hash):",
        "async def login(password: str, token: str | None = None) -> Token:",
        'oauth2 = OAuth2PasswordBearer(tokenUrl="login")',
        "authorization: str = Header()",
        "return Token(access_token=issue(user.id), token_type=kind)",
        'rows = {"primary_id": 4, "keys": ["a"], "sort_key": "name"}',
        "http://localhost:8000/users/@me",
        "use bearer authentication for this route",
        'hash_password("x")',
        "SELECT users.password_hash FROM users WHERE users.token = ?",
        "GET /tokens/{token_id}",
        "header cookie",
    ],
)
def test_source_and_prose_stay_as_they_are(source: str) -> None:
    assert clean_text(source) == source


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@given(st.text())
def test_what_is_cleaned_can_be_written_and_moves_no_cursor(text: str) -> None:
    shown = clean_text(text)
    shown.encode()
    assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in shown)


HOSTILE = ("token" * 20_000, "://a:" * 20_000, '"password": "' * 8_000, "a" * 200_000, "eyJ." * 20_000)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_hostile_text_costs_no_time(text: str) -> None:
    start = time.process_time()
    clean_text(text)
    assert time.process_time() - start < 2


def test_no_format_writes_a_secret() -> None:
    written = [
        document.render(RESULT),
        markdown.render(RESULT),
        print_with(100, lambda console: text.write(RESULT, console)),
        print_with(100, lambda console: text.write(RESULT, console), terminal=False),
    ]
    assert not any("canary" in shown for shown in written)
