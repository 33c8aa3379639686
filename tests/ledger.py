"""A small backend as people write them, in a folder with git and a database: what several rooms are tested on."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from strop.target import Login, Target

MODELS = """\
from sqlalchemy import Boolean, Float, ForeignKey, Integer, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

engine = create_engine("sqlite:///ledger.db")
Session = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String)
    token: Mapped[str] = mapped_column(String)
    books: Mapped[list["Book"]] = relationship(back_populates="author", order_by="Book.id")


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    title: Mapped[str] = mapped_column(String)
    price: Mapped[float] = mapped_column(Float)
    sold: Mapped[int] = mapped_column(Integer, default=0)
    hidden: Mapped[bool] = mapped_column(Boolean, default=False)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(back_populates="books")


class Audit(Base):
    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(String)
"""

MAIN = """\
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from app.models import Audit, Author, Book, Session

app = FastAPI(title="Ledger")


class BookIn(BaseModel):
    title: str = Field(min_length=2, max_length=40)
    price: float = Field(ge=0)
    sold: int = 0


class BookOut(BaseModel):
    id: int
    title: str
    price: float
    sold: int
    author: str


def database():
    with Session() as session:
        yield session


Db = Annotated[Database, Depends(database)]


def me(db: Db, authorization: Annotated[str, Header()] = "") -> Author:
    found = db.scalar(select(Author).where(Author.token == authorization.removeprefix("Bearer ")))
    if found is None:
        raise HTTPException(401, "log in", headers={"www-authenticate": "Bearer"})
    return found


Me = Annotated[Author, Depends(me)]


class Login(BaseModel):
    username: str
    password: str


def shown(book: Book) -> BookOut:
    return BookOut(
        id=book.id, title=book.title, price=book.price, sold=book.sold, author=book.author.name
    )


@app.post("/login")
def login(given: Login, db: Db) -> dict[str, str]:
    found = db.scalar(select(Author).where(Author.name == given.username))
    if found is None or given.password != "secret":
        raise HTTPException(401, "wrong name or password")
    return {"access_token": found.token, "token_type": "bearer"}


@app.get("/books")
def list_books(
    db: Db,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: int = 0,
    author_id: int | None = None,
) -> list[BookOut]:
    query = select(Book).where(Book.hidden.is_(False))
    if author_id is not None:
        query = query.where(Book.author_id == author_id)
    total = db.scalar(select(func.count()).select_from(query.subquery()))
    response.headers["x-total"] = str(total)
    books = db.scalars(query.order_by(Book.title, Book.id).offset(offset).limit(limit)).all()
    return [shown(book) for book in books]


@app.get("/books/{book_id}")
def get_book(book_id: int, db: Db) -> BookOut:
    book = db.get(Book, book_id)
    if book is None or book.hidden:
        raise HTTPException(404, "no such book")
    return shown(book)


@app.post("/books", status_code=201)
def add_book(given: BookIn, user: Me, db: Db, response: Response) -> BookOut:
    book = Book(title=given.title, price=given.price, sold=given.sold, author_id=user.id)
    db.add(book)
    db.add(Audit(text=f"{user.name} added {given.title}"))
    db.commit()
    response.headers["location"] = f"/books/{book.id}"
    return shown(book)


@app.patch("/books/{book_id}")
def change_book(book_id: int, given: BookIn, user: Me, db: Db) -> BookOut:
    book = db.get(Book, book_id)
    if book is None:
        raise HTTPException(404, "no such book")
    if book.author_id != user.id:
        raise HTTPException(403, "not yours")
    book.title = given.title
    book.price = given.price
    db.commit()
    return shown(book)


@app.delete("/books/{book_id}", status_code=204)
def remove_book(book_id: int, user: Me, db: Db) -> None:
    book = db.get(Book, book_id)
    if book is None or book.author_id != user.id:
        raise HTTPException(404, "no such book")
    db.delete(book)
    db.commit()


@app.get("/stats")
async def stats(db: Db) -> dict[str, float | int | str | None]:
    average = db.scalar(select(func.avg(Book.price)))
    best = db.scalar(select(Book).order_by(Book.sold.desc(), Book.id).limit(1))
    return {
        "books": db.scalar(select(func.count(Book.id))),
        "average": round(average, 2),
        "sold": db.scalar(select(func.sum(Book.sold))),
        "best": best.title if best else None,
    }


@app.get("/me")
def who(user: Me) -> dict[str, str | int]:
    return {"id": user.id, "name": user.name, "books": len(user.books)}
"""

TESTS = """\
from fastapi.testclient import TestClient

from app.main import app

client = TestClient(app)


def test_books():
    assert client.get("/books").status_code == 200


def test_one_book():
    assert client.get("/books/1").json()["id"] == 1


def test_no_book():
    assert client.get("/books/999").status_code == 404
"""

PYPROJECT = """\
[project]
name = "ledger"
version = "1"

[tool.strop]
time_limit = 60

[tool.strop.login]
path = "/login"
username = "ann"
password = "secret"
json = true
"""

FILES: Mapping[str, str] = {
    "app/__init__.py": "",
    "app/models.py": MODELS,
    "app/main.py": MAIN,
    "tests/__init__.py": "",
    "tests/test_books.py": TESTS,
    "pyproject.toml": PYPROJECT,
    ".gitignore": "*.db\n.strop/\n__pycache__/\n",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(folder: Path, *arguments: str) -> str:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    who = ("-c", "user.name=ann", "-c", "user.email=ann@localhost", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=environ, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "begin")
    return git(folder, "rev-parse", "HEAD")


def fill(path: Path) -> None:
    """The user's own database: three authors, books with equal titles and prices, some hidden."""
    with sqlite3.connect(path) as database:
        database.executescript(
            "create table authors (id integer primary key, name varchar not null, token varchar not null);"
            "create table books (id integer primary key, title varchar not null, price float not null,"
            " sold integer not null, hidden boolean not null, author_id integer not null references authors (id));"
            "create table audit (id integer primary key, text varchar not null);"
        )
        database.executemany(
            "insert into authors values (?, ?, ?)",
            [(1, "ann", "token-1"), (2, "bob", "token-2"), (3, "cy", "token-3")],
        )
        database.executemany(
            "insert into books values (?, ?, ?, ?, ?, ?)",
            [
                (n, f"Book {n * 7 % 10}", 3.333 * (n % 5 + 1), n * 3 % 11, n % 6 == 4, (n + 2) % 3 + 1)
                for n in range(1, 31)
            ],
        )
    database.close()


def make(folder: Path, files: Mapping[str, str] = FILES, database: bool = True) -> Path:
    """The backend in a folder of its own, committed, with its database beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, files)
    if database:
        fill(folder / "ledger.db")
    commit(folder)
    return folder


def target(folder: Path) -> Target:
    return Target(
        root=str(folder),
        app="app.main:app",
        factory=False,
        python=sys.executable,
        repo=str(folder),
        commit=git(folder, "rev-parse", "HEAD"),
        branch="main",
        tests=("tests",),
        login=Login("/login", "ann", "secret", json=True),
        time_limit=60.0,
    )
