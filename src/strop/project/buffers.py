"""Does a call on files work in memory: on a buffer, or on an archive that stands over one?"""

from __future__ import annotations

import ast

from strop.project.infer import Types
from strop.project.scope import Scope

_BUFFERS = frozenset({"io.BytesIO", "io.StringIO"})
_OVER = frozenset({"fileobj", "file", "fp"})  # what archives call that which they stand over
_OF_ARCHIVE = frozenset({"read", "open", "testzip", "getmembers", "extractfile"})  # no other file is touched


def in_memory(types: Types, call: ast.Call, scope: Scope) -> bool:
    """Whether what is opened, read or written is a buffer, `Image.open(BytesIO(data))`, or an archive over one."""
    if _stands_over_buffer(types, call, scope):
        return True
    func = call.func
    if not (
        isinstance(func, ast.Attribute) and func.attr in _OF_ARCHIVE and isinstance(func.value, ast.Name)
    ):
        return False
    made, _ = types.names.visible(scope, func.value.id, func.value.lineno)
    return bool(made) and all(
        binding.how in ("value", "enter")
        and isinstance(binding.expr, ast.Call)
        and _stands_over_buffer(types, binding.expr, binding.scope)
        for binding in made
    )


def _stands_over_buffer(types: Types, call: ast.Call, scope: Scope) -> bool:
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg in _OVER)]
    refs = [types.infer(each, scope) for each in given]
    return any(ref is not None and ref.kind == "instance" and ref.name in _BUFFERS for ref in refs)
