import pytest

from strop.sql.placeholder import neutral, normal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WHERE a.x = :x_1", "WHERE a.x = :p"),
        ("WHERE a.x = %(x_1)s::INTEGER", "WHERE a.x = :p::INTEGER"),
        ("WHERE a.x = $1::INTEGER AND a.y = $2", "WHERE a.x = :p::INTEGER AND a.y = :p"),
        ("WHERE a.x IN (__[POSTCOMPILE_x_1])", "WHERE a.x IN (:p)"),
        ("WHERE a.x = ? AND a.y = %s", "WHERE a.x = ? AND a.y = :p"),
        ("WHERE a.x LIKE '50%% :off $1'", "WHERE a.x LIKE '50%% :off $1'"),
        ("SELECT a.x %% 2 -- :odd", "SELECT a.x % 2  "),
        ("SELECT a.x::TEXT, a.y[1:2]", "SELECT a.x::TEXT, a.y[1:2]"),
    ],
)
def test_every_driver_is_brought_to_one_spelling(text: str, expected: str) -> None:
    assert neutral(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 1 FROM a WHERE x = 1", "SELECT 1 FROM a WHERE x = 22"),
        ("SELECT 1 FROM a WHERE x IN (?, ?)", "SELECT 1 FROM a WHERE x IN (?, ?, ?)"),
        ("SELECT 1 FROM a WHERE x IN (1, 2)", "SELECT 1 FROM a\n  WHERE x IN (__[POSTCOMPILE_x_1])"),
        ("INSERT INTO a (x) VALUES (?), (?)", "INSERT INTO a (x) VALUES (?)"),
        ("SELECT 1 FROM a WHERE x = 'it''s'", "SELECT 1 FROM a WHERE x = %(x)s::VARCHAR"),
        ("SELECT 1 FROM a WHERE x = 1.5e3 /* why */", "SELECT 1 FROM a WHERE x = $1"),
    ],
)
def test_values_are_taken_out(one: str, other: str) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a1.x FROM a AS a1", "SELECT a2.x FROM a AS a2"),
        ('SELECT "x" FROM a', 'SELECT "y" FROM a'),
        ("SELECT x FROM a WHERE x = ?", "SELECT x FROM a WHERE x > ?"),
    ],
)
def test_what_is_no_value_stays(one: str, other: str) -> None:
    assert normal(one) != normal(other)
