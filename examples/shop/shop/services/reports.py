"""Reports run on the synchronous engine."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.models import Category, Customer, Order, OrderItem, OrderStatus, Product
from shop.schemas.reports import CategorySales, LowStock, LowStockProduct, MonthSales, TopProduct


def top_products(session: Session, limit: int) -> list[TopProduct]:
    quantity = func.sum(OrderItem.quantity)
    revenue = func.sum(OrderItem.quantity * OrderItem.unit_price_cents)
    rows = session.execute(
        select(Product.id, Product.name, quantity, revenue)
        .join(OrderItem, OrderItem.product_id == Product.id)
        .join(Order, Order.id == OrderItem.order_id)
        .where(Order.status != OrderStatus.CANCELLED)
        .group_by(Product.id, Product.name)
        .order_by(revenue.desc(), Product.id)
        .limit(limit)
    )
    return [
        TopProduct(product_id=row[0], name=row[1], quantity=row[2], revenue_cents=row[3])
        for row in rows
    ]


def sales_by_month(session: Session, year: int | None) -> list[MonthSales]:
    rows = session.execute(
        select(Order.placed_at, Order.total_cents)
        .where(Order.status != OrderStatus.CANCELLED)
        .order_by(Order.placed_at, Order.id)
    )
    months: dict[str, MonthSales] = {}
    for placed_at, total_cents in rows:
        if year is not None and placed_at.year != year:
            continue
        month = f"{placed_at:%Y-%m}"
        sales = months.setdefault(month, MonthSales(month=month, orders=0, revenue_cents=0))
        sales.orders += 1
        sales.revenue_cents += total_cents
    return list(months.values())


def sales_by_category(session: Session) -> list[CategorySales]:
    revenue = func.sum(OrderItem.quantity * OrderItem.unit_price_cents)
    rows = session.execute(
        select(Category.id, Category.name, revenue)
        .join(Product, Product.category_id == Category.id)
        .join(OrderItem, OrderItem.product_id == Product.id)
        .group_by(Category.id, Category.name)
        .order_by(Category.id)
    )
    return [CategorySales(category_id=row[0], name=row[1], revenue_cents=row[2]) for row in rows]


def newest_customers(session: Session, limit: int) -> Sequence[Customer]:
    statement = select(Customer).order_by(Customer.id.desc()).limit(limit)
    return session.scalars(statement).all()


def low_stock(session: Session, below: int) -> LowStock:
    products = session.scalars(
        select(Product)
        .where(Product.active, Product.stock < below)
        .order_by(Product.stock, Product.id)
    ).all()
    return LowStock(
        count=len(products),
        products=[LowStockProduct.model_validate(product) for product in products],
    )


def legacy_orders(session: Session, after_id: int, limit: int) -> Sequence[Order]:
    statement = select(Order).where(Order.id > after_id).order_by(Order.id).limit(limit)
    return session.scalars(statement).all()
