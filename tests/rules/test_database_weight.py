"""Which findings about the database are warnings by the source alone: their examples say so by what they are."""

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.example import Example
from strop.rules.registry import check, noticers, rules

LOUD = {
    "DB002": (
        "three calls below the loop, by the source alone",
        "for each row that a query gave, through a service",
    ),
    "DB003": ("two collections joined in a repository, by the source alone",),
    "DB005": (
        "a foreign key that a repository filters by, by the source alone",
        "parts of what users make, on a page that they read",
    ),
    "DB007": ("by the loop itself, for what the request lists, by the source alone",),
    "DB011": ("two collections of the order, for its number",),
    "DB019": (
        "any number that the client likes, of rows that an import writes",
        "anybody may ask, where others must sign in",
    ),
    "DB025": ("the latest order",),
    "STA007": ("a second row makes the lookup fail",),
}

QUIET = {
    "DB003": ("two collections joined for what is done once an order: a note",),
    "DB005": (
        "labels that are tied to orders: a note",
        "rows that nothing makes any more: a note",
        "asked only when somebody has a sheet printed: a note",
    ),
    "DB011": ("an answer that holds both: a note",),
    "DB019": ("the orders of the customer that the path names: a note",),
    "STA007": ("one summary for each order, of many documents: a note",),
}


def example_of(code: str, name: str) -> Example:
    return next(e for r in rules() if r.rule.code == code for e in r.examples if e.name == name)


def severities(code: str, name: str, tmp_path: Path) -> list[str]:
    for file, text in example_of(code, name).files.items():
        (tmp_path / file).write_text(text)
    return [f.severity for f in check(read_project(tmp_path, (), (), noticers()), None) if f.code == code]


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, names in LOUD.items() for name in names])
def test_size_on_a_route_for_reading_is_a_warning(code: str, name: str, tmp_path: Path) -> None:
    assert severities(code, name, tmp_path) == ["warning"]


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, names in QUIET.items() for name in names])
def test_what_stays_small_or_is_wanted_is_a_note(code: str, name: str, tmp_path: Path) -> None:
    assert severities(code, name, tmp_path) == ["note"]


def test_loops_above_one_asking_function_are_one_finding(tmp_path: Path) -> None:
    example = example_of("DB002", "for each row that a query gave, through a service")
    again = """

@app.get("/orders/open")
def list_open(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).where(Order.status == "open")).all()
    return [services.label(session, order) for order in orders]
"""
    deeper = """

def label(session: Session, order):
    return f"{order.number}: {describe(session, order)}"
"""
    main = example.files["main.py"] + again
    (tmp_path / "main.py").write_text(main.replace("services.describe", "services.label"))
    (tmp_path / "services.py").write_text(example.files["services.py"] + deeper)
    found = [f for f in check(read_project(tmp_path, (), (), noticers()), None) if f.code == "DB002"]
    assert [len(f.places) for f in found] == [1]
    assert found[0].routes == ("GET /orders/open", "GET /orders/with-items")
