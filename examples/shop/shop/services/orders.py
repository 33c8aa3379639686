from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shop.models import Customer, Order, OrderItem, OrderStatus, Payment, Product, StockMovement
from shop.schemas.sales import OrderIn


class OrderRefused(ValueError):
    """The order can't be placed or changed; the message is for the visitor."""


async def next_number(session: AsyncSession) -> str:
    latest = await session.scalar(select(func.max(Order.id))) or 0
    return f"SO-{latest + 1:07}"


async def place_order(session: AsyncSession, data: OrderIn) -> Order:
    if await session.get(Customer, data.customer_id) is None:
        raise OrderRefused(f"customer {data.customer_id} does not exist")
    wanted = {item.product_id for item in data.items}
    found = await session.scalars(select(Product).where(Product.id.in_(wanted), Product.active))
    products = {product.id: product for product in found}

    order = Order(
        number=await next_number(session),
        customer_id=data.customer_id,
        status=OrderStatus.PENDING,
        payments=[],
    )
    for line in data.items:
        product = products.get(line.product_id)
        if product is None:
            raise OrderRefused(f"product {line.product_id} is not for sale")
        if product.stock < line.quantity:
            raise OrderRefused(f"only {product.stock} of {product.sku} left")
        product.stock -= line.quantity
        order.items.append(
            OrderItem(
                product_id=product.id,
                quantity=line.quantity,
                unit_price_cents=product.price_cents,
            )
        )
        session.add(StockMovement(product_id=product.id, quantity=-line.quantity, reason="sale"))
    order.total_cents = sum(item.quantity * item.unit_price_cents for item in order.items)
    session.add(order)
    await session.commit()
    return order


async def pay(session: AsyncSession, order: Order, method: str) -> Order:
    if order.status != OrderStatus.PENDING:
        raise OrderRefused(f"order is {order.status}, not pending")
    order.payments.append(Payment(method=method, amount_cents=order.total_cents))
    order.status = OrderStatus.PAID
    await session.commit()
    return order


async def ship(session: AsyncSession, order: Order) -> Order:
    if order.status != OrderStatus.PAID:
        raise OrderRefused(f"order is {order.status}, not paid")
    order.status = OrderStatus.SHIPPED
    await session.commit()
    return order


async def cancel(session: AsyncSession, order: Order) -> Order:
    if order.status not in (OrderStatus.PENDING, OrderStatus.PAID):
        raise OrderRefused(f"order is {order.status} and can't be cancelled")
    quantities: Counter[int] = Counter()
    for item in order.items:
        quantities[item.product_id] += item.quantity
    found = await session.scalars(select(Product).where(Product.id.in_(quantities)))
    for product in found:
        product.stock += quantities[product.id]
        session.add(
            StockMovement(
                product_id=product.id, quantity=quantities[product.id], reason="cancelled"
            )
        )
    order.status = OrderStatus.CANCELLED
    await session.commit()
    return order
