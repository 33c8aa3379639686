from fastapi import APIRouter, Depends, status

from shop.api.deps import RowId, SessionDep, require_admin
from shop.api.errors import found
from shop.models import Review
from shop.schemas.catalogue import ReviewOut

router = APIRouter(prefix="/reviews", tags=["reviews"])


@router.get("/{review_id}", response_model=ReviewOut)
async def read_review(session: SessionDep, review_id: RowId) -> Review:
    return found(await session.get(Review, review_id), "Review")


@router.delete(
    "/{review_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(require_admin)],
)
async def delete_review(session: SessionDep, review_id: RowId) -> None:
    review = found(await session.get(Review, review_id), "Review")
    await session.delete(review)
    await session.commit()
