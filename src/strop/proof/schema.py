"""What the database of a candidate needs beside its rows: the project's migrations, or plain statements."""

from __future__ import annotations

from msgspec import Struct

from strop.finding import Finding
from strop.world.instance import Instance

LIMIT = 120.0  # seconds for the migrations


class Schema(Struct, frozen=True):
    """Changes of the schema that kept patches brought, as statements."""

    statements: tuple[str, ...] = ()

    def with_index(self, finding: Finding) -> Schema:
        """The schema with the index that the finding asks for."""
        table, columns = finding.fact("table"), [c.strip() for c in finding.fact("columns").split(",")]
        name = "_".join(("ix", table, *columns))
        listed = ", ".join(f'"{c}"' for c in columns)
        return Schema((*self.statements, f'create index if not exists "{name}" on "{table}" ({listed})'))


def migrate(instance: Instance, schema: Schema) -> tuple[tuple[str, ...], str]:
    """Run the project's migrations in the instance, where it has any and the schema changed.

    Returns the statements that are still to be run after the start, and a note that says why.
    """
    target = instance.world.target
    if not schema.statements or not target.migrations:
        return schema.statements, ""
    done = instance.run([target.python, "-m", "alembic", "upgrade", "head"], LIMIT)
    if done.status == 0:
        return (), ""
    last = (done.err.strip().splitlines() or ["no message"])[-1]
    return (
        schema.statements,
        f"alembic upgrade head failed in the world ({last}); the index was made directly",
    )
