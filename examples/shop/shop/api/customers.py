from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, status

from shop.api.deps import Limit, PageDep, RowId, SessionDep, current_user
from shop.api.errors import found
from shop.models import Customer, Review
from shop.repositories import customers, orders, reviews
from shop.schemas.catalogue import ReviewOut
from shop.schemas.common import PageOf
from shop.schemas.sales import (
    CustomerDetail,
    CustomerIn,
    CustomerOut,
    CustomerPatch,
    DirectoryEntry,
    OrderOut,
)
from shop.services.customers import detailed

router = APIRouter(prefix="/customers", tags=["customers"], dependencies=[Depends(current_user)])


@router.get("")
async def list_customers(
    session: SessionDep,
    page: PageDep,
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$")] = None,
) -> PageOf[CustomerOut]:
    total, rows = await customers.list_customers(session, page, country=country)
    return PageOf(total=total, items=[CustomerOut.model_validate(row) for row in rows])


@router.post("", response_model=CustomerOut, status_code=status.HTTP_201_CREATED)
async def create_customer(session: SessionDep, data: CustomerIn) -> Customer:
    if await customers.find_by_email(session, data.email):
        raise HTTPException(status.HTTP_409_CONFLICT, "This email is already known")
    customer = Customer(**data.model_dump())
    session.add(customer)
    await session.commit()
    return customer


@router.get("/directory", response_model=list[DirectoryEntry])
async def list_directory(session: SessionDep) -> Sequence[Customer]:
    return await customers.directory(session)


@router.get("/{customer_id}")
async def read_customer(session: SessionDep, customer_id: RowId) -> CustomerDetail:
    customer = found(await customers.get_with_addresses(session, customer_id), "Customer")
    return detailed(customer)


@router.patch("/{customer_id}", response_model=CustomerOut)
async def change_customer(
    session: SessionDep, customer_id: RowId, patch: CustomerPatch
) -> Customer:
    customer = found(await session.get(Customer, customer_id), "Customer")
    for name, value in patch.model_dump(exclude_unset=True, exclude_none=True).items():
        setattr(customer, name, value)
    await session.commit()
    return customer


@router.get("/{customer_id}/orders")
async def list_customer_orders(
    session: SessionDep, customer_id: RowId, page: PageDep
) -> PageOf[OrderOut]:
    total, rows = await orders.list_orders(session, page, customer_id=customer_id)
    return PageOf(total=total, items=[OrderOut.model_validate(row) for row in rows])


@router.get("/{customer_id}/reviews", response_model=list[ReviewOut])
async def list_customer_reviews(
    session: SessionDep, customer_id: RowId, limit: Limit = 50
) -> Sequence[Review]:
    return await reviews.reviews_of_customer(session, customer_id, limit)
