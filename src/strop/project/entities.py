"""Which calls parse XML with entities that may name files?

Tried with each library: `lxml` opens them when it is told to (`resolve_entities=True`), by itself before 5.0, and in
`iterparse` before 6.1. `xml.sax` does when it is told to (`feature_external_ges`). `xml.etree`, `minidom` and lxml's
parsers of HTML never do.
"""

from __future__ import annotations

import ast

from strop.project.body import Body
from strop.project.spelling import keyword, last_name

OPEN, OLD, OLDER = ":open", ":before-5.0", ":before-6.1"  # always, and by default up to a version of lxml
PARSES = (
    "lxml.etree.fromstring",
    "lxml.etree.parse",
    "lxml.etree.XML",
    "lxml.objectify.fromstring",
    "lxml.objectify.parse",
)
STEPS = "lxml.etree.iterparse"
SAX = "?.parse:open"
LASTS = frozenset(name.rpartition(".")[2] for name in (*PARSES, STEPS)) | {"parse", "parseString"}
_PARSERS = frozenset({"lxml.etree.XMLParser", "lxml.etree.XMLPullParser", "lxml.etree.ETCompatXMLParser"})
_EXTERNAL = ("feature_external_ges", "feature_external_pes")


def opening(body: Body, call: ast.Call) -> str:
    """The name under which the table of sinks has this call: with what makes it open entities; "" when nothing does."""
    name = body.name(call.func)
    if name == STEPS:
        return _told(call, name, OLDER)
    if name in PARSES:
        parser = call.args[1] if len(call.args) > 1 else keyword(call, "parser")
        if parser is None or (isinstance(parser, ast.Constant) and parser.value is None):
            return name + OLD
        made = body.value(parser)
        return (
            _told(made, name, OLD) if isinstance(made, ast.Call) and body.name(made.func) in _PARSERS else ""
        )
    return SAX if last_name(call.func) == "parse" and _is_sax(body, call) else ""


def _told(call: ast.Call, name: str, default: str) -> str:
    """What `resolve_entities` says; what is neither written nor a constant is not known."""
    if any(k.arg is None for k in call.keywords):
        return ""
    told = keyword(call, "resolve_entities")
    if told is None:
        return name + default
    return name + OPEN if isinstance(told, ast.Constant) and told.value is True else ""


def _is_sax(body: Body, call: ast.Call) -> bool:
    """Whether the parser of `parser.parse(...)` is one of `xml.sax` that this function lets open entities."""
    func = call.func
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return False
    made = body.value(func.value)
    if not isinstance(made, ast.Call) or body.name(made.func) != "xml.sax.make_parser":
        return False
    for told in body.calls("setFeature"):
        if isinstance(told.func, ast.Attribute) and ast.unparse(told.func.value) == func.value.id:
            match told.args:
                case [feature, ast.Constant(value=True | 1)] if last_name(feature) in _EXTERNAL:
                    return True
    return False
