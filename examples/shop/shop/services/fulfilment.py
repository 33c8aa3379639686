from sqlalchemy.ext.asyncio import AsyncSession

from shop.models import Order
from shop.repositories import orders, stock
from shop.schemas.sales import PickLine, PickOrder


async def build_picklist(session: AsyncSession, limit: int) -> list[PickOrder]:
    return [await pick_order(session, order) for order in await orders.oldest_paid(session, limit)]


async def pick_order(session: AsyncSession, order: Order) -> PickOrder:
    lines = []
    for item in order.items:
        location = await stock.shelf_label(session, item.product_id)
        lines.append(
            PickLine(product_id=item.product_id, quantity=item.quantity, location=location)
        )
    # Walk the aisles once, front to back.
    lines.sort(key=lambda line: (line.location, line.product_id))
    return PickOrder(order_id=order.id, number=order.number, lines=lines)
