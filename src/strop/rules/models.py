"""What do the project's models consist of: fields with those inherited, and the models in them?"""

from __future__ import annotations

from collections.abc import Iterator

from strop.project.asked import identifier
from strop.project.function import Class, Member
from strop.project.project import Project
from strop.project.route import Route
from strop.project.shared import shared


class _Models:
    """What was found out about the models of one project: rules ask for the same ones again and again."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.fields: dict[str, list[Member]] = {}
        self.inner: dict[str, dict[str, tuple[str, ...]]] = {}

    @classmethod
    def of(cls, project: Project) -> _Models:
        return shared(project, cls)


def fields_of(project: Project, class_id: str) -> list[Member]:
    """The fields of a model, inherited ones too; the nearest definition of each."""
    models = _Models.of(project)
    if class_id not in models.fields:
        models.fields[class_id] = _fields_of(models.project, class_id)
    return models.fields[class_id]


def _fields_of(project: Project, class_id: str) -> list[Member]:
    found: dict[str, Member] = {}
    model = project.source.classes.get(class_id)
    for name in (class_id, *(model.bases if model is not None else ())):
        owner = project.source.classes.get(name)
        for member in owner.members if owner is not None else ():
            if member.annotation and not member.name.startswith("_") and "ClassVar" not in member.annotation:
                found.setdefault(member.name, member)
    return list(found.values())


def owner_of(project: Project, class_id: str, field: str) -> Class | None:
    """The class in whose body a field of a model is written."""
    model = project.source.classes.get(class_id)
    for name in (class_id, *(model.bases if model is not None else ())):
        owner = project.source.classes.get(name)
        if owner is not None and any(m.name == field for m in owner.members):
            return owner
    return None


def inner_of(project: Project, class_id: str) -> dict[str, tuple[str, ...]]:
    """The project's classes in each field of a model, inherited fields too."""
    known = _Models.of(project).inner
    if class_id not in known:
        known[class_id] = _inner_of(project, class_id)
    return known[class_id]


def _inner_of(project: Project, class_id: str) -> dict[str, tuple[str, ...]]:
    model = project.source.classes.get(class_id)
    found: dict[str, tuple[str, ...]] = {}
    for name in (class_id, *(model.bases if model is not None else ())):
        owner = project.source.classes.get(name)
        for field, ids in owner.fields if owner is not None else ():
            found.setdefault(field, ids)
    return found


def is_model(project: Project, class_id: str) -> bool:
    """Whether Pydantic or SQLModel makes the class."""
    model = project.source.classes.get(class_id)
    return model is not None and any(
        base.startswith(("pydantic", "sqlmodel")) for base in model.library_bases
    )


def answered(project: Project) -> Iterator[tuple[Route, Class]]:
    """Every route with each of the project's classes that its response model names."""
    finder = shared(project, identifier)
    for route in project.imported.routes:
        if route.kind == "http" and route.response_model:
            for model in finder.classes_in(route.response_model):
                yield route, model
