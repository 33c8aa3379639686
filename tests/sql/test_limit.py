import pytest

from strop.sql.limit import limit_of


@pytest.mark.parametrize(
    ("text", "parameters", "expected"),
    [
        ("SELECT 1 FROM a WHERE x = ? LIMIT ? OFFSET ?", ["'y'", "40", "0"], 40),
        ("SELECT 1 FROM a WHERE x IN (__[POSTCOMPILE_x]) LIMIT ?", ["1", "2", "3", "7"], 7),
        ("SELECT 1 FROM (SELECT 1 FROM a LIMIT ?) WHERE x IN (__[POSTCOMPILE_x])", ["7", "1"], None),
        ("SELECT 1 FROM a LIMIT %(param_1)s::INTEGER", ["x=3", "param_1=25"], 25),
        ("SELECT 1 FROM a LIMIT :param_1", ["param_1=25"], 25),
        ("SELECT 1 FROM a WHERE x = $1 LIMIT $2::INTEGER", ["'y'", "30"], 30),
        ("SELECT 1 FROM a LIMIT %s, %s", ["60", "20"], 20),
        ("SELECT 1 FROM a LIMIT 5", [], 5),
        ("SELECT 1 FROM a LIMIT ?", [], None),
        ("SELECT 1 FROM a LIMIT ?", ["None"], None),
        ("SELECT 1 FROM a", ["3"], None),
    ],
)
def test_the_value_of_a_limit(text: str, parameters: list[str], expected: int | None) -> None:
    assert limit_of(text, parameters) == expected
