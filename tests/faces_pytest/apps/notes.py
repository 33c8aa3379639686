"""Notes on an asynchronous database."""

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import StaticPool

engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
Sessions = async_sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)


app = FastAPI()


async def fill() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with Sessions() as session:
        session.add_all(Note() for _ in range(5))
        await session.commit()


@app.get("/notes")
async def notes() -> list[int]:
    async with Sessions() as session:
        found = []
        for number in range(1, 6):
            note = await session.scalar(select(Note).where(Note.id == number))  # mark: note
            found.append(note.id if note else 0)
        return found
