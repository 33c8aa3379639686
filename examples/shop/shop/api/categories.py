from collections.abc import Sequence

from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy import func, select

from shop.api.deps import Limit, LocaleDep, PageDep, PricingDep, RowId, SessionDep, require_admin
from shop.api.errors import found
from shop.models import Category, Product, TaxRate
from shop.repositories import products
from shop.schemas.catalogue import (
    Bestseller,
    CategoryIn,
    CategoryOut,
    CategorySummary,
    ProductListed,
)
from shop.schemas.common import PageOf
from shop.services import catalogue

router = APIRouter(prefix="/categories", tags=["categories"])


@router.get("", response_model=list[CategoryOut])
async def list_categories(session: SessionDep) -> Sequence[Category]:
    return (await session.scalars(select(Category).order_by(Category.id))).all()


@router.post(
    "",
    response_model=CategoryOut,
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(require_admin)],
)
async def create_category(session: SessionDep, data: CategoryIn) -> Category:
    if await session.scalar(select(Category.id).where(Category.slug == data.slug)):
        raise HTTPException(status.HTTP_409_CONFLICT, "This slug is taken")
    if data.parent_id is not None:
        found(await session.get(Category, data.parent_id), "Category")
    category = Category(name=data.name, slug=data.slug, parent_id=data.parent_id)
    category.tax_rate = TaxRate(percent=data.tax_percent)
    session.add(category)
    await session.commit()
    return category


@router.get("/{category_id}", response_model=CategoryOut)
async def read_category(session: SessionDep, category_id: RowId) -> Category:
    return found(await session.get(Category, category_id), "Category")


@router.get("/{category_id}/summary")
async def summarize_category(session: SessionDep, category_id: RowId) -> CategorySummary:
    category = found(await session.get(Category, category_id), "Category")
    counts = {}
    for active in (True, False):
        counts[active] = await products.count_in_category(session, category, active=active)
    average = await session.scalar(
        select(func.avg(Product.price_cents)).where(Product.category_id == category_id)
    )
    return CategorySummary(
        category=CategoryOut.model_validate(category),
        active_products=counts[True],
        retired_products=counts[False],
        average_price_cents=round(average or 0),
    )


@router.get("/{category_id}/products")
async def list_category_products(
    session: SessionDep,
    category_id: RowId,
    page: PageDep,
    pricing: PricingDep,
    locale: LocaleDep,
) -> PageOf[ProductListed]:
    total, rows = await products.list_products(session, page, category_id=category_id)
    return PageOf(total=total, items=[catalogue.listed(row, pricing, locale) for row in rows])


@router.get("/{category_id}/bestsellers")
async def list_bestsellers(
    session: SessionDep, category_id: RowId, limit: Limit = 25
) -> list[Bestseller]:
    return await catalogue.bestsellers(session, category_id, limit)
