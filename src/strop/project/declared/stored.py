"""Where does the application keep its data? Tables, relationships and engines of all files, in two steps."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from strop.project.declared.engines import DeclaredEngines, engines, read_engines
from strop.project.declared.mapped import Mapped
from strop.project.declared.mapping import read_mapped
from strop.project.declared.relationships import relationships
from strop.project.declared.tables import Models, tables
from strop.project.infer import Types
from strop.project.scope import Module
from strop.project.table import Engine, Relationship, Table


class Stored(Struct, frozen=True, array_like=True, gc=False):
    """What one file declares of data."""

    mapped: Mapped
    engines: DeclaredEngines


class Storage(Struct, frozen=True, array_like=True, gc=False):
    """What all files declare together."""

    tables: tuple[Table, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    engines: tuple[Engine, ...] = ()


def read_stored(types: Types, module: Module) -> Stored:
    """What one file declares, as plain values that can be kept."""
    return Stored(read_mapped(types, module), read_engines(types, module))


def link_stored(files: Iterable[Stored]) -> Storage:
    """The tables, relationships and engines that all files make."""
    files = tuple(files)
    models = Models(file.mapped for file in files)
    found = tables(models)
    return Storage(found, relationships(models, found), engines(tuple(file.engines for file in files)))
