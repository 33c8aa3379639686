from collections.abc import Sequence

from fastapi import APIRouter

from shop.api.deps import Limit, SessionDep
from shop.models import StockMovement
from shop.repositories import stock
from shop.schemas.catalogue import StockMovementOut

router = APIRouter(prefix="/stock-movements", tags=["stock"])


@router.get("", response_model=list[StockMovementOut])
async def list_recent_movements(session: SessionDep, limit: Limit = 50) -> Sequence[StockMovement]:
    return await stock.recent_movements(session, limit)
