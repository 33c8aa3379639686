"""What do middlewares do on the event loop before any handler runs?"""

from __future__ import annotations

from strop.project.function import Call, Function
from strop.project.project import Project
from strop.rules import burden
from strop.rules.detours import Detours
from strop.rules.loop import LIBRARIES, SESSIONS

_LAYER = "middleware "  # how a chain says that it goes through one
_MADE = frozenset(
    {
        "sqlalchemy.orm.sessionmaker",
        "sqlalchemy.orm.scoped_session",
        "sqlalchemy.orm.Session",
        "sqlalchemy.inspect",
    }
)
_ASKS = frozenset({"commit", "execute", "scalar", "scalars", "query", "get_schema_names", "get_table_names"})


def ask_first(project: Project) -> frozenset[str]:
    """The routes before whose handlers a middleware waits for a synchronous database on the loop."""
    found: set[str] = set()
    detours = Detours(project, burden.RULE)
    for function in project.source.functions.doing(*LIBRARIES):
        if _asks(function):
            found.update(
                way.route
                for way in project.reaches.get(function.id, ())
                if way.context == "loop"
                and any(s.text.startswith(_LAYER) for s in way.chain[1:2])
                and not detours.have(
                    step.span for step in way.chain[2:]
                )  # what is known already is not asked for
            )
    return frozenset(found)


def _asks(function: Function) -> bool:
    """Whether a function asks with a synchronous session, or makes one and asks with what is not known to be another."""
    here = [c for c in function.calls if not (c.awaited or c.off_loop or c.once or c.background)]
    if any(_waits(call) for call in here):
        return True
    made = any(call.name in _MADE for call in here)
    return made and any(call.name.rpartition(".")[2] in _ASKS for call in here)


def _waits(call: Call) -> bool:
    effect = call.effect
    return effect is not None and effect.kind == "blocks" and effect.name.startswith(SESSIONS)
