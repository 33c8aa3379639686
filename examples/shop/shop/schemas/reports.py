from pydantic import BaseModel

from shop.schemas.common import ORMModel


class TopProduct(BaseModel):
    product_id: int
    name: str
    quantity: int
    revenue_cents: int


class MonthSales(BaseModel):
    month: str
    orders: int
    revenue_cents: int


class CustomerValue(ORMModel):
    id: int
    name: str
    lifetime_value_cents: int


class LowStockProduct(ORMModel):
    id: int
    sku: str
    stock: int


class LowStock(BaseModel):
    count: int
    products: list[LowStockProduct]


class CategorySales(BaseModel):
    category_id: int
    name: str
    revenue_cents: int


class ShopStats(BaseModel):
    customers: int
    open_orders: int
    reviews: int
    low_ratings: int


class ShippingQuote(BaseModel):
    country: str
    zone: int
    fee_cents: int
    free: bool


class Country(BaseModel):
    code: str
    name: str
