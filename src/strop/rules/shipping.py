"""Which of the files around the code are the production's? Views that several rules of deployment need."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.project.project import Project
from strop.project.shipped.commands import is_development
from strop.project.shipped.images import lineage, started
from strop.project.shipped.values import Image, Instruction, Launch, Stage

_PYTHON = re.compile(
    r"\b(pip3? install|uv (sync|pip)|poetry (install|export)|pdm (install|sync)|requirements[\w.-]*\.txt)\b"
)
_DEVELOPS = frozenset({"dev", "watchfiles", "nodemon"})
_SERVED = re.compile(r"uvicorn|gunicorn|hypercorn|granian|fastapi")


def launches(project: Project) -> Iterator[Launch]:
    """The commands that start the server in production, each once: the same command in several files is one."""
    seen: set[tuple[str, ...]] = set()
    started_with = {script.file for script in project.shipped.scripts}
    for launch in project.shipped.launches:
        script = launch.how == "script" and launch.span.file not in started_with
        if launch.development or script or launch.words in seen:
            continue
        seen.add(launch.words)
        yield launch


def elsewhere(project: Project, launch: Launch) -> list[str]:
    """The other files with the same command."""
    same = {x.span.file for x in project.shipped.launches if x.words == launch.words and not x.development}
    return sorted(same - {launch.span.file})


def applications(project: Project) -> Iterator[tuple[Image, Stage, tuple[Instruction, ...]]]:
    """The images that serve the application: file, last stage, and what it starts with."""
    serving = {launch.span.file for launch in project.shipped.launches}
    scripts = {
        s.file.rpartition("/")[2]
        for s in project.shipped.scripts
        if s.file in serving and not _DEVELOPS & s.words
    }
    tasks = {x.stage for x in project.shipped.launches if x.how == "task" and not x.development}
    for image in project.shipped.images:
        stage = image.stages[-1] if image.stages else None
        if stage is None or is_development(image.file, stage.name):
            continue
        first = started(image, stage)
        texts = [i.text for s in image.stages for i in s.instructions]
        said = " ".join(i.text for i in first)
        serves = bool(_SERVED.search(said)) or any(name in said for name in scripts)
        serves = serves or any(tasks & set(i.words or i.text.split()) for i in first)
        if first and serves and any(_PYTHON.search(text) for text in texts):
            yield image, stage, first


def instructions(image: Image, stage: Stage) -> list[Instruction]:
    """Everything that makes a stage: its own instructions and those of the stages below it."""
    return [i for each in reversed(lineage(image, stage)) for i in each.instructions]
