"""What can a value of a request carry: any text, a checked URL, an upload, a model with fields, or nothing that harms?"""

from __future__ import annotations

import ast

from msgspec import Struct

from strop.project.function import Class
from strop.project.harmless import is_clean
from strop.project.identify import Identifier
from strop.project.project import Project
from strop.project.route import Parameter
from strop.project.sinks import Danger
from strop.tree import expression_tree

_TEXTS = frozenset({
    "str", "bytes", "Path", "PurePath", "SecretStr", "AnyStr", "Json", "FilePath", "DirectoryPath", "constr",
    "StrictStr",
})  # fmt: skip


class Given(Struct, frozen=True):
    """What a value is: text, a URL that Pydantic has checked, an upload or its content, any JSON, a model (by id)."""

    kind: str  # text, address, upload, content, any, model
    model: str = ""


class Contents:
    """Answers from the annotations of one project."""

    def __init__(self, project: Project, names: Identifier) -> None:
        self.project = project
        self.classes = names.simple_names
        self.enums = names.enums

    def given(self, parameter: Parameter) -> Given | None:
        """What a parameter of a route carries; None for what FastAPI has parsed into something harmless."""
        if parameter.place == "file":
            return (
                Given("upload")
                if "UploadFile" in parameter.type or not parameter.type.startswith("bytes")
                else Given("content")
            )
        if parameter.model:
            return None if parameter.model in self.enums else Given("model", parameter.model)
        if any(name in ("pattern", "regex") for name, _ in parameter.limits):
            return None
        return self.typed(parameter.type)

    def typed(self, annotation: str) -> Given | None:
        """What a value of this annotation (as text) carries."""
        tree = _parsed(annotation)
        if tree is None:
            return Given("text")
        if is_clean(tree) or "pattern=" in annotation or "regex=" in annotation:
            return None
        names = {
            n.id if isinstance(n, ast.Name) else n.attr
            for n in ast.walk(tree)
            if isinstance(n, ast.Name | ast.Attribute)
        }
        classes = [c for n in sorted(names) for c in self.classes.get(n, ())]
        if any(c.id in self.enums for c in classes):
            return None
        if classes:
            return Given("model", classes[0].id)
        if "UploadFile" in names:
            return Given("upload")
        if any(n.endswith(("Url", "URL")) for n in names):
            return Given("address")
        if names & {"dict", "Dict", "Any", "Mapping", "object"}:
            return Given("any")
        return Given("text") if names & _TEXTS or not annotation else None

    def part(self, given: Given, rest: str) -> Given | None:
        """What an attribute or item of a value carries."""
        for name in rest.split(".") if rest else ():
            match given.kind:
                case "upload":
                    found = (
                        Given("text") if name == "filename" else Given("content") if name == "file" else None
                    )
                case "model":
                    found = self._field(given.model, name)
                case "address":
                    found = Given("text")
                case _:
                    found = given
            if found is None:
                return None
            given = found
        return given

    def _field(self, model: str, name: str) -> Given | None:
        owner = self.project.source.classes.get(model)
        if owner is None:
            return None
        if name in ("model_dump", "dict"):
            return Given("model", model)
        if any(name in v.rpartition(".")[2] for v in owner.validators) or any(
            "validat" in b.lower() for b in owner.library_bases
        ):
            return None  # a validator of its own looks at it
        for class_id in (owner.id, *owner.bases):
            here: Class | None = self.project.source.classes.get(class_id)
            for member in here.members if here is not None else ():
                if member.name == name and member.annotation:
                    if "pattern=" in member.value or "regex=" in member.value:
                        return None
                    return self.typed(member.annotation)
        return None


def harms(danger: Danger, given: Given) -> bool:
    """Whether such a value can do this harm."""
    match given.kind:
        case "text" | "any":
            return True
        case "address":
            return danger in ("url", "redirect")
        case "content":
            return danger in ("pickle", "archive", "template", "code", "html", "xml")
        case "upload":
            return danger in ("pickle", "archive", "xml")
    return False


def _parsed(annotation: str) -> ast.expr | None:
    try:
        return expression_tree(annotation.strip().strip("\"'")) if annotation else None
    except (SyntaxError, ValueError):
        return None
