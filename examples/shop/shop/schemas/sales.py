from datetime import datetime

from pydantic import BaseModel, EmailStr, Field

from shop.schemas.common import ORMModel, RowRef


class AddressOut(ORMModel):
    line: str
    city: str
    postcode: str
    country: str


class CustomerIn(BaseModel):
    name: str = Field(min_length=1, max_length=120)
    email: EmailStr
    city: str = Field(max_length=80)
    country: str = Field(pattern=r"^[A-Z]{2}$")


class CustomerPatch(BaseModel):
    name: str | None = Field(default=None, min_length=1, max_length=120)
    city: str | None = Field(default=None, max_length=80)


class CustomerOut(ORMModel):
    id: int
    name: str
    email: str
    city: str
    country: str
    created_at: datetime


class CustomerDetail(CustomerOut):
    addresses: list[AddressOut]
    mailing_label: str


class DirectoryEntry(ORMModel):
    id: int
    name: str
    city: str
    country: str


class OrderItemIn(BaseModel):
    product_id: RowRef
    quantity: int = Field(ge=1, le=1000)


class OrderIn(BaseModel):
    customer_id: RowRef
    items: list[OrderItemIn] = Field(min_length=1, max_length=100)


class OrderItemOut(ORMModel):
    id: int
    product_id: int
    quantity: int
    unit_price_cents: int


class OrderOut(ORMModel):
    id: int
    number: str
    customer_id: int
    status: str
    total_cents: int
    placed_at: datetime


class OrderListed(OrderOut):
    customer_name: str
    items: list[OrderItemOut]


class PaymentIn(BaseModel):
    method: str = Field(default="card", pattern=r"^(card|transfer|invoice)$")


class PaymentOut(ORMModel):
    id: int
    method: str
    amount_cents: int
    paid_at: datetime


class OrderDetail(OrderOut):
    items: list[OrderItemOut]
    payments: list[PaymentOut]


class LegacyOrder(OrderOut):
    """The shape which the warehouse software has read since 2019."""

    customer: DirectoryEntry
    items: list[OrderItemOut]


class InvoiceLine(BaseModel):
    sku: str
    name: str
    quantity: int
    net_cents: int
    tax_percent: int
    tax_cents: int


class Invoice(BaseModel):
    order_id: int
    number: str
    lines: list[InvoiceLine]
    net_cents: int
    tax_cents: int
    handling_cents: int
    total: str


class PickLine(BaseModel):
    product_id: int
    quantity: int
    location: str


class PickOrder(BaseModel):
    order_id: int
    number: str
    lines: list[PickLine]
