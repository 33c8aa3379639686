"""Books of authors on a synchronous database."""

import time
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import ForeignKey, create_engine, func, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import StaticPool

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list["Book"]] = relationship()


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))


Base.metadata.create_all(engine)
with Session(engine) as _session:
    _session.add_all(Author(name=f"author {n}", books=[Book(), Book()]) for n in range(4))
    _session.commit()


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


Database = Annotated[Session, Depends(get_session)]
app = FastAPI()


def count_books(session: Session, author: int) -> int:
    return session.scalar(select(func.count()).where(Book.author_id == author)) or 0  # mark: counted


@app.get("/authors/counts")
def author_counts(session: Database) -> dict[str, int]:
    authors = session.scalars(select(Author)).all()  # mark: authors
    return {each.name: count_books(session, each.id) for each in authors}  # mark: loop


@app.get("/authors/lazy")
def lazy(session: Database) -> list[int]:
    return [len(each.books) for each in session.scalars(select(Author)).all()]  # mark: lazy


@app.get("/authors/questions")
def questions(session: Database) -> list[int]:
    first = count_books(session, 1)
    second = count_books(session, 2)
    third = count_books(session, 3)
    return [first, second, third]


@app.get("/authors/{author}")
async def read_author(author: int) -> str:
    with Session(engine) as session:
        return session.scalars(select(Author).where(Author.id == author)).one().name  # mark: on loop


@app.get("/sleepy")
async def sleepy() -> str:
    time.sleep(0.5)  # mark: sleep
    return "awake"


@app.get("/slow")
def slow(session: Database) -> int:
    digits = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000)"
    return int(session.scalar(text(f"{digits} SELECT sum(i) FROM n")) or 0)  # mark: slow


@app.get("/plain")
async def plain() -> str:
    return "plain"
