from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixes.check import Case, Engine, Imported, Span, check_noop, check_transformed


def case(folder: Path, line: str, pool: str = "QueuePool", size: str = "5") -> Case:
    engine = Engine("", "postgresql", "psycopg", False, pool, 5, 10, Span("db.py", 3))
    return Case(
        folder,
        "set_pool",
        {"db.py": f"from sqlalchemy import create_engine\n\n{line}\n"},
        facts={
            "engine": "engine",
            "pool_size": size,
            "max_overflow": "10",
            "thread_limit": "40" if size else "",
        },
        at="engine =",
        imported=Imported("app", (), engines=(engine,)),
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("engine = create_engine(URL)", "engine = create_engine(URL, pool_size=40)"),
        (
            "engine = create_engine(URL, pool_size=5, echo=True)",
            "engine = create_engine(URL, pool_size=40, echo=True)",
        ),
        (
            "engine = create_engine(\n    URL,\n    echo=True,  # loud\n)",
            "engine = create_engine(\n    URL,\n    echo=True,  # loud\n    pool_size=40,\n)",
        ),
        (
            "engine = create_engine(URL, poolclass=pool.QueuePool)",
            "engine = create_engine(URL, poolclass=pool.QueuePool, pool_size=40)",
        ),
    ],
)
def test_the_pool_gets_a_size(tmp_path: Path, before: str, after: str) -> None:
    check_transformed(
        case(tmp_path, before), "pool_size", db=f"from sqlalchemy import create_engine\n\n{after}\n"
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("engine = create_engine(URL, poolclass=NullPool)", "poolclass=NullPool"),
        ("engine = create_engine(URL, poolclass=StaticPool)", "poolclass=StaticPool"),
        ("engine = create_engine(URL, creator=connect)", "creator"),
        ("engine = create_engine(URL, pool_size=SIZE)", "plain number"),
        ("engine = create_engine(URL, pool_size=64)", "64 connections already"),
        ("engine = create_engine(**options)", "not all in sight"),
        ("engine = engine_from_config(options)", "0 engines"),
    ],
)
def test_no_change(tmp_path: Path, line: str, reason: str) -> None:
    check_noop(case(tmp_path, line), reason=reason)


@pytest.mark.parametrize("pool", ["NullPool", "StaticPool", "SingletonThreadPool"])
def test_a_pool_without_a_size(tmp_path: Path, pool: str) -> None:
    check_noop(case(tmp_path, "engine = create_engine(URL)", pool), reason=f"{pool} has no size")


def test_a_finding_without_numbers(tmp_path: Path) -> None:
    check_noop(case(tmp_path, "engine = create_engine(URL)", size=""), reason="does not say")
