from typing import TypeVar

from fastapi import HTTPException, status

Row = TypeVar("Row")


def found(row: Row | None, what: str) -> Row:
    if row is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"{what} not found")
    return row
