from datetime import date, datetime

from pydantic import BaseModel, Field

from shop.schemas.common import ORMModel, RowRef


class CategoryIn(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    slug: str = Field(pattern=r"^[a-z0-9-]{1,80}$")
    parent_id: RowRef | None = None
    tax_percent: int = Field(default=20, ge=0, le=50)


class CategoryOut(ORMModel):
    id: int
    name: str
    slug: str
    parent_id: int | None


class CategorySummary(BaseModel):
    category: CategoryOut
    active_products: int
    retired_products: int
    average_price_cents: int


class Bestseller(BaseModel):
    product_id: int
    sku: str
    name: str
    sold: int


class SupplierContactOut(ORMModel):
    role: str
    email: str


class SupplierCertificateOut(ORMModel):
    standard: str
    valid_until: date


class SupplierIn(BaseModel):
    name: str = Field(min_length=1, max_length=120)
    country: str = Field(pattern=r"^[A-Z]{2}$")


class SupplierPatch(BaseModel):
    name: str | None = Field(default=None, min_length=1, max_length=120)
    active: bool | None = None


class SupplierBrief(ORMModel):
    id: int
    name: str
    country: str


class SupplierOut(SupplierBrief):
    active: bool
    contacts: list[SupplierContactOut]
    certificates: list[SupplierCertificateOut]


class ProductIn(BaseModel):
    sku: str = Field(min_length=3, max_length=20)
    name: str = Field(min_length=1, max_length=160)
    description: str = ""
    price_cents: int = Field(ge=0, le=10_000_000)
    weight_grams: int = Field(ge=1, le=1_000_000)
    stock: int = Field(default=0, ge=0, le=1_000_000)
    category_id: RowRef
    supplier_id: RowRef


class ProductPatch(BaseModel):
    name: str | None = Field(default=None, min_length=1, max_length=160)
    description: str | None = None
    price_cents: int | None = Field(default=None, ge=0, le=10_000_000)
    stock: int | None = Field(default=None, ge=0, le=1_000_000)
    active: bool | None = None


class ProductOut(ORMModel):
    id: int
    sku: str
    name: str
    price_cents: int
    weight_grams: int
    stock: int
    active: bool
    category_id: int
    supplier_id: int


class ProductListed(ProductOut):
    price: str
    supplier: str


class ProductImageOut(ORMModel):
    url: str
    alt: str


class PriceChangeOut(ORMModel):
    price_cents: int
    changed_at: datetime


class ProductDetail(ProductOut):
    description: str
    created_at: datetime
    images: list[ProductImageOut]
    tags: list[str]
    price_changes: list[PriceChangeOut]


class ProductPrice(BaseModel):
    product_id: int
    currency: str
    price_cents: int
    price: str


class DeliveryOption(BaseModel):
    carrier: str
    days: int
    fee_cents: int


class ProductAvailability(BaseModel):
    product_id: int
    in_shop: int
    in_warehouse: int
    delivery: list[DeliveryOption]


class PriceUpdate(BaseModel):
    sku: str
    price_cents: int = Field(ge=0, le=10_000_000)


class ImportResult(BaseModel):
    created: int
    updated: int
    skipped: int = 0


class StockMovementOut(ORMModel):
    id: int
    product_id: int
    quantity: int
    reason: str
    recorded_at: datetime


class ReviewIn(BaseModel):
    customer_id: RowRef
    rating: int = Field(ge=1, le=5)
    title: str = Field(min_length=1, max_length=120)
    body: str = Field(default="", max_length=4000)


class ReviewOut(ORMModel):
    id: int
    product_id: int
    customer_id: int
    rating: int
    title: str
    body: str
    created_at: datetime
