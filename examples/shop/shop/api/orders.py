from fastapi import APIRouter, Depends, HTTPException, status

from shop.api.deps import (
    Limit,
    LocaleDep,
    PageDep,
    PricingDep,
    RowId,
    SessionDep,
    current_user,
    require_admin,
)
from shop.api.errors import found
from shop.models import Order, OrderStatus
from shop.repositories import orders as order_rows
from shop.schemas.common import PageOf
from shop.schemas.sales import (
    Invoice,
    OrderDetail,
    OrderIn,
    OrderItemOut,
    OrderListed,
    OrderOut,
    PaymentIn,
    PickOrder,
)
from shop.services import fulfilment, invoicing, orders

router = APIRouter(prefix="/orders", tags=["orders"], dependencies=[Depends(current_user)])


def refused(error: orders.OrderRefused) -> HTTPException:
    return HTTPException(status.HTTP_409_CONFLICT, str(error))


@router.get("")
async def list_orders(
    session: SessionDep, page: PageDep, order_status: OrderStatus | None = None
) -> PageOf[OrderListed]:
    total, rows = await order_rows.list_orders(session, page, status=order_status)
    items = [
        OrderListed(
            **OrderOut.model_validate(order).model_dump(),
            customer_name=order.customer.name,
            items=[OrderItemOut.model_validate(item) for item in order.items],
        )
        for order in rows
    ]
    return PageOf(total=total, items=items)


@router.post("", response_model=OrderDetail, status_code=status.HTTP_201_CREATED)
async def place_order(session: SessionDep, data: OrderIn) -> Order:
    try:
        return await orders.place_order(session, data)
    except orders.OrderRefused as error:
        raise refused(error) from error


@router.get("/picklist")
async def read_picklist(session: SessionDep, limit: Limit = 50) -> list[PickOrder]:
    return await fulfilment.build_picklist(session, limit)


@router.get("/{order_id}", response_model=OrderDetail)
async def read_order(session: SessionDep, order_id: RowId) -> Order:
    return found(await order_rows.get_order(session, order_id), "Order")


@router.get("/{order_id}/invoice")
async def read_invoice(
    session: SessionDep, order_id: RowId, pricing: PricingDep, locale: LocaleDep
) -> Invoice:
    order = found(await order_rows.get_order_with_products(session, order_id), "Order")
    return await invoicing.build_invoice(session, order, pricing, locale)


@router.post("/{order_id}/payment", response_model=OrderDetail)
async def pay_order(session: SessionDep, order_id: RowId, payment: PaymentIn) -> Order:
    order = found(await order_rows.get_order(session, order_id), "Order")
    try:
        return await orders.pay(session, order, payment.method)
    except orders.OrderRefused as error:
        raise refused(error) from error


@router.post(
    "/{order_id}/shipment", response_model=OrderDetail, dependencies=[Depends(require_admin)]
)
async def ship_order(session: SessionDep, order_id: RowId) -> Order:
    order = found(await order_rows.get_order(session, order_id), "Order")
    try:
        return await orders.ship(session, order)
    except orders.OrderRefused as error:
        raise refused(error) from error


@router.post("/{order_id}/cancellation", response_model=OrderDetail)
async def cancel_order(session: SessionDep, order_id: RowId) -> Order:
    order = found(await order_rows.get_order(session, order_id), "Order")
    try:
        return await orders.cancel(session, order)
    except orders.OrderRefused as error:
        raise refused(error) from error
