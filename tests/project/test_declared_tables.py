"""Tables and relationships as the source declares them: in the forms that people write, and beside the imported shop."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from strop.project.project import Imported
from strop.project.read import read_project
from strop.project.table import Index, Relationship, Table

SHOP = Path(__file__).parents[2] / "examples" / "shop"


def declared(tmp_path: Path, **files: str) -> Imported:
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(dedent(text))
    return read_project(tmp_path).imported


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The shop as it says of itself when SQLAlchemy has mapped it, in a process of its own."""
    root = tmp_path_factory.mktemp("shop")
    shutil.copytree(SHOP, root, dirs_exist_ok=True)
    code = (
        "import json, importlib, strop.probe.places as places, strop.probe.tables as t\n"
        "importlib.import_module('shop.models')\n"
        "print(json.dumps([t.describe_tables(), t.describe_relationships()]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    tables, relations = json.loads(ran.stdout)
    for each in (*tables, *relations):
        each["span"] = None
    return Imported(
        "",
        (),
        tables=msgspec.convert(tables, tuple[Table, ...]),
        relationships=msgspec.convert(relations, tuple[Relationship, ...]),
    )


def test_the_shop_is_read_as_it_is_mapped(imported: Imported) -> None:
    read = read_project(SHOP).imported
    assert {t.name: t.model for t in read.tables} == {t.name: t.model for t in imported.tables}
    for mine in read.tables:
        theirs = next(t for t in imported.tables if t.name == mine.name)
        assert {c.name: c for c in mine.columns} == {c.name: c for c in theirs.columns}
        # a naming convention of the metadata names them; what they index is what counts
        assert {(i.columns, i.unique) for i in mine.indexes} == {
            (i.columns, i.unique) for i in theirs.indexes
        }
    kept = {(r.module, r.owner, r.name): (r.target, r.uselist, r.lazy) for r in read.relationships}
    assert kept == {
        (r.module, r.owner, r.name): (r.target, r.uselist, r.lazy) for r in imported.relationships
    }


def test_mixins_generated_names_and_a_table_between(tmp_path: Path) -> None:
    read = declared(
        tmp_path,
        base="""
        from sqlalchemy import Column, DateTime, ForeignKey, Integer
        from sqlalchemy.orm import declarative_base, declared_attr, relationship

        class Named:
            @declared_attr
            def __tablename__(cls):
                return cls.__name__.lower() + "s"

            id = Column(Integer, primary_key=True)

        class Owned:
            @declared_attr
            def owner_id(cls):
                return Column(Integer, ForeignKey("users.id"), index=True)

            @declared_attr
            def owner(cls):
                return relationship("User")

        Base = declarative_base(cls=Named)
        """,
        models="""
        from sqlalchemy import Column, ForeignKey, Integer, String, Table, UniqueConstraint
        from sqlalchemy.orm import relationship
        from base import Base, Owned

        document_tag = Table(
            "document_tag",
            Base.metadata,
            Column("document_id", Integer, ForeignKey("documents.id"), primary_key=True),
            Column("tag_id", ForeignKey("tags.id"), primary_key=True),
        )

        class User(Base):
            name = Column("full_name", String(40))

        class Tag(Base):
            word = Column(String, unique=True)

        class Document(Owned, Base):
            __table_args__ = (UniqueConstraint("title", "owner_id"), {"schema": "library"})
            title = Column(String(80), nullable=False)
            tags = relationship("Tag", secondary=document_tag, lazy="selectin", backref="documents")
        """,
    )
    assert [t.name for t in read.tables] == ["document_tag", "library.documents", "tags", "users"]
    between, document, _, user = read.tables
    assert [(c.name, c.type, c.foreign_key, c.primary) for c in between.columns] == [
        ("document_id", "INTEGER", "documents.id", True),
        ("tag_id", "INTEGER", "tags.id", True),
    ]
    assert {c.name: (c.foreign_key, c.index, c.nullable) for c in document.columns} == {
        "title": ("", False, False),
        "owner_id": ("users.id", True, True),
        "id": ("", False, False),
    }
    assert Index("", ("title", "owner_id"), True) in document.indexes
    assert [(c.name, c.attribute) for c in user.columns] == [("full_name", "name"), ("id", "")]
    assert {r.key: (r.target, r.uselist, r.lazy) for r in read.relationships} == {
        "Document.owner": ("User", False, "select"),
        "Document.tags": ("Tag", True, "selectin"),
        "Tag.documents": ("Document", True, "select"),
    }


def test_sqlmodel_and_its_engine(tmp_path: Path) -> None:
    read = declared(
        tmp_path,
        main="""
        from sqlmodel import Field, Relationship, SQLModel, create_engine

        class Settings:
            url: str = "postgresql+psycopg://shop:secret@db/shop"

        settings = Settings()
        engine = create_engine(settings.url, pool_size=20)

        class TeamBase(SQLModel):
            name: str = Field(index=True, max_length=30)

        class Team(TeamBase, table=True):
            id: int | None = Field(default=None, primary_key=True)
            heroes: list["Hero"] = Relationship(back_populates="team", sa_relationship_kwargs={"lazy": "selectin"})

        class Hero(SQLModel, table=True):
            id: int = Field(primary_key=True)
            team_id: int | None = Field(default=None, foreign_key="team.id")
            team: Team | None = Relationship(back_populates="heroes")

        class HeroOut(SQLModel):
            id: int
        """,
    )
    assert [t.name for t in read.tables] == ["hero", "team"]
    hero, team = read.tables
    assert {c.name: (c.type, c.nullable, c.foreign_key) for c in hero.columns} == {
        "id": ("INTEGER", False, ""),
        "team_id": ("INTEGER", True, "team.id"),
    }
    assert {c.name: (c.type, c.index) for c in team.columns} == {
        "id": ("INTEGER", False),
        "name": ("VARCHAR(30)", True),
    }
    assert {r.key: (r.target, r.uselist, r.lazy) for r in read.relationships} == {
        "Hero.team": ("Team", False, "select"),
        "Team.heroes": ("Hero", True, "selectin"),
    }
    (engine,) = read.engines
    assert (engine.dialect, engine.driver, engine.pool_size, engine.max_overflow) == (
        "postgresql",
        "psycopg",
        20,
        10,
    )
    assert engine.url == "postgresql+psycopg://db/shop"


def test_columns_by_annotation_alone_and_by_alias(tmp_path: Path) -> None:
    read = declared(
        tmp_path,
        models="""
        from __future__ import annotations
        from datetime import datetime
        from typing import Annotated, Optional
        from sqlalchemy import ForeignKey, Index
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

        key = Annotated[int, mapped_column(primary_key=True)]

        class Base(DeclarativeBase):
            pass

        class Node(Base):
            __tablename__ = "nodes"
            __table_args__ = (Index("ix_nodes_seen", "seen"),)
            id: Mapped[key]
            seen: Mapped[Optional[datetime]]
            parent_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id"))
            parent: Mapped["Node | None"] = relationship(remote_side=[id])
            children: Mapped[list[Node]] = relationship(lazy=False)

        Index("ix_nodes_parent", Node.parent_id)
        """,
    )
    (table,) = read.tables
    assert {c.name: (c.type, c.primary, c.nullable, c.index) for c in table.columns} == {
        "id": ("INTEGER", True, False, False),
        "seen": ("DATETIME", False, True, True),
        "parent_id": ("INTEGER", False, True, True),
    }
    assert {r.key: (r.uselist, r.lazy) for r in read.relationships} == {
        "Node.parent": (False, "select"),
        "Node.children": (True, "joined"),
    }


def test_two_tables_that_point_at_each_other(tmp_path: Path) -> None:
    read = declared(
        tmp_path,
        models="""
        from sqlalchemy import Column, ForeignKey, Integer
        from sqlalchemy.orm import DeclarativeBase, relationship

        class Base(DeclarativeBase):
            pass


        class Photo(Base):
            __tablename__ = "photos"
            id = Column(Integer, primary_key=True)
            album_id = Column(ForeignKey("albums.id"))


        class Album(Base):
            __tablename__ = "albums"
            id = Column(Integer, primary_key=True)
            cover_id = Column(ForeignKey("photos.id"))
            cover = relationship("Photo", foreign_keys=[cover_id])
            photos = relationship("Photo", foreign_keys=[Photo.album_id])
        """,
    )
    assert {r.name: r.uselist for r in read.relationships} == {"cover": False, "photos": True}


@pytest.mark.parametrize("home", ["sqlalchemy.orm", "sqlalchemy.ext.declarative"])
def test_models_below_what_declarative_base_gives(tmp_path: Path, home: str) -> None:
    read = declared(
        tmp_path,
        base=f"""
            from {home} import declarative_base
            Base = declarative_base()
        """,
        books="""
            from sqlalchemy import Column, ForeignKey, Integer
            from base import Base

            class Book(Base):
                __tablename__ = "books"
                id = Column(Integer, primary_key=True)
                author_id = Column(ForeignKey("authors.id"), index=True)
        """,
    )
    assert [(t.name, [c.name for c in t.columns]) for t in read.tables] == [("books", ["id", "author_id"])]
