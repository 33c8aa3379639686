"""Does a request wait for something a hundred times as long anyway: a language model, a browser?"""

from __future__ import annotations

from collections.abc import Iterable

from strop.project.functions import library
from strop.project.project import Project
from strop.project.shared import shared

_MODELS = (
    "openai.", "anthropic.", "litellm.", "langchain", "langgraph.", "ollama.", "google.generativeai.", "google.genai.",
    "cohere.", "mistralai.", "groq.", "llama_index.", "vertexai.", "transformers.", "sentence_transformers.",
    "instructor.", "pydantic_ai.", "together.", "replicate.", "llama_cpp.", "playwright.", "selenium.",
)  # fmt: skip


class Dearer:
    """The routes of one project whose requests ask a model or drive a browser."""

    def __init__(self, project: Project) -> None:
        self.project = project
        asking = (
            f.id
            for f in project.source.functions.doing(*sorted({library(name) for name in _MODELS}))
            if any(c.name.startswith(_MODELS) and (c.awaited or c.effect is not None) for c in f.calls)
        )
        self.routes = frozenset(way.route for name in asking for way in project.reaches.get(name, ()))

    @classmethod
    def of(cls, project: Project) -> Dearer:
        """The one of this project: several rules ask in turn."""
        return shared(project, cls)

    def have(self, routes: Iterable[str]) -> bool:
        """Whether all of these routes, at least one, do."""
        found = set(routes)
        return bool(found) and found <= self.routes
