"""One order of writing, whatever the addresses of the objects are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.probe_drive.process_code import run_code

MODELS = """
    from strop.probe import flushes
    flushes.install()
    import sqlalchemy as sa
    from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, relationship

    class Base(DeclarativeBase):
        pass

    links = sa.Table("links", Base.metadata, sa.Column("recipe", sa.ForeignKey("recipes.id")),
        sa.Column("tag", sa.ForeignKey("tags.id")))

    class Tag(Base):
        __tablename__ = "tags"
        id = mapped_column(sa.String, primary_key=True)
        recipes = relationship("Recipe", secondary=links, back_populates="tags")

    class Recipe(Base):
        __tablename__ = "recipes"
        id = mapped_column(sa.String, primary_key=True)
        tags = relationship("Tag", secondary=links, back_populates="recipes")
        {more}

    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    names = ["z", "c", "y", "a", "x", "b", "w", "d", "v", "e"]

    def written(session):
        session.commit()
        return [row.tag for row in session.execute(sa.select(links.c.tag).order_by(sa.text("links.rowid")))]
"""


CYCLE = (
    'above_id = mapped_column(sa.ForeignKey("recipes.id")); above = relationship("Recipe", remote_side=[id])'
)


@pytest.mark.parametrize("more", ["", CYCLE])
def test_links_of_new_objects_are_written_as_the_objects_were_added(tmp_path: Path, more: str) -> None:
    found: list[Any] = run_code(
        MODELS.replace("{more}", more)
        + """
    with Session(engine) as session:
        tags = [Tag(id=name) for name in names]
        session.add_all(tags)
        for tag in tags:
            tag.recipes = [Recipe(id=f"r-{tag.id}")]
        result = written(session)
    """,
        tmp_path,
    )
    assert found == ["z", "c", "y", "a", "x", "b", "w", "d", "v", "e"]


def test_links_of_known_objects_are_written_by_key(tmp_path: Path) -> None:
    found = run_code(
        MODELS.replace("{more}", CYCLE)
        + """
    with Session(engine) as session:
        session.add_all([Tag(id=name) for name in names])
        session.add_all([Recipe(id=name) for name in names])
        session.commit()
        tags, recipes = ([session.get(kind, name) for name in names] for kind in (Tag, Recipe))
        with session.no_autoflush:
            for tag, recipe in zip(tags, recipes):
                tag.recipes.append(recipe)
        result = written(session)
    """,
        tmp_path,
    )
    assert found == sorted(["z", "c", "y", "a", "x", "b", "w", "d", "v", "e"])
