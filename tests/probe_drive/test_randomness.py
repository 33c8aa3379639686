from __future__ import annotations

import re
from pathlib import Path

from tests.probe_drive.process_code import run_code

DRAW = """
    import os, random, secrets, sqlite3, uuid
    from strop.probe import clock, randomness
    clock.install(1_700_000_000)
    randomness.install("seed")
    made_before = random.Random()
    connection = sqlite3.connect(":memory:")
    def draw():
        made_now = random.Random()
        return [random.random(), random.randint(1, 10**9), os.urandom(8).hex(), os.getrandom(4).hex(),
            secrets.token_hex(8), secrets.randbelow(10**9), random.SystemRandom().random(), str(uuid.uuid4()),
            str(uuid.uuid1()), made_before.random(), made_now.random(),
            connection.execute("SELECT random(), hex(randomblob(4))").fetchone()]
"""


def test_the_same_key_gives_the_same_whatever_happened_before(tmp_path: Path) -> None:
    first, second, other = run_code(
        DRAW
        + """
    randomness.reseed("a", 1); first = draw(); draw()
    randomness.reseed("a", 1); second = draw()
    randomness.reseed("a", 2)
    result = first, second, draw()
    """,
        tmp_path,
    )
    assert first == second
    assert [mine for mine, theirs in zip(first, other, strict=True) if mine == theirs] == []


def test_two_processes_draw_the_same(tmp_path: Path) -> None:
    code = DRAW + "result = draw()"
    assert run_code(code.replace("result", "    result"), tmp_path) == run_code(
        code.replace("result", "    result"), tmp_path
    )


def test_values_differ_from_one_draw_to_the_next(tmp_path: Path) -> None:
    first, second = run_code(DRAW + "    result = draw(), draw()", tmp_path)
    assert [mine for mine, theirs in zip(first, second, strict=True) if mine == theirs] == []


def test_restore_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    straight, interrupted = run_code(
        DRAW
        + """
    def tail():
        return draw()[:-1]  # SQLite's generator can be seeded but not read
    randomness.reseed("x"); draw(); straight = tail()
    randomness.reseed("x"); draw()
    saved = randomness.state(); randomness.reseed("y"); draw(); randomness.restore(saved)
    result = straight, tail()
    """,
        tmp_path,
    )
    assert straight == interrupted


def test_an_explicit_seed_is_the_callers(tmp_path: Path) -> None:
    mine, plain = run_code(
        """
    import random
    plain = random.Random(7).random()
    from strop.probe import randomness
    randomness.install("seed")
    kept = random.Random(7)
    randomness.reseed("z")
    result = kept.random(), plain
    """,
        tmp_path,
    )
    assert mine == plain


def test_bcrypt_salts_follow_the_seed(tmp_path: Path) -> None:
    (tmp_path / "bcrypt.py").write_text(
        "def gensalt(rounds=12, prefix=b'2b'):\n    return b'from the kernel'\n"
    )
    first, second, other = run_code(
        """
    from strop.probe import randomness
    randomness.install("seed")
    import bcrypt
    randomness.reseed(1); first = bcrypt.gensalt()
    randomness.reseed(1); second = bcrypt.gensalt()
    result = [each.decode() for each in (first, second, bcrypt.gensalt(rounds=4, prefix=b"2a"))]
    """,
        tmp_path,
    )
    assert first == second
    assert re.fullmatch(r"\$2b\$12\$[./A-Za-z0-9]{22}", first)
    assert re.fullmatch(r"\$2a\$04\$[./A-Za-z0-9]{22}", other)
