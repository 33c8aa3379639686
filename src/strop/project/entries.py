"""Where does serving a route enter the project's code, and in which context?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from strop.project.function import Class, Context, Function
from strop.project.identify import Identifier
from strop.project.project import Imported, Source
from strop.project.route import Dependency, Middleware, Route
from strop.span import Span, Step

_SERIALIZERS = frozenset({"computed_field", "field_serializer", "model_serializer"})
_MIDDLEWARE_METHODS = ("__call__", "dispatch")


class Entry(Struct, frozen=True):
    """A function that FastAPI, Starlette or Pydantic calls; `route` is "" at start-up and import."""

    function: str
    context: Context
    route: str
    chain: tuple[Step, ...]


def entries(imported: Imported, source: Source) -> Iterator[Entry]:
    """All entries, route by route; then start-up and import."""
    finder = Identifier.of(source)
    for route in imported.routes:
        if route.kind != "mount":
            yield from _Serving(finder, imported, route).entries()
    yield from _startup(finder, imported)
    for function in source.functions.values():
        if function.id.endswith(":<module>"):
            yield Entry(function.id, "import", "", (Step(f"import {function.name}", function.span),))


def _startup(finder: Identifier, imported: Imported) -> Iterator[Entry]:
    named = (finder.function(name, None) for name in (imported.lifespan, *imported.lifespans))
    found = list({f.id: f for f in named if f is not None}.values())
    for function in finder.source.functions.values():
        if any(name.endswith(".on_event") for name in function.decorators):
            found.append(function)
    for function in found:
        yield Entry(function.id, "startup", "", (Step("startup", function.span),))


class _Serving:
    def __init__(self, finder: Identifier, imported: Imported, route: Route) -> None:
        self.finder = finder
        self.imported = imported
        self.route = route
        self.handler = finder.function(route.name, route.span)
        place = self.handler.span if self.handler is not None else route.span
        self.start = Step(route.key, place or Span("", 0))

    def entries(self) -> Iterator[Entry]:
        if self.handler is not None:
            yield self._entry(self.handler, "loop" if self.route.is_async else "thread")
            yield from self._request_models(self.handler)
        for dependency in self.route.dependencies:
            yield from self._dependency(dependency)
        if self.route.kind == "http":
            for middleware in self.imported.middleware:
                if middleware.is_around(self.route):
                    yield from self._middleware(middleware)
            yield from self._response()

    def _entry(self, function: Function, context: Context, text: str = "", span: Span | None = None) -> Entry:
        steps = (Step(text, span or function.span),) if text else ()
        return Entry(function.id, context, self.route.key, (self.start, *steps))

    def _dependency(self, dependency: Dependency) -> Iterator[Entry]:
        context: Context = "loop" if dependency.is_async else "thread"
        text = f"depends on {dependency.name.partition(':')[2] or dependency.name}"
        owner = self.finder.class_(dependency.name)
        if owner is not None:
            names = ("__init__", "__new__", "__post_init__") if dependency.is_class else ("__call__",)
            methods = [self.finder.method(owner, name) for name in names]
            found = [m for m in methods if m is not None]
            found += [self.finder.source.functions[v] for v in owner.validators if dependency.is_class]
        else:
            one = self.finder.function(dependency.name, dependency.span)
            found = [one] if one is not None else []
        for function in found:
            yield self._entry(function, context, text)
            yield from self._request_models(function)

    def _middleware(self, middleware: Middleware) -> Iterator[Entry]:
        owner = self.finder.class_(middleware.name)
        text = f"middleware {middleware.name.partition(':')[2] or middleware.name}"
        if owner is not None:
            methods = [self.finder.method(owner, name) for name in _MIDDLEWARE_METHODS]
            found = [m for m in methods if m is not None]
        else:
            one = self.finder.function(middleware.name, middleware.span)
            found = [one] if one is not None else []
        for function in found:
            yield self._entry(function, "loop", text)

    def _request_models(self, function: Function) -> Iterator[Entry]:
        """Pydantic validates what a request carries on the loop."""
        for model in self._closure(function.takes):
            for name in model.validators:
                yield self._entry(
                    self.finder.source.functions[name], "loop", f"validates {model.span.symbol}", model.span
                )

    def _closure(self, class_ids: Iterable[str]) -> list[Class]:
        """These classes and those of their fields."""
        found: dict[str, Class] = {}
        waiting = [i for i in class_ids if i in self.finder.source.classes]
        while waiting:
            model = self.finder.source.classes[waiting.pop(0)]
            if model.id not in found and _is_model(model):
                found[model.id] = model
                waiting.extend(i for _, ids in model.fields for i in ids)
        return list(found.values())

    def _response(self) -> Iterator[Entry]:
        """What turning the answer into JSON calls."""
        models = list(self.finder.classes_in(self.route.response_model))
        returned = set(self.handler.returns) if self.handler is not None else set()
        ready = {m.id for m in models} & returned  # an instance of the model is not validated again
        for model in self._closure(m.id for m in models):
            yield from self._serialized(model)
            if not ready:
                for name in model.validators:
                    yield self._answer(name, model)
        rows = [self.finder.source.classes[i] for i in sorted(returned - ready)]
        for model in models:
            yield from self._attributes(model, rows, set())

    def _answer(self, function: str, model: Class) -> Entry:
        found = self.finder.source.functions[function]
        return self._entry(found, "serialization", f"response model {model.span.symbol}", model.span)

    def _serialized(self, model: Class) -> Iterator[Entry]:
        for class_id in (model.id, *model.bases):
            for function in self.finder.methods.get(class_id, ()):
                if any(name.rpartition(".")[2] in _SERIALIZERS for name in function.decorators):
                    yield self._answer(function.id, model)

    def _attributes(self, model: Class, rows: list[Class], seen: set[tuple[str, str]]) -> Iterator[Entry]:
        """Fields of the model that are properties of what the handler returns (`from_attributes`)."""
        fields = dict(model.fields)
        for row in rows:
            if (model.id, row.id) in seen or model.id == row.id:
                continue
            seen.add((model.id, row.id))
            properties, below = dict(row.properties), dict(row.fields)
            for name, inner in fields.items():
                if name in properties:
                    yield self._answer(properties[name], model)
                given = self._returned(properties.get(name, "")) or below.get(name, ())
                for part in inner:
                    values = [self.finder.source.classes[i] for i in given]
                    yield from self._attributes(self.finder.source.classes[part], values, seen)

    def _returned(self, function: str) -> tuple[str, ...]:
        found = self.finder.source.functions.get(function)
        return found.returns if found is not None else ()


def _is_model(model: Class) -> bool:
    """Whether Pydantic validates it (a table of SQLModel is a model, a plain class is not)."""
    return bool(model.validators) or any(
        base.startswith(("pydantic", "sqlmodel")) for base in model.library_bases
    )
