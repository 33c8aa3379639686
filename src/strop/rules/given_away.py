"""What does an expression give away when it is written where others read it: which secret?

A name says it (`password`, `database_url`), a type (a request's headers, the settings object), or, for a bare `token`, what the
code around it does with it. What hides its value, is shortened or only sounds like a secret gives nothing away.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.addresses import is_without_password
from strop.rules.keypairs import has_other_half, is_access_key
from strop.rules.secretive import is_address_with_password, is_secret, words

DETAILS = frozenset({"debug", "trace"})  # levels that only who looks closely turns on
# what makes a bare `token` a credential: where it comes from, what the function does with it, what the text says
_PROOF = regex(
    r"secrets\.|jwt|oauth|bearer|auth|login|log_in|sign_?in|sign_?up|passw|reset|verif|invit|magic|cookie|header|credential|"
    r"api_?key|refresh|session|register|confirm|activat|urlsafe|token_hex",
    re.IGNORECASE,
)
_SAID = regex(
    r"\b(access|refresh|reset|verification|verify|invite|invitation|bearer|jwt|auth\w*|login|session|api|bot|"
    r"activation|confirmation|id)[ _-]tokens?\b",
    re.IGNORECASE,
)
_SHOWN = ("", "str", "bytes", "dict", "list")


def given_away(body: Body, expr: ast.expr, call: ast.Call) -> str:
    """What an expression gives away, "" for nothing."""
    match expr:
        case ast.Attribute(attr="headers", value=value) if _is_request(body, value):
            return "all headers of the request"
        case ast.Call(func=ast.Attribute(attr="body", value=value)) if _is_request(body, value):
            return "the body of the request"
        case ast.Call(func=ast.Attribute(attr="get_secret_value")):
            return body.text(expr)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if is_address_with_password(name) and last_name(call.func) in DETAILS:
                return ""  # who looks that closely has the settings too
            if _is_settings(body, expr):
                return f"the settings object {name}"
            if is_address_with_password(name) and is_without_password(body, expr):
                return ""
            if is_access_key(name) and has_other_half(body):
                return ""
            if is_address_with_password(name) or (is_secret(name) and _is_meant(body, expr, name, call)):
                lock = "lock" in body.text(expr).lower()
                nothing = lock or _is_empty(body, expr, call) or _is_harmless(body, expr)
                return "" if nothing else body.text(expr)
    return ""


def _is_meant(body: Body, expr: ast.expr, name: str, call: ast.Call) -> bool:
    """A name of several words says which secret it is; of a bare `token` its source, its function or the text must."""
    if words(name) not in (["token"], ["p", "token"]):
        return True
    found = body.bindings(expr) if isinstance(expr, ast.Name) else []
    sources = " ".join(body.text(b.expr) for b in found if b.expr is not None)
    keywords = " ".join(k.arg or "" for k in call.keywords)
    keywords += " ".join(_roles(body, name))
    said = " ".join(
        n.value for n in ast.walk(call) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    )
    # one word of the text may be chance ("token is invalid"): a name of the code around it is not
    return bool(_PROOF.search(f"{sources} {body.symbol} {keywords}") or _SAID.search(said))


def _is_empty(body: Body, expr: ast.expr, call: ast.Call) -> bool:
    """Whether the call stands where the value was just found to be nothing: `if not token:`."""
    inside: ast.AST = call
    for each in body.around(call):
        match each:
            case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=tested)) if inside in each.body:
                if ast.dump(tested) == ast.dump(expr):
                    return True
        inside = each
    return False


def _roles(body: Body, name: str) -> Iterator[str]:
    """As what a name is handed to functions: `find_caller(authorization=token)`, `verify(token)`."""
    for call in body.of(ast.Call):
        for keyword in call.keywords:
            if isinstance(keyword.value, ast.Name) and keyword.value.id == name and keyword.arg != name:
                yield f" {keyword.arg}"
        if any(isinstance(a, ast.Name) and a.id == name for a in call.args):
            yield f" {last_name(call.func)}"


def _is_request(body: Body, expr: ast.expr) -> bool:
    return body.instance(expr).endswith((".Request", ".HTTPConnection"))


def _is_settings(body: Body, expr: ast.expr) -> bool:
    kind = body.instance(expr)
    return bool(kind) and any(base.endswith(".BaseSettings") for base in body.bases(kind))


def _is_harmless(body: Body, expr: ast.expr) -> bool:
    """An object that hides it or is about it, a constant, an element of a loop (words of a language model)."""
    kind = body.instance(expr)
    if kind not in _SHOWN:
        return True
    if isinstance(body.constant(expr), str | int):
        return True
    found = body.bindings(expr) if isinstance(expr, ast.Name) else []
    if any(b.how in ("element", "def", "class", "import") for b in found) or "lock" in body.symbol.lower():
        return True
    return bool(found) and all(
        b.how != "annotation"  # Optional[str] is no element of anything
        and (
            (isinstance(b.expr, ast.Subscript) and not isinstance(b.expr.slice, ast.Constant | ast.Slice))
            or _is_node(b.expr)
        )
        for b in found
    )


def _is_node(expr: ast.expr | None) -> bool:
    """`node.children[0]`: a token of a parser."""
    inner = expr.value if isinstance(expr, ast.Subscript) else None
    return isinstance(inner, ast.Attribute) and inner.attr in ("children", "tokens", "args")
