import json

import pytest

from strop.sql.missing import missing_index
from strop.sql.plan import PlanStep, parse_postgres, parse_sqlite
from strop.sql.statement import read_statement


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("SCAN orders", ("scan", "orders", "", ())),
        ("SCAN TABLE orders AS o", ("scan", "o", "", ())),
        ("SCAN o USING COVERING INDEX ix_o", ("scan", "o", "ix_o", ())),
        ("SEARCH o USING INDEX ix_o (a=? AND b>?)", ("search", "o", "ix_o", ("a", "b"))),
        ("SEARCH o USING INTEGER PRIMARY KEY (rowid=?)", ("search", "o", "primary key", ("rowid",))),
        (
            "SEARCH i USING AUTOMATIC COVERING INDEX (order_id=?) LEFT-JOIN",
            ("search", "i", "automatic", ("order_id",)),
        ),
    ],
)
def test_a_line_of_sqlite(detail: str, expected: tuple[str, str, str, tuple[str, ...]]) -> None:
    (step,) = parse_sqlite([(2, 0, 0, detail)])
    assert (step.kind, step.table, step.index, step.columns) == expected


@pytest.mark.parametrize(
    "detail",
    ["SCAN SUBQUERY 1", "SCAN (subquery-2)", "MATERIALIZE x", "SCAN 3 CONSTANT ROWS", "COMPOUND QUERY", ""],
)
def test_what_touches_no_table(detail: str) -> None:
    assert parse_sqlite([(2, 0, 0, detail)]) == ()


@pytest.mark.parametrize(
    ("detail", "use"),
    [
        ("USE TEMP B-TREE FOR ORDER BY", "order"),
        ("USE TEMP B-TREE FOR RIGHT PART OF ORDER BY", "order"),
        ("USE TEMP B-TREE FOR LAST TERM OF ORDER BY", "order"),
        ("USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY", "order"),
        ("USE TEMP B-TREE FOR GROUP BY", "group"),
        ("USE TEMP B-TREE FOR DISTINCT", "distinct"),
    ],
)
def test_sorts_of_sqlite(detail: str, use: str) -> None:
    (step,) = parse_sqlite([(2, 0, 0, detail)])
    assert (step.kind, step.use) == ("sort", use)


PLAN = [
    {
        "Plan": {
            "Node Type": "Limit",
            "Plans": [
                {
                    "Node Type": "Sort",
                    "Sort Key": ["o.placed DESC"],
                    "Plan Rows": 9,
                    "Plans": [
                        {
                            "Node Type": "Nested Loop",
                            "Join Type": "Inner",
                            "Plans": [
                                {
                                    "Node Type": "Index Scan",
                                    "Index Name": "customers_pkey",
                                    "Relation Name": "customers",
                                    "Alias": "customers",
                                    "Index Cond": "(id = 7)",
                                    "Plan Rows": 1,
                                },
                                {
                                    "Node Type": "Seq Scan",
                                    "Relation Name": "orders",
                                    "Alias": "o",
                                    "Filter": "(customer_id = 7)",
                                    "Plan Rows": 9,
                                },
                            ],
                        }
                    ],
                }
            ],
        }
    }
]


@pytest.mark.parametrize(
    "answer", [PLAN, json.dumps(PLAN), [json.dumps(PLAN)], [PLAN], json.dumps(PLAN).encode()]
)
def test_a_plan_of_postgres_in_every_shape_that_drivers_give(answer: object) -> None:
    assert [(s.kind, s.table, s.index, s.columns, s.role) for s in parse_postgres(answer)] == [
        ("sort", "", "", ("o.placed DESC",), "outer"),
        ("search", "customers", "customers_pkey", ("id",), "outer"),
        ("scan", "o", "", (), "loop"),
    ]


def test_a_sequential_scan_of_postgres_is_answered() -> None:
    text = (
        "SELECT o.id FROM customers JOIN orders AS o ON o.customer_id = customers.id "
        "WHERE customers.id = %(id_1)s::INTEGER ORDER BY o.placed DESC LIMIT %(p)s"
    )
    statement = read_statement(text, "postgresql")
    (scan,) = missing_index(statement, parse_postgres(PLAN), {"orders": [["id"]]}, {"orders": 60000})
    assert (scan.table, scan.columns, scan.use, scan.rows) == ("orders", ("customer_id",), "join", 60000)
    assert scan.detail == "Seq Scan on orders filter (customer_id = 7)"


def test_a_hash_join_that_wants_all_rows_is_left_alone() -> None:
    plan = {
        "Plan": {
            "Node Type": "Hash Join",
            "Plans": [
                {"Node Type": "Seq Scan", "Relation Name": "items", "Alias": "items"},
                {"Node Type": "Hash", "Plans": [{"Node Type": "Seq Scan", "Relation Name": "orders"}]},
            ],
        }
    }
    text = "SELECT * FROM items JOIN orders ON orders.id = items.order_id"
    statement = read_statement(text, "postgresql")
    assert missing_index(statement, parse_postgres([plan]), {"orders": [["id"]]}, {}) == ()
    narrowed = read_statement(text + " WHERE orders.customer_id = $1::INTEGER", "postgresql")
    found = missing_index(narrowed, parse_postgres([plan]), {"orders": [["id"]]}, {})
    assert [(s.table, s.columns) for s in found] == [("items", ("order_id",)), ("orders", ("customer_id",))]


def test_a_correlated_subplan_is_read_for_each_row() -> None:
    plan = {
        "Plan": {
            "Node Type": "Seq Scan",
            "Relation Name": "orders",
            "Plans": [
                {"Node Type": "Seq Scan", "Relation Name": "items", "Parent Relationship": "SubPlan"},
                {"Node Type": "Seq Scan", "Relation Name": "customers", "Parent Relationship": "InitPlan"},
            ],
        }
    }
    assert [s.role for s in parse_postgres([plan])] == ["outer", "loop", "outer"]


def test_a_bitmap_scan_names_its_index() -> None:
    plan = {
        "Plan": {
            "Node Type": "Bitmap Heap Scan",
            "Relation Name": "orders",
            "Recheck Cond": "(customer_id = 7)",
            "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "ix_c"}],
        }
    }
    assert parse_postgres([plan]) == (
        PlanStep(
            "search",
            "orders",
            "ix_c",
            ("customer_id",),
            detail="Bitmap Heap Scan using ix_c (customer_id = 7)",
        ),
    )


@pytest.mark.parametrize("answer", [[], {}, "[]", [{"Plan": 3}], [{}], None, 3])
def test_no_plan(answer: object) -> None:
    assert parse_postgres(answer) == ()
