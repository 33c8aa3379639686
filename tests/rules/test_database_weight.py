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
    "DB005": ("a foreign key that a repository filters by, by the source alone",),
    "DB007": ("by the loop itself, for what the request lists, by the source alone",),
    "DB025": ("the latest order",),
}


def example_of(code: str, name: str) -> Example:
    return next(e for r in rules() if r.rule.code == code for e in r.examples if e.name == name)


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, names in LOUD.items() for name in names])
def test_size_on_a_route_for_reading_is_a_warning(code: str, name: str, tmp_path: Path) -> None:
    for file, text in example_of(code, name).files.items():
        (tmp_path / file).write_text(text)
    found = check(read_project(tmp_path, (), (), noticers()), None)
    assert [f.severity for f in found if f.code == code] == ["warning"]


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
