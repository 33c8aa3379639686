"""Which of the files around the code are the production's? Views that several rules of deployment need."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from strop.project.project import Project
from strop.project.shipped.commands import is_development
from strop.project.shipped.images import lineage, started
from strop.project.shipped.values import Image, Instruction, Launch, Service, Stage
from strop.regex import regex

_PYTHON = regex(
    r"\b(pip3? install|uv (sync|pip)|poetry (install|export)|pdm (install|sync)|requirements[\w.-]*\.txt)\b"
)
_DEVELOPS = frozenset({"dev", "watchfiles", "nodemon"})
_SERVED = regex(r"uvicorn|gunicorn|hypercorn|granian|fastapi")


def launches(project: Project) -> Iterator[Launch]:
    """The commands that start the server in production, each once: the same command in several files is one."""
    seen: set[tuple[str, ...]] = set()
    started_with = {script.file for script in project.shipped.scripts}
    for launch in project.shipped.launches:
        script = launch.how == "script" and launch.span.file not in started_with
        if launch.development or script or launch.words in seen or is_of_developers(project, launch):
            continue
        if _is_of_another_image(project, launch):
            continue
        seen.add(launch.words)
        yield launch


def _is_of_another_image(project: Project, launch: Launch) -> bool:
    """Whether a service of a compose file starts an application that is none of the project's, in an image that is
    not built here.
    """
    module = launch.application.partition(":")[0]
    own = any(f".{name}".endswith(f".{module}") for name in project.source.modules)
    services = (
        s for s in project.shipped.services if s.span.file == launch.span.file and s.name == launch.stage
    )
    return bool(module) and not own and any(s.image and not s.builds for s in services)


def is_of_developers(project: Project, launch: Launch) -> bool:
    """Whether a service of a compose file runs it that sees the developers' files as they are."""
    services = (s for s in project.shipped.services if s.span.file == launch.span.file)
    return any(s.name == launch.stage and sees_sources(project, s) for s in services)


def sees_sources(project: Project, service: Service) -> bool:
    """Whether what a service builds is hidden below a folder of the repository that holds most of the code in it."""
    if not service.builds:
        return False
    built = _below(project, service.context or ".")
    home = posixpath.dirname(service.builds)
    return bool(built) and any(
        2 * len(seen := built & _below(project, mount)) > len(built)
        or (seen and mount != "." and f"{home}/".startswith(f"{mount}/"))
        for mount in service.mounts
    )


def _below(project: Project, folder: str) -> set[str]:
    """The files of the project's code below a folder, "." for all."""
    return {f for f in project.source.modules.values() if folder == "." or f.startswith(folder + "/")}


def is_to_develop_with(project: Project, image: Image) -> bool:
    """Whether an image is only built to be hidden below developers' files, and another one, around it, is for others."""
    ours = {i.file for i, _, _ in applications(project)}
    seen = {
        file: [sees_sources(project, s) for s in project.shipped.services if s.builds == file]
        for file in ours | {image.file}
    }
    around = (posixpath.dirname(file) for file in ours if not all(seen[file]) or not seen[file])
    inner = posixpath.dirname(image.file)
    return (
        bool(seen[image.file])
        and all(seen[image.file])
        and any(not folder or inner == folder or inner.startswith(folder + "/") for folder in around)
    )


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
