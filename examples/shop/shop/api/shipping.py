from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, status

from shop.api.deps import PricingDep
from shop.schemas.reports import Country, ShippingQuote
from shop.services import shipping

router = APIRouter(prefix="/shipping", tags=["shipping"])


@router.get("/countries")
async def list_countries() -> list[Country]:
    return list(shipping.load_countries())


@router.get("/quote")
async def read_quote(
    pricing: PricingDep,
    country: Annotated[str, Query(pattern="^[A-Z]{2}$")] = "DE",
    postcode: Annotated[str, Query(pattern="^[0-9]{4,6}$")] = "10115",
    weight_grams: Annotated[int, Query(ge=1, le=100_000)] = 1000,
    value_cents: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> ShippingQuote:
    try:
        return shipping.quote(country, postcode, weight_grams, value_cents, pricing)
    except shipping.UnknownDestination as error:
        raise HTTPException(status.HTTP_404_NOT_FOUND, str(error)) from error
