"""Read by the warehouse software. It is replaced some day; until then nothing here changes."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from shop.api.deps import Limit, ReportSessionDep, RowId, current_partner
from shop.api.errors import found
from shop.models import Order
from shop.schemas.sales import LegacyOrder
from shop.services import reports

router = APIRouter(prefix="/legacy", tags=["legacy"], dependencies=[Depends(current_partner)])


@router.get("/orders", response_model=list[LegacyOrder])
def list_legacy_orders(
    session: ReportSessionDep,
    limit: Limit = 100,
    after_id: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Sequence[Order]:
    return reports.legacy_orders(session, after_id, limit)


@router.get("/orders/{order_id}", response_model=LegacyOrder)
def read_legacy_order(session: ReportSessionDep, order_id: RowId) -> Order:
    return found(session.get(Order, order_id), "Order")
