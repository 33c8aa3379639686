from collections.abc import Sequence

from fastapi import APIRouter, Depends, status
from sqlalchemy import select

from shop.api.deps import RowId, SessionDep, require_admin
from shop.api.errors import found
from shop.models import Supplier
from shop.schemas.catalogue import SupplierIn, SupplierOut, SupplierPatch

router = APIRouter(prefix="/suppliers", tags=["suppliers"])


@router.get("", response_model=list[SupplierOut])
async def list_suppliers(session: SessionDep) -> Sequence[Supplier]:
    return (await session.scalars(select(Supplier).order_by(Supplier.id))).unique().all()


@router.post(
    "",
    response_model=SupplierOut,
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(require_admin)],
)
async def create_supplier(session: SessionDep, data: SupplierIn) -> Supplier:
    supplier = Supplier(**data.model_dump(), active=True, contacts=[], certificates=[])
    session.add(supplier)
    await session.commit()
    return supplier


@router.get("/{supplier_id}", response_model=SupplierOut)
async def read_supplier(session: SessionDep, supplier_id: RowId) -> Supplier:
    return found(await session.get(Supplier, supplier_id), "Supplier")


@router.patch("/{supplier_id}", response_model=SupplierOut, dependencies=[Depends(require_admin)])
async def change_supplier(
    session: SessionDep, supplier_id: RowId, patch: SupplierPatch
) -> Supplier:
    supplier = found(await session.get(Supplier, supplier_id), "Supplier")
    for name, value in patch.model_dump(exclude_unset=True, exclude_none=True).items():
        setattr(supplier, name, value)
    await session.commit()
    return supplier
