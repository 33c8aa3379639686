from collections.abc import Sequence

from fastapi import APIRouter, Depends

from shop.api.deps import Limit, PricingDep, SessionDep, require_admin
from shop.core.config import PricingSettings
from shop.models import User
from shop.repositories import users
from shop.repositories.stats import collect_stats
from shop.schemas.accounts import UserOut
from shop.schemas.reports import ShopStats

router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(require_admin)])


@router.get("/stats")
async def read_stats(session: SessionDep) -> ShopStats:
    return await collect_stats(session)


@router.get("/users", response_model=list[UserOut])
async def list_users(session: SessionDep, limit: Limit = 100) -> Sequence[User]:
    return await users.list_users(session, limit)


@router.get("/pricing")
async def read_pricing(pricing: PricingDep) -> PricingSettings:
    return pricing
