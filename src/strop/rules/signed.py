"""Is it a machine that calls, which signs what it sends? A header with a signature is read then."""

from __future__ import annotations

import ast
import re

from strop.project.body import Body
from strop.regex import regex

_HEADER = regex(r"^[\w-]*-signature(-\w+)?$", re.IGNORECASE)
_PARAMETER = regex(r"^x_(\w+_)?signature(_\w+)?$")  # x_hub_signature_256: str = Header()


def is_signed(body: Body) -> bool:
    """Whether a function reads such a header: `headers.get("x-bank-signature")`, or a parameter for it."""
    if any(isinstance(n.value, str) and _HEADER.search(n.value) for n in body.of(ast.Constant)):
        return True
    if not isinstance(body.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    args = body.node.args
    return any(_PARAMETER.search(a.arg) for a in (*args.posonlyargs, *args.args, *args.kwonlyargs))
