from typing import Annotated

from fastapi import Depends, Header, HTTPException, Path, Query, status
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from shop.core.config import PricingSettings, Settings, get_settings
from shop.core.database import get_report_session, get_session
from shop.core.security import read_token
from shop.models import Partner, User
from shop.repositories import users
from shop.schemas.common import Page
from shop.services import upstream

oauth2_scheme = OAuth2PasswordBearer(tokenUrl="login")

SessionDep = Annotated[AsyncSession, Depends(get_session)]
ReportSessionDep = Annotated[Session, Depends(get_report_session)]
SettingsDep = Annotated[Settings, Depends(get_settings)]

RowId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=200)]


def get_page(limit: Limit = 20, offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0) -> Page:
    return Page(limit=limit, offset=offset)


def get_locale(accept_language: Annotated[str, Header()] = "en") -> str:
    return "de" if accept_language.lower().startswith("de") else "en"


def get_pricing() -> PricingSettings:
    return PricingSettings()


def get_warehouse() -> upstream.WarehouseClient:
    return upstream.warehouse


def get_carrier() -> upstream.CarrierClient:
    return upstream.carrier


async def current_user(session: SessionDep, token: Annotated[str, Depends(oauth2_scheme)]) -> User:
    email = read_token(token)
    user = await users.find_by_email(session, email) if email else None
    if user is None:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED,
            "Invalid or expired token",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def require_admin(user: CurrentUser) -> User:
    if not user.is_admin:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Administrators only")
    return user


def current_partner(
    session: ReportSessionDep, x_partner_key: Annotated[str, Header()] = "public"
) -> Partner:
    partner = session.scalar(select(Partner).where(Partner.key == x_partner_key))
    if partner is None or not partner.enabled:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Unknown partner key")
    return partner


PageDep = Annotated[Page, Depends(get_page)]
LocaleDep = Annotated[str, Depends(get_locale)]
PricingDep = Annotated[PricingSettings, Depends(get_pricing)]
WarehouseDep = Annotated[upstream.WarehouseClient, Depends(get_warehouse)]
CarrierDep = Annotated[upstream.CarrierClient, Depends(get_carrier)]
AdminUser = Annotated[User, Depends(require_admin)]
