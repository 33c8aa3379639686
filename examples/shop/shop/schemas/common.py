from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")

RowRef = Annotated[int, Field(ge=1, le=2**31 - 1)]


class ORMModel(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PageOf(BaseModel, Generic[Item]):
    total: int
    items: list[Item]


@dataclass(frozen=True)
class Page:
    limit: int
    offset: int
