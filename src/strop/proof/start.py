"""Starting the application as a revision has it."""

from __future__ import annotations

from strop.measure.serve import Served
from strop.proof.schema import Schema, migrate
from strop.world.instance import Conditions, Instance, World


def start_revision(
    world: World,
    revision: str,
    schema: Schema = Schema(),  # noqa: B008 - frozen
    conditions: Conditions = Conditions(),  # noqa: B008 - frozen
    backwards: bool = False,
) -> Served:
    """The application as a revision has it, in a tree and with databases of its own."""
    return started(world.instance(world.folder.tree(revision), backwards=backwards), schema, conditions)


def started(instance: Instance, schema: Schema, conditions: Conditions) -> Served:
    """The application of `instance`, started, with the schema changed as a patch wants it."""
    left, _ = migrate(instance, schema)
    served = Served(instance, conditions, left)
    served.start()
    return served
