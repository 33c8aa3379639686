from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Body, Depends, HTTPException, Query, status

from shop.api.deps import (
    CarrierDep,
    CurrentUser,
    Limit,
    LocaleDep,
    PageDep,
    PricingDep,
    RowId,
    SessionDep,
    WarehouseDep,
    require_admin,
)
from shop.api.errors import found
from shop.models import Category, Customer, Product, Review, StockMovement, Supplier
from shop.repositories import products, reviews, stock
from shop.schemas.catalogue import (
    ImportResult,
    PriceUpdate,
    ProductAvailability,
    ProductDetail,
    ProductIn,
    ProductListed,
    ProductOut,
    ProductPatch,
    ProductPrice,
    ReviewIn,
    ReviewOut,
    StockMovementOut,
)
from shop.schemas.common import PageOf
from shop.services import catalogue, rates
from shop.services.money import format_money

router = APIRouter(prefix="/products", tags=["products"])


@router.get("")
async def list_products(
    session: SessionDep,
    page: PageDep,
    pricing: PricingDep,
    locale: LocaleDep,
    category_id: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    q: Annotated[str | None, Query(max_length=60)] = None,
) -> PageOf[ProductListed]:
    total, rows = await products.list_products(session, page, category_id=category_id, search=q)
    return PageOf(total=total, items=[catalogue.listed(row, pricing, locale) for row in rows])


@router.post(
    "",
    response_model=ProductOut,
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(require_admin)],
)
async def create_product(session: SessionDep, data: ProductIn) -> Product:
    if await products.find_by_sku(session, data.sku):
        raise HTTPException(status.HTTP_409_CONFLICT, "This SKU is taken")
    found(await session.get(Category, data.category_id), "Category")
    found(await session.get(Supplier, data.supplier_id), "Supplier")
    product = Product(**data.model_dump())
    session.add(product)
    await session.commit()
    return product


@router.post("/import", dependencies=[Depends(require_admin)])
async def import_products(
    session: SessionDep, rows: Annotated[list[ProductIn], Body(max_length=2000)]
) -> ImportResult:
    return await catalogue.import_products(session, rows)


@router.post("/prices", dependencies=[Depends(require_admin)])
async def update_prices(
    session: SessionDep, rows: Annotated[list[PriceUpdate], Body(max_length=20_000)]
) -> ImportResult:
    return await catalogue.update_prices(session, rows)


@router.get("/{product_id}")
async def read_product(session: SessionDep, product_id: RowId) -> ProductDetail:
    product = found(await products.get_product_detail(session, product_id), "Product")
    return catalogue.detailed(product)


@router.patch("/{product_id}", response_model=ProductOut, dependencies=[Depends(require_admin)])
async def change_product(session: SessionDep, product_id: RowId, patch: ProductPatch) -> Product:
    product = found(await session.get(Product, product_id), "Product")
    price_change = catalogue.apply_patch(product, patch)
    if price_change is not None:
        session.add(price_change)
    await session.commit()
    return product


@router.delete(
    "/{product_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(require_admin)],
)
async def retire_product(session: SessionDep, product_id: RowId) -> None:
    product = found(await session.get(Product, product_id), "Product")
    product.active = False
    await session.commit()


@router.get("/{product_id}/price")
async def read_price(
    session: SessionDep,
    product_id: RowId,
    locale: LocaleDep,
    currency: Annotated[str, Query(pattern="^[A-Z]{3}$")] = "EUR",
) -> ProductPrice:
    product = found(await session.get(Product, product_id), "Product")
    try:
        rate = await rates.rate_of(currency)
    except rates.UnknownCurrency as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "Unknown currency") from error
    cents = round(product.price_cents * rate)
    return ProductPrice(
        product_id=product.id,
        currency=currency,
        price_cents=cents,
        price=format_money(cents, currency, locale),
    )


@router.get("/{product_id}/availability")
async def read_availability(
    session: SessionDep, product_id: RowId, warehouse: WarehouseDep, carrier: CarrierDep
) -> ProductAvailability:
    product = found(await session.get(Product, product_id), "Product")
    in_warehouse = await warehouse.units_of(product.sku)
    delivery = await carrier.options_for(product.weight_grams)
    return ProductAvailability(
        product_id=product.id,
        in_shop=product.stock,
        in_warehouse=in_warehouse,
        delivery=delivery,
    )


@router.get("/{product_id}/stock-movements", response_model=list[StockMovementOut])
async def list_product_movements(
    session: SessionDep, product_id: RowId, limit: Limit = 50
) -> Sequence[StockMovement]:
    return await stock.movements_of(session, product_id, limit)


@router.get("/{product_id}/reviews", response_model=list[ReviewOut])
async def list_product_reviews(
    session: SessionDep, product_id: RowId, limit: Limit = 50
) -> Sequence[Review]:
    return await reviews.reviews_of_product(session, product_id, limit)


@router.post("/{product_id}/reviews", response_model=ReviewOut, status_code=status.HTTP_201_CREATED)
async def create_review(
    session: SessionDep, product_id: RowId, user: CurrentUser, data: ReviewIn
) -> Review:
    found(await session.get(Product, product_id), "Product")
    found(await session.get(Customer, data.customer_id), "Customer")
    review = Review(product_id=product_id, **data.model_dump())
    session.add(review)
    await session.commit()
    return review
