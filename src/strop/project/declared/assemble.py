"""Which application do the declarations of all files make together?"""

from __future__ import annotations

from strop.project.infer import Types
from strop.project.project import Imported


def assemble(types: Types) -> Imported:
    """The application as its source declares it, in the same values as when it is imported."""
    return Imported(title="", routes=())
