from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from shop.api.deps import Limit, ReportSessionDep, current_user
from shop.models import Customer
from shop.schemas.reports import CategorySales, CustomerValue, LowStock, MonthSales, TopProduct
from shop.services import reports

router = APIRouter(prefix="/reports", tags=["reports"], dependencies=[Depends(current_user)])


@router.get("/top-products")
def top_products(session: ReportSessionDep, limit: Limit = 20) -> list[TopProduct]:
    return reports.top_products(session, limit)


@router.get("/sales-by-month")
async def sales_by_month(
    session: ReportSessionDep, year: Annotated[int | None, Query(ge=2000, le=2100)] = None
) -> list[MonthSales]:
    return reports.sales_by_month(session, year)


@router.get("/sales-by-category")
def sales_by_category(session: ReportSessionDep) -> list[CategorySales]:
    return reports.sales_by_category(session)


@router.get("/customer-value", response_model=list[CustomerValue])
def customer_value(session: ReportSessionDep, limit: Limit = 50) -> Sequence[Customer]:
    return reports.newest_customers(session, limit)


@router.get("/low-stock")
def low_stock(
    session: ReportSessionDep, below: Annotated[int, Query(ge=1, le=1000)] = 5
) -> LowStock:
    return reports.low_stock(session, below)
