from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, status
from fastapi.concurrency import run_in_threadpool
from fastapi.security import OAuth2PasswordRequestForm

from shop.api.deps import CurrentUser, SessionDep
from shop.core.security import create_token, hash_password, verify_password
from shop.models import User
from shop.repositories import users
from shop.schemas.accounts import PasswordChange, Token, UserIn, UserOut

router = APIRouter(tags=["accounts"])


@router.post("/login")
async def login(
    session: SessionDep, form: Annotated[OAuth2PasswordRequestForm, Depends()]
) -> Token:
    user = await users.find_by_email(session, form.username)
    if user is None or not verify_password(form.password, user.password_hash):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Wrong email or password")
    return Token(access_token=create_token(user.email))


@router.post("/users", response_model=UserOut, status_code=status.HTTP_201_CREATED)
async def register(session: SessionDep, data: UserIn) -> User:
    if await users.find_by_email(session, data.email):
        raise HTTPException(status.HTTP_409_CONFLICT, "This email is already registered")
    user = User(
        email=data.email,
        password_hash=await run_in_threadpool(hash_password, data.password),
    )
    session.add(user)
    await session.commit()
    return user


@router.get("/me", response_model=UserOut)
async def read_me(user: CurrentUser) -> User:
    return user


@router.post("/me/password", status_code=status.HTTP_204_NO_CONTENT)
async def change_password(session: SessionDep, user: CurrentUser, data: PasswordChange) -> None:
    if not await run_in_threadpool(verify_password, data.old_password, user.password_hash):
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "The old password is wrong")
    user.password_hash = await run_in_threadpool(hash_password, data.new_password)
    await session.commit()
