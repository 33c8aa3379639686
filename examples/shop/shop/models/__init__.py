from shop.models.accounts import Partner, User
from shop.models.base import Base
from shop.models.catalogue import (
    Category,
    PriceChange,
    Product,
    ProductImage,
    ProductTag,
    Review,
    ShelfLocation,
    StockMovement,
    Supplier,
    SupplierCertificate,
    SupplierContact,
    TaxRate,
)
from shop.models.sales import Address, Customer, Order, OrderItem, OrderStatus, Payment

__all__ = [
    "Address",
    "Base",
    "Category",
    "Customer",
    "Order",
    "OrderItem",
    "OrderStatus",
    "Partner",
    "Payment",
    "PriceChange",
    "Product",
    "ProductImage",
    "ProductTag",
    "Review",
    "ShelfLocation",
    "StockMovement",
    "Supplier",
    "SupplierCertificate",
    "SupplierContact",
    "TaxRate",
    "User",
]
