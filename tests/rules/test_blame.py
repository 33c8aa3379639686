"""Who is to blame for a synchronous session on the loop: the handler, or what runs around it?"""

from pathlib import Path

from strop.project.read import read_project
from strop.rules.registry import check, noticers

SHOP = """
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from starlette.middleware.base import BaseHTTPMiddleware

app = FastAPI()
engine = create_engine("sqlite:///shop.db", pool_size=40, max_overflow=0)


class Audit(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        with Session(engine) as session:
            session.execute(text("SELECT 1"))
        return await call_next(request)


app.add_middleware(Audit)


@app.get("/orders")
def list_orders():
    return []


@app.get("/items")
async def list_items():
    return []
"""


def test_a_middleware_is_blamed_for_its_own_session(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SHOP)
    found = [
        f for f in check(read_project(tmp_path, (), (), noticers()), None) if f.code in ("ASY001", "ASY003")
    ]
    assert [f.span.symbol for f in found] == ["Audit.dispatch"]
    assert {"GET /orders", "GET /items"} <= set(found[0].routes)
